"""The log: an append-only file of JSON lines that is on disk before anyone acts on it.

One process writes; a lock on the file keeps others out. A write that the machine did not
finish leaves at most one torn line, which nobody has acted on: it is cut off before the
next one is written. What is read is checked, see `palaestra.runs.record.chain`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote
from zlib import crc32

import orjson

from palaestra.agents.failures import RunLocked, RunUnreadable
from palaestra.agents.limits import MOST_EPISODES
from palaestra.runs.record.chain import BEGINNING, CHECK_BEGINS, SEALED, Head, Heads, opened
from palaestra.runs.record.disk import reading, refuse_link, sync_folder, unwritable
from palaestra.runs.record.folder import LOG
from palaestra.runs.record.records import FORMAT, Record
from palaestra.runs.record.state import RunState, Shard

NAME = LOG


class Log:
    """The open log of a run folder.

    Args:
        folder: the run folder.

    Raises:
        RunLocked: another process is writing this log.
        RunUnwritable: the folder or file can't be written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        try:
            refuse_link(self.path)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise unwritable(self.path, error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            repaired = os.fstat(self._file).st_ino != self.path.stat().st_ino
        except BlockingIOError as error:
            os.close(self._file)
            raise _locked(folder) from error
        except OSError as error:
            os.close(self._file)
            raise unwritable(self.path, error) from error
        if repaired:  # meanwhile, by another process
            os.close(self._file)
            raise _locked(folder)
        try:
            self._end = _whole_lines(self._file)
            self._torn = os.fstat(self._file).st_size > self._end
            sync_folder(folder)
        except OSError as error:
            os.close(self._file)
            raise unwritable(self.path, error) from error

    def append(self, lines: bytes) -> None:
        """Write `lines` and return once they are on disk.

        Raises:
            RunUnwritable: they could not be written; the log keeps what it had.
        """
        try:
            if self._torn:
                os.ftruncate(self._file, self._end)
            self._torn = False
            written = 0
            while written < len(lines):
                written += os.pwrite(self._file, lines[written:], self._end + written)
            os.fdatasync(self._file)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise unwritable(self.path, error) from error
        self._end += len(lines)

    def close(self) -> None:
        """Release the file and its lock."""
        os.close(self._file)


def _locked(folder: Path) -> RunLocked:
    return RunLocked(f"another process is writing {folder}", "Wait for it to end, or choose another --out.")


def read(folder: Path) -> Reading:
    """The records of the run in `folder`, checked against what its `run.json` tells, where it has one.

    Raises:
        RunUnreadable: there is no log, `run.json` is damaged, or see `shards`; see also `Reading`.
    """
    state = _told(folder)
    there = [read(shard) for shard in _begun(folder, state)]
    return Reading(folder, _heads(state), _episodes(state), there)


def episodes(folder: Path) -> range:
    """The episodes of which the log in `folder` may have records; none where it has shards.

    Raises:
        RunUnreadable: its `run.json` is damaged.
    """
    return _episodes(_told(folder))


def _episodes(state: RunState | None) -> range:
    if state is None:
        return range(MOST_EPISODES)
    return range(0) if state.shards else range(*(state.only or (0, MOST_EPISODES)))


def shards(folder: Path) -> list[Path]:
    """The folders of those shards of the run in `folder` that have a log, or should have one.

    Raises:
        RunUnreadable: its `run.json` or that of a shard is damaged; or what stands in place of a shard is
            another one's, another run's, or none: every shard gets its `run.json` before one is played.
    """
    return _begun(folder, _told(folder))


def _begun(folder: Path, state: RunState | None) -> list[Path]:
    begun: list[Path] = []
    if state is None:
        return begun
    place = 0
    for shard in state.shards:
        there = folder / shard.folder
        if there.is_symlink() or there.parent.is_symlink():
            raise _no_shard(there, shard, "is a link")
        if not there.exists():
            raise _no_shard(there, shard, "is missing")
        told = RunState.told(there)
        ours = (told.id, told.only, told.shards) == (state.id, (shard.first, shard.end), ())
        if not ours or shard.first != place:
            raise _no_shard(there, shard, "is another")
        place = shard.end
        if told.heads or told.sittings or (there / NAME).exists():
            begun.append(there)
    return begun


def _no_shard(folder: Path, shard: Shard, what: str) -> RunUnreadable:
    return RunUnreadable(
        f"{folder} {what}; there should be the shard of episodes {shard.first} to {shard.end - 1}",
        "Put the shard's own folder back from a copy.",
    )


def files(folder: Path) -> list[Path]:
    """The logs of the run in `folder` in the order in which they are read: its own, those of its shards.

    Raises:
        RunUnreadable: see `read`.
    """
    return [folder / NAME, *(shard / NAME for shard in shards(folder))]


def stamps(folder: Path) -> Heads:
    """How far each episode was when `run.json` was last written; nothing where there is none.

    Raises:
        RunUnreadable: it is damaged.
    """
    return _heads(_told(folder))


def _heads(state: RunState | None) -> Heads:
    return {} if state is None else {n: Head.parse(head) for n, head in state.heads.items()}


def _told(folder: Path) -> RunState | None:
    """What `run.json` says, None where there is none."""
    with reading(folder / RunState.file_name):
        if not (folder / RunState.file_name).exists():
            return None
    return RunState.told(folder)


class Reading:
    """A log that is read from its beginning, then the logs of shards; iterate over the records.

    A torn last line is left out: it was not on disk when anybody acted on it.

    Args:
        folder: the run folder.
        stamps: how far each episode was when `run.json` was last written, from there.
        episodes: those of which the log itself may have records.
        shards: the run's shards.

    Attributes:
        heads: how far each episode is, of what was read so far.

    Raises:
        RunUnreadable: there is no log; or while it is read: it is damaged, or of another version.
    """

    def __init__(self, folder: Path, stamps: Heads, episodes: range, shards: Sequence[Reading]) -> None:
        self.path = folder / NAME
        self.heads: dict[int, Head] = {}
        self._stamps = stamps
        self._episodes = episodes
        self._shards = shards
        with reading(self.path):
            if not self.path.is_file():
                remedy = "Name the folder of a run, such as outputs/debate-…"
                raise RunUnreadable(f"{folder} holds no {NAME}", remedy)

    def __iter__(self) -> Iterator[Record]:
        place = 0
        with reading(self.path), self.path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                yield self._record(line, place)
                place += len(line)
        for episode, stamp in sorted(self._stamps.items()):
            head = self.heads.get(episode, BEGINNING)
            if head.records < stamp.records:
                what = f"episode {episode} ends after {head.records} of its {stamp.records} records"
                raise self._damaged(place, what)
        for shard in self._shards:
            yield from shard
            self.heads |= shard.heads

    def _record(self, line: bytes, place: int) -> Record:
        body = line[: line.rfind(CHECK_BEGINS)]
        try:
            record: Record = orjson.loads(body + b"}")
            episode = record["episode"]
            records, checksum = self.heads.get(episode, BEGINNING)
        except (ValueError, KeyError, TypeError) as error:
            raise self._damage(line, place) from error
        checksum = crc32(body, checksum)
        if line != SEALED % (body, records, checksum) or not isinstance(episode, int):
            raise self._damage(line, place)
        if record.get("record") == "episode":
            require_format(record, self.path)
        if not records and episode not in self._episodes:
            raise self._damaged(place, f"episode {episode} is none of those of this log")
        self.heads[episode] = head = Head(records + 1, checksum)
        stamp = self._stamps.get(episode, head)
        if stamp.records == head.records and stamp != head:
            raise self._damaged(place, f"episode {episode} is another than in {RunState.file_name}")
        return record

    def _damage(self, line: bytes, place: int) -> RunUnreadable:
        """What is wrong with a line that isn't its episode's next; raises where its format is another."""
        try:
            claimed = opened(line)
            record = claimed.record()
        except ValueError as error:
            with contextlib.suppress(orjson.JSONDecodeError):
                require_format(orjson.loads(line), self.path)
            return self._damaged(place, f"a line that is no record: {error}")
        require_format(record, self.path)
        head = self.heads.get(record["episode"], BEGINNING)
        found = "other content" if claimed.number == head.records else f"record {claimed.number}"
        return self._damaged(
            place, f"{found} in place of record {head.records} of episode {record['episode']}"
        )

    def _damaged(self, place: int, what: str) -> RunUnreadable:
        state = _told(self.path.parent)
        run = self.path.parent if state is None else state.whole(self.path.parent)
        return RunUnreadable(
            f"{self.path} is damaged at byte {place}: {what}",
            f"See what of it is sound with: palaestra repair {quote(str(run))}",
        )


def require_format(record: object, path: Path) -> None:
    """Raise `RunUnreadable` where a record begins an episode of another format than `FORMAT`."""
    if isinstance(record, dict) and record.get("record") == "episode":
        found = record.get("format", 1)
        if found != FORMAT:
            raise RunUnreadable(
                f"{path} is a log of format {found}; this version of palaestra reads format {FORMAT}",
                f"Read it with the version that wrote it: {RunState.file_name} names it.",
            )


def _whole_lines(file: int) -> int:
    """Length in bytes of the file up to its last line end."""
    end = os.fstat(file).st_size
    while end > 0:
        start = max(0, end - 65536)
        block = os.pread(file, end - start, start)
        newline = block.rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        end = start
    return 0
