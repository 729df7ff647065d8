"""Whoever reads a run reads its shards: records, tables, exports, reports, branches, damage and repair."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from palaestra.agents.failures import RunUnreadable
from palaestra.runs.record import log as run_log
from palaestra.runs.record.repair import of_all_logs, repair, survey
from palaestra.runs.record.state import RunState
from palaestra.runs.run import Run
from palaestra.scenarios.core.load import Scenario
from palaestra.sims.commands.app import app
from palaestra.sims.playing import play
from palaestra.sims.playing.branch import branch as branch_run
from palaestra.sims.playing.branch import selection
from support.crews import Losing, of
from support.scripted_debates import recorded, scenario


def debates() -> Scenario:
    return scenario(episodes=5)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play.start(debates(), tmp_path_factory.mktemp("alone") / "run", quiet=True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play.start(debates(), tmp_path_factory.mktemp("shards") / "run", quiet=True, crew=of(Losing(3)))


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "run"))


def read(folder: Path) -> int:
    return len(list(run_log.read(folder)))


def resumed(folder: Path) -> object:
    return play.resume(folder, ["episodes=6"], quiet=True)


def survey_all(folder: Path) -> object:
    return of_all_logs(folder, survey)


Look = Callable[[Path], object]


def without_times(table: pl.DataFrame) -> pl.DataFrame:
    return table.select(pl.exclude("^(submitted|answered|seconds|cached_tokens)$"))


def test_its_tables_are_those_of_one_log(alone: Path, folder: Path) -> None:
    one, other = Run(alone).tables, Run(folder).tables
    assert one.keys() == other.keys()
    for name in one:
        keys = [key for key in ("episode", "call", "message", "event", "option") if key in one[name].columns]
        assert_frame_equal(
            without_times(one[name]).sort(keys), without_times(other[name]).sort(keys), check_row_order=False
        )


def test_kept_tables_are_made_again_when_a_shard_has_more(folder: Path) -> None:
    Run(folder).write_tables()
    before = len(Run(folder).calls)
    play.resume(folder, ["episodes=6"], quiet=True)
    assert len(Run(folder).calls) > before


def test_what_its_shards_say_of_their_sittings_is_gathered(alone: Path, folder: Path) -> None:
    state = RunState.read(folder)
    [sitting] = state.sittings
    assert sitting.engines == RunState.read(alone).sittings[0].engines
    assert state.made_up
    assert RunState.told(folder / "shards/1").only == (1, 3)
    (folder / "run.json").write_text((folder / "run.json").read_text().replace('"calls"', '"once_calls"'))
    assert RunState.read(folder).counts == state.counts


def test_it_is_branched_like_one_log(alone: Path, folder: Path, tmp_path: Path) -> None:
    chosen = selection(["purpose=argue"], "1-3", 3)
    one = branch_run(alone, tmp_path / "one", chosen, quiet=True)
    other = branch_run(folder, tmp_path / "other", chosen, quiet=True)
    assert recorded(one) == recorded(other)


@pytest.mark.parametrize(
    "command",
    [["show", "RUN", "-e", "4"], ["report", "RUN"], ["export", "RUN", "--to", "sft", "--out", "RUN-dpo"]],
)
def test_commands_read_it_like_one_log(
    alone: Path, folder: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    for run in (alone, folder):
        app([word.replace("RUN", str(run)) for word in command], standalone_mode=False)
        told.append(capsys.readouterr().out.replace(str(run), "RUN"))
    assert told[0] == told[1]


def test_a_shard_that_has_not_begun_holds_nothing(folder: Path) -> None:
    shard = folder / "shards/1"
    (shard / run_log.NAME).unlink()
    RunState.told(shard).model_copy(update={"heads": {}, "sittings": (), "status": "interrupted"}).write(
        shard
    )
    assert {record["episode"] for record in run_log.read(folder)} == {0, 3, 4}


@pytest.mark.parametrize("lost", ["shards/1", "shards/1/log.jsonl", "shards/1/run.json"])
def test_a_shard_that_is_gone_is_named(folder: Path, lost: str) -> None:
    shutil.rmtree(folder / lost) if (folder / lost).is_dir() else (folder / lost).unlink()
    with pytest.raises(RunUnreadable, match="shards/1"):
        read(folder)


def test_a_log_that_is_lost_of_a_shard_whose_player_was_killed_is_named(folder: Path) -> None:
    (folder / "shards/1/log.jsonl").unlink()
    shard = RunState.told(folder / "shards/1")
    shard.model_copy(update={"heads": {}, "status": "running"}).write(folder / "shards/1")
    with pytest.raises(RunUnreadable, match=r"shards/1 holds no log\.jsonl"):
        read(folder)
    with pytest.raises(RunUnreadable, match=r"shards/1 holds no log\.jsonl"):
        play.resume(folder, ["episodes=6"], quiet=True)


def swapped(folder: Path, shard: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(shard, folder)


def of_another_run(folder: Path) -> Path:
    return play.start(scenario(episodes=5, seed=1), folder, quiet=True, crew=of(Losing(3)))


def linked(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"))


@pytest.mark.parametrize("look", [read, survey_all, resumed])
def test_what_is_another_shard_or_anothers_is_no_shard(folder: Path, look: Look, tmp_path: Path) -> None:
    shard = folder / "shards/2"
    swapped(shard, folder / "shards/1")
    with pytest.raises(
        RunUnreadable, match="shards/2 is another; there should be the shard of episodes 3 to 4"
    ):
        look(folder)
    swapped(shard, of_another_run(tmp_path / "other") / "shards/2")
    with pytest.raises(RunUnreadable, match="shards/2 is another"):
        look(folder)


def test_junk_in_the_empty_log_of_a_run_in_shards_is_repaired(alone: Path, folder: Path) -> None:
    (folder / run_log.NAME).write_bytes(b"junk\n")
    with pytest.raises(RunUnreadable, match="a line that is no record"):
        resumed(folder)
    of_all_logs(folder, repair)
    assert recorded(folder) == recorded(alone)
    shutil.rmtree(folder / "shards/1")
    with pytest.raises(
        RunUnreadable, match="shards/1 is missing; there should be the shard of episodes 1 to 2"
    ):
        read(folder)


@pytest.mark.parametrize("look", [read, survey_all])
def test_a_link_is_no_shard(folder: Path, look: Look) -> None:
    linked(folder / "shards/2")
    with pytest.raises(RunUnreadable, match="shards/2 is a link"):
        look(folder)


@pytest.mark.parametrize("into", ["log.jsonl", "shards/0/log.jsonl"])
def test_records_of_episodes_that_are_not_a_logs_own_are_refused_and_repaired(
    alone: Path, folder: Path, into: str
) -> None:
    with (folder / into).open("ab") as log:
        log.write((folder / "shards/1/log.jsonl").read_bytes())
    with pytest.raises(RunUnreadable, match=f"{into} is damaged .* episode 1 is none of those"):
        read(folder)
    assert sum(len(each.strangers) for each in of_all_logs(folder, repair).values()) > 0
    assert recorded(folder) == recorded(alone)


def test_a_tail_that_is_lost_after_the_last_stamp_is_named(folder: Path) -> None:
    log = folder / "shards/2/log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:-2]))
    with pytest.raises(RunUnreadable, match=f"{log} is damaged at byte .* episode .* ends after"):
        read(folder)


def test_a_damaged_shard_is_repaired_alone_and_played_on(alone: Path, folder: Path) -> None:
    log = folder / "shards/1/log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:30] + lines[31:]))
    found = of_all_logs(folder, survey)
    assert [place.name for place, each in found.items() if not each.well] == ["1"]
    others = [(folder / f"shards/{n}/log.jsonl").read_bytes() for n in (0, 2)]
    of_all_logs(folder, repair)
    assert RunState.read(folder).status == "interrupted"
    assert read(folder) < read(alone)
    assert [(folder / f"shards/{n}/log.jsonl").read_bytes() for n in (0, 2)] == others
    play.resume(folder, quiet=True)
    assert recorded(folder) == recorded(alone)
    assert RunState.read(folder).status == "finished"
