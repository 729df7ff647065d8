"""Voting rules on profiles of the literature, on which they famously disagree, and on short ballots."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.scenarios.council.elections import election
from palaestra.scenarios.council.voting import (
    RULES,
    Ballot,
    Rule,
    ballot_by_choices,
    ballot_by_probability,
    borda,
    condorcet,
    instant_runoff,
    plurality,
    winner,
)

Profile = dict[str, int]
RANKED: tuple[Rule, ...] = ("plurality", "instant_runoff", "borda", "condorcet")

# Malkevitch (1990): 55 voters whom each rule gives another winner.
MALKEVITCH = {"ADECB": 18, "BEDCA": 12, "CBEDA": 10, "DCEBA": 9, "EBDCA": 4, "ECDBA": 2}
# Borda (1781): 21 voters, of whom most put the plurality winner last.
BORDA = {"ABC": 1, "ACB": 7, "BCA": 7, "CBA": 6}
# Condorcet (1785): 81 voters whose Condorcet winner, A, isn't Borda's.
CONDORCET = {"ABC": 30, "ACB": 1, "CAB": 10, "BAC": 29, "BCA": 10, "CBA": 1}
# The capital of Tennessee: Memphis, Nashville, Chattanooga, Knoxville, in percent of the voters.
TENNESSEE = {"MNCK": 42, "NCKM": 26, "CKNM": 15, "KCNM": 17}
# Condorcet's paradox, with one voter more who breaks Borda's tie but not the cycle.
CYCLE = {"ABC": 3, "BCA": 2, "CAB": 2}


def cast(profile: Profile) -> list[Ballot]:
    return [
        Ballot(tuple(order), frozenset(order[:1])) for order, voters in profile.items() for _ in range(voters)
    ]


def winners(profile: Profile) -> list[str | None]:
    candidates = sorted(next(iter(profile)))
    return [RULES[rule](candidates, cast(profile)) for rule in RANKED]


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        (MALKEVITCH, ["A", "C", "D", "E"]),
        (BORDA, ["A", "B", "C", "C"]),
        (CONDORCET, ["B", "A", "B", "A"]),
        (TENNESSEE, ["M", "K", "N", "N"]),
        (CYCLE, ["A", "A", "A", None]),
    ],
    ids=["Malkevitch", "Borda", "Condorcet", "Tennessee", "cycle"],
)
def test_the_rules_elect_whom_the_literature_says(profile: Profile, expected: list[str | None]) -> None:
    assert winners(profile) == expected


def test_without_a_condorcet_winner_bordas_is_elected() -> None:
    assert winner("condorcet", "CBA", cast(CYCLE)) == "A"
    assert winner("condorcet", "ABC", cast(CONDORCET)) == "A", "Borda's is B"


def test_who_is_approved_most_need_not_be_anybodys_first() -> None:
    ballots = [Ballot(("A", "C", "B"), frozenset("AC"))] * 3 + [Ballot(("B", "C", "A"), frozenset("BC"))] * 2
    assert RULES["approval"]("ABC", ballots) == "C"
    assert plurality("ABC", ballots) == "A"


@pytest.mark.parametrize("rule", ["plurality", "approval", "instant_runoff", "borda"])
@pytest.mark.parametrize("lot", ["AB", "BA"])
def test_ties_go_by_the_lot(rule: Rule, lot: str) -> None:
    assert RULES[rule](lot, cast({"AB": 2, "BA": 2})) == lot[0]


def test_of_those_with_fewest_first_places_the_last_of_the_lot_is_struck_out() -> None:
    profile = {"ABC": 3, "BAC": 2, "CBA": 2}
    assert instant_runoff("ABC", cast(profile)) == "B"  # C is out, and B has 4 of 7
    assert instant_runoff("ACB", cast(profile)) == "A"  # B is out, and A has 5 of 7


def test_a_ranking_that_ends_early_shares_points_and_loses_pairs() -> None:
    ballots = [Ballot(("C",), frozenset("C")), Ballot(("B", "A"), frozenset("B"))]
    # C 3 + 0.5; B 1 + 3; A 1 + 2; D 1 + 0.5, of four candidates.
    assert borda("ABCD", ballots) == "B"
    assert condorcet("ABCD", ballots) is None
    assert instant_runoff("CABD", ballots[:1]) == "C"
    assert condorcet("CAB", ballots[:1]) == "C"


def test_an_exhausted_ballot_no_longer_counts_in_a_runoff() -> None:
    profile = [Ballot(("A",), frozenset())] * 2 + cast({"BC": 3, "CB": 4})
    assert instant_runoff("ABC", profile) == "C"


def test_probabilities_rank_and_those_of_chance_or_more_are_approved() -> None:
    ballot = ballot_by_probability(["C", "A", "B"], [0.2, 0.5, 0.3])
    assert ballot.ranking == ("A", "B", "C")
    assert ballot.approved == {"A"}
    assert ballot_by_probability(["A", "B"], [0.5, 0.5]).approved == {"A", "B"}


def test_of_choices_the_upper_half_is_approved() -> None:
    assert ballot_by_choices(["D", "A", "B", "C", "E"], 5).approved == {"D", "A", "B"}
    assert ballot_by_choices(["D"], 5) == Ballot(("D",), frozenset("D"))


def test_an_election_tells_what_every_rule_would_have_decided() -> None:
    found = election(2, "borda", "A", "ABCDE", cast(MALKEVITCH))
    assert (found.winner, found.rule, found.ballots, found.lot) == ("D", "borda", 55, "A, B, C, D, E")
    told = (found.plurality, found.approval, found.instant_runoff, found.borda, found.condorcet)
    assert told == ("A", "A", "C", "D", "E")


def test_without_ballots_the_incumbent_stays_and_no_rule_decides() -> None:
    found = election(1, "plurality", "B", "ABC", [])
    assert (found.winner, found.ballots, found.plurality, found.condorcet) == ("B", 0, None, None)


def orders(candidates: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.permutations(candidates).map("".join), min_size=1, max_size=9)


@given(orders("ABCD"), st.permutations("ABCD"))
def test_a_majority_elects_and_nobody_below_all_others_is_a_condorcet_winner(
    profile: list[str], lot: list[str]
) -> None:
    ballots = [Ballot(tuple(order), frozenset(order[:1])) for order in profile]
    tops = [order[0] for order in profile]
    for name in lot:
        if 2 * tops.count(name) > len(tops):
            elected: Iterable[Rule] = ("plurality", "instant_runoff", "condorcet")
            assert {RULES[rule](lot, ballots) for rule in elected} == {name}
    best = condorcet(lot, ballots)
    # A Condorcet winner is above the mean of Borda's points, so it is never Borda's loser.
    if best is not None:
        points = {c: sum(3 - order.index(c) for order in profile) for c in lot}
        assert 2 * points[best] > 3 * len(profile)
