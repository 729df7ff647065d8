"""A disk that is full or fails: one message, and once it is well the run goes on to the same content."""

from __future__ import annotations

import errno
import resource
import signal
from functools import partial

from tests.chaos.case import Case, Family
from tests.chaos.child import Ended, Failed
from tests.chaos.operations import Failer, Shortener, put
from tests.chaos.subjects import Subject

ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT)


def failing(lasting: bool, case: Case) -> None:
    """One call fails, or all from one on."""
    subject, turn = case.subject()
    calls = subject.calls
    place = case.permuted(turn, len(calls) * len(ERRORS))
    error, at = ERRORS[place % len(ERRORS)], place // len(ERRORS) + 1
    every = ", and all after it," if lasting else ""
    case.note(
        f"{subject.name}: call {at} of {len(calls)} ({calls[at - 1]}){every} "
        f"fails with {errno.errorcode[error]}"
    )
    folder = subject.place(case.folder)
    _ended(subject, case, subject.begin(folder, partial(put, Failer(at, error, lasting))))


def short(case: Case) -> None:
    """A call writes only half of its data, as an interrupted one may: nobody notices."""
    subject, turn = case.subject()
    writes = [number for number, name in enumerate(subject.calls, 1) if name in ("write", "pwrite")]
    at = writes[case.permuted(turn, len(writes))]
    case.note(f"{subject.name}: call {at} writes half of its data")
    folder = subject.place(case.folder)
    subject.begin(folder, partial(put, Shortener(at))).well()
    subject.same(folder)


def full(case: Case) -> None:
    """No file may grow beyond some size: the kernel itself refuses, Parquet files too."""
    subject, _ = case.subject()
    size = int(10 ** case.chance.uniform(0, 5.5))
    case.note(f"{subject.name}: no file may have more than {size} bytes")

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    folder = subject.place(case.folder)
    _ended(subject, case, subject.begin(folder, limit))


def _ended(subject: Subject, case: Case, ended: Ended) -> None:
    """Raise `Failed` unless it was told in one message, or not needed, and is played on."""
    ended.plain()
    if ended.code == 2:
        raise Failed(f"the disk's failure is told as wrong input: {ended.told()}")
    if ended.code == 0:
        subject.same(case.folder)
    else:
        subject.finish(case.folder)


FAMILIES: dict[str, Family] = {
    "one call fails": partial(failing, False),
    "calls fail from one on": partial(failing, True),
    "short writes": short,
    "files are limited": full,
}
