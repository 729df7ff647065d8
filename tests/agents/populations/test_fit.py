"""The check sees what differs from the declared, and says where."""

from __future__ import annotations

import polars as pl
import pytest
from scipy.stats import chisquare

from palaestra.agents.failures import BadInput
from palaestra.agents.populations.draw import draw
from palaestra.agents.populations.fit import differing, fit
from support.towns import town


def people(seed: int = 0) -> pl.DataFrame:
    return draw(town(), 3000, seed)


def rows(found: pl.DataFrame, attribute: str) -> list[dict[str, object]]:
    return found.filter(pl.col("attribute") == attribute).to_dicts()


def test_there_is_a_row_for_each_distribution_and_each_correlation() -> None:
    found = fit(town(), people())
    assert list(zip(found["attribute"], found["given"], found["test"], strict=True)) == [
        ("job", "age ..65", "χ²"),
        ("job", "age 65..", "χ²"),
        ("age", "", "χ²"),
        ("height", "", "KS"),
        ("openness", "", "KS"),
        ("extraversion", "", "KS"),
        ("cars", "job nurse", "χ²"),
        ("cars", "job else", "χ²"),
        ("openness ~ extraversion", "", "Fisher z"),
    ]
    assert (found["p_holm"] >= found["p"]).all()
    cases = found.filter(pl.col("attribute") == "job")
    assert cases["people"].sum() == 3000


def test_shares_are_tested_as_scipy_does() -> None:
    coin = town(coin={"shares": {"heads": 0.5, "tails": 0.5}})
    drawn = people().with_columns(
        coin=pl.when(pl.col("person") < 1600).then(pl.lit("heads")).otherwise(pl.lit("tails"))
    )
    [row] = rows(fit(coin, drawn), "coin")
    assert row["p"] == pytest.approx(chisquare([1600, 1400]).pvalue)
    assert row["largest"] == pytest.approx(100 / 3000)
    assert row["at"] == "heads"


@pytest.mark.parametrize(
    ("attribute", "spoilt"),
    [
        ("job", pl.when(pl.col("age") < 65).then(pl.lit("cook")).otherwise("job")),
        ("age", pl.lit(30)),
        ("height", pl.col("height") + 3),
        ("cars", pl.lit(2.5)),
        ("openness ~ extraversion", pl.col("extraversion").reverse()),
    ],
)
def test_people_that_were_changed_differ(attribute: str, spoilt: pl.Expr) -> None:
    column = attribute.split(" ~ ")[-1]
    found = differing(fit(town(), people().with_columns(spoilt.alias(column))))
    assert attribute in found["attribute"].to_list()


def test_values_that_are_not_declared_or_can_not_be_differ_whatever_their_number() -> None:
    stranger = pl.when(pl.col("person") == 7).then(pl.lit("pilot")).otherwise("job").alias("job")
    found = rows(differing(fit(town(), people().with_columns(stranger))), "job")
    assert found[0]["at"] == "pilot, which is not declared"
    impossible = town(coin={"shares": {"heads": 1, "tails": 0}})
    drawn = people().with_columns(
        coin=pl.when(pl.col("person") == 7).then(pl.lit("tails")).otherwise(pl.lit("heads"))
    )
    assert rows(differing(fit(impossible, drawn)), "coin")[0]["p"] == 0.0


def test_a_case_that_nobody_is_in_is_not_tested() -> None:
    young = people().filter(pl.col("age") < 40)
    case = rows(fit(town(), young), "job")[1]
    assert (case["people"], case["p"], case["at"]) == (0, None, "nobody")


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (pl.lit("thirty").alias("age"), "column 'age' holds String or gaps, not numbers"),
        (pl.lit(3).alias("job"), "column 'job' holds Int32 or gaps, not texts"),
        (pl.lit(None, pl.Float64).alias("cars"), "column 'cars' holds Float64 or gaps, not numbers"),
    ],
)
def test_columns_of_another_kind_are_refused(spoilt: pl.Expr, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        fit(town(), people().with_columns(spoilt))


def test_a_missing_column_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(BadInput, match="no column 'job'\n  They have: person"):
        fit(town(), people().drop("job"))
