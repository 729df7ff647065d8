"""Reads puzzles of knights, knaves and spies from their English alone, without the rules' help."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product

from palaestra.scenarios.knights_knaves.statements import ROLES

Roles = dict[str, str]
Truths = dict[str, bool]
Meaning = Callable[[Roles, Truths], bool]
Test = Callable[[str, Roles, Truths], bool]
VERBS: dict[str, Test] = {
    r"(?:is a knight|are knights|knights)": lambda name, roles, _: roles[name] == "knight",
    r"(?:is a knave|are knaves|knaves)": lambda name, roles, _: roles[name] == "knave",
    r"(?:is a spy|are spies|spies)": lambda name, roles, _: roles[name] == "spy",
    r"(?:tells the truth|tell the truth|truth-tellers)": lambda name, _, true: true[name],
    r"(?:lies|lie|liars)": lambda name, _, true: not true[name],
}


def names_in(text: str) -> list[str]:
    return re.split(r", | and ", text)


def verb(text: str) -> Test:
    return next(test for pattern, test in VERBS.items() if re.fullmatch(pattern, text))


def counting(names: str, what: str, wanted: Callable[[int, int], bool]) -> Meaning:
    """How many of the names pass, against how many there are."""
    members, test = names_in(names), verb(what)
    return lambda roles, true: wanted(sum(test(name, roles, true) for name in members), len(members))


def alike(names: str, same: bool) -> Meaning:
    members = names_in(names)
    return lambda roles, _: (len({roles[name] for name in members}) == 1) == same


def meaning(text: str) -> Meaning:
    """What an English statement says of an assignment of roles and of whose statements are true."""
    if match := re.fullmatch(r"exactly one of these two is true: \(1\) (.+); \(2\) (.+)", text):
        first, second = meaning(match[1]), meaning(match[2])
        return lambda roles, true: first(roles, true) + second(roles, true) == 1
    if match := re.fullmatch(r"exactly (\d+) of (.+?) ((?:is|are|tells?|lies?)\b.*)", text):
        number = int(match[1])
        return counting(match[2], match[3], lambda count, _: count == number)
    if match := re.fullmatch(r"every one of (.+?) ((?:is|tells|lies)\b.*)", text):
        return counting(match[1], match[2], lambda count, size: count == size)
    if match := re.fullmatch(r"the number of (\S+) among (.+) is (even|odd)", text):
        rest = 0 if match[3] == "even" else 1
        return counting(match[2], match[1], lambda count, _: count % 2 == rest)
    if match := re.fullmatch(r"either all of (.+) tell the truth or all of them lie", text):
        return counting(match[1], "lie", lambda count, size: count in (0, size))
    if match := re.fullmatch(r"(.+) do not all have the same role", text):
        return alike(match[1], same=False)
    if match := re.fullmatch(r"(.+) all have the same role", text):
        return alike(match[1], same=True)
    match = re.fullmatch(r"(\w+) (is .+|tells .+|lies)", text)
    assert match, text
    return counting(match[1], match[2], lambda count, _: count == 1)


def read_back(text: str) -> tuple[list[str], int, list[Meaning], list[Meaning]]:
    """Players, number of spies, statements and hints of a puzzle's text."""
    first, *lines = text.split("\n")
    players = names_in(first.removeprefix("The players are ").removesuffix("."))
    said = [line.removesuffix(".").split(" says: ", 1) for line in lines]
    manager = [words for speaker, words in said if speaker == "The manager"]
    spies = re.fullmatch(r"exactly (\d+) of the players (?:is a spy|are spies)", manager[0])
    assert spies
    others = [(speaker, words) for speaker, words in said if speaker != "The manager"]
    assert [speaker for speaker, _ in others] == players
    return (
        players,
        int(spies[1]),
        [meaning(words) for _, words in others],
        [meaning(words) for words in manager[1:]],
    )


def assignments(players: list[str], spies: int) -> Iterator[Roles]:
    for roles in product(ROLES, repeat=len(players)):
        if roles.count("spy") == spies:
            yield dict(zip(players, roles, strict=True))


def brute_force(text: str, every: list[Roles] | None = None) -> list[Roles]:
    """All solutions of a puzzle, from its English alone."""
    players, spies, statements, hints = read_back(text)
    found = []
    for roles in every or assignments(players, spies):
        true: Truths = {}
        for player, says in zip(players, statements, strict=True):
            true[player] = says(roles, true)
            if roles[player] != "spy" and true[player] != (roles[player] == "knight"):
                break
        else:
            if all(hint(roles, true) for hint in hints):
                found.append(roles)
    return found
