"""The sessions of a council: talk, bills, votes and elections, on replies made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.council.budget import Law
from palaestra.scenarios.council.events import (
    Amendment,
    BallotCast,
    Bill,
    CouncilBudget,
    CouncilDecision,
    CouncilVote,
    CouncilWelfare,
    Election,
)
from palaestra.scenarios.council.motions import Motion
from support.episodes.council import Played, village
from support.scripted_debates import reply, text_of

# The order of things


def test_a_session_deliberates_moves_votes_and_is_labelled_and_a_term_ends_with_an_election() -> None:
    assert Played({"amend": "half size"}).asked("elect") == [
        *("Ann intend", "Bo intend", "Cem intend"),
        *("Ann speak", "Bo speak", "Cem speak"),
        *("Ann propose", "Ann justify", "Bo amend"),
        *("Ann vote_amendment", "Bo vote_amendment", "Cem vote_amendment"),
        *("Ann vote_bill", "Bo vote_bill", "Cem vote_bill"),
        *["Labeller label"] * 5,
    ]


def test_with_a_mediator_all_speak_to_it_and_it_sums_up() -> None:
    played = Played(deliberation="mediated")
    assert played.asked()[3:8] == ["Ann speak", "Bo speak", "Cem speak", "Mediator mediate", "Ann propose"]
    assert "speak-Bo-1" in text_of(played.calls["mediate"][0])
    for call in (*played.calls["propose"], *played.calls["vote_bill"]):
        assert "mediate-Mediator-1" in text_of(call)
        assert "speak-" not in text_of(call)


def test_in_free_deliberation_each_hears_those_before_and_the_chair_begins() -> None:
    first, second, third = Played().calls["speak"]
    assert [call.agent for call in (first, second, third)] == ["Ann", "Bo", "Cem"]
    assert "speak-" not in text_of(first)
    assert "Ann: speak-Ann-1" in text_of(second)
    assert "Bo: speak-Bo-1" in text_of(third)


def test_what_was_said_is_gone_in_the_next_session_but_the_minutes_stay() -> None:
    last = Played(sessions=2, terms=1).calls["speak"][3]
    assert "speak-Ann-1" not in text_of(last)
    assert "Session 1: the bill to enact a bridge had 3 yes, 0 no and 0 abstained. It passed." in text_of(
        last
    )
    assert "Laws in force: a bridge." in text_of(last)


def test_the_elected_chair_moves_the_bills_of_the_next_term() -> None:
    played = Played({"elect": ["Bo", "Bo", "Bo", "Cem", "Cem", "Ann"] * 2}, terms=2)
    assert [bill.proposer for bill in played.events(Bill)] == ["Ann", "Bo"]
    assert [call.agent for call in played.calls["speak"][3:]] == ["Bo", "Cem", "Ann"]
    assert "The chair is Bo." in text_of(played.calls["speak"][3])
    assert "At the end of term 1 the council elected Bo" in text_of(played.calls["speak"][3])


def test_bills_are_moved_in_turn_and_another_may_amend() -> None:
    played = Played(proposer="turn", sessions=4)
    assert [bill.proposer for bill in played.events(Bill)] == ["Ann", "Bo", "Cem", "Ann"]
    assert all(
        a.member != b.proposer for a, b in zip(played.events(Amendment), played.events(Bill), strict=True)
    )


# Bills and votes


def test_the_menu_enacts_what_is_not_in_force_and_repeals_what_is() -> None:
    played = Played({"propose": ["enact a toll", "repeal a toll"]}, sessions=2)
    options = [call.answer.options for call in played.calls["propose"] if isinstance(call.answer, Choice)]
    assert options == [
        ("enact a bridge", "enact a toll", "enact a feast"),
        ("enact a bridge", "repeal a toll", "enact a feast"),
    ]
    assert [event.laws for event in played.events(CouncilBudget)] == ["a toll", ""]
    assert played.outcome["laws"] == ""


@pytest.mark.parametrize(
    ("votes", "passed", "quorate"),
    [
        (["yes", "yes", "no"], True, True),
        (["yes", "no", "abstain"], False, True),
        (["yes", "abstain", "abstain"], True, True),
        (["yes", "yes", None], True, True),
        (["yes", "abstain", None], True, True),
        (["yes", None, None], False, False),
        (["abstain", "abstain", "abstain"], False, True),
    ],
)
def test_a_bill_passes_with_a_quorum_and_more_yes_than_no(
    votes: list[str | None], passed: bool, quorate: bool
) -> None:
    played = Played({"vote_bill": votes})
    [decision] = played.events(CouncilDecision)
    assert (decision.passed, decision.quorate) == (passed, quorate)
    assert decision.absent == votes.count(None) == played.outcome["failures"]
    assert [vote.vote for vote in played.events(CouncilVote)] == votes
    assert (played.outcome["passed"], played.outcome["inquorate"]) == (passed, not quorate)


def test_the_probability_of_a_yes_is_recorded() -> None:
    played = Played({"vote_bill": reply("no", [0.25, 0.5, 0.25])})
    assert {vote.yes_probability for vote in played.events(CouncilVote)} == {0.25}


def test_an_amendment_that_passes_changes_the_law_and_what_is_voted_on() -> None:
    played = Played({"amend": "double size", "vote_amendment": "yes"})
    amendment, bill = played.events(CouncilDecision)
    assert (amendment.question, amendment.size, bill.question, bill.size) == ("amendment", 2, "bill", 2)
    assert "the bill to enact a bridge, at size 2. How do you vote" in text_of(played.calls["vote_bill"][0])
    assert played.events(CouncilBudget)[0].laws == "a bridge (size 2)"


def test_an_amendment_that_fails_leaves_the_bill() -> None:
    played = Played({"amend": "double size", "vote_amendment": ["yes", "no", "no"]})
    assert played.events(CouncilDecision)[1].size == 1


def test_half_of_a_law_may_be_kept() -> None:
    answers = {
        "propose": ["enact a toll", "repeal a toll"],
        "amend": ["double size", "keep half"],
        "vote_amendment": "yes",
    }
    assert Played(answers, sessions=2).outcome["laws"] == "a toll"
    half = Motion("repeal", Law(name="a toll", cost=1), 1.0, 0.5)
    assert half.told_with_size == "repeal a toll, leaving size 0.5"


def test_a_council_without_amendments_asks_for_none() -> None:
    assert "Bo amend" not in Played(amendments=False).asked()


# Elections


def test_a_ballot_is_ranked_by_the_probabilities_of_one_choice() -> None:
    def elect(call: Call) -> Reply:
        assert isinstance(call.answer, Choice)
        odds = {"Ann": 0.2, "Bo": 0.35, "Cem": 0.45}
        return reply("Ann", [odds[name] for name in call.answer.options])

    played = Played({"elect": elect})
    assert len(played.calls["elect"]) == 3
    assert played.events(BallotCast)[0] == BallotCast(1, "Ann", "Cem, Bo, Ann", "Cem, Bo", "probabilities")
    assert played.outcome["chair"] == "Cem"


def test_without_probabilities_choice_after_choice_ranks() -> None:
    def elect(call: Call) -> str:
        assert isinstance(call.answer, Choice)
        return max(call.answer.options)

    played = Played({"elect": elect})
    assert [call.about["place"] for call in played.calls["elect"]] == [1, 1, 1, 2, 2, 2]
    assert played.events(BallotCast)[2] == BallotCast(1, "Cem", "Cem, Bo, Ann", "Cem, Bo", "repeated choices")


def test_a_failed_answer_ends_a_ranking_and_an_empty_one_is_no_ballot() -> None:
    played = Played({"elect": [None, "Bo", "Bo", "Cem", None]})
    assert [(e.ranking, e.basis) for e in played.events(BallotCast)] == [
        (None, "failed"),
        ("Bo, Cem, Ann", "repeated choices"),
        ("Bo", "repeated choices"),
    ]
    [election] = played.events(Election)
    assert (election.ballots, election.winner) == (2, "Bo")


def test_nobody_answering_leaves_the_chair_in_office() -> None:
    [election] = Played({"elect": None}).events(Election)
    assert (election.winner, election.ballots, election.plurality) == ("Ann", 0, None)


@pytest.mark.parametrize("rule", ["plurality", "approval", "instant_runoff", "borda", "condorcet"])
def test_the_configured_rule_decides(rule: str) -> None:
    for index in range(20):
        episode = village(index, voting_rule=rule, members=five())
        while episode.pending:
            episode.advance(scripted_replies(episode.pending))
        [found] = [event for _, event in episode.events if isinstance(event, Election)]
        assert found.winner == (getattr(found, rule) or found.borda) == episode.outcome["chair"]


def five() -> list[dict[str, Any]]:
    return [{"name": name, "group": "monks"} for name in ("Ann", "Bo", "Cem", "Dee", "Eli")]


# Failures


def test_without_a_bill_there_is_no_vote_but_a_budget() -> None:
    played = Played({"propose": None})
    assert played.events(Bill) == [Bill(1, 1, "Ann", None, None, None)]
    assert not played.events(CouncilVote)
    assert len(played.events(CouncilWelfare)) == 2


def test_a_bill_without_a_reason_is_still_voted_on() -> None:
    played = Played({"justify": None})
    assert "Ann moves to enact a bridge." in text_of(played.calls["vote_bill"][1])
    assert "mumble" not in text_of(played.calls["vote_bill"][1])
    assert played.events(Bill)[0].message is None
    assert played.outcome["passed"] == 1


def test_a_summary_that_failed_is_read_by_nobody() -> None:
    played = Played({"mediate": None}, deliberation="mediated")
    assert "mumble" not in text_of(played.calls["propose"][0])
