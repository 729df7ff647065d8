"""A run stops at each of its limits, says which, loses nothing paid for, and goes on where it is raised."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.failures import BadInput, LimitReached
from palaestra.runs.record import log as run_log
from palaestra.runs.record.state import RunState
from palaestra.runs.run import Run
from palaestra.scenarios.core.load import Scenario
from palaestra.scenarios.core.sweep import points
from palaestra.sims.playing import play, progress
from palaestra.sims.playing.branch import Selection, branch
from palaestra.sims.playing.sweep import resume_sweep, runs, start_sweep
from support.chat_server import FakeServer, completion
from support.logs import unstamp
from support.scripted_debates import recorded, scenario

EPISODES = 12
PRICES = {"prompt": 1.5, "cached": 0.5, "output": 6}
LIMITS: dict[str, float] = {"calls": 33, "tokens": 7000, "minutes": 1, "spend": 0.01}
RAISED = 1000


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer()
    yield fake
    fake.stop()


@pytest.fixture
def fast_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock by which a second passes whenever somebody looks."""
    seconds = count()
    monkeypatch.setattr(progress, "perf_counter", lambda: float(next(seconds)))


def debates(limits: dict[str, float] | None = None, **fields: Any) -> Scenario:
    engine = {"prices": PRICES, **fields.pop("engine", {})}
    return scenario(engine, episodes=EPISODES, limits=limits or {}, **fields)


def hosted(server: FakeServer, limits: dict[str, float] | None = None) -> Scenario:
    """Debates without choices, on a server; every call costs 11 tokens of prompt and 3 of output there."""
    settings = {"kind": "openai", "model": "smollm2", "url": server.url, "key_variable": None, "parallel": 4}
    return debates(limits, engine=settings, judges=[], opinions=False)


def limited(played: Scenario, folder: Path) -> LimitReached:
    with pytest.raises(LimitReached) as reached:
        play.start(played, folder, quiet=True)
    return reached.value


def taken(folder: Path) -> dict[str, float]:
    run = Run(folder)
    calls = run.calls
    spend = run.spend
    assert spend is not None
    tokens = int(calls["prompt_tokens"].sum()) + int(calls["output_tokens"].sum())
    return {"calls": calls.height, "tokens": tokens, "minutes": run.state.seconds / 60, "spend": spend}


@pytest.mark.usefixtures("fast_clock")
@pytest.mark.parametrize("live", [1, 64])
@pytest.mark.parametrize("limit", LIMITS)
def test_a_run_stops_at_each_limit_and_goes_on_to_the_same_end(limit: str, live: int, tmp_path: Path) -> None:
    folder, most = tmp_path / "run", LIMITS[limit]
    reached = limited(debates({limit: most}, live=live), folder)
    assert reached.exit_code == 3
    state = RunState.read(folder)
    assert (state.status, state.limited_by) == ("limited", limit)
    assert "is reached" in (state.error or "")
    assert f"palaestra resume {folder} --set {reached.raised}" in reached.remedy
    amount = taken(folder)[limit]
    if limit == "minutes":
        assert amount >= most
    elif limit == "calls":
        assert amount == most
    else:
        assert 0.85 * most < amount <= most
    play.resume(folder, [f"limits.{limit}={RAISED * most}"], quiet=True)
    whole = play.start(debates(), tmp_path / "whole", quiet=True)
    assert recorded(folder) == recorded(whole)
    state = RunState.read(folder)
    assert (state.status, state.limited_by, state.error) == ("finished", None, None)
    assert taken(folder)[limit] > amount


@pytest.mark.usefixtures("fast_clock")
@pytest.mark.parametrize("limit", LIMITS)
def test_a_hosted_model_gets_no_request_that_is_not_recorded(
    limit: str, server: FakeServer, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    most = {"calls": 7, "tokens": 500, "minutes": 0.2, "spend": 0.001}[limit]
    limited(hosted(server, {limit: most}), folder)
    asked = len(server.requests)
    assert asked == taken(folder)["calls"]
    assert 0 < asked < 48
    assert taken(folder)[limit] <= most or limit == "minutes"
    assert taken(folder)["spend"] == pytest.approx(asked * (3 * 1.5 + 8 * 0.5 + 3 * 6) / 1e6)
    with pytest.raises(LimitReached):
        play.resume(folder, quiet=True)
    assert len(server.requests) == asked
    play.resume(folder, [f"limits.{limit}=null"], quiet=True)
    assert len(server.requests) == 48
    assert recorded(folder) == recorded(play.start(hosted(server), tmp_path / "whole", quiet=True))


@pytest.mark.usefixtures("fast_clock")
@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_that_nobody_raised_is_told_at_once_and_nothing_is_started(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    first = limited(debates({limit: LIMITS[limit]}), folder)
    log = (folder / "log.jsonl").read_bytes()
    monkeypatch.setattr("palaestra.sims.playing.sitting.Fleet", None)
    for changes in ([], ["live=1"], ["episodes=9"]):
        with pytest.raises(LimitReached) as again:
            play.resume(folder, changes, quiet=True)
        assert (again.value.limit, again.value.raised) == (first.limit, first.raised)
    assert (folder / "log.jsonl").read_bytes() == log
    assert len(RunState.read(folder).sittings) == 1


def test_all_sittings_count_together(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    limited(debates({"calls": 10}), folder)
    for most in (25, 31):
        with pytest.raises(LimitReached):
            play.resume(folder, [f"limits.calls={most}"], quiet=True)
        assert taken(folder)["calls"] == most


def test_a_limit_that_is_just_enough_ends_no_run(tmp_path: Path) -> None:
    whole = play.start(debates(), tmp_path / "whole", quiet=True)
    calls = int(taken(whole)["calls"])
    exact = play.start(debates({"calls": calls}), tmp_path / "exact", quiet=True)
    assert recorded(exact) == recorded(whole)


def test_episodes_that_have_all_their_answers_are_over_when_a_run_stops(tmp_path: Path) -> None:
    alone = play.start(scenario(episodes=1), tmp_path / "alone", quiet=True)
    calls = Run(alone).calls.height
    for live in (1, 2):
        limited(debates({"calls": 2 * calls}, live=live), tmp_path / str(live))
        assert RunState.read(tmp_path / str(live)).counts.episodes == 2


def test_the_tokens_of_all_attempts_count(server: FakeServer, tmp_path: Path) -> None:
    server.respond = lambda _request: completion("")
    limited(hosted(server, {"tokens": 1000}), tmp_path / "run")
    found = taken(tmp_path / "run")
    assert len(server.requests) == 3 * found["calls"]
    assert 700 < found["tokens"] == 14 * len(server.requests) <= 1000


def test_the_time_of_a_sitting_that_was_killed_counts(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    limited(debates({"calls": 20}, engine={"delay": 0.01}), folder)
    unstamp(folder)
    state = RunState.read(folder)
    last = max(record["seconds"][1] for record in run_log.read(folder) if record["record"] == "call")
    killed = {"status": "running", "seconds": 0.0, "counts": state.counts.model_copy(update={"calls": 5})}
    state.model_copy(update=killed).write(folder)
    with pytest.raises(LimitReached, match=r"limit of \S+ minutes"):
        play.resume(folder, ["limits.calls=null", f"limits.minutes={last / 60}"], quiet=True)
    assert RunState.read(folder).seconds == last


def test_in_a_branch_run_what_is_taken_over_counts_nothing(tmp_path: Path) -> None:
    whole = play.start(debates(speaking="sequential"), tmp_path / "whole", quiet=True)
    chosen = Selection(purposes=frozenset({"argue"}), most=2)
    with pytest.raises(LimitReached):
        branch(whole, tmp_path / "branched", chosen, settings=["limits.calls=10"], quiet=True)
    with pytest.raises(LimitReached):
        play.resume(tmp_path / "branched", ["limits.calls=12"], quiet=True)
    records = [r for r in run_log.read(tmp_path / "branched") if r["record"] == "call"]
    assert sum(any(record["tokens"]) for record in records) == 12 < len(records)
    play.resume(tmp_path / "branched", ["limits.calls=null"], quiet=True)
    free = branch(whole, tmp_path / "free", chosen, quiet=True)
    assert recorded(tmp_path / "branched") == recorded(free)


def test_a_sweep_stops_at_the_limit_of_a_run_and_goes_on_where_it_is_raised_for_all(tmp_path: Path) -> None:
    swept = points(debates({"calls": 20}, sweep={"rounds": [1, 2]}))
    with pytest.raises(LimitReached) as reached:
        start_sweep(swept, tmp_path / "sweep", quiet=True)
    assert f"palaestra resume {tmp_path / 'sweep'} --set limits.calls=40" in reached.value.remedy
    assert len(runs(tmp_path / "sweep")) == 1
    with pytest.raises(BadInput, match=r"live=1(.|\n)*What may be changed: limits\."):
        resume_sweep(tmp_path / "sweep", quiet=True, settings=["live=1"])
    resume_sweep(tmp_path / "sweep", quiet=True, settings=["limits.calls=500"])
    whole = start_sweep(points(debates(sweep={"rounds": [1, 2]})), tmp_path / "whole", quiet=True)
    assert [recorded(run) for run in runs(tmp_path / "sweep")] == [recorded(run) for run in runs(whole)]
    assert RunState.read(runs(tmp_path / "sweep")[1]).settings["limits"]["calls"] == 500


def test_a_limit_of_spend_needs_the_prices_of_engines_that_are_not_free() -> None:
    server = {"kind": "openai", "model": "m", "prices": None}
    with pytest.raises(BadInput, match=r"engine 'default' has no prices; (.|\n)*engines\.default\.prices"):
        debates({"spend": 1}, engine=server)
    debates({"spend": 1}, engine={"prices": None})  # on this machine
    debates({"spend": 1}, engine=server | {"prices": {"prompt": 0, "output": 0}})


def test_a_dry_run_has_the_prices_of_what_it_stands_for(server: FakeServer, tmp_path: Path) -> None:
    rehearsed = hosted(server, {"spend": 0.001}).on_scripted_engines()
    assert limited(rehearsed, tmp_path / "run").limit == "spend"
    assert server.requests == []
