"""Commands that make better pairs: other answers played to their ends, and pairs measured and filtered."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median

import polars as pl
import pytest

from palaestra.runs.exports.described import Described
from palaestra.runs.quality.pairs import read_pairs
from palaestra.runs.quality.treatments import TREATMENTS, Means
from palaestra.runs.run import Run
from support.command_line import done, refused
from support.exported import Row, rows

# --- branch ---


def test_offers_are_played_again_with_other_answers_to_their_ends_and_make_pairs(
    car: Path, tmp_path: Path
) -> None:
    words = ("--calls", "purpose=offer", "--answers", "2", "--repeats", "2", "--most", "3", "-q")
    said = done("branch", car, *words, "--out", "b", cwd=tmp_path)
    assert said == "run folder: b make pairs of it: palaestra export b"
    run = Run(tmp_path / "b")
    plan = run.state.branch
    assert plan is not None
    assert (plan.repeats, len(plan.points)) == (2, 3)
    assert run.episodes["ended"].to_list() == [True] * (3 * (1 + 2) * 2)
    first = Run(car).calls
    for point in plan.points:
        call = first.filter(episode=point.episode, call=point.call)
        assert call["purpose"].to_list() == ["offer"]
    done("export", "b", "--pairs", "all", "--out", "e", cwd=tmp_path)
    for row in rows(tmp_path / "e", "dpo"):
        assert row["prompt"]
        assert row["chosen"] != row["rejected"]
        assert row["basis"] == "outcome"
        utilities = [worth(run, row, side) for side in ("chosen", "rejected")]
        assert row["margin"] == pytest.approx(utilities[0] - utilities[1])


def worth(run: Run, row: Row, side: str) -> float:
    """What the author of an answer got on the average over the plays of that answer."""
    first = row[f"{side}_play"]
    plays = pl.col("episode").is_in([first, first + 1])
    one, other = run.table("utility").filter(plays, party=row[f"{side}_agent"])["surplus"].to_list()
    return float(one + other) / 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--calls", "purpos=offer"), "--calls purpos=offer: there are no such calls"),
        (("--calls", "purpose=sing"), "none of the calls in"),
        (("--episodes", "x"), "--episodes x: this names no episodes"),
        (("--set", "rounds=9"), "a run that has begun can't change that"),
    ],
)
def test_what_can_not_be_branched_is_refused_and_leaves_nothing(
    car: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in refused("branch", car, *words, "--out", "b", cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_only_the_episodes_that_are_named_are_branched(car: Path, tmp_path: Path) -> None:
    done("branch", car, "--episodes", "1", "--calls", "agent=Vera", "-q", "--out", "b", cwd=tmp_path)
    plan = Run(tmp_path / "b").state.branch
    assert plan is not None
    calls = Run(car).calls
    assert {point.episode for point in plan.points} == {1}
    assert {calls.filter(episode=1, call=p.call)["agent"].item() for p in plan.points} == {"Vera"}


# --- quality ---


def test_pairs_are_measured(pairs: Path) -> None:
    said = done("quality", pairs)
    told = rows(pairs, "dpo")
    asked = len({row["prompt_id"] for row in told})
    assert said.startswith(f"{len(told)} pairs of {asked} prompts. ")
    longer = [len(row["chosen"][0]["content"]) - len(row["rejected"][0]["content"]) for row in told]
    share = sum(more > 0 for more in longer) / sum(more != 0 for more in longer)
    assert f"longer_chosen {share:.3f} [" in said
    middle = median(row["margin"] for row in told)
    assert f"margin (median, points 1–10) {middle:.3f} " in said


def test_what_filters_keep_is_measured_and_written_as_an_export(pairs: Path, tmp_path: Path) -> None:
    every = rows(pairs, "dpo")
    least = round(sorted(row["margin"] for row in every)[len(every) // 2], 3)
    words = ("--keep", f"margin>={least}", "--keep", "cross_model", "--out", tmp_path / "good")
    said = done("quality", pairs, *words)
    kept = [row for row in every if row["margin"] >= least]
    assert f"margin>={least} {len(every)} {len(every) - len(kept)} cross_model {len(kept)} 0 " in said
    assert f"{len(kept)} pairs of " in said
    assert said.endswith(f"export: {tmp_path / 'good'}")
    unknown = {"agreement_by_chance": None}  # as the filter goes by what judges said
    assert rows(tmp_path / "good", "dpo") == [row | unknown for row in kept]
    described = json.loads((tmp_path / "good" / "export.json").read_text())
    assert described["filtered_from"] == str(pairs)
    assert sum(described["formats"]["dpo"].values()) == len(kept)
    assert f"palaestra quality {pairs} --keep 'margin>={least}'" in described["command"]
    assert f"{len(kept)} pairs of " in (tmp_path / "good" / "README.md").read_text()
    assert f"{len(kept)} pairs of " in done("quality", tmp_path / "good")


@pytest.mark.parametrize("name", [name for name, one in TREATMENTS.items() if one.needs != "loss"])
def test_every_treatment_that_needs_no_model_is_called_by_its_name(
    name: str, pairs: Path, tmp_path: Path
) -> None:
    """Those by rank act on half, those by tags keep two prompts; the rest on what the verdicts say."""
    read = read_pairs(pairs)
    cleaned = TREATMENTS[name].treat(read, Means(fraction=0.5, cap=2))
    options = {"rw_gap": ("--fraction", "0.5"), "ins_ta": ("--cap", "2")}.get(name[:6], ())
    words = ("--clean", name, *options, "--out", tmp_path / "clean")
    if cleaned.pairs.is_empty():
        assert "no pair is left" in refused("quality", pairs, *words)
        return
    said = done("quality", pairs, *words)
    assert f"{name} {read.height} {cleaned.removed} {cleaned.flipped} " in said
    written = rows(tmp_path / "clean", "dpo")
    assert sorted(row["chosen_call"] for row in written) == sorted(cleaned.pairs["chosen_call"])
    described = Described.read(tmp_path / "clean")
    assert described.left_out["treatments"] == {name: cleaned.removed}
    assert described.turned == ({name: cleaned.flipped} if cleaned.flipped else {})
    if cleaned.flipped:
        assert f"| {name} | {cleaned.flipped} |" in (tmp_path / "clean" / "README.md").read_text()


def test_what_is_cleaned_again_is_counted_in_sum(pairs: Path, tmp_path: Path) -> None:
    """By a tenth three times, in two exports, with a filter that drops nothing in each."""
    height = read_pairs(pairs).height
    once, twice = tmp_path / "once", tmp_path / "twice"
    by_rank = ("--clean", "rw_gap_r", "--fraction", "0.1")
    done("quality", pairs, "--keep", "margin>=0", *by_rank, *by_rank, "--clean", "rw_gap_f", "--out", once)
    done("quality", once, "--keep", "margin<=99", *by_rank, "--clean", "rw_gap_f", "--out", twice)
    first, second = Described.read(once), Described.read(twice)
    assert first.left_out["filters"] == {"not margin>=0": 0}
    assert second.left_out["filters"] == {"not margin>=0": 0, "not margin<=99": 0}
    assert second.left_out["treatments"] == {
        "rw_gap_r": height - read_pairs(twice).height,
        "rw_gap_f": 0,
    }
    assert second.turned["rw_gap_f"] > first.turned["rw_gap_f"] > 0


def test_tags_of_prompts_come_from_a_file(pairs: Path, tmp_path: Path) -> None:
    prompts = sorted({row["prompt_id"] for row in rows(pairs, "dpo")})
    told = [{"prompt_id": one, "tags": ["a", "b"] if one == prompts[1] else ["a"]} for one in prompts]
    (tmp_path / "tags.jsonl").write_text("\n".join(map(json.dumps, told)))
    words = ("--clean", "ins_tag_cmp", "--cap", "1", "--tags", tmp_path / "tags.jsonl")
    done("quality", pairs, *words, "--out", tmp_path / "clean")
    assert {row["prompt_id"] for row in rows(tmp_path / "clean", "dpo")} == {prompts[1]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--clean", "rw_gap"), "Did you mean 'rw_gap_r'?"),
        (
            ("--clean", "ins_tag_div", "--reward-model", "m"),
            "--reward-model serves llm_judge_r, llm_judge_f, rw_gap_r,",
        ),
        (("--clean", "rw_gap_r", "--tags", "t"), "--tags serves ins_tag_cmp, ins_tag_div"),
        (("--clean", "ins_tag_div", "--tags", "t"), "can't be read as tags"),
        (("--clean", "rw_gap_r", "--model", "m"), "--model serves ifd_r, ifd_gap_r, ifd_gap_f"),
        (
            ("--clean", "ins_tag_div", "--fraction", "0.1"),
            "--fraction serves rw_gap_r, rw_gap_f, ifd_r, ifd_gap_r, ifd_gap_f",
        ),
        (("--clean", "vote_all_r", "--cap", "6000"), "--cap serves ins_tag_cmp, ins_tag_div"),
        (("--fraction", "0"), "--fraction serves rw_gap_r, rw_gap_f, ifd_r, ifd_gap_r, ifd_gap_f"),
        (("--keep", "margin>=100", "--clean", "rw_gap_r"), "no pair is left"),
        (("--clean", "rw_gap_r", "--fraction", "1", "--clean", "vote_all_r"), "no pair is left"),
        (("--keep", "margim>=1"), "Did you mean 'margin'?"),
        (("--keep", "margin>=100"), "no pair is left"),
        (("--out", "kept"), "--out is for the pairs that filters keep"),
    ],
)
def test_pairs_that_can_not_be_filtered_so_are_refused_and_nothing_is_written(
    pairs: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in refused("quality", pairs, *words, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert "is not the folder of an export" in refused("quality", tmp_path)
