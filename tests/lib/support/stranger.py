"""A scenario of another package, with or without a slip of its author, as if it were installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from palaestra.scenarios.core.registry import SCENARIOS

RULES = """\
from __future__ import annotations
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from pydantic import Field
from palaestra import Agent, Choice, Episode, Event, Participant, Play, ScenarioConfig
from palaestra.scenarios.core.trajectory import Judged, JudgedAnswer

class Config(ScenarioConfig):
    scenario: Literal["tictac"] = "tictac"
    players: list[Participant] = Field([Participant(name="Ann"), Participant(name="Bo")], description="Who.")

@dataclass(frozen=True, slots=True)
class Guess(Event):
    agent: str
    number: int | None

class Tictac(Episode[Config]):
    kind = "tictac"
    config_type = Config
    event_types = (Guess,)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    reward_unit = "points"

    @classmethod
    def judged(cls, config, trajectory):
        yield Judged((JudgedAnswer(0, 1.0), JudgedAnswer(1, 2.0)), (), "points")

    @classmethod
    def rewards(cls, config, trajectory):
        return {told.agent: float(told.number or 0) for told in trajectory.told(Guess)}

    def play(self) -> Play:
        rules = self.words("rules")
        players = [self.seat(Agent, player, rules) for player in self.config.players]
        calls = [player.ask("guess", Choice(("1", "2")), {"round": 1}) for player in players]
        replies = yield calls
        for player, reply in zip(players, replies):
            self.record(Guess(player.name, None if reply.failed else int(str(reply.value))))
        return {"played": True}
"""
PROMPTS = """\
rules: You play a number game.
persona: You are {name}. {persona}
guess: Round {round}. Name a number.
"""
READY = "scenario: tictac\ntitle: Two numbers\n"
FILES = {"rules.py": RULES, "prompts.yaml": PROMPTS, "ready/tictac-two.yaml": READY}


def write(folder: Path, slips: Mapping[str, tuple[str, str]] | None = None) -> Path:
    """Write the package `tictac` into `folder`; its `rules.py`'s folder.

    Args:
        folder: where packages are.
        slips: by file, what is replaced by what.
    """
    home = folder / "tictac"
    for name, text in FILES.items():
        wrong, right = (slips or {}).get(name, ("", ""))
        assert wrong in text
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(wrong, right) if wrong else text)
    (home / "__init__.py").write_text('"""Two players name a number."""\n')
    info = folder / "tictac-0.1.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tictac\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text("[palaestra.scenarios]\ntictac = tictac.rules:Tictac\n")
    return home


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """The packages in `folder` are installed; afterwards they are gone, modules and all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setattr(SCENARIOS, "places", SCENARIOS.find())
        patch.setattr(SCENARIOS, "_loaded", {})
        try:
            yield
        finally:
            for name in [name for name in sys.modules if name.split(".")[0] == "tictac"]:
                del sys.modules[name]
