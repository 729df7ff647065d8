"""What a call may take is kept for it; one that doesn't fit waits, and is refused when none is under way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from palaestra.agents.answers import Choice, Text
from palaestra.agents.budget import Usage
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import EngineUnavailable, LimitReached
from palaestra.agents.policy import Policy
from palaestra.sims.engines.foreseen import at_most
from palaestra.sims.playing.meter import Meter
from support.scripted_debates import call, scenario
from support.virtual_time import in_no_time, now

PRICES = {"prompt": 1e6, "cached": 0.5e6, "output": 2e6}  # so that spend counts in tokens
CALL = call(Text(max_tokens=100), text="x" * 400)
MOST = at_most(CALL, scenario().config.policies["default"])


def meter(used: dict[str, Usage] | None = None, **limits: Any) -> Meter:
    played = scenario({"prices": PRICES}, limits=limits)
    return Meter(played.config, used or {}, lambda: now() if in_loop() else 0.0)


def in_loop() -> bool:
    try:
        return asyncio.get_running_loop() is not None
    except RuntimeError:
        return False


def asked(
    metered: Meter, calls: int, reply: Reply | None = None, lasting: float = 1.0
) -> tuple[list[float], list[BaseException]]:
    """When each of so many calls, made at once, was let through, and how the others were refused."""
    let_through: list[float] = []

    async def answer(_call: Call) -> Reply:
        let_through.append(now())
        await asyncio.sleep(lasting)
        return reply or Reply("Yes.", prompt_tokens=100, output_tokens=10)

    async def ask() -> list[Reply | BaseException]:
        together = (metered.ask(answer, CALL) for _ in range(calls))
        return await asyncio.gather(*together, return_exceptions=True)

    replies = in_no_time(ask())
    return let_through, [reply for reply in replies if isinstance(reply, BaseException)]


def test_without_limits_every_call_is_let_through_at_once() -> None:
    assert asked(meter(), 5) == ([0] * 5, [])


def test_no_more_calls_are_let_through_than_the_limit() -> None:
    let_through, refused = asked(meter(calls=3), 5)
    assert let_through == [0, 0, 0]
    assert [str(failure) for failure in refused] == [
        "the limit of 3 calls is reached: 3 calls, 330 tokens, 0.017 minutes, 360.00 spent"
    ] * 2


def test_a_refusal_waits_until_no_call_is_under_way() -> None:
    metered, refusals = meter(calls=1), list[float]()

    async def answer(_call: Call) -> Reply:
        await asyncio.sleep(7)
        return Reply("Yes.")

    async def refused() -> None:
        with pytest.raises(LimitReached):
            await metered.ask(answer, CALL)
        refusals.append(now())

    async def both() -> None:
        await asyncio.gather(metered.ask(answer, CALL), refused())

    in_no_time(both())
    assert refusals == [7]


def test_a_call_that_might_exceed_the_tokens_waits_for_those_under_way_to_take_less() -> None:
    most = MOST.prompt + MOST.output
    let_through, refused = asked(meter(tokens=2 * most + 150), 9)
    assert let_through == [0, 0, 1, 2]  # 110 are taken by each; a fourth fits only alone
    assert len(refused) == 5
    told = str(refused[0])
    assert "is reached: 4 calls, 440 tokens, 0.05 minutes, 480.00 spent" in told
    assert told.endswith(f"; the next call may take up to {most} tokens")


def test_spend_counts_cached_tokens_at_their_own_price() -> None:
    dearest = int(MOST.cost(scenario({"prices": PRICES}).config.engines["default"].prices))
    assert dearest == MOST.prompt + 2 * MOST.output
    cheap = Reply("Yes.", prompt_tokens=100, cached_tokens=80, output_tokens=10)  # 20 + 40 + 20
    let_through, refused = asked(meter(spend=dearest + 80), 9, cheap)
    assert len(let_through) == 2
    assert "160.00 spent" in str(refused[0])


def test_nothing_is_let_through_after_the_time() -> None:
    metered = meter(minutes=1)
    assert asked(metered, 2, lasting=61)[0] == [0, 0]

    async def late() -> None:
        await asyncio.sleep(60)
        await metered.ask(late_answer, CALL)

    with pytest.raises(LimitReached, match=r"the limit of 1\.0 minutes is reached: 2 calls"):
        in_no_time(late())


async def late_answer(_call: Call) -> Reply:
    raise AssertionError("asked after the time")


def test_prompts_with_more_tokens_than_foreseen_are_foreseen_from_then_on() -> None:
    long = Reply("Yes.", prompt_tokens=400, output_tokens=10)  # a token a character
    metered = meter(tokens=1_100)
    let_through, _ = asked(metered, 1, long)
    again, refused = asked(metered, 1, long)
    assert (len(let_through), len(again)) == (1, 1)
    _, refused = asked(metered, 1, long)
    assert len(refused) == 1
    assert "820 tokens" in str(refused[0])


def test_what_earlier_sittings_took_counts() -> None:
    used = {"default": Usage(2, 200, 0, 20)}
    assert len(asked(meter(used, calls=3), 5)[0]) == 1
    assert meter(used, calls=3).reached() is None
    for limits in ({"calls": 2}, {"tokens": 220}, {"spend": 240}):
        reached = meter(used, **limits).reached()
        assert reached is not None
        assert reached.limit == next(iter(limits))


def test_a_call_that_fails_gives_back_what_was_kept_for_it() -> None:
    metered = meter(calls=1)

    async def fails(_call: Call) -> Reply:
        raise EngineUnavailable("gone")

    with pytest.raises(EngineUnavailable):
        in_no_time(metered.ask(fails, CALL))
    assert asked(metered, 1)[1] == []


def test_a_limit_is_raised_by_the_setting_that_it_names() -> None:
    assert meter(calls=3).told("calls").raised == "limits.calls=6"
    assert meter(spend=0.25).told("spend").raised == "limits.spend=0.5"


@pytest.mark.parametrize(
    "options", [tuple(map(str, range(1, 11))), ("one and the same", "one and the other")]
)
def test_options_that_are_weighed_whole_are_foreseen_at_each_of_their_tokens(
    options: tuple[str, ...],
) -> None:
    asked = call(Choice(options))
    parted, whole = (at_most(asked, Policy(normalise=how)).output for how in ("options", "answer"))
    nodes = len({option[:end] for option in options for end in range(len(option) + 1)})  # a byte a token
    assert whole >= nodes > parted
