"""A fleet asks again what can't be parsed, and starts again what died, each only as often as it may."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pytest

from palaestra.agents.answers import Choice, Text
from palaestra.agents.calls import OVERFLOW, REFUSED, Call, Reply, derive_seed
from palaestra.agents.engine import EngineSettings
from palaestra.agents.engines.openai import OpenAIEngine
from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.agents.failures import BadInput, ContextOverflow, EngineDied, EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.agents.trust import Allowed
from palaestra.sims.engines.engine import Engine
from palaestra.sims.engines.fleet import Fleet
from support.scripted_debates import call

VOTE = Choice(("yes", "no"))
Answer = Callable[[int], Reply]
"""The reply to the so many-th call that reaches the engine, from 0; or what it raises."""


@dataclass
class Counting:
    """An engine that notes what it is asked."""

    replies: Answer
    starts: int = 0
    closed: int = 0
    asked: list[tuple[int, int]] = field(default_factory=list)
    """Seed and attempt of every call."""

    async def start(self) -> None:
        self.starts += 1

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        self.asked.append((seed, attempt))
        number = len(self.asked) - 1
        await asyncio.sleep(0)
        return self.replies(number)

    async def close(self) -> None:
        self.closed += 1

    def identity(self) -> dict[str, str]:
        return {"kind": "counting"}


def said(text: str) -> Reply:
    return Reply(text, prompt_tokens=10, cached_tokens=4, output_tokens=3)


def asked(
    engine: Counting, *calls: Call, retries: int = 2, restarts: int = 3, told: list[str] | None = None
) -> list[Reply | BaseException]:
    """What the calls come to, asked at once of a fleet of this one engine."""

    def make(_settings: EngineSettings, _policies: Mapping[str, Policy]) -> Engine:
        return engine

    async def ask() -> list[Reply | BaseException]:
        settings = {"default": ScriptedEngine(kind="scripted", max_restarts=restarts)}
        notify = (told if told is not None else []).append
        async with Fleet(settings, {"default": Policy()}, retries, notify, make) as fleet:
            return await asyncio.gather(*(fleet.ask(each) for each in calls), return_exceptions=True)

    return asyncio.run(ask())


def reply_of(found: list[Reply | BaseException]) -> Reply:
    (only,) = found
    assert isinstance(only, Reply), only
    return only


def test_each_retry_has_a_seed_of_its_own_and_costs_are_summed() -> None:
    engine = Counting(lambda number: said(("maybe", "perhaps", "yes")[number]))
    reply = reply_of(asked(engine, call(VOTE, seed=7)))
    assert engine.asked == [(7, 0), (derive_seed(7, 1), 1), (derive_seed(7, 2), 2)]
    assert (reply.value, reply.failed, reply.attempts) == ("yes", False, 3)
    assert reply.rejected == ("maybe", "perhaps")
    assert (reply.prompt_tokens, reply.cached_tokens, reply.output_tokens) == (30, 12, 9)


def test_what_is_no_character_in_a_reply_is_a_question_mark() -> None:
    reply = reply_of(asked(Counting(lambda _number: said("a\ud800b \U0001f600")), call(Text())))
    assert (reply.text, reply.value) == ("a?b \U0001f600", "a?b \U0001f600")


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_what_never_parses_is_asked_so_often_and_no_oftener(retries: int) -> None:
    engine = Counting(lambda _number: said("maybe"))
    reply = reply_of(asked(engine, call(VOTE), retries=retries))
    assert len(engine.asked) == reply.attempts == 1 + retries
    assert (reply.value, reply.failed) == (None, True)
    assert reply.rejected == ("maybe",) * (1 + retries)


def test_one_death_is_one_restart_however_many_calls_it_took_with_it() -> None:
    def dies_at_first(number: int) -> Reply:
        if number < 5:
            raise EngineDied("gone")
        return said("yes")

    engine, told = Counting(dies_at_first), list[str]()
    found = asked(engine, *(call(VOTE, seed=seed) for seed in range(5)), told=told)
    assert [reply.value for reply in found if isinstance(reply, Reply)] == ["yes"] * 5
    assert engine.starts == 2
    assert told == ["engine 'default' died (gone); starting it again"]
    assert sorted(engine.asked[5:]) == [(seed, 0) for seed in range(5)]  # the same calls, as they were


@pytest.mark.parametrize("restarts", [0, 2])
def test_an_engine_that_keeps_dying_is_started_so_often_and_no_oftener(restarts: int) -> None:
    def dies(_number: int) -> Reply:
        raise EngineDied("gone")

    engine = Counting(dies)
    (failure,) = asked(engine, call(VOTE), restarts=restarts)
    assert isinstance(failure, EngineUnavailable)
    assert engine.starts == 1 + restarts
    assert f"died {1 + restarts} times" in str(failure)


def test_an_engine_that_answers_again_may_die_again() -> None:
    """Only deaths in a row count: in a long run some are no reason to give up."""

    def every_third(number: int) -> Reply:
        if number % 3 == 2:
            raise EngineDied("gone")
        return said("yes")

    engine = Counting(every_third)

    async def ask() -> list[Reply]:
        settings = {"default": ScriptedEngine(kind="scripted", max_restarts=1)}
        async with Fleet(settings, {"default": Policy()}, 0, make=lambda _s, _p: engine) as fleet:
            return [await fleet.ask(call(VOTE)) for _ in range(20)]

    assert [reply.value for reply in asyncio.run(ask())] == ["yes"] * 20
    assert engine.starts > 5


def test_a_call_that_is_begun_while_an_engine_starts_again_is_no_death() -> None:
    class Slow(Counting):
        """Takes its time to start again, and dies of whatever it is asked meanwhile."""

        up = False

        async def start(self) -> None:
            await super().start()
            for _ in range(20 if self.starts > 1 else 0):
                await asyncio.sleep(0)
            self.up = True

        async def close(self) -> None:
            self.up = False

        async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
            if not self.up or not self.asked:
                self.asked.append((seed, attempt))
                raise EngineDied("gone")
            return await super().answer(call, policy, seed, attempt)

    engine = Slow(lambda _number: said("yes"))

    async def ask() -> list[Reply]:
        settings = {"default": ScriptedEngine(kind="scripted", max_restarts=1)}
        async with Fleet(settings, {"default": Policy()}, 0, make=lambda _s, _p: engine) as fleet:
            first = asyncio.create_task(fleet.ask(call(VOTE)))
            for _ in range(5):
                await asyncio.sleep(0)
            return await asyncio.gather(first, *(fleet.ask(call(VOTE)) for _ in range(5)))

    assert [reply.value for reply in asyncio.run(ask())] == ["yes"] * 6
    assert engine.starts == 2


def test_a_prompt_that_is_refused_for_good_is_one_failed_call_and_not_asked_again() -> None:
    engine = Counting(lambda _number: Reply("", finish=REFUSED, failed=True, refusal="flagged"))
    reply = reply_of(asked(engine, call(VOTE)))
    assert (reply.failed, reply.value, reply.refusal, reply.attempts) == (True, None, "flagged", 1)
    assert len(engine.asked) == 1


def test_a_prompt_that_is_too_long_comes_back_where_it_can_be_shortened() -> None:
    def overflows(_number: int) -> Reply:
        raise ContextOverflow("too long")

    reply = reply_of(asked(Counting(overflows), replace(call(VOTE), shortenable=True)))
    assert (reply.finish, reply.failed) == (OVERFLOW, True)
    (failure,) = asked(Counting(overflows), call(VOTE))
    assert isinstance(failure, ContextOverflow)


def test_an_engine_that_nobody_uses_is_not_made_and_the_others_are_closed() -> None:
    made: list[Counting] = []

    def make(_settings: EngineSettings, policies: Mapping[str, Policy]) -> Engine:
        assert set(policies) == {"default"}
        made.append(Counting(lambda _number: said("yes")))
        return made[-1]

    async def enter() -> None:
        settings = {name: ScriptedEngine(kind="scripted") for name in ("default", "spare")}
        async with Fleet(settings, {"default": Policy()}, 0, make=make) as fleet:
            assert fleet.identities() == {"default": {"kind": "counting"}}

    asyncio.run(enter())
    assert [(engine.starts, engine.closed) for engine in made] == [(1, 1)]


def test_no_engine_is_made_that_needs_more_than_is_allowed() -> None:
    settings = {
        "sly": OpenAIEngine(model="m", url="https://evil.example/v1"),
        "unused": OpenAIEngine(model="m", url="https://worse.example/v1"),
    }
    policies = {"default": Policy(engine="sly")}
    made: list[EngineSettings] = []

    def make(settings: EngineSettings, _policies: Mapping[str, Policy]) -> Engine:
        made.append(settings)
        return Counting(lambda _number: said("yes"))

    with pytest.raises(BadInput, match=r"engine 'sly'(.|\n)*--allow-key OPENAI_API_KEY=evil.example"):
        Fleet(settings, policies, 0, make=make)
    assert made == []
    Fleet(settings, policies, 0, make=make, allowed=Allowed.typed(["OPENAI_API_KEY=evil.example"], False))
    assert made == [settings["sly"]]
