"""Answers that a program checks: the check itself, matches that it decides, and what of them trains."""

from __future__ import annotations

from typing import Any

import pytest

from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.runs.record.records import Record
from palaestra.runs.record.trajectories import trajectories
from palaestra.scenarios.core.load import check
from palaestra.scenarios.duel.check import AnswerCheck
from palaestra.scenarios.duel.config import DuelConfig
from palaestra.scenarios.duel.events import DuelAnswer, Match
from palaestra.scenarios.duel.rules import Duel

FILE: dict[str, Any] = {
    "scenario": "duel",
    "fighters": [{"name": name} for name in ("Ann", "Bo", "Cem")],
    "instructions": ["Say something.", "Say more."],
    "contest": "n_way",
    "check": {"most_words": 6},
}


@pytest.mark.parametrize(
    ("given", "answer", "passes"),
    [
        ({"most_words": 3}, "one two three", True),
        ({"most_words": 3}, "one two three four", False),
        ({"least_words": 2}, "one", False),
        ({"matches": r"[.!]$"}, "It ends.", True),
        ({"matches": r"[.!]$"}, "It does not end", False),
        ({"avoids": "(?i)sorry"}, "I am Sorry.", False),
        ({"most_words": 9, "matches": r"\.$", "avoids": "no"}, "Yes, gladly.", True),
    ],
)
def test_all_that_a_check_names_must_hold(given: dict[str, Any], answer: str, passes: bool) -> None:
    assert AnswerCheck(**given).passes(answer) is passes


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"check": {}}, "a check needs"),
        ({"check": {"least_words": 5, "most_words": 4}}, "no answer has at least 5 and at most 4 words"),
        ({"check": {"matches": "("}}, "not a regular expression"),
        ({"check": None, "judging": "none"}, "add a `check`"),
        ({"judging": "none", "handicaps": "dynamic"}, "handicaps"),
        ({"held_out": ["Say more."]}, "measures no progress"),
    ],
)
def test_checks_that_make_no_sense_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match="(?s)" + words.replace("(", r"\(")):
        check(FILE | fields, "duel.yaml")


def played(**fields: Any) -> Duel:
    config = check(FILE | fields, "duel.yaml").config
    assert isinstance(config, DuelConfig)
    duel = Duel(config, respond=scripted_replies)
    while duel.running:
        duel.step()
    return duel


def test_without_judging_the_check_alone_decides_and_no_judge_is_asked() -> None:
    duel = played(judging="none", instructions=[f"Say {i}." for i in range(20)])
    passed = {(a.contest, a.fighter): a.passed for _, a in duel.events if isinstance(a, DuelAnswer)}
    assert set(passed.values()) == {True, False}
    for _, match in duel.events:
        if isinstance(match, Match):
            margin = float(passed[match.contest, match.first] or 0) - float(
                passed[match.contest, match.second] or 0
            )
            assert match.margin == margin
    assert duel.outcome["passed"] == sum(map(bool, passed.values())) / len(passed)
    assert all(message.text != "The answer is:" for message in duel.messages)


def test_a_judged_duel_tells_truth_beside_the_panel_s_score() -> None:
    duel = played()
    [trajectory] = trajectories(records(duel), Duel.event_types)
    answers = {a.call: a.passed for _, a in duel.events if isinstance(a, DuelAnswer)}
    for judged in Duel.judged(duel.config, trajectory):
        for answer in judged.answers:
            assert answer.truth == float(bool(answers[answer.call]))
            assert answer.score is not None
            assert 1 <= answer.score <= 10


def records(duel: Duel) -> list[Record]:
    """The log that a finished duel would have left, without its calls' replies."""
    from palaestra.runs.record.records import end_record, episode_record, event_record, message_record

    calls = {a.call for _, a in duel.events if isinstance(a, DuelAnswer)}
    made: list[Record] = [episode_record(duel)]
    made.append({"record": "answer", "episode": 0, "answer": 0, "kind": "text"})
    made += [
        {
            "record": "call",
            "episode": 0,
            "call": call,
            "step": 1,
            "agent": "Ann",
            "purpose": "answer",
            "about": {},
            "policy": "default",
            "seed": 0,
            "prompt": "",
            "answer": 0,
            "text": "",
            "tokens": [0, 0, 0],
            "seconds": [0.0, 0.0],
        }
        for call in calls
    ]
    made += [
        message_record(0, message)
        for message in duel.messages
        if message.source is None or message.source in calls
    ]
    made += [event_record(0, number, step, event) for number, (step, event) in enumerate(duel.events)]
    return [*made, end_record(duel)]
