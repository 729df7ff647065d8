"""The noise of an engine's numbers, found by asking the same alone and beside others."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from math import sqrt
from pathlib import Path

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.agents.policy import Policy
from palaestra.agents.scripted import scripted_reply
from palaestra.runs.record.noise import EngineNoise, known_noise
from palaestra.sims.engines import battery
from palaestra.sims.engines.battery import Found, examined
from palaestra.sims.engines.noise import ALONE, COMPANY, POINTS, SIDES


class Rounding:
    """Says 5, and beside other calls 6 a little more often; of odd seas alone.

    Args:
        drift: the probability that moves then.
    """

    def __init__(self, drift: float) -> None:
        self._drift = drift
        self._under_way = 0
        self.most = 0

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def identity(self) -> dict[str, str]:
        return {"kind": "rounding"}

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        self._under_way += 1
        await asyncio.sleep(0)
        self.most = max(self.most, self._under_way)
        asked = call.prompt[-1].text
        sea = asked.split(",")[0] if call.answer == POINTS else asked
        odd = sum(map(int, filter(str.isdigit, sea))) % 2
        moved = self._drift * odd if self.most > 1 else 0.0
        self._under_way -= 1
        reply = scripted_reply(call, attempt=attempt)
        if call.answer == SIDES:
            return replace(reply, text="first", probabilities=(0.5 + moved, 0.5 - moved))
        if call.answer != POINTS:
            return reply
        return replace(reply, text="5", probabilities=(0, 0, 0, 0, 1 - moved, moved, 0, 0, 0, 0))


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PALAESTRA_CACHE", str(tmp_path / "cache"))


def found(engine: Rounding) -> Found:
    async def tried() -> list[Found]:
        return [each async for each in examined(ScriptedEngine(), engine, lambda _words: None)]

    (told,) = (each for each in asyncio.run(tried()) if each.what == "the same numbers in other company")
    return told


def beside_float32(
    monkeypatch: pytest.MonkeyPatch, engine: Rounding, exact: Rounding
) -> tuple[Found, EngineNoise]:
    """What is found of an engine beside `exact`, and what is kept of it."""
    monkeypatch.setattr(battery, "build", lambda _settings, _policies: exact)

    async def tried() -> list[Found]:
        settings = ScriptedEngine()
        return [e async for e in examined(settings, engine, lambda _words: None, exact=settings)]

    (told,) = (each for each in asyncio.run(tried()) if each.what == "the same numbers in float32")
    kept = known_noise(engine.identity())
    assert kept is not None
    return told, kept


def test_what_company_does_to_expected_scores_is_told_as_their_noise() -> None:
    engine = Rounding(drift=0.1)
    told = found(engine)
    assert engine.most == COMPANY
    odd = sum(sum(map(int, str(sea))) % 2 for sea in range(ALONE))
    noise = sqrt(odd * 0.1**2 / ALONE)
    assert told.can == "partly"
    assert f"differ by {noise:.2g} " in told.seen
    kept = known_noise(engine.identity())
    assert kept is not None
    assert (kept.points, kept.against) == (pytest.approx(noise), "company")
    assert kept.preference == pytest.approx(noise)


def test_what_the_number_format_rounds_alike_is_told_by_the_same_model_in_float32(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Coarse(Rounding):
        """Says the same in any company: 6 as often as 5, where it is 5 in float32."""

        async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
            reply = await super().answer(call, policy, seed, attempt)
            half = (0, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0)
            return replace(reply, probabilities=half) if call.answer == POINTS else reply

    told, kept = beside_float32(monkeypatch, Coarse(drift=0), Rounding(drift=0))
    assert told.can == "partly"
    assert (kept.points, kept.preference, kept.against) == (0.5, 0.0, "float32")


def test_numbers_that_are_the_same_in_any_company_have_none() -> None:
    told = found(Rounding(drift=0))
    assert (told.can, "differ by 0 " in told.seen) == ("yes", True)


def test_numbers_that_are_told_to_some_calls_only_are_no_comparison() -> None:
    class Silent(Rounding):
        """Tells no probabilities to who asks beside others."""

        async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
            reply = await super().answer(call, policy, seed, attempt)
            return replace(reply, probabilities=None) if self.most > 1 else reply

    told = found(Silent(drift=0.0))
    assert told.can == "no"
    assert f"some of {2 * ALONE} told no probabilities" in told.seen
    assert known_noise({"kind": "rounding"}) is None


class Mute(Rounding):
    """Tells no probabilities."""

    seas = 0

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        self.seas += "salt" in call.prompt[-1].text
        return replace(await super().answer(call, policy, seed, attempt), probabilities=None)


def test_who_tells_no_number_at_first_is_asked_for_no_others() -> None:
    engine = Mute(drift=0.0)
    assert found(engine).can == "not tried"
    assert engine.seas == 2, "one to see whether options that begin alike are told apart, and the first sea"


def test_float32_without_numbers_is_no_comparison_and_what_company_does_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told, kept = beside_float32(monkeypatch, Rounding(drift=0.1), Mute(drift=0))
    assert (told.can, told.seen) == ("no", "asked in float32, some told no probabilities")
    assert kept.against == "company"
    assert kept.points > 0


def test_what_lies_between_float32_and_it_is_told_without_what_company_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told, kept = beside_float32(monkeypatch, Rounding(drift=0.1), Rounding(drift=0))
    assert (told.can, told.seen) == ("yes", "scores lie 0 points, probabilities 0 from float32's")
    assert kept.against == "float32"
    assert kept.points > 0
