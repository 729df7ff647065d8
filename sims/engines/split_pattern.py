r"""What the regular expression of a pre-tokenizer can match around a line break, read from its form.

Tokenizers split a text by such an expression before they look for tokens. Whether a text may be cut at a
blank line, and its parts be split alone, depends on whether a match can reach over the cut, or look over it.
The expressions in use are alternatives of character classes, one after another, at most with `(?!\S)` at the
end; one that holds anything else isn't judged. Where a class isn't looked at closely it is taken to match
more than it does, never less.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

_PROPERTIES = frozenset(
    {
        *("L", "Lu", "Ll", "Lt", "Lm", "Lo", "M", "Mn", "Mc", "Me", "N", "Nd", "Nl", "No"),
        *("P", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "S", "Sm", "Sc", "Sk", "So", "Han"),
    }
)
"""Properties of Unicode that no white space has."""
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "s": "\n \t", "w": "w", "d": "d", "S": "S"}
"""What stands for an escape: some of the characters that it matches, a line break only where it does."""
_ONE = r"\\[pP]\{\^?\w+\}|\\."
_PIECE = re.compile(
    rf"(?P<ahead>\(\?!\\S\))|(?P<opens>\((?:\?i?:)?(?!\?))|(?P<closes>\))|(?P<either>\|)"
    rf"|\[(?P<but>\^?)(?P<members>(?:{_ONE}|[^\[\]\\])+)\]|(?P<escape>{_ONE})|(?P<letter>[^\\\[\](){{}}|?*+.^$])",
    re.DOTALL,
)
_MEMBER = re.compile(rf"{_ONE}|.", re.DOTALL)
_TIMES = re.compile(r"(?:(?P<sign>[?*+])|\{(?P<least>\d*)(?P<range>,?)(?P<most>\d*)\})?(?P<manner>[?+]?)")


class UnknownShape(ValueError):
    """The expression holds something that isn't judged."""


@dataclass(frozen=True, slots=True)
class Atom:
    """A character class, or a group taken for one, with its quantifier.

    Attributes:
        newline: whether it may match a line break.
        solid: whether it may match a character that is no white space.
        only: all such characters, where they are few; None for many.
        least: how often it has to match.
        repeated: whether it may match several characters.
        sure: whether it matches one line break where it may, and gives it back where others need it.
    """

    newline: bool
    solid: bool
    only: frozenset[str] | None = None
    least: int = 1
    repeated: bool = False
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Alternative:
    """Atoms, one after another; perhaps with a look at what follows: nothing solid may."""

    atoms: tuple[Atom, ...]
    looks_ahead: bool

    @property
    def takes_newline(self) -> bool:
        """Whether it matches at any line break, whatever follows."""
        needed = [atom for atom in self.atoms if atom.least]
        givers = all(atom.sure for atom in self.atoms if atom.newline)
        return not self.looks_ahead and len(needed) == 1 and needed[0].newline and givers

    @property
    def after_newline(self) -> frozenset[str] | None:
        """The solid characters that it may go on to from a line break; None for many."""
        found = frozenset[str]()
        for n, atom in enumerate(self.atoms):
            for other in self._from(n) if atom.newline else ():
                if other.solid and other.only is None:
                    return None
                found |= other.only or frozenset()
        return found

    @property
    def reaches_newline(self) -> bool:
        """Whether it may go on from something solid to a line break."""
        return any(
            atom.solid and any(later.newline for later in self._from(n)) for n, atom in enumerate(self.atoms)
        )

    def _from(self, n: int) -> tuple[Atom, ...]:
        """What may follow a character that an atom matches."""
        return self.atoms[n if self.atoms[n].repeated else n + 1 :]

    @property
    def solid(self) -> bool:
        """Whether it may match anything but white space."""
        return any(atom.solid for atom in self.atoms)


def alternatives(pattern: str) -> list[Alternative]:
    """The alternatives of an expression, in order.

    Raises:
        UnknownShape: it isn't of the form that is judged.
    """
    if any(nothing in pattern for nothing in ("(|", ":|", "||", "|)")):
        raise UnknownShape("an alternative that is empty")
    open_groups: list[list[Atom]] = [[]]
    found, ahead, at = [], False, 0
    while at < len(pattern):
        if (piece := _PIECE.match(pattern, at)) is None or (ahead and piece["either"] is None):
            raise UnknownShape(pattern[at : at + 20])
        at = piece.end()
        if piece["opens"] is not None:
            open_groups.append([])
        elif piece["ahead"] is not None and len(open_groups) == 1:
            ahead = True
        elif piece["either"] is not None:
            if len(open_groups) == 1:
                found.append(_alternative(open_groups[0], ahead))
                open_groups, ahead = [[]], False
        else:
            atom, at = _quantified(_atom(piece, open_groups), pattern, at)
            open_groups[-1].append(atom)
    if len(open_groups) > 1:
        raise UnknownShape(pattern)
    return [*found, _alternative(open_groups[0], ahead)]


def _alternative(atoms: Sequence[Atom], ahead: bool) -> Alternative:
    if not any(atom.least for atom in atoms):
        raise UnknownShape("an alternative that may match nothing")
    return Alternative(tuple(atoms), ahead)


def _atom(piece: re.Match[str], open_groups: list[list[Atom]]) -> Atom:
    if piece["closes"] is not None and len(open_groups) > 1:
        inside = open_groups.pop()
        if not all(atom.least for atom in inside):
            raise UnknownShape("a group that may match nothing")
        return Atom(any(a.newline for a in inside), any(a.solid for a in inside), repeated=True, sure=False)
    told = piece["members"] or piece["escape"] or piece["letter"]
    if told is None or "&&" in told:
        raise UnknownShape(piece[0])
    members = _MEMBER.findall(told)
    matched = "".join(map(_characters, members))
    ranges = zip(members, members[1:], members[2:], strict=False)
    if any(middle == "-" and _characters(first) <= "\n" for first, middle, _ in ranges):
        raise UnknownShape(piece[0])  # it may have a line break that isn't named
    if piece["but"]:
        return Atom("\n" not in matched, True)
    named = "-" not in members and not any(re.match(r"\\[pPwdS]", member) for member in members)
    solids = frozenset(letter for letter in matched if not letter.isspace())
    return Atom("\n" in matched, bool(solids), solids if named else None)


def _characters(member: str) -> str:
    """Some of the characters that a class's member matches, a line break only where it does."""
    if member.startswith((r"\p{", r"\P{")):
        if member[1] == "P" or member[3:-1] not in _PROPERTIES:
            raise UnknownShape(member)
        return "p"
    if member.startswith("\\") and member[1].isalnum():
        if member[1] not in _ESCAPED:
            raise UnknownShape(member)
        return _ESCAPED[member[1]]
    return member[-1]


def _quantified(atom: Atom, pattern: str, at: int) -> tuple[Atom, int]:
    times = _TIMES.match(pattern, at)
    assert times is not None
    if times["sign"] is None and times["range"] is None:
        return atom, at
    least = int(times["least"] or 0) if times["sign"] is None else int(times["sign"] == "+")
    return (
        replace(
            atom,
            least=least,
            repeated=atom.repeated or times["sign"] != "?",
            sure=atom.sure and least < 2 and times["manner"] != "+",
        ),
        times.end(),
    )
