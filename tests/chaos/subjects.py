"""What is played: a command that begins something, how it goes on, what it comes to undisturbed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shutil import copytree

import orjson
import pytest
from tests.chaos.child import Ended, Failed, palaestra
from tests.chaos.operations import Counter, put

from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.runs.record import log as run_log
from palaestra.runs.record.records import Record, content
from palaestra.runs.record.state import RunState
from palaestra.scenarios.core.ready_made import files
from palaestra.sims.engines.scripted_engine import Scripted
from palaestra.sims.playing import venue
from palaestra.sims.training import evolve

OUT = "out"
Content = dict[str, list[Record] | str]
SCRIPTED = {"default": {"kind": "scripted"}}
DEBATE = {
    "scenario": "debate",
    "motions": ["Cities should plant more trees.", "Shops should close on Sundays."],
    "engines": SCRIPTED,
    "debaters": [{"name": "Ann", "stance": "for"}, {"name": "Bo", "stance": "against"}],
    "judges": [{"name": "Kim"}, {"name": "Lund"}],
    "rubric": {"clarity": "the point is plain."},
    "rounds": 1,
    "episodes": 3,
    "live": 2,
}
DUEL = {
    "scenario": "duel",
    "policies": {"default": {}, "ann": {}, "bo": {}},
    "fighters": [{"name": name, "policy": name.lower()} for name in ("Ann", "Bo")],
    "judges": [{"name": "Kim"}],
    "instructions": [f"Question {number}?" for number in range(6)],
    "held_out": [f"Held out {number}?" for number in range(3)],
    "contest": "n_way",
    "weights": "uniform",
    "check": {"most_words": 7},
}


def evolve_without_models() -> None:
    """Let the tribe answer by made-up replies and learn nothing: it is not training that is tried here."""
    patch = pytest.MonkeyPatch()  # the process ends with the command
    patch.setattr(evolve, "train", _train_nothing)
    patch.setattr(venue, "build", lambda _settings, policies: Scripted(ScriptedEngine(), policies))


def _train_nothing(_export: Path, out: Path, **_settings: object) -> Path:
    out.mkdir()
    return out


@dataclass(frozen=True)
class Subject:
    """A command that makes the folder `OUT`, what it needs done in its process, and what it comes to.

    Attributes:
        name: for people.
        words: the command.
        ground: a folder whose files it needs in the one that it is played in.
    """

    name: str
    words: tuple[str, ...]
    ground: Path

    def place(self, folder: Path) -> Path:
        """Make `folder`, with all in it that the command needs; the folder."""
        return Path(copytree(self.ground, folder))

    def begin(
        self, folder: Path, before: Callable[[], object] = lambda: None, kill_after: float | None = None
    ) -> Ended:
        """Do the command in `folder`; `before` is done first in its process."""
        return self._do(self.words, folder, before, kill_after)

    def go_on(
        self, folder: Path, before: Callable[[], object] = lambda: None, kill_after: float | None = None
    ) -> Ended:
        """Go on as a user does: resume what has begun, else the same command again; whichever is taken."""
        out = folder / OUT
        evolves = self.words[0] == "evolve"
        resume = ("evolve", OUT) if evolves else ("resume", OUT, "--quiet")
        begun = any((out / name).exists() for name in ("run.json", "sweep.json", "evolution.json"))
        first, second = (resume, self.words) if begun else (self.words, resume)
        ended = self._do(first, folder, before, kill_after)
        if ended.code != 2:
            return ended
        other = self._do(second, folder, before, kill_after)
        return other if other.code <= 0 else ended

    def _do(
        self, words: tuple[str, ...], folder: Path, before: Callable[[], object], kill_after: float | None
    ) -> Ended:
        def prepare() -> None:
            if self.words[0] == "evolve":
                evolve_without_models()
            before()

        return palaestra(*words, cwd=folder, before=prepare, asked=folder / "asked", kill_after=kill_after)

    def finish(self, folder: Path) -> None:
        """Go on to the end; raises `Failed` where it comes to anything else, or a call is asked again."""
        before, asked = answered(folder / OUT), size(folder / "asked")
        ended = self.go_on(folder)
        if ended.code == 2:
            there = sorted(str(path.relative_to(folder)) for path in (folder / OUT).rglob("*"))[:9]
            raise Failed(f"a stuck folder ({', '.join(there)}): {ended.told()}")
        ended.well()
        self.same(folder)
        new, asked = answered(folder / OUT) - before, size(folder / "asked") - asked
        if asked != new:
            raise Failed(f"{asked} calls were asked for {new} new ones")

    def same(self, folder: Path) -> None:
        """Raise `Failed` where what is in `folder` is not what an uninterrupted play leaves."""
        found = content_of(folder / OUT)
        if found != self.content:
            differing = [
                name for name in {*found, *self.content} if found.get(name) != self.content.get(name)
            ]
            raise Failed(f"another content than the uninterrupted one's: {', '.join(sorted(differing))}")
        for state in (folder / OUT).rglob("run.json"):
            if (status := RunState.read(state.parent).status) != "finished":
                raise Failed(f"{state.parent.name} is over and says {status}")

    @cached_property
    def whole(self) -> Path:
        """A folder in which it was played to its end undisturbed; to be copied."""
        folder = self.place(self.ground.parent / f"whole-{self.name.replace(' ', '-')}-{os.getpid()}")
        self.begin(folder, lambda: put(Counter(folder / "calls"))).well()
        return folder

    @cached_property
    def calls(self) -> list[str]:
        """The calls that change files, in their order."""
        return (self.whole / "calls").read_text().splitlines()

    @cached_property
    def content(self) -> Content:
        """What its runs and exports hold in the end."""
        return content_of(self.whole / OUT)

    def copy(self, folder: Path) -> Path:
        """A copy of the undisturbed play, to be damaged; its `OUT`."""
        return Path(copytree(self.whole, folder)) / OUT


def content_of(out: Path) -> Content:
    """What the runs in `out` hold, and the rows of its exports, by their places."""
    found: Content = {}
    for log in sorted(out.rglob(run_log.NAME)):
        found[str(log.parent.relative_to(out))] = content(run_log.read(log.parent))
    for rows in sorted(out.rglob("export/**/*.jsonl")):
        found[str(rows.relative_to(out))] = rows.read_text()
    return found


def answered(out: Path) -> int:
    """How many calls that an engine answered the logs in `out` hold on whole lines."""
    return sum(
        record["record"] == "call" and any(record["tokens"])
        for log in out.rglob(run_log.NAME)
        for record in _whole(log)
    )


def _whole(log: Path) -> Iterator[Record]:
    for line in log.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            yield orjson.loads(line)


def size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


class Subjects:
    """All that is played.

    Args:
        folder: for what they need and leave.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        empty, origin = folder / "empty", folder / "origin"
        empty.mkdir(parents=True)
        origin.mkdir()
        for name, file in (
            ("sweep", DEBATE | {"sweep": {"rounds": [1, 2]}}),
            ("debate", DEBATE),
            ("duel", DUEL),
        ):
            (empty / f"{name}.yaml").write_text(json.dumps(file))
            (origin / f"{name}.yaml").write_text(json.dumps(file))
        palaestra("run", "debate.yaml", "--out", "origin", "--quiet", cwd=origin).well()
        self.debate = Subject("a debate", ("run", "debate.yaml", "--out", OUT, "--quiet"), empty)
        self.sweep = Subject("a sweep", ("run", "sweep.yaml", "--out", OUT, "--quiet"), empty)
        branch = ("branch", "origin", "--most", "3", "--repeats", "2", "--out", OUT, "--quiet")
        self.branch = Subject("a branch run", branch, origin)
        evolution = ("evolve", "duel.yaml", "--by", "truth", "--out", OUT, "--quiet")
        self.evolution = Subject("an evolution", evolution, empty)
        self.ready = [
            Subject(name, ("run", name, "--dry-run", "-n", "2", "--out", OUT, "--quiet"), empty)
            for name in files()
        ]
        one = ("run", "bernoulli-debate", "--dry-run", "-n", "1", "--out", OUT, "--quiet")
        self.small = Subject("a small run", one, empty)
        self.duel = next(subject for subject in self.ready if subject.name == "n-way")
        self.all = [self.debate, self.sweep, self.branch, self.evolution, *self.ready]
