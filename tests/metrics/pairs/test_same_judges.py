"""Judges that are one under several names, and answers that say who wrote them."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from palaestra.metrics.pairs.same_judges import same_judges
from palaestra.metrics.pairs.signed_answers import signed_answers
from palaestra.runs.quality.report import quality_report
from support.synthetic_pairs import frame, make_pairs, message, pair


def scored(number: int, **values: tuple[float, float]) -> dict[str, Any]:
    """A pair with each judge's scores of the chosen and the rejected answer."""
    told = [
        (judge, of, False, float(value))
        for judge, both in values.items()
        for of, value in zip(("chosen", "rejected"), both, strict=True)
    ]
    return pair(number, told)


def test_judges_that_say_the_same_throughout_are_one_and_flagged_by_their_names() -> None:
    rows = [scored(n, ann=(5 + n / 7, 3), bo=(5 + n / 7, 3), cem=(5 + n / 7, 3.01)) for n in range(8)]
    assert same_judges(frame(*rows)) == [("ann", "bo")]
    [flag] = [measure for measure in quality_report(frame(*rows)).flags if measure.name == "one_judge"]
    assert (flag.of, flag.value) == ("ann, bo", 2)
    assert "another model, adapter, persona or rubric" in flag.why


def test_one_difference_makes_them_two() -> None:
    rows = [scored(n, ann=(5 + n / 7, 3), bo=(5 + n / 7, 3 if n else 4)) for n in range(8)]
    assert same_judges(frame(*rows)) == []


def test_judges_that_seldom_meet_are_one_by_what_they_share_together() -> None:
    names = ("ann", "bo", "cem", "dee")
    rows = []
    for n in range(12):
        panel = (names[n % 4], names[(n + 1 + n // 4 % 3) % 4])
        rows.append(scored(n, **dict.fromkeys(panel, (5 + n / 7, 2 + n / 9))))
    assert same_judges(frame(*rows)) == [names]


def test_too_little_in_common_and_too_few_values_say_nothing() -> None:
    few = [scored(n, ann=(5 + n / 7, 3), bo=(5 + n / 7, 3)) for n in range(4)]
    sure = [scored(n, ann=(10, 1), bo=(10, 1)) for n in range(30)]
    assert same_judges(frame(*few)) == same_judges(frame(*sure)) == []
    assert same_judges(make_pairs(0, 50)) == []


@pytest.mark.parametrize(("signed", "excess"), [("Ann", 1.0), ("Bob", -1.0), ("nobody", 0.0)])
def test_an_answer_that_names_its_author_is_told_from_one_that_names_the_other(
    signed: str, excess: float
) -> None:
    rows = [
        pair(
            n,
            [],
            chosen_agent="Ann",
            rejected_agent="Bob",
            chosen=message(f"Yours, {signed}."),
            rejected=message(
                f"Yours, {'Bob' if signed == 'Ann' else 'Ann' if signed == 'Bob' else 'nobody'}."
            ),
        )
        for n in range(30)
    ]
    found = signed_answers(frame(*rows))
    assert found is not None
    assert found.value == excess


def test_a_name_that_is_a_word_of_the_language_is_no_signature() -> None:
    rows = [
        pair(
            n,
            [],
            chosen_agent="Plain",
            rejected_agent="Bold",
            chosen=message("in plain words"),
            rejected=message("a plain one"),
        )
        for n in range(30)
    ]
    found = signed_answers(frame(*rows))
    assert found is not None
    assert found.value == 0
    assert signed_answers(frame(*rows).with_columns(pl.lit(None, pl.String).alias("chosen_agent"))) is None
