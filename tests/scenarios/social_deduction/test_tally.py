"""Votes, endings and the deal of roles, by hand."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.scenarios.social_deduction.events import Role
from palaestra.scenarios.social_deduction.tally import Result, deal, plurality, winning_side
from support.deduction_games import WEREWOLF, game
from support.scripted_debates import events


@pytest.mark.parametrize(
    ("votes", "result"),
    [
        (["Bo", "Cem", "Bo"], Result("Bo", 2, False)),
        (["Cem", "Bo", "Bo", "Cem"], Result("Cem", 2, True)),
        (["Dee", "Bo", "Cem", "Cem", "Bo"], Result("Bo", 2, True)),
        (["Dee", "Bo", "Cem"], Result("Dee", 1, True)),
        ([None, "Bo", None], Result("Bo", 1, False)),
        ([None, "Cem", "Bo", "Bo", "Cem", None], Result("Cem", 2, True)),
        ([None, None], None),
        ([], None),
    ],
)
def test_most_votes_lose_and_of_those_who_tie_the_one_named_first(
    votes: list[str | None], result: Result | None
) -> None:
    assert plurality(votes) == result


@given(st.lists(st.sampled_from(["Ann", "Bo", "Cem", None]), max_size=9))
def test_nobody_has_more_votes_than_the_one_who_is_out_nor_as_many_and_earlier(
    votes: list[str | None],
) -> None:
    result = plurality(votes)
    named = [vote for vote in votes if vote is not None]
    if result is None:
        assert not named
        return
    assert result.votes == named.count(result.name)
    for name in set(named) - {result.name}:
        count = named.count(name)
        assert count <= result.votes
        assert count < result.votes or named.index(result.name) < named.index(name)
    assert result.tie == any(named.count(name) == result.votes for name in set(named) - {result.name})


@pytest.mark.parametrize(
    ("minority", "majority", "side"),
    [
        (0, 3, "majority"),
        (0, 0, "majority"),
        (1, 1, "minority"),
        (2, 1, "minority"),
        (1, 0, "minority"),
        (1, 2, None),
        (3, 7, None),
    ],
)
def test_a_side_has_won_when_no_minority_is_left_or_it_is_as_many(
    minority: int, majority: int, side: str | None
) -> None:
    assert winning_side(minority, majority) == side


@given(st.lists(st.sampled_from(["t", "f", "seer"]), min_size=1), st.integers(0, 2**32), st.data())
def test_dealing_keeps_what_is_enforced_and_deals_out_the_deck(
    deck: list[str], seed: int, data: st.DataObject
) -> None:
    enforced = [role if data.draw(st.booleans()) else None for role in deck]
    dealt = deal(enforced, deck, Random(seed))
    assert sorted(dealt) == sorted(deck)
    assert all(given_role in (None, role) for given_role, role in zip(enforced, dealt, strict=True))


def test_roles_are_dealt_anew_for_each_episode_and_all_can_get_each() -> None:
    dealt: dict[str, set[str]] = {}
    for index in range(60):
        episode = game((None,) * 6, index, **WEREWOLF)
        assert episode.pending
        cast = events(episode, Role)
        assert sorted(event.role for event in cast) == ["seer", *["villager"] * 4, "werewolf"]
        for event in cast:
            dealt.setdefault(event.player, set()).add(event.role)
    assert set(map(frozenset, dealt.values())) == {frozenset({"seer", "villager", "werewolf"})}


def test_roles_tell_the_team_and_whether_the_file_enforced_them() -> None:
    episode = game((None, "villager", "seer", "villager"), **WEREWOLF)
    assert episode.pending
    assert events(episode, Role) == [
        Role("Ann", "werewolf", "werewolf", True, False),
        Role("Bo", "villager", "villager", False, True),
        Role("Cem", "seer", "villager", False, True),
        Role("Dee", "villager", "villager", False, True),
    ]
