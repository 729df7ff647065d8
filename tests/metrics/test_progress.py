"""Progress over generations, against tables worked by hand and planted gains."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest

from palaestra.metrics.progress import ALL, progress


def measured(rates: dict[int, float], instructions: int = 60, seed: int = 0) -> pl.DataFrame:
    """Successes 0 or 1 of two policies at each generation's rate."""
    rng = Random(seed)
    rows = [
        {
            "generation": g,
            "policy": p,
            "instruction": f"i{i}",
            "measurement": 0,
            "success": float(rng.random() < rate),
        }
        for g, rate in rates.items()
        for p in ("a", "b")
        for i in range(instructions)
    ]
    return pl.DataFrame(rows).with_columns(measurement=pl.lit(0, pl.Int64))


def test_success_and_gain_of_a_small_table() -> None:
    rows = [(0, "a", "x", 0, 0.0), (0, "a", "y", 0, 1.0), (1, "a", "x", 0, 1.0), (1, "a", "y", 0, 1.0)]
    told = progress(
        pl.DataFrame(
            rows, schema=["generation", "policy", "instruction", "measurement", "success"], orient="row"
        )
    )
    assert told.select("generation", "policy", "answers", "success", "gain").rows() == [
        (0, "a", 2, 0.5, None),
        (0, ALL, 2, 0.5, None),
        (1, "a", 2, 1.0, 0.5),
        (1, ALL, 2, 1.0, 0.5),
    ]
    assert told["gain_low"].null_count() == 4  # two instructions are too few for an interval


def test_a_planted_gain_is_above_zero_and_none_is_not() -> None:
    for seed in range(5):
        last = (
            progress(measured({0: 0.2, 1: 0.8}, seed=seed))
            .filter(generation=1, policy=ALL)
            .row(0, named=True)
        )
        assert last["gain_low"] > 0
        assert last["gain_low"] < 0.6 < last["gain_high"] + 0.1
    held = [
        progress(measured({0: 0.4, 1: 0.4}, seed=seed)).filter(generation=1, policy=ALL).row(0, named=True)
        for seed in range(40)
    ]
    covered = sum(row["gain_low"] <= 0 <= row["gain_high"] for row in held)
    assert covered >= 34


def test_gains_are_paired_by_instruction_so_a_constant_gain_has_no_width() -> None:
    rows = [
        {"generation": g, "policy": "a", "instruction": f"i{i}", "measurement": 0, "success": i % 7 + 0.5 * g}
        for g in (0, 1)
        for i in range(30)
    ]
    last = progress(pl.DataFrame(rows)).filter(generation=1, policy="a").row(0, named=True)
    assert (last["gain_low"], last["gain"], last["gain_high"]) == pytest.approx((0.5, 0.5, 0.5))
    assert last["high"] - last["low"] > 1


def test_answers_to_one_instruction_count_as_one_however_often_it_is_asked() -> None:
    once = measured({0: 0.3, 1: 0.6})
    often = pl.concat([once.with_columns(measurement=pl.lit(n, pl.Int64)) for n in range(5)])
    one, five = (
        progress(table).filter(generation=1, policy=ALL).row(0, named=True) for table in (once, often)
    )
    assert five["answers"] == 5 * one["answers"]
    assert (five["gain_low"], five["gain_high"]) == pytest.approx((one["gain_low"], one["gain_high"]))
