"""The commands that study runs: their tables, what they say they can't tell, and what they refuse."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from palaestra.agents.extensions import Place
from palaestra.runs.measures import FAMILIES
from palaestra.runs.run import Run
from palaestra.scenarios.core.sweep import points
from palaestra.sims.engines import embedded_model
from palaestra.sims.playing import play
from palaestra.sims.playing.sweep import start_sweep
from support.command_line import done, refused
from support.logs import kill_after
from support.scripted_debates import scenario

EPISODES = 12


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of two runs that differ in their number of rounds."""
    swept = points(scenario(sweep={"rounds": [1, 3]}, episodes=EPISODES))
    return start_sweep(swept, tmp_path_factory.mktemp("study") / "sweep", quiet=True)


def test_a_sweep_is_compared_with_its_first_run_in_pairs(sweep: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    said = done("compare", str(sweep), "-m", "echo", "-m", "speech_length", "--out", str(table))
    assert "baseline: 0-rounds=1" in said
    assert f"{EPISODES} pairs" in said
    rows = pl.read_csv(table)
    assert rows["run"].to_list() == ["1-rounds=3"] * 2
    assert rows["metric"].to_list() == ["echo", "speech_length"]
    assert (rows["p_corrected"] >= rows["p"]).all()


def test_what_is_told_follows_from_the_runs(sweep: Path, tmp_path: Path) -> None:
    lengths = []
    for name in ("0-rounds=1", "1-rounds=3"):
        run = Run(sweep / name)
        speeches = run.messages.drop_nulls("call").with_columns(
            words=pl.col("text").str.split(" ").list.len()
        )
        lengths.append(speeches.group_by("episode").agg(pl.col("words").mean())["words"].to_numpy().mean())
        said = done("metrics", sweep / name, "-m", "speech_length", "--out", tmp_path / f"{name}.parquet")
        (row,) = pl.read_parquet(tmp_path / f"{name}.parquet").to_dicts()
        assert row["value"] == pytest.approx(lengths[-1])
        assert row["low"] < row["value"] < row["high"]
        assert (
            f"speech_length {row['value']:.3f} {row['low']:.3f} … {row['high']:.3f} words {EPISODES}" in said
        )
    done("compare", sweep, "-m", "speech_length", "--out", tmp_path / "table.csv")
    (row,) = pl.read_csv(tmp_path / "table.csv").to_dicts()
    assert [row["first"], row["second"]] == pytest.approx(lengths)
    assert row["difference"] == pytest.approx(lengths[1] - lengths[0])


def test_a_metric_that_is_asked_for_by_name_and_has_no_occasion_is_refused(tmp_path: Path) -> None:
    done(
        "run",
        "n-way",
        "--dry-run",
        "-q",
        "--set",
        "fighters_judge=false",
        "--set",
        "judges=[{name: Kim}]",
        "--set",
        "weights=uniform",
        "--out",
        tmp_path / "one-judge",
    )
    told = refused("metrics", tmp_path / "one-judge", "-m", "duel_judges_agreement")
    assert "no episode has an occasion for it (two judges who scored the same)" in told


def test_a_comparison_ends_with_what_it_can_not_show(sweep: Path) -> None:
    said = done("compare", str(sweep), "-m", "speech_length")
    assert "corrected for 1 test by Holm" in said
    assert "may differ all the same" in said


def test_too_few_episodes_are_compared_without_interval_and_with_a_word(tmp_path: Path) -> None:
    folder = start_sweep(points(scenario(sweep={"rounds": [1, 2]}, episodes=1)), tmp_path / "s", quiet=True)
    said = done("compare", str(folder), "-m", "speech_length")
    assert "Nothing could be tested" in said
    assert "one episode, and it takes 10" in said


def test_a_run_is_measured_with_intervals_and_units(sweep: Path) -> None:
    said = done("metrics", str(sweep / "0-rounds=1"))
    assert "opinion_shift" in said
    assert "points" in said
    assert "…" in said
    assert "swap" in said  # a panel that only scores can't be asked for it: the reason is told


def test_without_a_run_all_metrics_are_listed_with_unit_range_and_source() -> None:
    said = done("metrics")
    assert "tas TAS, traitor agreement score" in said
    assert "share, 0…1; source: The Traitors, utils/metrics.py" in said


def test_runs_of_different_scenarios_are_not_compared(sweep: Path, tmp_path: Path) -> None:
    done("run", "used-car", "--dry-run", "-q", "--out", tmp_path / "car")
    said = refused("compare", str(sweep / "0-rounds=1"), str(tmp_path / "car"))
    assert "different scenarios: debate, negotiation" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-m", "conformty"), "there is no metric 'conformty'\n  Did you mean 'conformity'?"),
        (("-m", "tas"), "tas can't be measured here: there is no table 'vote'"),
        (("--out", "table.xls"), "a table is written as .csv or .parquet"),
    ],
)
def test_what_can_not_be_measured_or_written_is_refused(
    sweep: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in refused("compare", str(sweep), *words)
    assert said in refused("metrics", str(sweep / "0-rounds=1"), *words)


def test_runs_of_the_same_name_are_told_apart_and_the_same_run_counts_once(
    sweep: Path, tmp_path: Path
) -> None:
    other = start_sweep(
        points(scenario(sweep={"rounds": [2]}, episodes=EPISODES)), tmp_path / "s", quiet=True
    )
    (other / "0-rounds=2").rename(other / "0-rounds=1")
    first, second = sweep / "0-rounds=1", other / "0-rounds=1"
    said = done("compare", str(first), str(second), str(first), "-m", "echo")
    assert said.count("echo 0.") == 1
    assert f"baseline: {first}".replace("\n", "") in said.replace(" ", " ")


def test_a_run_without_an_ended_episode_is_left_out_of_a_comparison_by_name(
    sweep: Path, tmp_path: Path
) -> None:
    stopped = tmp_path / "stopped"
    shutil.copytree(sweep / "1-rounds=3", stopped)
    kill_after(stopped, 3)
    shutil.rmtree(stopped / "tables", ignore_errors=True)
    runs = [str(sweep / "0-rounds=1"), str(stopped), str(sweep / "1-rounds=3")]
    said = done("compare", *runs, "-m", "echo")
    assert f"{stopped.name} is left out: no episode of it has ended" in said
    assert f"{EPISODES} pairs" in said
    assert "no episode of" in refused("compare", *runs[:2])
    assert "no episode of" in refused("compare", runs[1], runs[0])


def test_what_is_the_same_in_other_words_is_tested_once(tmp_path: Path) -> None:
    for seed in ("1", "2"):
        done("run", "traitors", "--dry-run", "-q", "-n", "12", "--seed", seed, "--out", tmp_path / seed)
    said = done("compare", str(tmp_path / "1"), str(tmp_path / "2")).split()
    assert {"fcr", "vsf"} <= set(said)
    assert not {"idr", "tns"} & set(said)


def test_few_episodes_that_could_never_pass_the_correction_are_told(tmp_path: Path) -> None:
    swept = points(scenario(sweep={"rounds": [1, 2, 3, 4, 5]}, episodes=10))
    folder = start_sweep(swept, tmp_path / "s", quiet=True)
    assert "could not pass a correction" in done("compare", str(folder))
    assert "could not pass" not in done("compare", str(folder), "-m", "echo")


def test_one_run_alone_is_no_comparison(sweep: Path) -> None:
    assert "takes two runs or more" in refused("compare", str(sweep / "0-rounds=1"))


def test_a_run_without_an_ended_episode_is_not_measured(sweep: Path, tmp_path: Path) -> None:
    folder = play.start(scenario(episodes=1), tmp_path / "run", quiet=True)
    kill_after(folder, 2)
    assert not Run(folder).episodes["ended"].any()
    assert f"palaestra resume {folder}" in refused("metrics", str(folder))


@pytest.fixture(scope="module")
def embedding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers model: what the embedded model makes of words in its first layers, averaged."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import AutoModel, AutoTokenizer

    model, folder = str(embedded_model.ensure()), tmp_path_factory.mktemp("embedding")
    first_layers = AutoModel.from_pretrained(model, num_hidden_layers=2, dtype="float32")
    first_layers.save_pretrained(folder / "model")
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.pad_token = tokenizer.eos_token
    tokenizer.save_pretrained(folder / "model")
    words = Transformer(str(folder / "model"), max_seq_length=64)
    SentenceTransformer(modules=[words, Pooling(words.get_embedding_dimension())], device="cpu").save(
        str(folder)
    )
    return folder


@pytest.mark.torch
def test_with_an_embedding_model_similarity_is_measured_by_meaning_too(
    embedding: Path, tmp_path: Path
) -> None:
    run = str(play.start(scenario(episodes=1), tmp_path / "run", quiet=True))
    names = ("-m", "echo", "-m", "semantic_echo", "-m", "semantic_repetition")
    said = done("metrics", run, "--embedding", str(embedding), *names)
    assert "semantic_echo 0." in said
    assert "semantic_repetition 0." in said
    assert " echo 0." in said


def test_an_embedding_is_never_put_in_the_place_of_another(sweep: Path) -> None:
    run = str(sweep / "1-rounds=3")
    assert "no metric 'semantic_echo'" in refused("metrics", run, "-m", "semantic_echo")
    assert "there is no folder ./nowhere" in refused("metrics", run, "--embedding", "./nowhere")


def test_plots_are_written_one_file_each_and_what_is_left_out_is_told(sweep: Path, tmp_path: Path) -> None:
    run = str(sweep / "0-rounds=1")
    said = done("plots", run, "--out", str(tmp_path / "figures"), "--as", "png")
    files = {file.stem: file.read_bytes()[:4] for file in (tmp_path / "figures").iterdir()}
    assert {"opinions", "levels"} <= set(files)
    assert set(files.values()) == {b"\x89PNG"}
    assert all(f"{name}.png" in said or f"{name} is left out" in said for name in files)


def test_plots_that_a_run_does_not_allow_are_refused(sweep: Path, tmp_path: Path) -> None:
    run = str(sweep / "0-rounds=1")
    assert "no table 'belief'" in refused("plots", run, "--only", "trust", "--out", str(tmp_path / "no"))
    assert "The plots are: deals" in refused("plots", run, "--only", "trusst", "--out", str(tmp_path / "no"))
    assert not (tmp_path / "no").exists()


def test_what_fails_in_a_strangers_family_is_told_and_all_else_is_measured_and_drawn(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "rude_manners.py"
    file.write_text(
        "from palaestra import metric, plot\n"
        "@metric('opinion.agent', unit='bows')\n"
        "def rudeness(opinion):\n    return opinion['manners']\n"
        "@plot('opinion.agent')\n"
        "def rude_gestures(tables):\n    return tables['gesture']\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(
        FAMILIES, "places", {**FAMILIES.find(), "manners": Place("manners", "rude_manners", package="rude")}
    )
    run, remedy = str(sweep / "0-rounds=1"), "Mend it there, or: pip uninstall rude."
    said = done("metrics", run, "-m", "rudeness", "-m", "opinion_shift")
    assert "opinion_shift" in said
    assert f"'rudeness' of the family 'manners' (rude_manners) failed at {file}:4: ColumnNotFound" in said
    assert remedy in said
    said = done("plots", run, "--out", str(tmp_path / "figures"))
    assert "rude_gestures is left out: the plot 'rude_gestures' of the family 'manners'" in said
    assert f"{file}:7: KeyError: 'gesture' {remedy}" in said
    assert (tmp_path / "figures" / "opinions.pdf").exists()
    assert "failed at" in refused("plots", run, "--only", "rude_gestures")


def test_a_report_of_a_sweep_holds_all_its_runs(sweep: Path, tmp_path: Path) -> None:
    assert done("report", str(sweep), "--out", str(tmp_path / "r.html")) == f"report: {tmp_path / 'r.html'}"
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "0-rounds=1" in page
    assert "1-rounds=3" in page
    assert "is a folder" in refused("report", str(sweep), "--out", str(tmp_path))
