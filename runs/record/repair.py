"""What of a damaged log is sound, and a log of just that.

An episode is sound up to its first record that is lost or says something else than was written; from there
on `palaestra resume` plays it again. Lines that are doubled or out of order cost nothing. The damaged log is
kept beside the new one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import orjson

from palaestra.agents.failures import RunUnreadable
from palaestra.runs.record.chain import BEGINNING, Head, Sealed, opened
from palaestra.runs.record.disk import reading, replace, sync_folder, unwritable
from palaestra.runs.record.log import NAME, Log, episodes, require_format, shards, stamps
from palaestra.runs.record.recorder import Past
from palaestra.runs.record.records import Record
from palaestra.runs.record.state import Counts, RunState


@dataclass(frozen=True, slots=True)
class Loss:
    """An episode that is not sound to its end: how many of its records are, how many more there were."""

    episode: int
    kept: int
    lost: int


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found in a log.

    Attributes:
        episodes: how many have begun.
        losses: the episodes that are not sound to their end.
        strangers: places (bytes) of lines that are no record, or one that stands elsewhere already.
        moved: how many sound records stood after later ones of their episode.
        others: episodes that `run.json` tells something else of, though they are sound.
    """

    episodes: int
    losses: tuple[Loss, ...]
    strangers: tuple[int, ...]
    moved: int
    others: tuple[int, ...]

    @property
    def well(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.losses or self.strangers or self.moved or self.others)


def of_all_logs(folder: Path, look: Callable[[Path], Survey]) -> dict[Path, Survey]:
    """What `survey` or `repair` finds of the run in `folder` and of each of its shards that has begun.

    Raises:
        RunUnreadable: see `survey`; also where a shard is missing.
        PalaestraError: see `repair`.
    """
    found = {folder: look(folder)}
    found |= {shard: look(shard) for shard in shards(folder)}
    state = RunState.read(folder) if len(found) > 1 else None
    if look is repair and state is not None and any(each.losses for each in found.values()):
        state.model_copy(update={"status": "interrupted"}).write(folder)
    return found


def survey(folder: Path) -> Survey:
    """What of the log in `folder` is sound; nothing is changed.

    Raises:
        RunUnreadable: there is no log, `run.json` can't be read, or the log is of another format.
    """
    return _Gathered(folder).survey()


def repair(folder: Path) -> Survey:
    """Leave only what is sound in the log, and the damaged one beside it; what was found.

    Raises:
        RunUnreadable: see `survey`.
        RunLocked: the run is being played.
        RunUnwritable: the folder can't be written; the log is as it was.
    """
    log = Log(folder)
    try:
        gathered = _Gathered(folder)
        found = gathered.survey()
        if found.well:
            return found
        state = RunState.read(folder)
        if not found.episodes and not state.shards:
            raise RunUnreadable(f"nothing in {folder / NAME} is a record", "Restore the file from a copy.")
        past = Past(gathered.records())
        counts = Counts(episodes=len(past.ended), calls=past.calls, **past.tokens)
        status = "interrupted" if found.losses else state.status
        # First what run.json tells of what is sound: a log that has more is one that went on.
        state.stopped(status, counts, gathered.heads()).write(folder)
        gathered.keep_sound()
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        log.close()
    return found


@dataclass(frozen=True, slots=True)
class _Line:
    place: int
    length: int


@dataclass(slots=True)
class _Episode:
    """The sound records of an episode, gathered from lines in any order.

    Attributes:
        stamp: what `run.json` tells of it.
        head: how far it is sound.
        lines: those of its sound records, by their numbers.
        other: whether its content is another than the stamp's.
        early: lines that don't follow yet, by the number that they claim.
    """

    stamp: Head
    head: Head = BEGINNING
    lines: list[_Line] = field(default_factory=list)
    other: bool = False
    early: dict[int, list[tuple[Sealed, _Line]]] = field(default_factory=dict)

    def take(self, claimed: Sealed, line: _Line) -> None:
        """Note a line that claims to be of this episode, perhaps before its turn."""
        self.early.setdefault(claimed.number, []).append((claimed, line))
        while (found := self._next()) is not None:
            self.early[self.head.records].remove(found)
            self.head = found[0].head
            self.lines.append(found[1])
            self.other |= self.head.records == self.stamp.records and self.head != self.stamp

    def _next(self) -> tuple[Sealed, _Line] | None:
        waiting = self.early.get(self.head.records, ())
        return next((found for found in waiting if found[0].follows(self.head)), None)

    @property
    def known(self) -> bool:
        """Whether there is such an episode: a damaged line can name one that never was."""
        return self.head.records > 0 or self.stamp.records > 0

    @property
    def lost(self) -> int:
        """How many records are known to have been there beyond the sound ones."""
        beyond = sum(number >= self.head.records and bool(found) for number, found in self.early.items())
        return max(self.stamp.records - self.head.records, beyond)

    def left_over(self) -> Iterator[int]:
        """The places of lines that are no record of it, or one that is sound elsewhere."""
        for number, found in self.early.items():
            if number < self.head.records or not self.known:
                yield from (line.place for _, line in found)


class _Gathered:
    """The lines of a log by their episodes; held in memory are their places, and texts that fit nowhere."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._own = episodes(folder)
        self.episodes = {episode: _Episode(stamp) for episode, stamp in stamps(folder).items()}
        self.strangers: list[int] = []
        if not self.path.is_file():
            remedy = "Name the folder of a run, such as outputs/debate-…"
            raise RunUnreadable(f"{folder} holds no {NAME}", remedy)
        place = 0
        with reading(self.path), self.path.open("rb") as file:
            for text in file:
                if text.endswith(b"\n"):
                    self._take(text, _Line(place, len(text)))
                place += len(text)

    def _take(self, text: bytes, line: _Line) -> None:
        try:
            claimed = opened(text)
            record = claimed.record()
        except ValueError:
            with contextlib.suppress(orjson.JSONDecodeError):
                require_format(orjson.loads(text), self.path)
            self.strangers.append(line.place)
            return
        require_format(record, self.path)
        if record["episode"] not in self._own:
            self.strangers.append(line.place)
            return
        self.episodes.setdefault(record["episode"], _Episode(BEGINNING)).take(claimed, line)

    def survey(self) -> Survey:
        losses, moved, left_over = [], 0, list(self.strangers)
        for number, episode in sorted(self.episodes.items()):
            if episode.known and episode.lost:
                losses.append(Loss(number, episode.head.records, episode.lost))
            places = [line.place for line in episode.lines]
            moved += sum(there != meant for there, meant in zip(places, sorted(places), strict=True))
            left_over += episode.left_over()
        others = tuple(number for number, episode in sorted(self.episodes.items()) if episode.other)
        begun = sum(episode.known for episode in self.episodes.values())
        return Survey(begun, tuple(losses), tuple(sorted(left_over)), moved, others)

    def records(self) -> Iterator[Record]:
        """The sound records."""
        return (opened(text).record() for text in self._texts())

    def heads(self) -> dict[int, str]:
        """How far each episode is sound."""
        sound = {number: episode.head for number, episode in sorted(self.episodes.items())}
        return {number: str(head) for number, head in sound.items() if head.records}

    def keep_sound(self) -> None:
        """Let the log hold the sound lines only, and keep the one that is there under another name."""
        lines = self._in_order()
        if sum(line.length for line in lines) == self.path.stat().st_size and not self.survey().moved:
            return
        names = (self.path.with_name(f"log.damaged-{number}.jsonl") for number in count(1))
        os.link(self.path, next(name for name in names if not name.exists()))
        sync_folder(self.path.parent)
        replace(self.path, self._texts())

    def _texts(self) -> Iterator[bytes]:
        with reading(self.path), self.path.open("rb") as file:
            for line in self._in_order():
                file.seek(line.place)
                yield file.read(line.length)

    def _in_order(self) -> list[_Line]:
        """The sound lines; those of each episode in its order, in the places that they take in the log."""
        placed = []
        for episode in self.episodes.values():
            places = sorted(line.place for line in episode.lines)
            placed += list(zip(places, episode.lines, strict=True))
        return [line for _, line in sorted(placed, key=lambda item: item[0])]
