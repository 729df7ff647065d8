"""A scenario file's sweep: which scenarios it stands for, and which sweeps are refused."""

from __future__ import annotations

from datetime import date

import pytest

from palaestra.agents.failures import BadInput
from palaestra.scenarios.core.load import check
from palaestra.scenarios.core.sweep import points
from support.scripted_debates import scenario


def test_a_grid_is_all_combinations_the_first_values_first() -> None:
    swept = points(scenario(sweep={"rounds": [1, 3], "policies.default.temperature": [0.2, 1.0]}))
    assert [point.settings for point in swept] == [
        {"rounds": 1, "policies.default.temperature": 0.2},
        {"rounds": 1, "policies.default.temperature": 1.0},
        {"rounds": 3, "policies.default.temperature": 0.2},
        {"rounds": 3, "policies.default.temperature": 1.0},
    ]
    last = swept[-1].scenario.config.model_dump()
    assert (last["rounds"], last["policies"]["default"]["temperature"]) == (3, 1.0)


def test_a_list_is_played_as_it_stands() -> None:
    swept = points(scenario(sweep=[{}, {"rounds": 4, "debaters.1.persona": "A sailor."}]))
    assert [point.scenario.config.model_dump()["rounds"] for point in swept] == [2, 4]
    assert swept[1].scenario.config.model_dump()["debaters"][1]["persona"] == "A sailor."
    assert [point.name for point in swept] == ["", "rounds=4 debaters.1.persona=A sailor."]


def test_points_share_the_seed_and_have_no_sweep_of_their_own() -> None:
    swept = points(scenario(seed=7, sweep={"rounds": [1, 2]}))
    assert {point.scenario.config.seed for point in swept} == {7}
    assert not any(point.scenario.config.sweep for point in swept)


def test_a_dry_sweep_plays_each_point_on_made_up_replies_whatever_it_names() -> None:
    file = scenario().config.model_dump(mode="json") | {"engines": {"default": {"kind": "vllm"}}}
    ways = ["off", "native", "scratchpad"]
    sweep = {"policies.default.think": ways, "policies.default.adapter": [None, "somewhere"]}
    swept = points(check(file | {"sweep": sweep}, "test.yaml"), dry_run=True)
    assert {point.scenario.config.engines["default"].kind for point in swept} == {"scripted"}
    policies = [point.scenario.config.policies["default"] for point in swept]
    assert {policy.adapter for policy in policies} == {None}
    assert [policy.think.kind for policy in policies] == ["off"] * 4 + ["scratchpad"] * 2


def test_a_point_may_hold_any_text() -> None:
    [point] = points(scenario(sweep=[{"debaters.0.persona": "Smiles 🙂 at “everybody”."}]))
    assert point.scenario.config.model_dump()["debaters"][0]["persona"] == "Smiles 🙂 at “everybody”."
    assert point.name == "debaters.0.persona=Smiles 🙂 at “everybody”."


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ({"rounds": []}, "list should have at least 1 item"),
        ({"scenario": ["duel"]}, "a sweep can't vary `scenario`"),
        ([{"sweep": {}}], "a sweep can't vary `sweep`"),
        ({"roundz": [1, 2]}, "at roundz=1:\n--set roundz=1: unknown field `roundz`; did you mean `rounds`?"),
        ({"rounds": [1, 0]}, "at rounds=0:\n--set rounds=0: `rounds`: input should be greater"),
        ({"debaters.5.name": ["Zoe"]}, "there is no item 5"),
        ({"motions": [date(2026, 1, 1)]}, "sweep"),
    ],
)
def test_a_sweep_that_leads_nowhere_is_refused_with_its_place(sweep: object, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        points(scenario(sweep=sweep))
    assert said in str(refused.value)
