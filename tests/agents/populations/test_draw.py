"""People are drawn as declared, and depend on nothing but population, seed and number."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from palaestra.agents.failures import BadInput
from palaestra.agents.populations.distributions import DEGREES, Distribution
from palaestra.agents.populations.draw import draw
from palaestra.agents.populations.files import ready_populations
from palaestra.agents.populations.fit import differing, fit
from palaestra.agents.populations.spec import Population
from support.towns import TOWN, changed, town


def test_the_same_seed_draws_the_same_people_and_another_draws_others() -> None:
    assert_frame_equal(draw(town(), 50, 3), draw(town(), 50, 3))
    assert draw(town(), 50, 3)["persona"].to_list() != draw(town(), 50, 4)["persona"].to_list()


def test_a_larger_draw_begins_with_the_same_people() -> None:
    assert_frame_equal(draw(town(), 500, 3).head(20), draw(town(), 20, 3))


def test_neither_the_order_of_attributes_nor_a_further_one_changes_who_people_are() -> None:
    backwards = dict(reversed(list(TOWN["attributes"].items())))
    other = Population.model_validate(
        TOWN | {"attributes": backwards | {"pet": {"shares": {"cat": 0.5, "dog": 0.5}}}}
    )
    people = draw(town(), 100, 1)
    assert_frame_equal(draw(other, 100, 1).select(people.columns), people)


def test_people_have_a_column_an_attribute_of_its_type() -> None:
    people = draw(town(), 200)
    assert people.columns == ["person", "name", *TOWN["attributes"], "persona", "wording"]
    assert people["person"].to_list() == list(range(200))
    assert people.schema["age"] == pl.Int64
    assert people.schema["height"] == pl.Float64
    assert people.schema["job"] == pl.String
    assert set(people["cars"]) <= set(DEGREES)
    assert set(people["name"]) == set(TOWN["names"])


def test_conditions_hold_for_everybody() -> None:
    people = draw(town(), 2000)
    old = people.filter(pl.col("age") >= 65)
    assert set(old["job"]) == {"retired", "cook"}
    assert set(people.filter(pl.col("age") < 65)["job"]) == {"nurse", "cook"}
    assert people.filter(pl.col("job") == "nurse")["cars"].min() == 0.5
    assert people.filter(pl.col("job") != "nurse")["cars"].max() == -1.5


def test_a_condition_may_stand_in_a_case_of_another() -> None:
    inner = {"given": {"age": {"..40": {"shares": {"bus": 1}}, "else": {"shares": {"tram": 1}}}}}
    people = draw(town(way={"given": {"job": {"cook": inner, "else": {"shares": {"foot": 1}}}}}), 1000)
    cooks = people.filter(pl.col("job") == "cook")
    assert set(cooks.filter(pl.col("age") < 40)["way"]) == {"bus"}
    assert set(cooks.filter(pl.col("age") >= 40)["way"]) == {"tram"}
    assert set(people.filter(pl.col("job") != "cook")["way"]) == {"foot"}


@pytest.mark.parametrize(
    ("declared", "least", "most"),
    [
        ({"uniform": {"low": -2, "high": 3}}, -2, 3),
        ({"normal": {"mean": 0, "sd": 4, "low": -2, "high": 3}}, -2, 3),
        ({"bins": {"edges": [-2, 0, 4], "shares": [0.5, 0.5]}}, -2, 3),
    ],
)
def test_whole_numbers_reach_both_bounds_and_not_the_last_edge(declared: Any, least: int, most: int) -> None:
    drawn = draw(town(number={"whole": True} | declared), 2000)["number"]
    assert (drawn.min(), drawn.max()) == (least, most)


def test_a_value_of_share_0_is_never_drawn() -> None:
    shares = {"first": 0, "second": 0.5, "third": 0, "fourth": 0.5, "last": 0}
    drawn = Distribution.model_validate({"shares": shares}).drawn(whole=False)
    ends = np.array([2.0**-54, 0.5, 1 - 2.0**-53])
    assert drawn.quantile(ends).tolist() == ["second", "fourth", "fourth"]


def test_the_text_says_numbers_in_words_and_leaves_the_name_open_once_more() -> None:
    quiet = {"uniform": {"low": 0, "high": 0.5}, "words": {"shy": 0, "bold": 0.6}}
    data = changed(
        openness=quiet, age={"whole": True, "uniform": {"low": 30, "high": 31}}, job={"shares": {"nurse": 1}}
    )
    data["correlations"] = []
    row = draw(Population.model_validate(data), 1).row(0, named=True)
    stance = DEGREES[row["cars"]]
    assert (
        row["persona"]
        == f"{row['name']} is {row['age']}. Job: nurse. {row['name']} is shy and would {stance}."
    )
    assert row["wording"] == f"{{name}} is {row['age']}. Job: nurse. {{name}} is shy and would {stance}."


def test_a_text_without_attributes_is_everybodys() -> None:
    people = draw(Population.model_validate(TOWN | {"persona": "Somebody."}), 3)
    assert people["persona"].to_list() == ["Somebody."] * 3
    assert "wording" not in people.columns


@pytest.mark.parametrize("size", [0, 10_000_001])
def test_no_people_and_too_many_are_refused(size: int) -> None:
    with pytest.raises(BadInput, match="people can't be drawn"):
        draw(town(), size)


def test_ten_thousand_of_each_ready_population_are_within_sampling_error() -> None:
    populations = list(ready_populations())
    assert len(populations) == 3
    for population in populations:
        found = fit(population, draw(population, 10_000, 1))
        assert differing(found).is_empty(), population.population
        assert found["p"].null_count() == 0
        assert population.source == "illustrative"


def test_p_values_of_many_draws_are_spread_evenly() -> None:
    """A check that is too lenient, or too strict, would not see that."""
    ps = [p for seed in range(30) for p in fit(town(), draw(town(), 400, seed))["p"].drop_nulls()]
    shares = np.histogram(ps, bins=4, range=(0, 1))[0] / len(ps)
    assert shares == pytest.approx([0.25] * 4, abs=0.09)
