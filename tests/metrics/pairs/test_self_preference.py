"""A planted taste for a policy's own answers is found where it is, and nowhere else."""

from __future__ import annotations

import polars as pl
import pytest

from palaestra.metrics.pairs.self_preference import self_preference
from support.synthetic_pairs import frame, holds, make_pairs, pair


@pytest.mark.parametrize("beside", [False, True])
def test_only_the_policy_that_likes_its_own_answers_is_blamed(beside: bool) -> None:
    found = self_preference(make_pairs(0, 600, beside=beside, self_liking=2))
    assert found["ash"].value > 0.2
    assert not holds(found["ash"])
    assert all(holds(found[name]) for name in ("elm", "fir", "oak"))


def test_a_judge_that_uses_more_of_the_scale_does_not_prefer_itself() -> None:
    pairs = make_pairs(1, 600)
    value = pl.element().struct.field("value")
    own = pl.element().struct.field("judge") == "judge 0"
    wide = pl.element().struct.with_fields(
        pl.when(own).then(5.5 + 3 * (value - 5.5)).otherwise(value).alias("value")
    )
    better = pairs.filter(
        (pl.col("chosen_policy") == "ash") | (pl.col("rejected_policy") != "ash")
    )  # ash never loses
    stretched = better.with_columns(pl.col("verdicts").list.eval(wide))
    assert self_preference(stretched)["ash"].value == pytest.approx(self_preference(better)["ash"].value)


def test_policies_that_never_judge_their_own_have_no_self_preference() -> None:
    rows = [
        pair(i, [(j, of, False, 5.0 + i % 3) for j in "xy" for of in ("chosen", "rejected")])
        for i in range(30)
    ]
    assert self_preference(frame(*rows)) == {}
