"""An engine of which a fifth of all calls fails, dies, or is answered with rubbish: the run ends in the end.

It fails resumably, asks nothing again that was recorded, and what it leaves can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from random import Random

import pytest
from tests.chaos.case import Case, Family
from tests.chaos.child import Ended, Failed, palaestra
from tests.chaos.subjects import OUT, Subject, answered, size

from palaestra.agents.calls import Call, Reply
from palaestra.agents.engine import EngineSettings
from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.agents.failures import ContextOverflow, EngineDied, EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.runs.record import log as run_log
from palaestra.runs.record.state import RunState
from palaestra.sims.engines.scripted_engine import Scripted
from palaestra.sims.playing import venue

SHARE = 0.2
SITTINGS = 6
"""At which the engine fails, before one at which it doesn't."""
FAILURES: tuple[Callable[[], BaseException], ...] = (
    lambda: EngineDied("it died"),
    lambda: EngineUnavailable("it is not there"),
    lambda: ContextOverflow("too long"),
    lambda: TimeoutError(),
    lambda: ConnectionResetError(104, "Connection reset by peer"),
    lambda: RuntimeError("[/] unforeseen\x1b[31m"),
    lambda: KeyError("choices"),
    lambda: MemoryError(),
    lambda: UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
)
TEXTS = ("", " ", "{", "null", "[]", "garbage", "\x00", '{"a": 1}', "1" * 400, "NaN", "<|im_end|>", "é" * 9)
SOFT = 0.6
"""The share of faults that are answers; the others are failures."""


class Faulty(Scripted):
    """The scripted engine with faults of chance."""

    def __init__(self, policies: Mapping[str, Policy], chance: Random, soft: float) -> None:
        super().__init__(ScriptedEngine(), policies)
        self._chance = chance
        self._soft = soft

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        reply = await super().answer(call, policy, seed, attempt)
        chance = self._chance
        if chance.random() >= SHARE:
            return reply
        if chance.random() >= self._soft:
            raise chance.choice(FAILURES)()
        return replace(reply, text=chance.choice(TEXTS), probabilities=None)


def put(chance: Random, soft: float) -> None:
    """Let all engines of this process be faulty."""

    def build(_settings: EngineSettings, policies: Mapping[str, Policy]) -> Faulty:
        return Faulty(policies, chance, soft)

    pytest.MonkeyPatch().setattr(venue, "build", build)  # the process ends with the command


def faulty(case: Case) -> None:
    """Sittings at a faulty engine, then one at a sound one."""
    playable = [subject for subject in case.subjects.all if subject is not case.subjects.evolution]
    subject = playable[case.index % len(playable)]
    folder = subject.place(case.folder)
    soft = case.chance.choice((SOFT, 0.9, 1.0))
    case.note(f"{subject.name}, {soft:.0%} of the faults are answers")
    for number in range(SITTINGS):
        before, asked = answered(folder / OUT), size(folder / "asked")
        prepare = partial(put, Random(case.chance.random()), soft)
        ended = subject.go_on(folder, prepare) if number else subject.begin(folder, prepare)
        _resumably(ended, folder_begun=(folder / OUT).exists())
        new, asked = answered(folder / OUT) - before, size(folder / "asked") - asked
        if new > asked:
            raise Failed(f"{new} calls are recorded, and {asked} were asked")
        if ended.code == 0:
            break
        case.note("again")
    else:
        subject.go_on(folder).well()
    _over(subject, case)


def _resumably(ended: Ended, folder_begun: bool) -> None:
    ended.plain()
    if ended.code and folder_begun and "palaestra resume" not in ended.err:
        raise Failed(f"it doesn't say how to go on: {ended.told()}")


def _over(subject: Subject, case: Case) -> None:
    """Raise `Failed` unless all runs are over, each call is in the log once, and all can be read."""
    for log in (case.folder / OUT).rglob(run_log.NAME):
        run = log.parent
        if (status := RunState.read(run).status) != "finished":
            raise Failed(f"{run.name} is over and says {status}")
        calls = [(each["episode"], each["call"]) for each in run_log.read(run) if each["record"] == "call"]
        if len(calls) != len(set(calls)):
            raise Failed(f"a call is twice in the log of {run.name}")
        place = str(run.relative_to(case.folder))
        for words in (("show", place), ("metrics", place), ("report", place)):
            palaestra(*words, cwd=case.folder).well()


FAMILIES: dict[str, Family] = {"faulty": faulty}
