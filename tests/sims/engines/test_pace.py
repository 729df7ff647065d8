"""An engine gets no more requests and tokens a minute than its settings say, in the order of the calls."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from palaestra.agents.answers import Text
from palaestra.agents.calls import Call, Reply
from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.agents.failures import EngineDied
from palaestra.agents.policy import Policy
from palaestra.sims.engines.fleet import Fleet, build
from palaestra.sims.engines.foreseen import at_most
from palaestra.sims.engines.pace import Pace, Paced
from palaestra.sims.engines.scripted_engine import Scripted
from support.scripted_debates import call
from support.virtual_time import in_no_time, now


class Noting(Scripted):
    """Notes when it is asked what, and takes a second to answer with so many tokens."""

    def __init__(self, *tokens: int) -> None:
        super().__init__(ScriptedEngine(kind="scripted"), {})
        self.asked: list[tuple[float, int]] = []
        self._tokens = tokens

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        self.asked.append((now(), call.index))
        await asyncio.sleep(1)
        if not self._tokens:
            raise EngineDied("gone")
        return Reply("Yes.", output_tokens=self._tokens[call.index % len(self._tokens)])


def asked(engine: Noting, calls: int, requests: int | None = None, tokens: int | None = None) -> list[float]:
    """When the engine was asked so many calls at once, seconds."""

    async def ask() -> None:
        held = Paced(engine, Pace(requests, tokens))
        together = (held.answer(call(Text(max_tokens=100), index=i), Policy(), 0, 0) for i in range(calls))
        await asyncio.gather(*together, return_exceptions=True)

    in_no_time(ask())
    assert [index for _, index in engine.asked] == list(range(calls))
    return [second for second, _ in engine.asked]


def test_requests_are_evenly_spaced() -> None:
    assert asked(Noting(5), 8, requests=120) == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]


def test_an_answer_counts_at_its_longest_until_it_is_there() -> None:
    first, second, *_ = asked(Noting(5), 3, tokens=600)
    most = at_most(call(Text(max_tokens=100)), Policy())
    assert most.output == 100
    assert first == 0
    assert second == 1  # when the first answer had come, after 5 of its 100 tokens, and not 10 s later


def test_no_minute_has_more_tokens_than_the_rate_but_for_the_call_that_it_begins_with() -> None:
    random = Random(1)
    taken = [random.randrange(1, 100) for _ in range(200)]
    seconds = asked(Noting(*taken), len(taken), tokens=600)
    for begin in seconds:
        within = [
            tokens for second, tokens in zip(seconds, taken, strict=True) if begin <= second < begin + 60
        ]
        assert sum(within) <= 600 + max(taken)
    assert sum(taken) / 600 * 60 <= seconds[-1] + 60 <= 1.5 * sum(taken) / 600 * 60 + 60


def test_an_answer_that_is_longer_than_foreseen_keeps_the_next_ones_waiting() -> None:
    longer, shorter = (asked(Noting(tokens), 20, tokens=6_000)[-1] for tokens in (1000, 100))
    assert longer > 100 > 20 > shorter


def test_what_fails_counts_as_a_request() -> None:
    assert asked(Noting(), 3, requests=60) == [0, 1, 2]


@pytest.mark.parametrize(("requests", "seconds"), [(60, 2.0), (None, 0.0)])
def test_every_attempt_at_a_call_counts(requests: int | None, seconds: float) -> None:
    settings = ScriptedEngine(kind="scripted", garbled=1, requests_per_minute=requests)

    async def ask() -> tuple[Reply, float]:
        async with Fleet({"default": settings}, {"default": Policy()}, retries=2) as fleet:
            return await fleet.ask(call()), now()

    reply, ended = in_no_time(ask())
    assert reply.attempts == 3
    assert ended == seconds


def test_an_engine_without_rates_is_left_alone() -> None:
    assert isinstance(build(ScriptedEngine(kind="scripted"), {}), Scripted)
    assert isinstance(build(ScriptedEngine(kind="scripted", tokens_per_minute=9), {}), Paced)
