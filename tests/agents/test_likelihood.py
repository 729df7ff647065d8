"""How probable a given text is, as a kind of answer: what it parses, what it takes, who can tell it."""

from __future__ import annotations

import asyncio
import json

import pytest

from palaestra.agents.answers import Likelihood
from palaestra.agents.calls import Reply
from palaestra.agents.engine import ENGINES, EngineSettings
from palaestra.agents.engines.openai import OpenAIEngine
from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.agents.failures import BadInput, EngineUnavailable, UnparsedAnswer
from palaestra.agents.policy import Policy, Thinking
from palaestra.agents.scripted import scripted_reply
from palaestra.sims.engines.fleet import Fleet
from palaestra.sims.engines.foreseen import at_most
from support.scripted_debates import call

TOLD = '{"mean_logprob":-1.5,"tokens":7}'


def asked(engine: EngineSettings, policy: Policy) -> Reply:
    async def session() -> Reply:
        async with Fleet({"default": engine}, {"default": policy}, 0) as fleet:
            return await fleet.ask(call(Likelihood("Blue.")))

    return asyncio.run(session())


def test_its_value_is_a_mean_log_probability_and_a_number_of_tokens() -> None:
    assert Likelihood("Blue.").parse(TOLD) == {"mean_logprob": -1.5, "tokens": 7}


@pytest.mark.parametrize(
    "said", ['{"mean_logprob":0.1,"tokens":7}', '{"mean_logprob":-1,"tokens":0}', '{"tokens":7}', "-1.5", ""]
)
def test_what_is_no_such_number_is_no_answer(said: str) -> None:
    with pytest.raises(UnparsedAnswer):
        Likelihood("Blue.").parse(said)


def test_a_text_is_weighed_as_engines_keep_replies_without_outer_white_space() -> None:
    assert Likelihood(" Blue.\n") == Likelihood("Blue.")
    with pytest.raises(BadInput, match="no words"):
        Likelihood(" \n")


def test_a_made_up_one_depends_on_the_seed_and_counts_the_text_as_prompt() -> None:
    one, again, other = (scripted_reply(call(Likelihood("Blue. " * 40), seed=seed)) for seed in (1, 1, 2))
    assert one == again
    assert one.text != other.text
    assert json.loads(one.text)["mean_logprob"] <= 0
    assert one.prompt_tokens > 50
    assert one.output_tokens == 0


def test_no_thought_is_asked_before_it_nor_reserved_for_it() -> None:
    thinking = Policy(think=Thinking(kind="scratchpad", tokens=400))
    reply = asked(ScriptedEngine(), thinking)
    assert (reply.thought, reply.output_tokens) == ("", 0)
    foreseen = at_most(call(Likelihood("Blue. " * 100)), thinking)
    assert foreseen.output == 0
    assert 150 < foreseen.prompt < 200


def test_an_engine_that_can_t_tell_is_not_asked_and_who_can_is_named() -> None:
    server = OpenAIEngine(kind="openai", model="m", url="http://127.0.0.1:1/v1", key_variable=None)
    with pytest.raises(EngineUnavailable, match="can't tell how probable") as refused:
        asyncio.run(_unstarted(server))
    assert "scripted or vllm" in refused.value.remedy
    assert not ENGINES["openai"].settings.weighs_texts


async def _unstarted(engine: EngineSettings) -> Reply:
    return await Fleet({"default": engine}, {"default": Policy()}, 0).ask(call(Likelihood("Blue.")))
