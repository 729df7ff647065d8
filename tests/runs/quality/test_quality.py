"""Reports of faultless and of damaged exports, and filters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from palaestra.agents.failures import BadInput
from palaestra.runs.exports.described import Described
from palaestra.runs.quality.filters import apply, parse
from palaestra.runs.quality.meanings import MEANINGS
from palaestra.runs.quality.pairs import read_pairs
from palaestra.runs.quality.report import Report, quality_report
from support.slices import sliced
from support.synthetic_pairs import POLICIES, copied, flipped, frame, make_pairs, message, pair


def flags(report: Report) -> set[str]:
    return {measure.name for measure in report.flags}


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("seed", sliced(range(10), range(3)))
def test_nothing_is_flagged_where_nothing_is_wrong(seed: int, beside: bool) -> None:
    pairs = make_pairs(seed, 300, beside=beside, truth=seed % 3 == 0, whole_points=seed % 2 == 0)
    assert quality_report(pairs).flags == ()


DAMAGE = {
    "label_agreement": lambda seed, beside: flipped(make_pairs(seed, 300, beside=beside), 0.1, seed),
    "length_bias": lambda seed, beside: make_pairs(seed, 300, beside=beside, length_biased=2),
    "self_preference": lambda seed, beside: make_pairs(seed, 400, beside=beside, self_liking=2.5),
    "duplicated_prompts": lambda seed, beside: copied(make_pairs(seed, 300, beside=beside), 0.1),
}


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("seed", sliced(range(3), [0]))
@pytest.mark.parametrize("defect", DAMAGE)
def test_a_planted_defect_is_flagged_under_its_name(defect: str, seed: int, beside: bool) -> None:
    report = quality_report(DAMAGE[defect](seed, beside))
    expected = {defect, "repeated_pairs"} if defect == "duplicated_prompts" else {defect}
    assert flags(report) == expected
    blamed = {measure.of for measure in report.flags} - {"", "all judges"}
    assert blamed == {"length_bias": {"judge 0"}, "self_preference": {POLICIES[0]}}.get(defect, set())


@pytest.mark.parametrize("seed", range(3))
def test_a_judge_that_favours_what_it_reads_first_is_flagged(seed: int) -> None:
    report = quality_report(make_pairs(seed, 300, beside=True, position_biased=2))
    assert flags(report) == {"position_bias"}
    assert {measure.of for measure in report.flags} <= {"judge 0", "all judges"}


@pytest.mark.parametrize("beside", [False, True])
def test_judges_that_say_nothing_are_flagged(beside: bool) -> None:
    found = flags(quality_report(make_pairs(0, 400, beside=beside, spread=0, truth=True)))
    assert {"judge_agreement", "judge_alpha"} <= found


def test_ties_and_a_leaking_test_split_are_flagged() -> None:
    pairs = copied(make_pairs(0, 100), 0.2).with_row_index()
    pairs = pairs.with_columns(
        pl.when(pl.col("index") < 100).then(pl.lit("train")).otherwise(pl.lit("test")).alias("split")
    )
    tied = pairs.with_columns(
        pl.when(pl.col("index") < 20).then(0.0).otherwise("margin").alias("margin")
    ).drop("index")
    assert {"ties", "split_leak"} <= flags(quality_report(tied))


def test_what_can_not_be_measured_says_why() -> None:
    report = quality_report(frame(*(pair(i, []) for i in range(3))))
    missing = {measure.name: measure.why for measure in report.measures if measure.value is None}
    assert "not measured: no pair has two judges" in missing["judge_agreement"]
    assert missing["text_auc"] == "not measured: fewer than 20 prompts"
    assert {"position_bias", "length_bias", "self_preference", "label_agreement"} <= missing.keys()


def test_every_measure_is_in_every_rendering() -> None:
    report = quality_report(flipped(make_pairs(0, 60, beside=True), 0.3))
    assert {measure.name for measure in report.measures} == MEANINGS.keys() - {"split_leak"}
    lines, card, told = report.lines(), report.markdown(), json.loads(json.dumps(report.as_dict()))
    assert lines[0] == card.split("\n")[0]
    assert lines[0].startswith("60 pairs of 60 prompts. Flagged: label_agreement.")
    assert next(line for line in lines if line.startswith("!")).split()[1] == "label_agreement"
    assert all(
        any(measure.name in line for line in lines) and measure.name in card for measure in report.measures
    )
    assert len(told["measures"]) == len(report.measures)


def test_the_same_seed_gives_the_same_report() -> None:
    pairs = make_pairs(0, 60)
    assert quality_report(pairs, seed=3) == quality_report(pairs, seed=3)


# --- reading ---


EMPTY = Described(formats={}, policies={}, file_type="jsonl")


def export(folder: Path, pairs: pl.DataFrame, file_type: str) -> Path:
    (folder / "dpo").mkdir()
    EMPTY.write(folder)
    for split, rows in (("train", pairs.head(6)), ("test", pairs.tail(-6))):
        path = folder / "dpo" / f"{split}.{file_type}"
        if file_type == "jsonl":
            rows.write_ndjson(path)
        else:
            rows.write_parquet(path)
    return folder


@pytest.mark.parametrize("file_type", ["jsonl", "parquet"])
def test_an_export_is_read_back_with_its_splits(tmp_path: Path, file_type: str) -> None:
    pairs = make_pairs(0, 8)
    found = read_pairs(export(tmp_path, pairs, file_type))
    assert found.drop("split").equals(pairs)
    assert found["split"].to_list() == ["train"] * 6 + ["test"] * 2


def test_a_folder_that_is_no_export_or_has_no_pairs_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"not the folder of an export\n  Make one with: palaestra export"):
        read_pairs(tmp_path)
    EMPTY.write(tmp_path)
    with pytest.raises(BadInput, match=r"no preference pairs\n  Make one"):
        read_pairs(tmp_path)
    (tmp_path / "dpo").mkdir()
    (tmp_path / "dpo" / "train.jsonl").write_text("")
    with pytest.raises(BadInput, match="no preference pairs"):
        read_pairs(tmp_path)
    (tmp_path / "dpo" / "train.jsonl").write_text('{"prompt": "a string"')
    with pytest.raises(BadInput, match=r"train.jsonl"):
        read_pairs(tmp_path)
    (tmp_path / "dpo" / "train.jsonl").write_text('{"question": "?"}\n')
    with pytest.raises(BadInput, match="rows without prompt, chosen, rejected"):
        read_pairs(tmp_path)


# --- filters ---


def kept(pairs: pl.DataFrame, *words: str) -> list[str]:
    return apply(pairs, [parse(word) for word in words])[0]["prompt_id"].to_list()


def judged(number: int, *preferred: str, **changes: Any) -> dict[str, Any]:
    """A row that each of some judges decided for the side named."""
    told = [
        (f"judge {i}", of, False, 7.0 if of == side else 3.0)
        for i, side in enumerate(preferred)
        for of in ("chosen", "rejected")
    ]
    return pair(number, told, **changes)


def test_filters_keep_what_they_name() -> None:
    pairs = frame(
        judged(0, "chosen", "chosen", margin=2.0, score_chosen=9.0, score_rejected=8.9),
        judged(1, "rejected", "rejected", margin=1.0, rejected_policy="ash", score_chosen=9.0),
        judged(2, "chosen", "rejected", margin=0.0, chosen=message("y" * 40)),
        pair(3, [], margin=0.5, chosen=message("no"), score_chosen=3.0, score_rejected=2.9),
    )
    assert kept(pairs, "margin>=1") == ["0", "1"]
    assert kept(pairs, "margin > 1") == ["0"]
    assert kept(pairs, "ties") == ["0", "1", "3"]
    assert kept(pairs, "agreement>=0.6") == ["0", "1"]
    assert kept(pairs, "label_agrees") == ["0", "2", "3"]
    assert kept(pairs, "cross_model") == ["0", "2", "3"]
    assert kept(pairs, "same_model") == ["1"]
    assert kept(pairs, "length_ratio<=2") == ["0", "1", "3"]
    assert kept(pairs, "alike") == ["0", "1", "2"]
    assert kept(pairs, "map=high-low") == ["0"]


def test_pairs_with_an_answer_that_was_cut_are_flagged_and_can_be_left_out() -> None:
    ends = {0: ("length", "stop"), 1: ("stop", "stop"), 2: ("stop", "length"), 3: ("length", "length")}
    pairs = make_pairs(0, 40).with_row_index()
    for side, number in (("chosen", 0), ("rejected", 1)):
        told = [ends[i % 4][number] for i in range(pairs.height)]
        pairs = pairs.with_columns(pl.Series(f"{side}_finish", told))
    pairs = pairs.drop("index")
    report = quality_report(pairs)
    assert "cut_answers" in flags(report)
    shares = {(m.name, m.of): m.value for m in report.measures if m.name.startswith("cut_")}
    assert shares == {
        ("cut_answers", ""): 0.75,
        ("cut_side", "chosen"): 0.5,
        ("cut_side", "rejected"): 0.5,
    }
    whole, _ = apply(pairs, [parse("whole")])
    assert whole.height == 10
    assert "cut_answers" not in flags(quality_report(whole))


def test_each_filter_says_what_it_dropped_of_what_the_ones_before_left() -> None:
    pairs = copied(make_pairs(0, 50), 0.2)
    left, dropped = apply(pairs, [parse("duplicates"), parse("margin>=1"), parse("margin<1"), parse("ties")])
    assert left.is_empty()
    assert [(one.name, one.before) for one in dropped[:2]] == [("duplicates", 60), ("margin>=1", 50)]
    assert dropped[0].dropped == 10
    assert dropped[1].dropped + dropped[2].dropped == 50
    assert dropped[3].before == dropped[3].dropped == 0


def test_filtered_exports_are_clean() -> None:
    damaged = copied(flipped(make_pairs(1, 300), 0.1), 0.1)
    assert {"label_agreement", "duplicated_prompts"} <= flags(quality_report(damaged))
    mended, _ = apply(damaged, [parse("label_agrees"), parse("duplicates")])
    assert flags(quality_report(mended)) == set()


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("margn>=1", "Did you mean 'margin'"),
        ("margin", "margin>=X"),
        ("margin>=much", "is no number"),
        ("map=hi-lo", "map=high-low"),
        ("duplicates>=1", "duplicates"),
        ("", "Filters: margin>=X"),
    ],
)
def test_a_filter_that_is_none_names_those_that_are(words: str, hint: str) -> None:
    with pytest.raises(BadInput, match=hint):
        parse(words)
