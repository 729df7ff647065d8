"""The log as typed values: what each record is, what it refers to, and what is no record."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import pytest

from palaestra.agents.calls import Message
from palaestra.agents.failures import RunUnreadable
from palaestra.runs.record import log as run_log
from palaestra.runs.record.entries import (
    AnswerAsked,
    CallAnswered,
    EpisodeBegun,
    EpisodeEnded,
    EventHappened,
    MessageSaid,
    entries,
)
from palaestra.runs.record.records import Record
from palaestra.sims.playing import play
from support.scripted_debates import scenario

CALL: Record = {
    "record": "call",
    "episode": 4,
    "call": 0,
    "step": 1,
    "agent": "Ann",
    "purpose": "argue",
    "about": {"round": 1},
    "policy": "default",
    "seed": 7,
    "prompt": "0",
    "answer": 0,
    "text": "Yes.",
    "tokens": [5, 2, 1],
    "seconds": [0.5, 1.5],
}
EPISODE: list[Record] = [
    {"record": "episode", "episode": 4, "seed": 11},
    {"record": "message", "episode": 4, "message": 0, "role": "system", "text": "Rules."},
    {"record": "answer", "episode": 4, "answer": 0, "kind": "text"},
    CALL,
    {"record": "message", "episode": 4, "message": 1, "role": "user", "label": "Ann", "call": 0},
    {"record": "event", "episode": 4, "event": 0, "step": 1, "type": "speech", "call": 0, "who": "Ann"},
    {"record": "end", "episode": 4, "steps": 1, "outcome": {"won": True}},
]


def test_what_a_record_refers_to_is_put_in_its_place() -> None:
    begun, rules, asked, answered, quoted, event, end = entries(EPISODE)
    assert begun == EpisodeBegun(4, 11)
    assert astuple(rules) == astuple(MessageSaid(4, Message(0, "system", "Rules.")))
    assert asked == AnswerAsked(4, {"kind": "text"})
    assert isinstance(answered, CallAnswered)
    assert (answered.answer, answered.tokens, answered.seconds) == ({"kind": "text"}, (5, 2, 1), (0.5, 1.5))
    assert (answered.finish, answered.attempts, answered.failed, answered.rejected) == ("stop", 1, False, ())
    assert astuple(quoted) == astuple(MessageSaid(4, Message(1, "user", "Yes.", "Ann", 0)))
    assert event == EventHappened(4, 0, 1, "speech", {"call": 0, "who": "Ann"})
    assert end == EpisodeEnded(4, 1, {"won": True})


def test_each_line_of_a_run_is_an_entry(tmp_path: Path) -> None:
    folder = play.start(scenario(episodes=2), tmp_path / "run", quiet=True)
    assert len(list(entries(run_log.read(folder)))) == len((folder / "log.jsonl").read_bytes().splitlines())


@pytest.mark.parametrize(
    ("line", "damage", "told"),
    [
        (4, {"agent": ...}, "'agent' is missing"),
        (4, {"answer": 1}, "list index out of range"),
        (4, {"tokens": [1, 2]}, "not enough values"),
        (5, {"call": 3}, "3 is missing"),
        (6, {"episode": ...}, "'episode' is missing"),
        (6, {"record": "evnt"}, "there are no records of kind 'evnt'"),
        (7, {"episode": 9}, "9 is missing"),
    ],
)
def test_what_is_no_record_is_told_by_its_line(line: int, damage: Record, told: str) -> None:
    records = [dict(record) for record in EPISODE]
    for name, value in damage.items():
        if value is ...:
            del records[line - 1][name]
        else:
            records[line - 1][name] = value
    with pytest.raises(RunUnreadable, match=rf"line {line} of the log is no record of a run: {told}"):
        list(entries(records))
