"""A run folder read back: tables, prompts and transcripts say what was played."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from palaestra.agents.failures import BadInput, RunUnreadable
from palaestra.runs import tables
from palaestra.runs.record import log as run_log
from palaestra.runs.record.chain import sealed
from palaestra.runs.record.records import FORMAT
from palaestra.runs.run import Run
from palaestra.runs.transcript import transcript
from palaestra.scenarios.core.load import check
from palaestra.scenarios.core.registry import SCENARIOS
from palaestra.sims.playing import play

SCENARIO = {
    "scenario": "debate",
    "motions": ["Cities should ban cars.", "Museums should be free."],
    "episodes": 3,
    "rounds": 2,
    "engines": {"default": {"kind": "scripted"}},
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(play.start(check(SCENARIO, "test"), tmp_path_factory.mktemp("runs") / "run", quiet=True))


def test_there_is_a_row_for_each_episode_call_and_event(run: Run) -> None:
    assert run.episodes.height == 3
    # 4 debaters × (2 opinions + 2 rounds) + 3 judges × 4 debaters × 2 criteria
    assert run.calls.height == 3 * (4 * 4 + 24)
    assert run.table("opinion").height == 3 * 8
    assert run.table("speech").height == 3 * 8
    assert run.table("score").height == 3 * 24
    assert run.table("verdict").height == 3 * 4


def test_speeches_join_their_messages_and_calls(run: Run) -> None:
    joined = (
        run.table("speech")
        .join(run.messages, on=["episode", "message"])
        .join(run.calls, on=["episode", "call"], suffix="_call")
    )
    assert joined.height == 24
    assert (joined["text"] == joined["text_call"]).all()
    assert (joined["label"] == joined["agent"]).all()
    assert (joined["purpose"] == "argue").all()


def test_probabilities_stand_beside_their_options_and_sum_to_one(run: Run) -> None:
    choices = run.calls.filter(pl.col("options").is_not_null())
    assert (choices["options"].list.len() == choices["probabilities"].list.len()).all()
    assert choices["probabilities"].list.sum().is_between(0.9999, 1.0001).all()


def test_a_text_is_stored_once_in_the_log(run: Run) -> None:
    log = (run.folder / "log.jsonl").read_text()
    for text in run.calls.filter(pl.col("purpose") == "argue")["text"].unique():
        said = run.calls.filter(pl.col("text") == text).height
        assert log.count(json.dumps(text)) == said


def test_the_exact_prompt_of_a_call_can_be_read(run: Run) -> None:
    second_round = run.calls.filter((pl.col("purpose") == "argue") & pl.col("about").str.contains("2")).row(
        0, named=True
    )
    shown = run.prompt(second_round["episode"], second_round["call"])
    assert shown[0][0] == "system"
    first_round = run.calls.filter(
        (pl.col("episode") == second_round["episode"])
        & (pl.col("purpose") == "argue")
        & pl.col("about").str.contains("1")
    )
    for agent, text in first_round.select("agent", "text").iter_rows():
        assert ("user", f"{agent}: {text}") in shown


def test_parquet_tables_equal_those_built_from_the_log(run: Run) -> None:
    built = run.tables
    run.write_tables()
    read = Run(run.folder)
    assert set(read.tables) == set(built)
    for name, table in built.items():
        assert read.table(name).equals(table)


def test_tables_are_the_same_however_many_rows_are_held_as_objects(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "CHUNK", 7)
    again = tables.build(run_log.read(run.folder), SCENARIOS["debate"].event_types)
    assert again.keys() == run.tables.keys()
    for name, table in run.tables.items():
        assert again[name].equals(table)


def test_lists_that_are_empty_and_lists_that_are_none_stay_apart() -> None:
    column = tables._column("options", (["a", "b"], None, (), ["c"]), pl.List(pl.String))
    assert column.to_list() == [["a", "b"], None, [], ["c"]]
    assert column.dtype == pl.List(pl.String)


def test_a_log_that_grew_makes_old_tables_stale(tmp_path: Path) -> None:
    folder = play.start(check(SCENARIO | {"episodes": 1}, "test"), tmp_path / "run", quiet=True)
    Run(folder).write_tables()
    begun = {"record": "episode", "episode": 1, "seed": 5, "format": FORMAT}
    with (folder / "log.jsonl").open("ab") as log:
        log.writelines(sealed([begun]))
    assert Run(folder).episodes.height == 2


def test_a_transcript_with_events_tells_them_after_the_calls_that_led_to_them(run: Run) -> None:
    full = list(transcript(run, 1, events=True))
    speeches = run.table("speech").filter(episode=1).height
    assert sum(line.startswith("· speech: agent ") for line in full) == speeches
    assert set(transcript(run, 1)) <= set(full)
    before = next(i for i, line in enumerate(full) if line.startswith("· opinion: "))
    assert full.index(next(line for line in full if "── argue" in line)) > before


def test_a_transcript_reads_in_the_order_of_play(run: Run) -> None:
    lines = list(transcript(run, 1))
    text = "\n".join(lines)
    assert "Museums should be free." in lines[1]
    places = [
        text.index(mark)
        for mark in ("opinion, before", "argue, round 1", "argue, round 2", "opinion, after", "score")
    ]
    assert places == sorted(places)
    for said in run.calls.filter((pl.col("episode") == 1) & (pl.col("purpose") == "argue"))["text"]:
        assert said.split()[0] in text


def test_what_is_not_there_is_named_with_what_is(run: Run, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="It has: episodes, messages, calls"):
        run.table("votes")
    with pytest.raises(BadInput, match="0 to 2"):
        list(transcript(run, 9))
    with pytest.raises(BadInput, match="no recorded call 999"):
        run.prompt(0, 999)
    with pytest.raises(RunUnreadable, match="not the folder of a run"):
        Run(tmp_path)
