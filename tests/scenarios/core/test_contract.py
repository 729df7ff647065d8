"""The contract holds for the scenarios here, and is broken by rules that break it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest

from palaestra.agents.calls import Reply, Scalar
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Event, Play
from palaestra.scenarios.core.played import ContractBroken
from palaestra.scenarios.debate.events import DebateSpeech
from palaestra.scenarios.debate.rules import Debate, Speaker
from palaestra.scenarios.parts.opinion_scale import OPINION
from support.contract_debate import DEBATE, hears


def test_debate_with_comparisons_keeps_it() -> None:
    check_contract(DEBATE | {"judging": "pairwise", "weights": "elo"}, may_read=hears, episodes=1)


def test_debate_keeps_it() -> None:
    check_contract(
        DEBATE,
        may_read=hears,
        refused=[
            ({"panel": 2}, "a panel of 2"),
            ({"judges": [{"name": " ann "}]}, "two agents are named"),
            ({"hearing": {"edges": [["Ann", "Bo"]]}}, "Cem would neither hear"),
        ],
    )


# Rules that break it


@dataclass(frozen=True, slots=True)
class Noted(Event):
    """What somebody said, as an event."""

    table = "noted"

    text: str


def broken(match: str, **fields: Any) -> None:
    with pytest.raises(ContractBroken, match=match):
        check_contract(DEBATE | fields, may_read=hears)


def test_speech_that_reaches_a_stranger_breaks_privacy(monkeypatch: pytest.MonkeyPatch) -> None:
    def shout(episode: Debate, debater: Speaker, _number: int, reply: Reply) -> None:
        episode.say(debater.name, reply, to=episode.debaters)

    monkeypatch.setattr(Debate, "_speak", shout)
    broken("privacy: Ann reads reply .* meant for Bo")


def test_a_thought_that_anybody_reads_breaks_privacy(monkeypatch: pytest.MonkeyPatch) -> None:
    def think_aloud(episode: Debate, debater: Speaker, _number: int, reply: Reply) -> None:
        episode.say(debater.name, replace(reply, text=f"{reply.thought} {reply.text}"), to=[debater])

    monkeypatch.setattr(Debate, "_speak", think_aloud)
    broken("privacy: .* reads the thought before reply .* meant for nobody")


def test_a_thought_in_an_event_breaks_privacy(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Debate._speak

    def note(episode: Debate, debater: Speaker, number: int, reply: Reply) -> None:
        usual(episode, debater, number, reply)
        episode.record(Noted(reply.thought))

    monkeypatch.setattr(Debate, "_speak", note)
    monkeypatch.setattr(Debate, "event_types", (*Debate.event_types, Noted))
    broken("privacy: a thought stands in the event Noted")


def test_a_persona_that_is_told_to_another_breaks_privacy(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Debate._gather

    def gossip(episode: Debate) -> None:
        usual(episode)
        episode.debaters[1].remember(episode.config.debaters[0].persona)

    monkeypatch.setattr(Debate, "_gather", gossip)
    broken("privacy: Bo reads a private text of the file, meant for Ann")


def test_speech_that_reaches_nobody_breaks_privacy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Debate, "_speak", lambda *_arguments: None)
    broken("privacy: the replies to 'argue' reach nobody")


def test_chance_from_elsewhere_breaks_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Debate._gather
    other = count()

    def moody(episode: Debate) -> None:
        usual(episode)
        episode.debaters[0].remember(f"Mood {next(other)}")

    monkeypatch.setattr(Debate, "_gather", moody)
    broken("replay: call 0 differs")


def test_episodes_that_share_what_changes_break_lockstep(monkeypatch: pytest.MonkeyPatch) -> None:
    """One after another they agree; only an episode that goes on in between shows it."""
    usual, last = Debate._round, [-1]

    def shared(episode: Debate, number: int) -> Any:
        if number > 1 and last[0] != episode.index:
            episode.random.random()
        last[0] = episode.index
        return (yield from usual(episode, number))

    monkeypatch.setattr(Debate, "_round", shared)
    broken("lockstep: ")


def test_rules_that_trip_over_a_failed_answer_break_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    def trusting(episode: Debate, debater: Speaker, number: int, reply: Reply) -> None:
        assert isinstance(reply.value, str)
        episode.record(DebateSpeech(debater.name, number, None))

    monkeypatch.setattr(Debate, "_speak", trusting)
    broken("faults, all calls: the scenario 'debate' .* failed at .*: AssertionError")


def test_an_event_that_is_not_declared_breaks_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Debate, "event_types", ())
    broken("DebateOpinion is not among `event_types`")


def test_an_event_whose_field_holds_something_else_breaks_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = Debate._verdict

    def sloppy(episode: Debate, by_debater: dict[str, float]) -> dict[str, Scalar]:
        word: Any = "three"
        episode.record(DebateSpeech("Ann", word, None))
        return usual(episode, by_debater)

    monkeypatch.setattr(Debate, "_verdict", sloppy)
    broken("DebateSpeech.round is 'three'")


def test_an_outcome_named_like_a_column_of_the_episodes_breaks_schema(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Debate, "_verdict", lambda *_arguments: {"ended": "early"})
    broken("the outcome's 'ended' is a column")


def test_an_episode_that_never_ends_breaks_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    def forever(episode: Debate) -> Play:
        episode._gather()
        while True:
            yield [episode.debaters[0].ask("opinion", OPINION, when="before")]

    monkeypatch.setattr(Debate, "play", forever)
    broken("has not ended after")


def test_a_cast_that_should_be_refused_and_is_taken_breaks_refusal() -> None:
    with pytest.raises(ContractBroken, match=r"refusal: .* is taken"):
        check_contract(DEBATE, may_read=hears, refused=[({"rounds": 3}, "rounds")], episodes=1)
    with pytest.raises(ContractBroken, match="'bad luck' is not in"):
        check_contract(DEBATE, may_read=hears, refused=[({"rounds": 0}, "bad luck")], episodes=1)
