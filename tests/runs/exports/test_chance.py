"""Scores of pure chance are flagged however pairs are selected; a panel that knows something is not."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_reply
from palaestra.metrics.pairs.preference_pairs import SIDES, text
from palaestra.runs.exports import chance
from palaestra.runs.exports.folder import export
from palaestra.runs.exports.options import ExportOptions
from palaestra.runs.exports.pairing import PairRule
from palaestra.runs.exports.source import Source
from palaestra.runs.quality.filters import apply, parse
from palaestra.runs.quality.pairs import read_pairs
from palaestra.runs.quality.report import Measure, quality_report
from palaestra.runs.quality.treatments import TREATMENTS, Means, apply_treatments
from palaestra.scenarios.core.load import check
from palaestra.sims.engines import scripted_engine
from palaestra.sims.playing import play
from support.exported_runs import Play
from support.slices import sliced

JUDGES: list[dict[str, Any]] = [
    {"name": f"Judge {number}", "persona": f"Taste {number}."} for number in (1, 2)
]
CONTESTS: dict[str, Any] = {
    "scenario": "duel",
    "contest": "n_way",
    "ratings": "elo",
    "weights": "uniform",
    "fighters": [{"name": name} for name in ("Ann", "Bo", "Cem")],
    "judges": JUDGES,
    "instructions": [f"Give advice {number} about topic {number * 7}." for number in range(150)],
}
RULES = {
    "extremes": PairRule("extremes"),
    "all": PairRule("all"),
    "wide margins": PairRule("extremes", margin=1.0),
}


def excess(run: Path, rule: PairRule) -> Measure:
    """What the quality report says of the judges' agreement."""
    out = run.parent / f"pairs of {run.name} {rule.take} {rule.margin}"
    export([run], out, ExportOptions(("dpo",), pairs=rule))
    return next(m for m in quality_report(read_pairs(out)).measures if m.name == "agreement_excess")


@pytest.mark.parametrize("judging", sliced(["pointwise", "pairwise"], ["pointwise"]))
@pytest.mark.parametrize("seed", sliced([3, 11], [3]))
def test_judges_that_say_anything_are_flagged_however_pairs_are_selected(
    played: Play, seed: int, judging: str
) -> None:
    run = played(CONTESTS | {"seed": seed, "judging": judging})
    found = {
        name: excess(run, rule)
        for name, rule in RULES.items()
        if judging == "pointwise" or name != "wide margins"
    }
    assert {name for name, measure in found.items() if not measure.flagged} == set()
    assert all(m.value is not None and abs(m.value) < 0.1 for m in found.values()), found


@pytest.mark.parametrize("judging", sliced(["pointwise", "pairwise"], ["pairwise"]))
def test_judges_that_know_something_are_not(
    played: Play, judging: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scripted_engine, "scripted_reply", _knowing)
    run = played(CONTESTS | {"judging": judging})
    assert [name for name in ("extremes", "all") if excess(run, RULES[name]).flagged] == []


def test_of_two_answers_chance_is_a_half_but_for_what_ties_take(played: Play) -> None:
    fighters = CONTESTS["fighters"][:2]
    run = played(CONTESTS | {"fighters": fighters, "contest": "duel", "fighters_judge": False})
    told = re.search(r"\(chance: (\S+)\)", excess(run, RULES["extremes"]).why)
    assert told is not None
    assert float(told[1]) == pytest.approx(0.5, abs=0.03)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Of judges that say anything."""
    folder = tmp_path_factory.mktemp("chance")
    scenario = check(CONTESTS | {"engines": {"default": {"kind": "scripted"}}}, "test.yaml")
    run = play.start(scenario, folder / "run", quiet=True)
    export([run], folder / "pairs", ExportOptions(("dpo",), pairs=RULES["all"]))
    return read_pairs(folder / "pairs")


def test_pairs_that_a_filter_selects_by_what_judges_said_tell_of_no_chance(pairs: pl.DataFrame) -> None:
    for words, kept in (("margin>=0.5", False), ("agreement>=0.5", False), ("duplicates", True)):
        filtered, _ = apply(pairs, [parse(words)])
        assert filtered["agreement_by_chance"].is_not_null().any() == kept


@pytest.mark.parametrize("name", [name for name, one in TREATMENTS.items() if one.needs != "loss"])
def test_so_do_pairs_that_a_treatment_leaves_unless_a_reward_model_tells_it(
    name: str, pairs: pl.DataFrame
) -> None:
    """Cleaning by what judges said makes judges that know nothing agree, where it does anything."""
    by_tags = TREATMENTS[name].needs == "tags"

    def lengths(pairs: pl.DataFrame) -> NDArray[np.float64]:
        chosen, rejected = (text(side).str.len_chars().cast(pl.Float64) for side in SIDES)
        return pairs.select(chosen - rejected).to_series().to_numpy()

    for gaps in (None, [lengths]):
        cleaned, (done,) = apply_treatments(pairs, [name], Means(gaps=gaps, fraction=0.3))
        by_judges = gaps is None and not by_tags and done.removed + done.flipped > 0
        assert cleaned["agreement_by_chance"].is_not_null().any() != by_judges
        assert by_judges or gaps or name not in {"rw_gap_r", "rw_gap_f", "vote_maj_r", "vote_maj_f"}


def _knowing(call: Call, *, attempt: int = 0, garbled: float = 0.0) -> Reply:
    """Longer answers are better, each judge's view of that blurred by its own noise."""
    reply = scripted_reply(call, attempt=attempt, garbled=garbled)
    if call.purpose == "answer":
        return reply
    noise = Random(call.seed)
    lengths = [len(message.text) for message in call.prompt if message.source is not None]
    if call.purpose == "score":
        near = min(9.0, max(0.0, lengths[0] / 12 + noise.gauss(0, 1.0)))
        low, share = int(near), near - int(near)
        chances = [0.0] * 10
        chances[low] += 1 - share
        chances[min(9, low + 1)] += share
    else:
        first = min(0.99, max(0.01, 0.5 + (lengths[0] - lengths[1]) / 60 + noise.gauss(0, 0.15)))
        chances = [first, 1 - first]
    return replace(reply, probabilities=tuple(chances))


@pytest.mark.parametrize("judging", ["pointwise", "pairwise"])
@pytest.mark.parametrize("rule", [PairRule(), PairRule(margin=0.3), PairRule(floor=0.6)])
def test_of_two_answers_all_ways_are_gone_through_as_many_shuffles_would(
    played: Play, judging: str, rule: PairRule, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = {"fighters": CONTESTS["fighters"][:2], "contest": "duel", "fighters_judge": False}
    judges = [{"name": f"Judge {number}", "persona": f"Taste {number}."} for number in range(3)]
    duel = CONTESTS | two | {"judges": judges, "judging": judging, "instructions": ["Why?", "Where?"]}
    samples = list(Source(played(duel)).samples())
    exact = [chance.agreement_by_chance(sample, rule) for sample in samples]
    monkeypatch.setattr(chance, "FEW", 0)
    monkeypatch.setattr(chance, "ENOUGH", 1000)
    monkeypatch.setattr(chance, "MOST", 1000)
    shuffled = [chance.agreement_by_chance(sample, rule) for sample in samples]
    assert [value is None for value in exact] == [value is None for value in shuffled]
    for one, other in zip(exact, shuffled, strict=True):
        assert one is None or one == pytest.approx(other, abs=0.06)
