"""Voting rules that elect one candidate from ballots that rank and approve.

A tie goes to whoever comes first among the candidates, so callers list them in the order of a lot;
`condorcet` alone may elect nobody.

| rule | who wins | source |
|---|---|---|
| `plurality` | most first places | |
| `approval` | approved on most ballots | Brams and Fishburn (1978) |
| `instant_runoff` | most first places, once the others were struck out one by one | Ware (1871) |
| `borda` | most points, m − 1 for a first place among m down to 0 | Borda (1781) |
| `condorcet` | who beats every other in pairs | Condorcet (1785) |

Of a ranking that ends early, all who are missing are below the ranked ones and share their points.

They are written here because no library fits: pref_voting needs numba and OR-Tools and takes seconds
to import, votelib's last release is of 2021 and calls itself pre-alpha.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Rule = Literal["plurality", "approval", "instant_runoff", "borda", "condorcet"]


@dataclass(frozen=True, slots=True)
class Ballot:
    """A voter's ballot.

    Attributes:
        ranking: candidates, the best first; at least one, none twice.
        approved: those whom the voter approves of.
    """

    ranking: tuple[str, ...]
    approved: frozenset[str]

    def prefers(self, one: str, other: str) -> bool:
        """Whether `one` is ranked above `other`; who isn't ranked is below all who are."""
        if one not in self.ranking:
            return False
        return other not in self.ranking or self.ranking.index(one) < self.ranking.index(other)


def ballot_by_probability(candidates: Sequence[str], probabilities: Sequence[float]) -> Ballot:
    """The ballot that option probabilities make: ranked by them, approved from 1/m on for m candidates."""
    pairs = list(zip(candidates, probabilities, strict=True))
    ranking = tuple(name for name, _ in sorted(pairs, key=lambda pair: -pair[1]))
    return Ballot(ranking, frozenset(name for name, share in pairs if share * len(pairs) >= 1))


def ballot_by_choices(chosen: Sequence[str], candidates: int) -> Ballot:
    """The ballot of who was chosen first, second and so on: approved are the upper half of `candidates`."""
    return Ballot(tuple(chosen), frozenset(chosen[: (candidates + 1) // 2]))


def plurality(candidates: Sequence[str], ballots: Sequence[Ballot]) -> str:
    """Who is first on most ballots."""
    return _most(candidates, Counter(ballot.ranking[0] for ballot in ballots))


def approval(candidates: Sequence[str], ballots: Sequence[Ballot]) -> str:
    """Who is approved on most ballots."""
    return _most(candidates, Counter(name for ballot in ballots for name in ballot.approved))


def instant_runoff(candidates: Sequence[str], ballots: Sequence[Ballot]) -> str:
    """Who has over half of the first places once others were struck out, the last of a tie first."""
    left = list(candidates)
    while True:
        tops = Counter(
            top for ballot in ballots if (top := next((n for n in ballot.ranking if n in left), None))
        )
        leader = _most(left, tops)
        if len(left) == 1 or 2 * tops[leader] > tops.total():
            return leader
        left.remove(min(reversed(left), key=lambda name: tops[name]))


def borda(candidates: Sequence[str], ballots: Sequence[Ballot]) -> str:
    """Who has most points."""
    points: Counter[str] = Counter()
    for ballot in ballots:
        for place, name in enumerate(ballot.ranking):
            points[name] += 2 * (len(candidates) - 1 - place)
        for name in candidates:
            if name not in ballot.ranking:
                points[name] += len(candidates) - 1 - len(ballot.ranking)
    return _most(candidates, points)


def condorcet(candidates: Sequence[str], ballots: Sequence[Ballot]) -> str | None:
    """Who is above each other on more ballots than below; None where nobody is."""

    def beats(one: str, other: str) -> bool:
        return sum(b.prefers(one, other) - b.prefers(other, one) for b in ballots) > 0

    return next((c for c in candidates if all(beats(c, d) for d in candidates if d != c)), None)


RULES: Mapping[Rule, Callable[[Sequence[str], Sequence[Ballot]], str | None]] = {
    "plurality": plurality,
    "approval": approval,
    "instant_runoff": instant_runoff,
    "borda": borda,
    "condorcet": condorcet,
}


def winner(rule: Rule, candidates: Sequence[str], ballots: Sequence[Ballot]) -> str:
    """Who is elected by `rule`; without a Condorcet winner Borda's, as Black (1958) proposed."""
    return RULES[rule](candidates, ballots) or borda(candidates, ballots)


def _most(candidates: Sequence[str], counts: Mapping[str, int]) -> str:
    return max(candidates, key=lambda name: counts.get(name, 0))
