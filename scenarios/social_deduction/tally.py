"""The arithmetic of the game: dealing roles, counting votes, telling who has won."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import NamedTuple


class Result(NamedTuple):
    """A counted vote: who is named most, how often, and whether others were as often."""

    name: str
    votes: int
    tie: bool


def deal(enforced: Sequence[str | None], deck: Sequence[str], random: Random) -> list[str]:
    """A role for each player.

    Args:
        enforced: each player's enforced role, None for those who are dealt one.
        deck: all roles, one for each player; it holds the enforced ones.
        random: what shuffles the others.
    """
    rest = list(deck)
    for role in enforced:
        if role is not None:
            rest.remove(role)
    random.shuffle(rest)
    return [rest.pop() if role is None else role for role in enforced]


def plurality(votes: Sequence[str | None]) -> Result | None:
    """Whom most votes name; of those who tie, the one named first.

    Args:
        votes: the names, in voting order; None counts for nobody.

    Returns:
        None when there is no valid vote.
    """
    counts = Counter(vote for vote in votes if vote is not None)
    if not counts:
        return None
    most = max(counts.values())
    # A Counter keeps the order in which its keys came first.
    leaders = [name for name, count in counts.items() if count == most]
    return Result(leaders[0], most, len(leaders) > 1)


def winning_side(minority: int, majority: int) -> str | None:
    """Who has won with so many left of each team: "minority", "majority", or None yet."""
    if minority == 0:
        return "majority"
    return "minority" if minority >= majority else None
