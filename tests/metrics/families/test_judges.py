"""How far judges can be relied on, on worked tables and against krippendorff and scipy."""

from __future__ import annotations

import krippendorff
import numpy as np
import polars as pl
import pytest
from scipy.stats import pearsonr

from palaestra.metrics.families.judges import (
    claims_found,
    claims_unscored,
    duel_judges_agreement,
    judge_flip_rate,
    length_preference,
    panel_agreement,
    panel_flip_rate,
    panel_position_bias,
    panel_swap_consistency,
    peers_agreement,
    position_bias,
    swap_consistency,
)
from palaestra.metrics.metric import Metric
from support.metric_tables import by_episode, number, table


def reliability(scores: np.ndarray) -> float:
    """Krippendorff's α of scores (judges, units), NaN where there is none, by the package of that name."""
    return float(krippendorff.alpha(reliability_data=scores, level_of_measurement="interval"))


def missing_some(seed: int, judges: int, units: int) -> np.ndarray:
    """Scores 1–10 of judges who agree somewhat, a quarter of them missing."""
    rng = np.random.default_rng(seed)
    scores = np.clip(np.round(rng.uniform(2, 9, units) + rng.normal(0, 1.5, (judges, units))), 1, 10)
    scores[rng.random(scores.shape) < 0.25] = np.nan
    return scores


AGREEMENTS = [
    (panel_agreement, "contestant criterion"),
    (duel_judges_agreement, "contest contestant"),
    (peers_agreement, "prompt candidate criterion"),
]


@pytest.mark.parametrize(
    ("metric", "unit_columns"), AGREEMENTS, ids=[metric.name for metric, _ in AGREEMENTS]
)
@pytest.mark.parametrize("seed", range(3))
def test_agreement_is_krippendorffs_alpha_even_without_some_judges(
    metric: Metric, unit_columns: str, seed: int
) -> None:
    scores = missing_some(seed, judges=3, units=24)
    columns = unit_columns.split()
    rows = []
    for (judge, unit), score in np.ndenumerate(scores):
        place = [unit // 4 % 3, unit % 4, 0][: len(columns)]  # of two episodes of twelve units
        rows.append((unit // 12, f"judge {judge}", *place, None if np.isnan(score) else score))
    [name] = metric.needs
    told = table(f"episode judge {' '.join(columns)} score", *rows)
    assert number(metric, **{name: told}) == pytest.approx(reliability(scores))
    assert by_episode(metric, **{name: told}) == pytest.approx(
        {0: reliability(scores[:, :12]), 1: reliability(scores[:, 12:])}
    )


def test_a_judges_repeats_are_averaged_first() -> None:
    told = table(
        "episode contest judge contestant repeat score",
        *(
            (0, 0, "Kim", name, repeat, score)
            for name, repeat, score in [("a", 1, 2.0), ("a", 2, 4.0), ("b", 1, 8.0)]
        ),
        *((0, 0, "Lou", name, 1, score) for name, score in [("a", 5.0), ("b", 9.0)]),
    )
    assert number(duel_judges_agreement, judgement=told) == pytest.approx(
        reliability(np.array([[3.0, 8.0], [5.0, 9.0]]))
    )


def test_agreement_takes_two_judges_and_scores_that_differ() -> None:
    columns = "episode judge contestant criterion score"
    alone = table(columns, (0, "Kim", "a", "x", 3.0), (0, "Kim", "b", "x", 5.0))
    assert panel_agreement(alone).is_empty()
    equal = table(columns, *((0, judge, name, "x", 5.0) for judge in ("Kim", "Lou") for name in "ab"))
    assert number(panel_agreement, score=equal) is None
    perfect = equal.with_columns(score=pl.when(pl.col("contestant") == "a").then(3.0).otherwise(9.0))
    assert number(panel_agreement, score=perfect) == pytest.approx(1.0)


COMPARISON = table(
    "episode contest judge first second repeat first_better",
    # Kim prefers Bo in both orders, more so when Bo is first: P(Ann) is 0.3 first and 1 − 0.9 = 0.1 second.
    (0, 0, "Kim", "Ann", "Bo", 1, 0.3),
    (0, 0, "Kim", "Bo", "Ann", 1, 0.9),
    # Lou takes the first: 0.8 and 1 − 0.6 = 0.4.
    (0, 0, "Lou", "Ann", "Bo", 1, 0.8),
    (0, 0, "Lou", "Bo", "Ann", 1, 0.6),
    # Of another contest of the same two, repeats are averaged: (0.2 + 0.4) / 2 and 1 − 0.7 = 0.3.
    (1, 0, "Kim", "Ann", "Bo", 1, 0.2),
    (1, 0, "Kim", "Ann", "Bo", 2, 0.4),
    (1, 0, "Kim", "Bo", "Ann", 1, 0.7),
    # A tie in one order; one order alone; one that failed.
    (1, 1, "Kim", "Ann", "Bo", 1, 0.5),
    (1, 1, "Kim", "Bo", "Ann", 1, 0.7),
    (1, 2, "Kim", "Ann", "Bo", 1, 0.9),
    (1, 3, "Kim", "Ann", "Bo", 1, 0.9),
    (1, 3, "Kim", "Bo", "Ann", 1, None),
)
BIAS = {0: ((0.3 - 0.1) / 2 + (0.8 - 0.4) / 2) / 2, 1: ((0.3 - 0.3) / 2 + (0.5 - 0.3) / 2) / 2}


def test_a_judge_is_consistent_that_prefers_the_same_in_both_orders() -> None:
    assert by_episode(swap_consistency, comparison=COMPARISON) == {0: 1 / 2, 1: 1 / 2}
    assert by_episode(position_bias, comparison=COMPARISON) == pytest.approx(BIAS)


def test_the_claims_of_an_answer_are_counted_by_judge_and_repeat() -> None:
    claim = table(
        "episode contest judge fighter repeat number",
        *((0, 0, "Kim", "Ann", 1, number) for number in (1, 2, 3)),
        (0, 0, "Kim", "Ann", 2, 1),
        *((0, 0, "Lou", "Ann", 1, number) for number in (1, 2)),
        (1, 0, "Kim", "Bo", 1, 1),
    )
    assert by_episode(claims_found, claim=claim) == {0: 2, 1: 1}
    scored = table("episode score", (0, 7.0), (0, None), (1, 5.0), (1, 5.0))
    assert by_episode(claims_unscored, claim=scored) == {0: 1 / 2, 1: 0}


def test_a_judge_flips_that_prefers_the_same_place_in_both_orders_and_not_where_both_are_equal() -> None:
    assert by_episode(judge_flip_rate, comparison=COMPARISON) == {0: 1 / 2, 1: 0}


def test_a_panel_is_measured_in_the_same_way_criterion_by_criterion() -> None:
    told = COMPARISON.rename({"contest": "criterion"}).with_columns(pl.col("criterion").cast(pl.String))
    assert by_episode(panel_swap_consistency, preference=told) == {0: 1 / 2, 1: 1 / 2}
    assert by_episode(panel_flip_rate, preference=told) == {0: 1 / 2, 1: 0}
    assert by_episode(panel_position_bias, preference=told) == pytest.approx(BIAS)


def test_length_preference_is_a_correlation_within_contests() -> None:
    messages = table(
        "episode message text", *((0, i, "x" * length) for i, length in enumerate([10, 30, 100, 140, 7]))
    )
    answer = table(
        "episode contest fighter message",
        (0, 0, "Ann", 0),
        (0, 0, "Bo", 1),
        (0, 1, "Ann", 2),
        (0, 1, "Cem", 3),
        (0, 2, "Ann", 4),
        (0, 2, "Bo", None),  # alone in its contest
    )
    judgement = table(
        "episode contest judge contestant score",
        (0, 0, "Kim", "Ann", 4.0),
        (0, 0, "Lou", "Ann", 6.0),
        (0, 0, "Kim", "Bo", 8.0),
        (0, 0, "Lou", "Bo", None),
        (0, 1, "Kim", "Ann", 3.0),
        (0, 1, "Kim", "Cem", 2.0),
        (0, 2, "Kim", "Ann", 9.0),
    )
    lengths, scores = [-10, 10, -20, 20], [-1.5, 1.5, 0.5, -0.5]
    expected = pearsonr(lengths, scores).statistic
    found = number(length_preference, judgement=judgement, answer=answer, messages=messages)
    assert found == pytest.approx(expected)
