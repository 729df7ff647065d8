"""Actors of a Ray cluster on this machine: one of three is killed, Ctrl-C, engines that don't start."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest

from palaestra.agents.failures import BadInput, EngineUnavailable, Interrupted
from palaestra.runs.record import log as run_log
from palaestra.runs.report.page import write_report
from palaestra.runs.run import Run
from palaestra.scenarios.core.load import Scenario
from palaestra.sims.playing import play
from palaestra.sims.playing.ray_crew import RayCrew
from support.scripted_debates import recorded, scenario

pytestmark = [pytest.mark.ray, pytest.mark.whole, pytest.mark.xdist_group("ray")]
THREE = partial(RayCrew, "local", 3)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    import ray

    ray.init(address="local", num_cpus=3, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


def debates(delay: float = 0.2) -> Scenario:
    return scenario({"delay": delay}, episodes=6, live=1)


def calls(folder: Path) -> list[int]:
    """How many calls each shard has recorded."""
    logs = sorted(folder.glob(f"shards/*/{run_log.NAME}"))
    return [log.read_bytes().count(b'"record":"call"') for log in logs]


@contextmanager
def once_all_play(folder: Path, act: Callable[[], object]) -> Iterator[None]:
    """Do `act` as soon as three shards have recorded something."""

    def wait() -> None:
        while len(told := calls(folder)) < 3 or min(told) < 2:
            time.sleep(0.05)
        act()

    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(wait)
        yield
        waiting.result()


def kill_one() -> None:
    """Kill one of the actors that play, as a machine that runs out of memory does."""
    children = psutil.Process().children(recursive=True)
    [one, *_] = (child for child in children if any("ray::ShardPlayer" in word for word in child.cmdline()))
    one.kill()


def test_one_of_three_actors_is_killed_and_the_run_is_that_of_one_process(tmp_path: Path) -> None:
    with once_all_play(tmp_path / "run", kill_one):
        folder = play.start(debates(), tmp_path / "run", quiet=True, crew=THREE)
    assert recorded(folder) == recorded(play.start(debates(0), tmp_path / "alone", quiet=True))
    assert Run(folder).state.faults == {"ray": {"an actor that was lost": 1}}
    assert calls(folder) == [calls(folder)[0]] * 3


def test_ctrl_c_reaches_all_actors_and_the_run_goes_on_in_one_process(tmp_path: Path) -> None:
    press = partial(os.kill, os.getpid(), signal.SIGINT)
    with once_all_play(tmp_path / "run", press), pytest.raises(Interrupted):
        play.start(debates(), tmp_path / "run", quiet=True, crew=THREE)
    assert Run(tmp_path / "run").state.status == "interrupted"
    assert len(Run(tmp_path / "run").calls) < 6 * 14
    play.resume(tmp_path / "run", ["engines.default.delay=0"], quiet=True)
    assert recorded(tmp_path / "run") == recorded(play.start(debates(0), tmp_path / "alone", quiet=True))


def test_actors_whose_engine_cannot_start_say_so_once(tmp_path: Path) -> None:
    nobody = scenario(
        {"kind": "openai", "model": "m", "url": "http://127.0.0.1:9/v1", "key_variable": None}, episodes=6
    )
    with pytest.raises(EngineUnavailable) as failed:
        play.start(nobody, tmp_path / "run", quiet=True, crew=THREE)
    assert str(failed.value).count("palaestra resume") == 1
    assert Run(tmp_path / "run").state.status == "failed"


def test_a_cluster_without_room_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has room for 3 actors of 1 CPU each, and not for 9"):
        play.start(debates(), tmp_path / "run", quiet=True, crew=partial(RayCrew, "local", 9))
    assert not (tmp_path / "run").exists()


@pytest.mark.engine
def test_one_of_three_real_engines_is_killed_and_the_run_resumes_and_reports(tmp_path: Path) -> None:
    engine = {"kind": "vllm", "kv_cache_gib": 1, "context": 1024}
    played = scenario(engine, episodes=6, live=2, rounds=1)
    with once_all_play(tmp_path / "run", kill_one):
        folder = play.start(played, tmp_path / "run", quiet=True, crew=THREE)
    run = Run(folder)
    assert (run.state.status, run.state.lost) == ("finished", 1)
    assert run.episodes["ended"].all()
    [sitting] = run.state.sittings
    assert sitting.engines["default"]["model"] == "smollm2"
    assert b"an actor that was lost" in write_report([run], tmp_path / "report.html").read_bytes()
