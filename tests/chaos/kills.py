"""A run that is killed loses nothing: it goes on, ends as if nothing had been, and asks no call again.

Processes are killed before, after and within every call by which they change files, and at moments of
chance; again and again, too, while they go on.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial
from time import monotonic

from tests.chaos.case import Case, Family
from tests.chaos.child import Ended
from tests.chaos.operations import Killer, Meddler, Torn, put

WAYS: dict[str, Callable[[int], Meddler]] = {
    "before": lambda at: Killer(at, "before"),
    "after": lambda at: Killer(at, "after"),
    "within": Torn,
}


def at_a_call(case: Case) -> None:
    """Killed at one call, and then sometimes again while it goes on."""
    subject, turn = case.subject()
    calls = subject.calls
    place = case.permuted(turn, len(calls) * len(WAYS))
    how, at = list(WAYS)[place % len(WAYS)], place // len(WAYS) + 1
    case.note(f"{subject.name} killed {how} call {at} of {len(calls)} ({calls[at - 1]})")
    folder = subject.place(case.folder)
    _killed(subject.begin(folder, partial(put, WAYS[how](at))))
    for _ in range(case.chance.choice((0, 0, 1, 3))):
        again = case.chance.randint(1, len(calls))
        case.note(f"going on killed at call {again}")
        _killed(subject.go_on(folder, partial(put, Killer(again, "before"))))
    subject.finish(folder)


def at_a_moment(case: Case) -> None:
    """Killed after a while, and again while it goes on."""
    subject, _ = case.subject()
    began = monotonic()
    subject.begin(subject.place(case.folder.with_name("timed"))).well()
    long = monotonic() - began
    folder = subject.place(case.folder)
    for number in range(case.chance.choice((1, 1, 2, 4))):
        seconds = long * case.chance.random()
        case.note(f"{subject.name} killed after {seconds:.3f} s")
        sit = subject.go_on if number else subject.begin
        _killed(sit(folder, kill_after=seconds))
    subject.finish(folder)


def _killed(ended: Ended) -> None:
    """Raise `Failed` where it neither was killed nor ended by itself before."""
    if ended.code != -signal.SIGKILL:
        ended.plain()


FAMILIES: dict[str, Family] = {"at a call": at_a_call, "at a moment": at_a_moment}
