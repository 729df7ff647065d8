"""What players and managers say: formal statements, their words, and where they are true.

A statement's truth is one integer with a bit for each assignment of roles (`Worlds`), so
that a puzzle is checked against all assignments at once. Truthfulness may be spoken of
only for earlier speakers, so statements are decided in the order in which they are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, reduce
from itertools import combinations, product
from operator import and_, or_, xor
from random import Random
from typing import Literal, get_args

from pydantic import Field

from palaestra.agents.policy import Settings

Role = Literal["knight", "knave", "spy"]
Form = Literal["exactly", "same", "all", "mixed", "even", "odd", "one_of"]
Kind = Literal["knight", "knave", "spy", "truth-teller", "liar", "role", "truthfulness"]

ROLES: tuple[Role, ...] = get_args(Role)
TELLING: tuple[Kind, ...] = ("truth-teller", "liar")
LEAST: dict[Form, int] = {"exactly": 1, "same": 2, "all": 2, "mixed": 2, "even": 3, "odd": 3}
KINDS: dict[Form, tuple[Kind, ...]] = {
    "exactly": (*ROLES, *TELLING),
    "same": ("role", "truthfulness"),
    "all": (*ROLES, *TELLING),
    "mixed": ("role",),
    "even": (*ROLES, *TELLING),
    "odd": (*ROLES, *TELLING),
}
SCHEMAS: dict[int, tuple[tuple[Form, ...], tuple[Kind, ...]]] = {
    1: (("exactly",), ("knight",)),
    2: (("exactly",), ("knave",)),
    3: (("exactly",), ("spy",)),
    4: (("exactly",), ("truth-teller",)),
    5: (("exactly",), ("liar",)),
    6: (("same",), ("role",)),
    7: (("all",), ROLES),
    8: (("same",), ("truthfulness",)),
    9: (("all",), TELLING),
    10: (("mixed",), ("role",)),
    11: (("even",), ROLES),
    12: (("odd",), ROLES),
    13: (("even", "odd"), ("truth-teller",)),
    14: (("even", "odd"), ("liar",)),
    15: (("one_of",), ()),
}
"""The fifteen schemas that statements are drawn from: their forms and what they speak of."""

_SINGULAR = {
    "knight": "is a knight",
    "knave": "is a knave",
    "spy": "is a spy",
    "truth-teller": "tells the truth",
    "liar": "lies",
}
_PLURAL = {
    "knight": "are knights",
    "knave": "are knaves",
    "spy": "are spies",
    "truth-teller": "tell the truth",
    "liar": "lie",
}
_NOUNS = {
    "knight": "knights",
    "knave": "knaves",
    "spy": "spies",
    "truth-teller": "truth-tellers",
    "liar": "liars",
}


class Statement(Settings):
    """One statement, as a puzzle declares it."""

    form: Form = Field(
        description="`exactly` count of them are; they are the `same`, `all`, `mixed` (not all the same); "
        "`even` or `odd` number of them; exactly `one_of` two parts is true."
    )
    of: tuple[str, ...] = Field((), description="The players it is about.")
    are: Kind | None = Field(
        None,
        description="What they are: `knight`, `knave`, `spy`, `truth-teller` or `liar`; "
        "`role` or `truthfulness` with `same`, `role` with `mixed`.",
    )
    count: int | None = Field(None, ge=1, description="How many; with `exactly` only.")
    parts: tuple[Statement, ...] = Field((), description="The two statements of `one_of`.")

    @property
    def words(self) -> str:
        """The statement in English, without a full stop."""
        names, kind = listed(self.of), self.are or ""
        match self.form:
            case "exactly" if len(self.of) == 1:
                return f"{names} {_SINGULAR[kind]}"
            case "exactly":
                verb = _SINGULAR[kind] if self.count == 1 else _PLURAL[kind]
                return f"exactly {self.count} of {names} {verb}"
            case "all":
                return f"every one of {names} {_SINGULAR[kind]}"
            case "same" if kind == "role":
                return f"{names} all have the same role"
            case "same":
                return f"either all of {names} tell the truth or all of them lie"
            case "mixed":
                return f"{names} do not all have the same role"
            case "one_of":
                first, second = self.parts
                return f"exactly one of these two is true: (1) {first.words}; (2) {second.words}"
        return f"the number of {_NOUNS[kind]} among {names} is {self.form}"

    def problem(self, players: Sequence[str], earlier: Sequence[str], part: bool = False) -> str | None:
        """What makes this no statement that one of the `players` can make after the `earlier` speakers."""
        if self.form == "one_of":
            if part or len(self.parts) != 2 or self.parts[0] == self.parts[1]:
                return "`one_of` needs two different parts, and neither can be a `one_of`"
            if self.of or self.are or self.count:
                return "`one_of` takes only `parts`; what they are about stands in each of them"
            told = (inner.problem(players, earlier, part=True) for inner in self.parts)
            return next((problem for problem in told if problem), None)
        if self.parts:
            return "`parts` belong to `one_of`"
        if self.are not in KINDS[self.form]:
            return f"`{self.form}` needs `are`: {', '.join(KINDS[self.form])}"
        if len(set(self.of)) < len(self.of) or len(self.of) < LEAST[self.form]:
            return f"`{self.form}` needs at least {LEAST[self.form]} different players in `of`"
        if strangers := [name for name in self.of if name not in players]:
            return f"there is no player {strangers[0]!r}"
        if self.of_telling and (later := [name for name in self.of if name not in earlier]):
            return f"whether {later[0]} tells the truth can't be spoken of before {later[0]} has spoken"
        if (self.form == "exactly") != (self.count is not None) or (self.count or 0) > len(self.of):
            return (
                "`exactly` needs a `count` from 1 to the number of players in `of`, and only `exactly` does"
            )
        return None

    @property
    def of_telling(self) -> bool:
        """Whether it speaks of who tells the truth, not of roles."""
        return self.are in (*TELLING, "truthfulness")


class Worlds:
    """All assignments of roles to players of whom so many are spies, one bit each.

    Args:
        players: their names.
        spies: how many of them are spies.

    Attributes:
        assignments: the roles of the players in order, by bit.
        all: the integer with every assignment's bit.
        where: for each player and role, the assignments in which the player has it.
    """

    def __init__(self, players: tuple[str, ...], spies: int) -> None:
        self.players = players
        self.assignments = list(_assignments(len(players), spies))
        self.all = (1 << len(self.assignments)) - 1
        highest_first = self.assignments[::-1]
        self.where: dict[tuple[str, str], int] = {
            (name, role): int("".join("01"[roles[i] == role] for roles in highest_first), 2)
            for i, name in enumerate(players)
            for role in ROLES
        }

    def truth(self, statement: Statement, telling: Mapping[str, int]) -> int:
        """The assignments in which `statement` is true.

        Args:
            statement: the statement.
            telling: for each earlier speaker, the assignments in which its statement is true.
        """
        form, are = statement.form, statement.are
        if form == "one_of":
            first, second = statement.parts
            return self.truth(first, telling) ^ self.truth(second, telling)
        if are in ("role", "truthfulness"):
            kinds = ROLES if are == "role" else TELLING
            same = reduce(or_, (reduce(and_, self._each(statement.of, kind, telling)) for kind in kinds))
            return same if form == "same" else self.all ^ same
        assert are is not None
        each = self._each(statement.of, are, telling)
        if form == "all":
            return reduce(and_, each)
        if form == "exactly":
            return self._exactly(each, statement.count or 0)
        odd = reduce(xor, each)
        return odd if form == "odd" else self.all ^ odd

    def _each(self, names: Sequence[str], kind: Kind, telling: Mapping[str, int]) -> list[int]:
        if kind == "truth-teller":
            return [telling[name] for name in names]
        if kind == "liar":
            return [self.all ^ telling[name] for name in names]
        return [self.where[name, kind] for name in names]

    def _exactly(self, each: Sequence[int], count: int) -> int:
        """The assignments that are in exactly `count` of `each`."""
        tally = [self.all] + [0] * count
        for holds in each:
            for j in range(count, 0, -1):
                tally[j] = tally[j] & ~holds | tally[j - 1] & holds
            tally[0] &= ~holds
        return tally[count]


@lru_cache(maxsize=32)
def worlds(players: tuple[str, ...], spies: int) -> Worlds:
    """The assignments for these players, kept for the next puzzle with the same ones."""
    return Worlds(players, spies)


def _assignments(players: int, spies: int) -> Iterator[tuple[Role, ...]]:
    """Spy subsets × knight subsets."""
    for hidden in combinations(range(players), spies):
        others: Iterator[tuple[Role, ...]] = product(("knight", "knave"), repeat=players - spies)
        for roles in others:
            rest = iter(roles)
            yield tuple("spy" if i in hidden else next(rest) for i in range(players))


def draw_statement(
    random: Random, players: Sequence[str], earlier: Sequence[str], *, nested: bool = True
) -> Statement:
    """A statement of a schema drawn from those that the speaker can use.

    The schema, the players it is about (how many, then who) and the rest are each uniform.

    Args:
        random: the chance.
        players: whom role statements may be about.
        earlier: whom truthfulness statements may be about.
        nested: whether schema 15 may be drawn.
    """
    pools = {
        n: earlier if set(kinds) & {*TELLING, "truthfulness"} else players
        for n, (_, kinds) in SCHEMAS.items()
    }
    usable = [
        n for n, (forms, _) in SCHEMAS.items() if forms[0] != "one_of" and len(pools[n]) >= LEAST[forms[0]]
    ]
    number = random.choice([*usable, 15] if nested else usable)
    forms, kinds = SCHEMAS[number]
    form = random.choice(forms)
    if form == "one_of":
        first = second = draw_statement(random, players, earlier, nested=False)
        while second == first:
            second = draw_statement(random, players, earlier, nested=False)
        return Statement(form=form, parts=(first, second))
    pool = pools[number]
    size = random.randint(LEAST[form], len(pool))
    about = tuple(pool[i] for i in sorted(random.sample(range(len(pool)), size)))
    count = random.randint(1, size) if form == "exactly" else None
    return Statement(form=form, of=about, are=random.choice(kinds), count=count)


def listed(names: Sequence[str]) -> str:
    """Names in a row: "Ann, Bo and Cem"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
