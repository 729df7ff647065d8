"""Evolution: what is played, exported and trained in which order, on from any point; trainings are played."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.agents.failures import BadInput
from palaestra.runs.record.state import RunState
from palaestra.runs.run import Run
from palaestra.scenarios.core.load import check
from palaestra.sims.engines.scripted_engine import Scripted
from palaestra.sims.playing import venue
from palaestra.sims.training import evolve
from palaestra.sims.training.evolution_table import rows, sentence
from palaestra.sims.training.evolve import Evolution, EvolveSettings

DUEL: dict[str, Any] = {
    "scenario": "duel",
    "policies": {"default": {}, "ann": {}, "bo": {}, "cem": {}},
    "fighters": [{"name": name, "policy": name.lower()} for name in ("Ann", "Bo", "Cem")],
    "instructions": [f"Question {number}?" for number in range(8)],
    "held_out": [f"Held out {number}?" for number in range(24)],
    "contest": "n_way",
    "check": {"most_words": 7},
}


class Trainings:
    """Stands in for training: notes what was to be trained and leaves an adapter's folder."""

    def __init__(self, stop_before: str = "") -> None:
        self.begun: list[tuple[str, str | None, str | None]] = []
        self._stop_before = stop_before

    def __call__(self, export: Path, out: Path, *, policy: str, **_settings: object) -> Path:
        if self._stop_before and str(out).endswith(self._stop_before):
            raise KeyboardInterrupt
        adapter = json.loads((export / "export.json").read_text())["policies"][policy]["adapter"]
        self.begun.append((out.parts[-3], policy, adapter))
        out.mkdir()
        return out


def evolution(folder: Path, file: dict[str, Any] = DUEL, **settings: Any) -> Evolution:
    return Evolution(
        folder, check(file, "duel.yaml"), EvolveSettings(**{"by": "truth"} | settings), quiet=True
    )


@pytest.fixture(autouse=True)
def scripted_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(venue, "build", lambda _settings, policies: Scripted(ScriptedEngine(), policies))


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> Trainings:
    trainings = Trainings()
    monkeypatch.setattr(evolve, "train", trainings)
    return trainings


def test_every_policy_is_trained_in_every_generation_on_from_its_last_adapter(
    tmp_path: Path, trainings: Trainings
) -> None:
    tribe = evolution(tmp_path / "e")
    tribe.begin()
    tribe.run()
    adapters = tmp_path / "e" / "generation-1" / "adapters"
    assert trainings.begun == [
        *(("generation-1", policy, None) for policy in ("ann", "bo", "cem")),
        *(("generation-2", policy, str(adapters / policy)) for policy in ("ann", "bo", "cem")),
    ]
    played = RunState.read(tmp_path / "e" / "generation-2" / "play").settings["policies"]
    assert [played[name]["adapter"] for name in ("ann", "default")] == [str(adapters / "ann"), None]


def test_ratings_are_carried_to_the_next_tournament(tmp_path: Path, trainings: Trainings) -> None:
    tribe = evolution(tmp_path / "e", DUEL | {"judging": "pointwise"}, by="panel")
    tribe.begin()
    tribe.run()
    last = Run(tmp_path / "e" / "generation-1" / "play").table("rating").sort("event")
    ratings = dict(last.select("fighter", "rating").iter_rows())
    fighters = RunState.read(tmp_path / "e" / "generation-2" / "play").settings["fighters"]
    assert {f["name"]: f["rating"] for f in fighters} == pytest.approx(ratings)
    assert len(set(ratings.values())) > 1


def test_all_generations_answer_the_same_held_out_instructions_with_the_same_seeds(
    tmp_path: Path, trainings: Trainings
) -> None:
    tribe = evolution(tmp_path / "e")
    tribe.begin()
    tribe.run()
    asked = [
        Run(tmp_path / "e" / f"generation-{g}" / "measure")
        .calls.select("call", "agent", "seed", "prompt")
        .rows()
        for g in range(3)
    ]
    assert asked[0] == asked[1] == asked[2]
    assert len(asked[0]) == 24 * 3


def test_the_table_has_a_row_for_each_generation_and_policy_and_finds_no_gain_where_there_is_none(
    tmp_path: Path, trainings: Trainings
) -> None:
    tribe = evolution(tmp_path / "e")
    tribe.begin()
    tribe.run()
    told = rows(tribe)
    assert [(row[0], row[2]) for row in told] == [
        (str(g), policy) for g in range(3) for policy in ("ann", "bo", "cem", "all")
    ]
    assert all(row[6] == "+0.00" for row in told if row[0] != "0")
    assert "No significant change" in sentence(tribe)


@pytest.mark.parametrize("stopped", ["generation-1/adapters/bo", "generation-2/adapters/ann"])
def test_an_evolution_goes_on_where_it_was_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: str
) -> None:
    whole, first, second = Trainings(), Trainings(stop_before=stopped), Trainings()
    monkeypatch.setattr(evolve, "train", whole)
    tribe = evolution(tmp_path / "whole")
    tribe.begin()
    tribe.run()
    monkeypatch.setattr(evolve, "train", first)
    tribe = evolution(tmp_path / "e")
    tribe.begin()
    with pytest.raises(KeyboardInterrupt):
        tribe.run()
    monkeypatch.setattr(evolve, "train", second)
    on = Evolution.open(tmp_path / "e", print, quiet=True)
    on.run()
    assert [begun[:2] for begun in first.begun + second.begun] == [begun[:2] for begun in whole.begun]
    assert rows(on) == rows(Evolution.open(tmp_path / "whole", print))


def test_where_no_program_can_tell_a_frozen_judge_measures(tmp_path: Path, trainings: Trainings) -> None:
    tribe = evolution(tmp_path / "e", DUEL | {"check": None}, by="panel", generations=1)
    tribe.begin()
    tribe.run()
    measured = Run(tmp_path / "e" / "generation-1" / "measure")
    judges = set(measured.table("judgement")["judge"])
    assert judges == {evolve.FROZEN}
    policies = measured.state.scenario.policies
    assert policies[evolve.FROZEN]["adapter"] is None
    assert policies["ann"]["adapter"] is not None
    assert all(1 <= float(row[4]) <= 10 for row in rows(tribe))


@pytest.mark.parametrize(
    "own",
    [
        {"judging": "pairwise", "abstain": "flips", "judge_budget": 0.5},
        {"judging": "claims", "judgements": 3},
        {"judging": "likelihood", "reference": "base"},
    ],
    ids=lambda own: own["judging"],
)
@pytest.mark.parametrize("by", ["truth", "panel"])
def test_a_tribe_that_judges_in_a_way_of_its_own_is_measured_as_any(
    by: str, own: dict[str, Any], tmp_path: Path, trainings: Trainings
) -> None:
    if "reference" in own:
        policies = {**DUEL["policies"], "base": {}, "kim": {"adapter": "kim"}}
        own = own | {
            "policies": policies,
            "judges": [{"name": "Kim", "policy": "kim"}],
            "fighters_judge": False,
        }
    checked = {} if by == "truth" else {"check": None}
    tribe = evolution(tmp_path / "e", DUEL | own | checked, by=by, generations=1)
    tribe.begin()
    tribe.run()
    run = Run(tmp_path / "e" / "generation-1" / "measure")
    asked = 3 * len(DUEL["held_out"])
    assert len(run.table("answer")) == asked
    assert run.calls["purpose"].is_in(["score"]).sum() == (asked if by == "panel" else 0)
    assert {row[3] for row in rows(tribe)} == {"24", "72"}


@pytest.mark.parametrize(
    ("file", "settings", "words"),
    [
        (DUEL | {"held_out": []}, {}, "holds no instruction out"),
        (DUEL | {"check": None}, {"by": "truth"}, "no `check`"),
        (DUEL | {"judging": "none"}, {"by": "panel"}, "nobody judge"),
        (DUEL, {"method": "kto", "train": {"batch_size": 1}}, "KTO"),
        ({"scenario": "debate", "motions": ["M."]}, {}, "evolves by duels"),
    ],
)
def test_what_cannot_evolve_is_refused_before_anything_is_written(
    tmp_path: Path, file: dict[str, Any], settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        evolution(tmp_path / "e", file, **settings)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_in_use_is_refused(tmp_path: Path) -> None:
    evolution(tmp_path / "e").begin()
    with pytest.raises(BadInput, match="palaestra evolve"):
        evolution(tmp_path / "e").begin()
    with pytest.raises(BadInput, match="is not the folder of an evolution"):
        Evolution.open(tmp_path, print)
