"""Bargaining over packages, walked branch by branch on replies made by hand."""

from __future__ import annotations

from typing import Any

from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.package_bargaining.events import Acceptance, PackageProposed, Proposal
from support.episodes.package_bargaining import Played, bargaining
from support.scripted_debates import play_out, reply, text_of

# The order of things and its end


def test_all_propose_then_the_mediator_then_all_respond() -> None:
    assert Played([["tree", "bench"]]).asked() == [
        "Old propose 1",
        "Art propose 1",
        "Chair mediate 1",
        "Old respond 1",
        "Art respond 1",
    ]


def test_it_ends_when_all_accept() -> None:
    outcome = Played([["tree", "bench"]]).outcome
    assert (outcome["agreement"], outcome["rounds"], outcome["accepted"]) == (True, 1, 2)


def test_those_who_counter_propose_again() -> None:
    played = Played([["ramp"], ["tree", "bench"]], ["Art", ""])
    assert played.asked()[5:] == [
        "Art propose 2",
        "Chair mediate 2",
        "Old respond 2",
        "Art respond 2",
    ]
    assert (played.outcome["agreement"], played.outcome["rounds"]) == (True, 2)


def test_it_ends_when_a_package_holds_the_same_items_as_the_one_before() -> None:
    outcome = Played([["tree", "bench"], ["bench", "tree"], ["ramp"]], ["Old", "Old", ""]).outcome
    assert (outcome["agreement"], outcome["rounds"], outcome["accepted"]) == (False, 2, 1)
    assert outcome["package"] == "bench,tree"


def test_who_is_asked_again_about_the_same_package_may_come_round() -> None:
    outcome = Played([["ramp"], ["ramp"]], ["Old Art", ""]).outcome
    assert (outcome["agreement"], outcome["rounds"]) == (True, 2)


def test_it_ends_after_the_last_round_with_the_last_package() -> None:
    played = Played([["ramp"], ["tree"], ["bench"]], ["Old Art", "Old Art", "Old Art"], rounds=3)
    assert (played.outcome["agreement"], played.outcome["rounds"], played.outcome["package"]) == (
        False,
        3,
        "bench",
    )
    assert "Old propose 4" not in played.asked()


# Packages over the budget


def test_a_package_over_the_budget_is_invalid_and_cut_in_its_order() -> None:
    played = Played([["tree", "ramp", "bench"]])
    found = played.events(PackageProposed)[0]
    assert (found.items, found.left_out, found.valid, found.cost) == ("tree,bench", "ramp", False, 6)
    assert played.outcome["invalid"] == 1
    shown = text_of(played.calls["respond"][0])
    assert "the package is tree, bench. It costs 6 of 6" in shown
    assert "cost too much: ramp" in shown


def test_a_package_of_nothing_that_fits_is_empty() -> None:
    outcome = Played([["tree"]], budget=3).outcome
    assert (outcome["package"], outcome["cost"], outcome["total"], outcome["gini"]) == ("", 0, 0, 0)


def test_a_package_within_the_budget_is_valid() -> None:
    played = Played([["bench", "ramp"]])
    found = played.events(PackageProposed)[0]
    assert (found.items, found.left_out, found.valid, found.unresolved) == ("bench,ramp", "", True, "Art")


def test_the_repair_takes_the_essential_items_first_then_those_first_in_the_file() -> None:
    assert Played([["bench", "ramp", "tree"]]).outcome["package"] == "bench,ramp"
    assert Played([["tree", "ramp", "bench"]]).outcome["package"] == "tree,bench"


# Proposals and responses


def test_a_proposal_is_recorded_with_its_cost_and_utility() -> None:
    played = Played(
        [["ramp"]], said={"Art": {"must have": ["tree"], "could give up": ["ramp"], "refuse": ["bench"]}}
    )
    assert played.events(Proposal)[1] == Proposal("Art", 1, "ramp,tree", "tree", "bench", "ramp", 7, False, 5)
    shown = text_of(played.calls["mediate"][0])
    assert "Art: We propose ramp, tree, cost 7. We insist on: tree. We refuse: bench." in shown
    assert "We would give up: ramp. Art-1" in shown


def test_a_response_counts_the_demands_of_the_last_proposal_that_are_not_met() -> None:
    said: dict[str, Any] = {"Art": {"must have": ["tree"], "refuse": ["ramp", "bench"]}}
    played = Played([["ramp", "bench"]], ["Art"], said, rounds=1)
    assert played.events(Acceptance) == [
        Acceptance("Old", 1, True, None, 0, 0),
        Acceptance("Art", 1, False, None, 1, 2),
    ]


def test_the_probability_of_accepting_is_recorded() -> None:
    episode = bargaining(rounds=1)

    def answer(call: Call) -> Reply:
        [made] = scripted_replies([call])
        return reply("counter", [0.25, 0.75]) if call.purpose == "respond" else made

    play_out(episode, answer)
    found = [event for _, event in episode.events if isinstance(event, Acceptance)]
    assert [(event.accepted, event.probability) for event in found] == [(False, 0.25)] * 2


# Replies that could not be parsed


def test_a_proposal_that_failed_is_read_by_nobody() -> None:
    played = Played([["ramp"]], said={"Art": None})
    assert played.events(Proposal)[1] == Proposal("Art", 1, None, None, None, None, None, None, None)
    assert "mumble" not in text_of(played.calls["mediate"][0])
    assert "Art: " not in text_of(played.calls["mediate"][0])
    assert played.outcome["failures"] == 1


def test_a_round_without_a_package_has_no_responses_and_the_mediator_is_asked_again() -> None:
    played = Played([None, ["tree", "bench"]], ["", ""])
    assert played.asked()[2:] == ["Chair mediate 1", "Chair mediate 2", "Old respond 2", "Art respond 2"]
    assert played.events(PackageProposed)[0].items is None
    assert (played.outcome["agreement"], played.outcome["failures"]) == (True, 1)


def test_without_any_package_nothing_is_measured_but_the_best() -> None:
    outcome = Played([None, None], rounds=2).outcome
    assert (outcome["agreement"], outcome["rounds"], outcome["accepted"]) == (False, 2, 0)
    for name in ("package", "cost", "total", "minimum", "gini", "satisfaction"):
        assert outcome[name] is None
    assert outcome["best_total"] == 9


def test_a_later_failure_of_the_mediator_leaves_the_package_before_it() -> None:
    outcome = Played([["ramp"], None], ["Art", ""], rounds=2).outcome
    assert (outcome["package"], outcome["agreement"], outcome["accepted"]) == ("ramp", False, 1)


def test_a_response_that_failed_is_no_acceptance() -> None:
    played = Played([["ramp"], ["tree"]], ["Art?", ""])
    assert played.events(Acceptance)[1].accepted is None
    assert "Art propose 2" in played.asked()
    assert played.outcome["failures"] == 1
