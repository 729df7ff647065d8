"""Puzzles read back from their English, and counted out."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.scenarios.knights_knaves.puzzles import NAMES, RolePuzzle, draw_puzzle, solutions
from palaestra.scenarios.knights_knaves.statements import (
    KINDS,
    LEAST,
    SCHEMAS,
    Statement,
    Worlds,
    draw_statement,
    listed,
)
from support.hand_solved import BY_HAND, SOLUTION
from support.puzzle_reader import assignments, brute_force, meaning, names_in


@pytest.mark.parametrize(
    ("words", "statement"),
    [
        ("Ann is a spy", {"form": "exactly", "of": ["Ann"], "are": "spy", "count": 1}),
        ("Ann lies", {"form": "exactly", "of": ["Ann"], "are": "liar", "count": 1}),
        (
            "exactly 1 of Ann, Bo and Cem is a knight",
            {"form": "exactly", "of": ["Ann", "Bo", "Cem"], "are": "knight", "count": 1},
        ),
        (
            "exactly 2 of Ann and Bo tell the truth",
            {"form": "exactly", "of": ["Ann", "Bo"], "are": "truth-teller", "count": 2},
        ),
        ("Ann and Bo all have the same role", {"form": "same", "of": ["Ann", "Bo"], "are": "role"}),
        (
            "either all of Ann and Bo tell the truth or all of them lie",
            {"form": "same", "of": ["Ann", "Bo"], "are": "truthfulness"},
        ),
        ("every one of Ann and Bo is a knave", {"form": "all", "of": ["Ann", "Bo"], "are": "knave"}),
        ("Ann and Bo do not all have the same role", {"form": "mixed", "of": ["Ann", "Bo"], "are": "role"}),
        (
            "the number of spies among Ann, Bo and Cem is even",
            {"form": "even", "of": ["Ann", "Bo", "Cem"], "are": "spy"},
        ),
        (
            "the number of liars among Ann, Bo and Cem is odd",
            {"form": "odd", "of": ["Ann", "Bo", "Cem"], "are": "liar"},
        ),
        (
            "exactly one of these two is true: (1) Ann is a knight; (2) Bo lies",
            {
                "form": "one_of",
                "parts": [
                    {"form": "exactly", "of": ["Ann"], "are": "knight", "count": 1},
                    {"form": "exactly", "of": ["Bo"], "are": "liar", "count": 1},
                ],
            },
        ),
    ],
)
def test_a_statement_in_english(words: str, statement: dict[str, Any]) -> None:
    assert Statement.model_validate(statement).words == words


FIVE = ("Ann", "Bo", "Cem", "Dee", "Eve")
WORLDS = {spies: Worlds(FIVE, spies) for spies in range(5)}


@st.composite
def simple_statements(draw: st.DrawFn) -> Statement:
    form = draw(st.sampled_from(sorted(LEAST)))
    of = draw(st.lists(st.sampled_from(FIVE), min_size=LEAST[form], unique=True))
    count = draw(st.integers(1, len(of))) if form == "exactly" else None
    return Statement(form=form, of=tuple(of), are=draw(st.sampled_from(KINDS[form])), count=count)


def statements() -> st.SearchStrategy[Statement]:
    simple = simple_statements()
    both = st.tuples(simple, simple).map(lambda parts: Statement(form="one_of", parts=parts))
    return simple | both


def agree(statement: Statement, among: Worlds, telling: dict[str, int]) -> int:
    """Where `statement` is true, as the rules and its English both say."""
    formal, english = among.truth(statement, telling), meaning(statement.words)
    for bit, roles in enumerate(among.assignments):
        true = {name: bool(where >> bit & 1) for name, where in telling.items()}
        told = english(dict(zip(among.players, roles, strict=True)), true)
        assert told == bool(formal >> bit & 1), (statement.words, roles, true)
    assert formal >> len(among.assignments) == 0
    return formal


@given(statements(), st.integers(0, 4), st.integers(0, 10**9))
def test_the_english_of_every_form_means_what_the_formal_statement_does(
    statement: Statement, spies: int, seed: int
) -> None:
    among, random = WORLDS[spies], Random(seed)
    telling = {name: random.getrandbits(len(among.assignments)) for name in FIVE}
    agree(statement, among, telling)


@pytest.mark.parametrize("number", SCHEMAS)
def test_every_schema_is_drawn_and_its_english_agrees_over_all_assignments(number: int) -> None:
    forms, kinds = SCHEMAS[number]
    random, among, met = Random(number), WORLDS[1], 0
    telling = {name: random.getrandbits(len(among.assignments)) for name in FIVE}
    for _ in range(4000):
        drawn = draw_statement(random, FIVE, FIVE)
        if drawn.form in forms and (drawn.are in kinds or drawn.form == "one_of"):
            assert drawn.problem(FIVE, FIVE) is None
            agree(drawn, among, telling)
            met += 1
        if met == 25:
            return
    pytest.fail(f"schema {number} was drawn {met} times")


def test_there_are_fifteen_schemas() -> None:
    assert list(SCHEMAS) == list(range(1, 16))


def test_truthfulness_is_spoken_of_earlier_speakers_only_and_by_those_who_have_enough_of_them() -> None:
    random = Random(3)
    forms: dict[int, set[str]] = {}
    for speaker in range(5):
        for _ in range(1500):
            drawn = draw_statement(random, FIVE, FIVE[:speaker])
            assert drawn.problem(FIVE, FIVE[:speaker]) is None
            for part in drawn.parts or (drawn,):
                if part.of_telling:
                    assert set(part.of) <= set(FIVE[:speaker])
                    forms.setdefault(speaker, set()).add(part.form)
    assert forms == {
        1: {"exactly"},
        2: {"exactly", "same", "all"},
        3: {"exactly", "same", "all", "even", "odd"},
        4: {"exactly", "same", "all", "even", "odd"},
    }


@pytest.mark.parametrize("players", range(4, 10))
def test_a_thousand_puzzles_have_exactly_one_solution_and_it_is_the_one_that_the_rules_know(
    players: int,
) -> None:
    random = Random(players)
    names = NAMES[:players]
    every = list(assignments(list(names), 1))
    among = Worlds(names, 1)
    assert {tuple(roles.values()) for roles in every} == set(among.assignments)
    for number in range(167):
        puzzle = draw_puzzle(random, names, hints=number % 3)
        assert puzzle.problem() is None
        assert len(puzzle.hints) == number % 3
        found = brute_force(puzzle.text, every)
        assert len(found) == 1
        assert solutions(puzzle) == found
        if players <= 5 or number % 20 == 0:
            telling: dict[str, int] = {}
            for name, statement in zip(names, puzzle.statements, strict=True):
                telling[name] = agree(statement, among, telling)


@pytest.mark.parametrize(
    ("players", "spies", "hints"), [(3, 0, 0), (3, 2, 0), (4, 2, 1), (5, 4, 0), (6, 3, 0)]
)
def test_other_numbers_of_spies_have_one_solution_too(players: int, spies: int, hints: int) -> None:
    for seed in range(5):
        puzzle = draw_puzzle(Random(seed), NAMES[:players], spies, hints)
        (found,) = brute_force(puzzle.text)
        assert list(found.values()).count("spy") == spies
        assert solutions(puzzle) == [found]


def test_the_same_seed_draws_the_same_puzzle() -> None:
    one, other, third = (draw_puzzle(Random(seed), NAMES[:5]) for seed in (1, 1, 2))
    assert one == other != third


@given(st.lists(st.sampled_from(FIVE), min_size=1, unique=True))
def test_names_in_a_row_read_back(names: list[str]) -> None:
    assert names_in(listed(names)) == names


def test_the_puzzle_by_hand() -> None:
    puzzle = RolePuzzle.model_validate(BY_HAND)
    assert puzzle.problem() is None
    assert solutions(puzzle) == [SOLUTION] == brute_force(puzzle.text)
    assert puzzle.text.split("\n") == [
        "The players are Pat, Quin and Rob.",
        "The manager says: exactly 1 of the players is a spy.",
        "Pat says: Rob is a spy.",
        "Quin says: Pat tells the truth.",
        "Rob says: Rob is a knave.",
    ]


def test_what_a_spy_says_is_true_or_false_like_any_other_statement() -> None:
    # Rob is the spy, as above, and so not a knave: what he says is false, and Sal says so.
    puzzle = RolePuzzle.model_validate(
        {
            "players": ["Pat", "Quin", "Rob", "Sal"],
            "statements": [
                *BY_HAND["statements"],
                {"form": "exactly", "count": 1, "of": ["Rob"], "are": "liar"},
            ],
        }
    )
    assert solutions(puzzle) == [{**SOLUTION, "Sal": "knight"}]


def test_a_hint_of_the_manager_is_true() -> None:
    twins = {"form": "same", "of": ["Pat", "Quin"], "are": "role"}
    base = {**BY_HAND, "statements": [BY_HAND["statements"][0], twins, twins]}
    without = RolePuzzle.model_validate(base)
    hints = [
        {"form": "exactly", "count": 1, "of": ["Rob"], "are": "spy"},
        {"form": "exactly", "count": 1, "of": ["Rob"], "are": "liar"},
    ]
    hinted = RolePuzzle.model_validate({**base, "hints": hints})
    assert len(solutions(without)) > len(solutions(hinted))
    assert solutions(hinted) == brute_force(hinted.text)


def statement(form: str, of: list[str], **fields: Any) -> dict[str, Any]:
    return {"form": form, "of": of, **fields}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"players": ["Pat", "Pat", "Rob"]}, "same name"),
        ({"spies": 3}, "can't be spies"),
        ({"statements": BY_HAND["statements"][:2]}, "as many statements"),
        ({"statements": [BY_HAND["statements"][1]] * 3}, "Pat tells the truth can't be spoken of before"),
        ({"statements": [BY_HAND["statements"][0]] * 3}, "solutions, not one"),
        ({"statements": [statement("exactly", ["Rob"], are="spy", count=2)] * 3}, "needs a `count`"),
        ({"statements": [statement("exactly", ["Rob"], are="spy")] * 3}, "needs a `count`"),
        ({"statements": [statement("all", ["Pat", "Rob"], are="spy", count=1)] * 3}, "only `exactly` does"),
        ({"statements": [statement("same", ["Pat"], are="role")] * 3}, "at least 2 different players"),
        ({"statements": [statement("same", ["Pat", "Pat"], are="role")] * 3}, "at least 2 different players"),
        ({"statements": [statement("odd", ["Pat", "Rob"], are="spy")] * 3}, "at least 3 different players"),
        ({"statements": [statement("same", ["Pat", "Rob"], are="spy")] * 3}, "`same` needs `are`"),
        ({"statements": [statement("all", ["Pat", "Zed"], are="spy")] * 3}, "no player 'Zed'"),
        (
            {"statements": [{"form": "one_of", "parts": [BY_HAND["statements"][0]]}] * 3},
            "two different parts",
        ),
        (
            {"statements": [statement("one_of", ["Pat"], parts=BY_HAND["statements"][::2])] * 3},
            "takes only `parts`",
        ),
        (
            {"statements": [statement("all", ["Pat", "Rob"], are="spy", parts=BY_HAND["statements"])] * 3},
            "`parts` belong to `one_of`",
        ),
        ({"players": ["Pat", "PAT", "Rob"]}, "same name"),
        ({"hints": [statement("all", ["Pat", "Zed"], are="spy")]}, "a hint: there is no player"),
        ({"hints": [statement("all", ["Pat", "Rob"], are="knight")]}, "no solutions, not one"),
    ],
)
def test_what_is_no_puzzle_is_refused_with_the_reason(changed: dict[str, Any], told: str) -> None:
    assert told in str(RolePuzzle.model_validate({**BY_HAND, **changed}).problem())


def test_a_part_of_one_of_cannot_be_a_one_of() -> None:
    pair = {"form": "one_of", "parts": [BY_HAND["statements"][0], BY_HAND["statements"][2]]}
    nested = {"form": "one_of", "parts": [pair, BY_HAND["statements"][0]]}
    assert "neither can be" in str(Statement.model_validate(nested).problem(["Pat", "Rob"], []))
