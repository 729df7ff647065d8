"""How probable a given text is: vLLM's number against that of transformers, also where a prompt is cached."""

from __future__ import annotations

import pytest

from palaestra.agents.answers import Choice, Likelihood
from palaestra.agents.calls import Call, Prompt, Reply
from palaestra.agents.failures import ContextOverflow
from support.exact_model import exact_model
from support.real_engine import RealEngine, prompt

pytestmark = pytest.mark.engine

QUESTION = prompt("You answer briefly.", "Name a colour of the sky.")
TEXTS = (
    "Blue.",
    "The sky is often blue, but at dusk it turns red, as dust scatters the light.",
    "Bicycle <|im_end|>",
)


def weighing(text: str, asked: Prompt = QUESTION) -> Call:
    return Call("Ann", "weigh", {}, asked, Likelihood(text), "base", index=0, seed=1)


def told(reply: Reply) -> tuple[float, int]:
    value = Likelihood("any").parse(reply.text)
    return value["mean_logprob"], value["tokens"]


def test_it_is_the_mean_over_the_text_s_tokens_after_the_prompt(real_engine: RealEngine) -> None:
    """The prompt is cached by then, of which vLLM's log-probabilities of prompts know nothing."""
    choice = Call("Ann", "ask", {}, QUESTION, Choice(("yes", "no")), "base", index=0, seed=1)
    real_engine.answer(choice)
    exact, template = exact_model(real_engine.dtype), real_engine.vllm._template
    begun, prefix = template.start(QUESTION)
    for text, reply in zip(TEXTS, real_engine.answer(*map(weighing, TEXTS)), strict=True):
        said = template.encode_answer(prefix, text)
        assert template.control_tokens.isdisjoint(said)
        assert told(reply) == (exact.mean_logprob(begun, said), len(said))
        assert (reply.prompt_tokens, reply.output_tokens) == (len(begun) + len(said), 0)


def test_no_thought_comes_before_it(real_engine: RealEngine) -> None:
    (plain,) = real_engine.answer(weighing(TEXTS[0]))
    (thinker,) = real_engine.answer(weighing(TEXTS[0]), policy="thinker")
    assert (thinker.text, thinker.thought) == (plain.text, "")


def test_adapters_find_a_text_differently_probable(real_engine: RealEngine) -> None:
    found = {
        told(real_engine.answer(weighing(TEXTS[1]), policy=name)[0]) for name in ("base", "first", "second")
    }
    assert len(found) == 3


def test_a_text_that_does_not_fit_the_context_is_told(real_engine: RealEngine) -> None:
    with pytest.raises(ContextOverflow, match="context is 2048"):
        real_engine.answer(weighing("word " * 2048))
