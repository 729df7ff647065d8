"""A run from scenario to finished folder, through garbled answers, dying engines and interrupts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.calls import Call, Reply, Scalar
from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.agents.failures import (
    BadInput,
    EngineDied,
    EngineUnavailable,
    ExtensionFault,
    Interrupted,
    RunLocked,
    RunUnreadable,
    RunUnwritable,
)
from palaestra.agents.policy import Policy
from palaestra.runs.record import log as run_log
from palaestra.runs.record.records import Record
from palaestra.runs.record.state import RunState
from palaestra.scenarios.core.load import Scenario
from palaestra.scenarios.debate.rules import Debate
from palaestra.sims.engines.fleet import Fleet
from palaestra.sims.engines.scripted_engine import Scripted
from palaestra.sims.playing import play
from palaestra.sims.playing.branch import branch, selection
from support.scripted_debates import call, recorded, scenario
from support.sitting import interrupt, sitting

EPISODES = 3


def start(folder: Path, engine: dict[str, Any] | None = None, **fields: Any) -> list[Record]:
    """Play a run into `folder` and return its log's content."""
    return recorded(play.start(scenario(engine, episodes=EPISODES, **fields), folder, quiet=True))


def calls(records: list[Record]) -> list[Record]:
    return [record for record in records if record["record"] == "call"]


def test_a_finished_run_says_so_and_counts_its_episodes_and_calls(tmp_path: Path) -> None:
    records = start(tmp_path / "run")
    state = RunState.read(tmp_path / "run")
    assert state.status == "finished"
    assert state.counts.episodes == EPISODES
    assert state.counts.calls == len(calls(records))
    assert state.error is None


def test_run_json_holds_the_resolved_scenario_and_the_identity_of_its_engines(tmp_path: Path) -> None:
    start(tmp_path / "run")
    state = RunState.read(tmp_path / "run")
    assert state.settings["layout"] == "shared_prefix"
    assert state.sittings[0].engines == {"default": {"kind": "scripted"}}
    assert "palaestra" in state.sittings[0].versions


def answers_as(model: str) -> Callable[[Scripted], dict[str, str]]:
    """The identity of an engine that serves `model`."""
    return lambda _engine: {"kind": "scripted", "model": model, "device": "cpu"}


def test_who_goes_on_with_another_model_is_told_on_the_terminal_and_in_run_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Scripted, "identity", answers_as("this"))
    start(tmp_path / "run")
    play.resume(tmp_path / "run", [f"episodes={EPISODES + 1}"], quiet=True)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(Scripted, "identity", answers_as("that"))
    play.resume(tmp_path / "run", [f"episodes={EPISODES + 2}"], quiet=True)
    told = "the engine 'default' isn't what answered before: its model was this, and is that"
    assert capsys.readouterr().err.startswith(f"warning: {told}\n")
    assert [sitting.changed for sitting in RunState.read(tmp_path / "run").sittings] == [(), (), (told,)]


def test_who_branches_a_run_of_another_model_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for model, name in (("this", "run"), ("this", "same"), ("that", "other")):
        monkeypatch.setattr(Scripted, "identity", answers_as(model))
        if name == "run":
            start(tmp_path / name)
        else:
            branch(tmp_path / "run", tmp_path / name, selection(["purpose=argue"], most=1), quiet=True)
    assert capsys.readouterr().err.count("warning: ") == 1
    assert RunState.read(tmp_path / "same").sittings[0].changed == ()
    (told,) = RunState.read(tmp_path / "other").sittings[0].changed
    assert told.endswith("its model was this, and is that")


@pytest.mark.parametrize("live", [1, 2, 64])
def test_the_log_does_not_depend_on_the_number_of_live_episodes(live: int, tmp_path: Path) -> None:
    assert start(tmp_path / "a", live=live) == start(tmp_path / "b")


def test_the_log_does_not_depend_on_how_long_replies_take(tmp_path: Path) -> None:
    assert start(tmp_path / "slow", {"delay": 0.01}, live=2) == start(tmp_path / "fast", {"delay": 0})


def test_the_log_does_not_depend_on_how_many_episodes_come_after(tmp_path: Path) -> None:
    few = start(tmp_path / "few")
    many = recorded(play.start(scenario(episodes=EPISODES + 2), tmp_path / "many", quiet=True))
    assert [record for record in many if record["episode"] < EPISODES] == few


def test_another_seed_makes_another_run(tmp_path: Path) -> None:
    assert start(tmp_path / "a", seed=1) != start(tmp_path / "b", seed=2)


def test_garbled_answers_are_asked_again_and_their_texts_kept(tmp_path: Path) -> None:
    records = calls(start(tmp_path / "run", {"garbled": 0.4}, retries=2))
    again = [record for record in records if record.get("attempts", 1) > 1]
    assert again
    for record in again:
        rejected = record["attempts"] if record.get("failed") else record["attempts"] - 1
        assert len(record["rejected"]) == rejected
        assert set(record["rejected"]) <= {"", "{garbled"}


def test_an_answer_that_never_parses_is_marked_as_failed_after_all_retries(tmp_path: Path) -> None:
    records = start(tmp_path / "run", {"garbled": 1}, retries=2)
    assert calls(records)
    assert all(record["failed"] and record["attempts"] == 3 for record in calls(records))


def test_a_failed_score_is_no_score(tmp_path: Path) -> None:
    records = start(tmp_path / "run", {"garbled": 1})
    scores = [record for record in records if record.get("type") == "score"]
    assert scores
    assert {(record["score"], record["basis"]) for record in scores} == {(None, "failed")}
    outcomes = [record["outcome"] for record in records if record["record"] == "end"]
    assert {outcome["winner"] for outcome in outcomes} == {None}


def test_without_retries_every_call_is_asked_once(tmp_path: Path) -> None:
    records = calls(start(tmp_path / "run", {"garbled": 1}, retries=0))
    assert all(record["failed"] and "attempts" not in record for record in records)


def test_an_engine_that_dies_is_started_again_and_nothing_is_lost(tmp_path: Path) -> None:
    died = start(tmp_path / "died", {"die_every": 9, "max_restarts": 100})
    assert died == start(tmp_path / "lived")


def test_an_engine_that_dies_too_often_ends_the_run_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="'default' died 1 times") as failed:
        start(tmp_path / "run", {"die_every": 9, "max_restarts": 0})
    assert "resume" in failed.value.remedy
    state = RunState.read(tmp_path / "run")
    assert state.status == "failed"
    assert "died 1 times" in (state.error or "")


def test_a_run_whose_engine_died_too_often_is_resumed_to_the_same_end(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with pytest.raises(EngineUnavailable):
        start(folder, {"die_every": 9, "max_restarts": 0})
    before = len(calls(recorded(folder)))
    play.resume(folder, ["engines.default.die_every=null"], quiet=True)
    assert 0 < before < len(calls(recorded(folder)))
    assert recorded(folder) == start(tmp_path / "whole")
    state = RunState.read(folder)
    assert state.status == "finished"
    assert state.error is None


def test_a_run_can_fail_and_be_resumed_many_times(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    dying = {"die_every": 7, "max_restarts": 0}
    sittings = 1
    with pytest.raises(EngineUnavailable):
        start(folder, dying, live=1)
    while RunState.read(folder).status != "finished":
        sittings += 1
        assert sittings < 40
        try:
            play.resume(folder, quiet=True)
        except EngineUnavailable:
            continue
    assert sittings > 3
    assert recorded(folder) == start(tmp_path / "whole")


def test_resuming_a_finished_run_changes_nothing_in_its_log(tmp_path: Path) -> None:
    start(tmp_path / "run")
    before = (tmp_path / "run" / "log.jsonl").read_bytes()
    play.resume(tmp_path / "run", quiet=True)
    assert (tmp_path / "run" / "log.jsonl").read_bytes() == before
    assert RunState.read(tmp_path / "run").status == "finished"


def test_resuming_what_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunUnreadable, match="not the folder of a run"):
        play.resume(tmp_path, quiet=True)


@pytest.mark.parametrize(
    "changed",
    [
        {"prompts": {"persona": "You are someone called {name}."}},
        {"seed": 99},
        {"debaters": [{"name": "Ada", "stance": "for"}, {"name": "Bo", "stance": "against"}]},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_run_whose_calls_would_be_others_is_not_resumed(changed: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with pytest.raises(EngineUnavailable):
        start(folder, {"die_every": 9, "max_restarts": 0})
    state = json.loads((folder / "run.json").read_text())
    state["scenario"] |= changed
    state["scenario"]["engines"]["default"]["die_every"] = None
    (folder / "run.json").write_text(json.dumps(state))
    with pytest.raises(RunUnreadable, match="doesn't fit this scenario any more"):
        play.resume(folder, quiet=True)


def test_resuming_a_run_that_another_process_writes_is_refused(tmp_path: Path) -> None:
    start(tmp_path / "run")
    writer = run_log.Log(tmp_path / "run")
    with pytest.raises(RunLocked):
        play.resume(tmp_path / "run", quiet=True)
    writer.close()


def test_a_second_run_into_the_same_folder_leaves_the_first_ones_log_alone(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    first = run_log.Log(tmp_path / "run")
    with pytest.raises(RunLocked):
        start(tmp_path / "run")
    first.append(b"{}\n")
    first.close()
    assert first.path.read_bytes() == b"{}\n"


def test_a_resumed_run_may_have_more_episodes(tmp_path: Path) -> None:
    start(tmp_path / "run")
    play.resume(tmp_path / "run", ["episodes=5", "live=1"], quiet=True)
    whole = play.start(scenario(episodes=5), tmp_path / "whole", quiet=True)
    assert recorded(tmp_path / "run") == recorded(whole)
    state = RunState.read(tmp_path / "run")
    assert state.settings["episodes"] == 5
    assert len(state.sittings) == 2


def test_what_shapes_the_episodes_cannot_be_changed_when_a_run_is_resumed(tmp_path: Path) -> None:
    start(tmp_path / "run")
    before = (tmp_path / "run" / "run.json").read_text()
    with pytest.raises(BadInput, match=r"rounds=9(.|\n)*engines, episodes, limits, live, retries"):
        play.resume(tmp_path / "run", ["rounds=9"], quiet=True)
    assert (tmp_path / "run" / "run.json").read_text() == before


def test_a_run_can_be_played_where_an_event_loop_runs_as_in_a_notebook(tmp_path: Path) -> None:
    async def cell() -> list[Record]:
        return start(tmp_path / "run")

    assert asyncio.run(cell()) == start(tmp_path / "whole")


def test_an_unforeseen_failure_of_an_engine_names_the_call_and_ends_the_run_resumably(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Scripted.answer

    async def fails(engine: Scripted, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        if call.index == 4:
            raise IndexError("list index out of range")
        return await usual(engine, call, policy, seed, attempt)

    monkeypatch.setattr(Scripted, "answer", fails)
    with pytest.raises(ExtensionFault, match=r"call 4(.|\n)*out of range(.|\n)*palaestra resume"):
        start(tmp_path / "run")
    assert RunState.read(tmp_path / "run").status == "failed"
    monkeypatch.undo()
    play.resume(tmp_path / "run", quiet=True)
    assert recorded(tmp_path / "run") == start(tmp_path / "whole")


def test_a_fault_of_the_rules_shows_itself_and_the_run_says_that_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Debate._verdict

    def fails(episode: Debate, by_debater: dict[str, float]) -> dict[str, Scalar]:
        if episode.index == 2:
            raise ZeroDivisionError("of the rules")
        return usual(episode, by_debater)

    monkeypatch.setattr(Debate, "_verdict", fails)
    with pytest.raises(ExtensionFault, match="ZeroDivisionError: of the rules"):
        start(tmp_path / "run")
    assert RunState.read(tmp_path / "run").status == "failed"
    assert "of the rules" in (RunState.read(tmp_path / "run").error or "")


def test_an_engine_that_does_not_come_back_is_started_only_as_often_as_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    starts = 0

    async def start_once(_engine: Scripted) -> None:
        nonlocal starts
        starts += 1
        if starts > 1:
            raise EngineUnavailable("no memory left")

    async def dies(*_arguments: object) -> Reply:
        raise EngineDied("gone")

    monkeypatch.setattr(Scripted, "start", start_once)
    monkeypatch.setattr(Scripted, "answer", dies)

    async def ask_many() -> list[object]:
        settings = {"default": ScriptedEngine(max_restarts=3)}
        async with Fleet(settings, {"default": Policy()}, 0) as fleet:
            return await asyncio.gather(*(fleet.ask(call()) for _ in range(40)), return_exceptions=True)

    failures = asyncio.run(ask_many())
    assert starts == 1 + 3
    assert all(isinstance(failure, EngineUnavailable) for failure in failures)
    assert "died 4 times, the last time: no memory left" in str(failures[0])


def test_a_folder_that_holds_something_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match="exists already"):
        start(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_folder_that_holds_a_run_is_told_with_the_command_that_resumes_it(tmp_path: Path) -> None:
    start(tmp_path / "run")
    with pytest.raises(BadInput) as refused:
        start(tmp_path / "run")
    assert f"palaestra resume {tmp_path / 'run'}" in refused.value.remedy


def test_a_folder_that_cannot_be_made_is_unwritable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunUnwritable):
        start(tmp_path / "file" / "run")


def test_an_engine_that_cannot_start_leaves_no_folder_behind(
    tmp_path: Path, unreachable: Callable[[], Scenario]
) -> None:
    with pytest.raises(EngineUnavailable):
        play.start(unreachable(), tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


@pytest.fixture
def unreachable(tmp_path: Path) -> Callable[[], Scenario]:
    """Makes a scenario whose engine's checkpoint does not exist."""

    def make() -> Scenario:
        return scenario({"kind": "vllm", "model": str(tmp_path / "no-such-model")})

    return make


def test_ctrl_c_ends_a_run_that_can_be_resumed_to_the_same_end(tmp_path: Path) -> None:
    folder, asked = tmp_path / "run", tmp_path / "asked"
    slow = scenario({"delay": 0.05}, episodes=EPISODES, live=1)
    with sitting(slow, folder, asked) as process:
        while process.is_alive() and not (asked.exists() and asked.stat().st_size > 10):
            process.join(0.01)
        interrupt(process)
        process.join()
        assert process.exitcode == 1
    state = RunState.read(folder)
    assert state.status == "interrupted"
    assert 0 < state.counts.calls < len(calls(start(tmp_path / "whole")))
    play.resume(folder, ["engines.default.delay=0"], quiet=True)
    assert recorded(folder) == recorded(tmp_path / "whole")


def test_an_interrupted_run_exits_as_a_shell_expects_it() -> None:
    assert Interrupted("stopped").exit_code == 130
