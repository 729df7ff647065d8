"""Episodes read back from a log: what they hold, when they are given, and what a stranger's event does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from palaestra.agents.failures import RunUnreadable
from palaestra.runs.record import log as run_log
from palaestra.runs.record.records import Record
from palaestra.runs.record.trajectories import trajectories
from palaestra.runs.run import Run
from palaestra.scenarios.debate.events import DebateSpeech
from palaestra.scenarios.debate.rules import Debate
from palaestra.sims.playing import play
from support.scripted_debates import scenario

EPISODES = 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return play.start(scenario(episodes=EPISODES, live=2), tmp_path / "run", quiet=True)


def test_a_trajectory_holds_the_calls_messages_events_and_outcome_of_its_episode(folder: Path) -> None:
    run = Run(folder)
    for told in trajectories(run_log.read(folder), Debate.event_types):
        calls = run.calls.filter(episode=told.episode)
        assert [turn.text for turn in told.turns.values()] == calls["text"].to_list()
        for call, turn in told.turns.items():
            assert [(m.role, m.body) for m in turn.prompt] == run.prompt(told.episode, call)
        speeches = run.table("speech").filter(episode=told.episode)
        assert [speech.message for speech in told.told(DebateSpeech)] == speeches["message"].to_list()
        for speech in told.told(DebateSpeech):
            author = told.author(speech.message)
            assert author is not None
            assert told.turns[author].agent == speech.agent
        outcome = run.episodes.filter(episode=told.episode).row(0, named=True)
        assert dict(told.outcome).items() <= outcome.items()


def test_an_episode_is_given_as_soon_as_its_end_is_read(folder: Path) -> None:
    """So no more episodes are held than were under way at once."""
    read = 0

    def records() -> Iterator[Record]:
        nonlocal read
        for record in run_log.read(folder):
            read += 1
            yield record

    ends = [n for n, record in enumerate(run_log.read(folder), 1) if record["record"] == "end"]
    given = [read for _ in trajectories(records(), Debate.event_types)]
    assert given == ends
    assert len(ends) == EPISODES


def test_an_unfinished_episode_is_left_out(folder: Path) -> None:
    records = [r for r in run_log.read(folder) if (r["record"], r["episode"]) != ("end", 1)]
    assert {told.episode for told in trajectories(records, Debate.event_types)} == {0, 2, 3}


@pytest.mark.parametrize("change", [{"type": "sermon"}, {"loudness": 11}])
def test_an_event_of_another_version_is_named(folder: Path, change: dict[str, object]) -> None:
    records = [r | change if r["record"] == "event" else r for r in run_log.read(folder)]
    with pytest.raises(RunUnreadable, match="isn't one that this version knows"):
        list(trajectories(records, Debate.event_types))
