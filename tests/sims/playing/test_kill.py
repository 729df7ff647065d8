"""A run that is killed loses nothing: resumed, it ends as if nothing had happened."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from palaestra.runs.record import log as run_log
from palaestra.runs.record.records import Record
from palaestra.scenarios.core.load import Scenario
from palaestra.sims.playing import play
from support.scripted_debates import recorded, scenario
from support.sitting import sitting

CHUNKS = (0, 1, *(pytest.param(chunk, marks=pytest.mark.whole) for chunk in range(2, 10)))
KILLS = 5
LIVE = 3
FIRST = 10  # calls asked by then: more than the episodes' first ones, so some are recorded


def killable(delay: float) -> Scenario:
    """Six debates, three at a time, some answers garbled, with `delay` seconds to a reply."""
    return scenario(
        engine={"delay": delay, "garbled": 0.1},
        episodes=6,
        live=LIVE,
        speaking="sequential",
        judges=[{"name": "Kim"}, {"name": "Lund"}],
        rubric={"clarity": "the point is plain.", "reasoning": "the reasons support the claim."},
    )


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """The log's content of a run that nobody killed."""
    return recorded(play.start(killable(0), tmp_path_factory.mktemp("runs") / "whole", quiet=True))


def asked_in(folder: Path) -> int:
    file = folder.with_suffix(".asked")
    return file.stat().st_size if file.exists() else 0


def calls_in(folder: Path) -> int:
    if not (folder / run_log.NAME).exists():
        return 0
    return sum(record["record"] == "call" for record in run_log.read(folder))


def kill_after(asked: int, folder: Path) -> None:
    """Play in a process of its own and kill it (`kill -9`) once it has asked so many calls."""
    before = asked_in(folder)
    with sitting(killable(0.01), folder, folder.with_suffix(".asked"), asked + LIVE) as process:
        while process.is_alive() and asked_in(folder) - before < asked:
            process.join(0.001)
        process.kill()
        process.join()


def finish(folder: Path) -> None:
    """Play to the end, and check that nothing was asked that the log already held."""
    before, asked_before = calls_in(folder), asked_in(folder)
    with sitting(killable(0), folder, folder.with_suffix(".asked")) as process:
        process.join()
        assert process.exitcode == 0
    assert before + (asked_in(folder) - asked_before) == calls_in(folder)


def assert_each_call_once(records: list[Record]) -> None:
    counts = Counter((record["episode"], record["call"]) for record in records if record["record"] == "call")
    assert set(counts.values()) == {1}


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_run_killed_at_a_random_moment_resumes_to_the_same_content_and_asks_no_call_again(
    chunk: int, tmp_path: Path, uninterrupted: list[Record]
) -> None:
    random = Random(2026 + chunk)
    total = sum(record["record"] == "call" for record in uninterrupted)
    for number in range(KILLS):
        folder = tmp_path / f"run{number}"
        kill_after(random.randint(FIRST, total // 2), folder)
        assert 0 < calls_in(folder) < total, "it must be killed in the middle"
        finish(folder)
        assert recorded(folder) == uninterrupted
        assert_each_call_once(recorded(folder))


@pytest.mark.parametrize("seed", range(3))
def test_a_run_killed_several_times_in_a_row_resumes_to_the_same_content(
    seed: int, tmp_path: Path, uninterrupted: list[Record]
) -> None:
    random = Random(seed)
    folder = tmp_path / "run"
    for _ in range(6):
        before = calls_in(folder)
        kill_after(random.randint(FIRST, 2 * FIRST), folder)
        assert calls_in(folder) >= before
    finish(folder)
    assert recorded(folder) == uninterrupted
    assert_each_call_once(recorded(folder))


def test_a_run_killed_before_its_first_record_leaves_a_folder_that_can_be_used(
    tmp_path: Path, uninterrupted: list[Record]
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / run_log.NAME).touch()
    play.start(killable(0), folder, quiet=True)
    assert recorded(folder) == uninterrupted


def test_a_run_killed_after_its_last_record_is_finished_by_resuming_it(tmp_path: Path) -> None:
    folder = play.start(killable(0), tmp_path / "run", quiet=True)
    state = (folder / "run.json").read_text()
    (folder / "run.json").write_text(state.replace('"status": "finished"', '"status": "running"'))
    finish(folder)
    assert '"status": "finished"' in (folder / "run.json").read_text()
