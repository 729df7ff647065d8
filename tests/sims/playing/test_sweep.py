"""Sweeps: a run for each point on engines that are started once, and on again where one stopped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.agents.engine import EngineSettings
from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.agents.failures import BadInput, EngineUnavailable, RunUnreadable
from palaestra.agents.policy import Policy
from palaestra.runs.run import Run
from palaestra.scenarios.core.sweep import points
from palaestra.sims.engines.scripted_engine import Scripted
from palaestra.sims.playing import play, venue
from palaestra.sims.playing.sweep import SweepState, resume_sweep, runs, start_sweep
from support.scripted_debates import recorded, scenario


class Counting(Scripted):
    """A scripted engine that counts how often engines were started and closed."""

    started = 0
    closed = 0

    async def start(self) -> None:
        type(self).started += 1

    async def close(self) -> None:
        type(self).closed += 1


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> type[Counting]:
    def build(settings: EngineSettings, policies: Mapping[str, Policy]) -> Counting:
        assert isinstance(settings, ScriptedEngine)
        return Counting(settings, policies)

    monkeypatch.setattr(venue, "build", build)
    monkeypatch.setattr(Counting, "started", 0)
    monkeypatch.setattr(Counting, "closed", 0)
    return Counting


def test_each_point_gets_a_run_folder_named_after_it(tmp_path: Path) -> None:
    folder = start_sweep(points(scenario(sweep={"rounds": [1, 2]})), tmp_path / "sweep", quiet=True)
    assert [run.name for run in runs(folder)] == ["0-rounds=1", "1-rounds=2"]
    assert [Run(run).state.settings["rounds"] for run in runs(folder)] == [1, 2]
    assert {Run(run).state.status for run in runs(folder)} == {"finished"}


def test_a_run_of_a_sweep_is_the_run_of_its_scenario_alone(tmp_path: Path) -> None:
    swept = points(scenario(sweep={"rounds": [1, 2]}))
    together = runs(start_sweep(swept, tmp_path / "both", quiet=True))
    for number, point in enumerate(swept):
        [alone] = runs(start_sweep([point], tmp_path / f"alone-{number}", quiet=True))
        assert recorded(alone) == recorded(together[number])


def test_episodes_of_all_points_pair_by_their_seeds(tmp_path: Path) -> None:
    folder = start_sweep(points(scenario(sweep={"rounds": [1, 2]}, episodes=3)), tmp_path / "s", quiet=True)
    first, second = (Run(run).episodes["seed"].to_list() for run in runs(folder))
    assert first == second


def test_engines_are_started_once_and_closed_at_the_end(tmp_path: Path, counted: type[Counting]) -> None:
    start_sweep(points(scenario(sweep={"rounds": [1, 2, 3]})), tmp_path / "sweep", quiet=True)
    assert (counted.started, counted.closed) == (1, 1)


def test_points_with_other_engine_settings_get_an_engine_of_their_own(
    tmp_path: Path, counted: type[Counting]
) -> None:
    start_sweep(points(scenario(sweep={"engines.default.garbled": [0, 0.1]})), tmp_path / "sweep", quiet=True)
    assert (counted.started, counted.closed) == (2, 2)


def test_an_engine_that_a_point_does_not_use_makes_room_for_the_one_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running: list[float] = []

    class Alone(Scripted):
        async def start(self) -> None:
            assert not running, "two engines at once"
            running.append(self._settings.garbled)

        async def close(self) -> None:
            if self._settings.garbled in running:
                running.remove(self._settings.garbled)

    monkeypatch.setattr(venue, "build", lambda settings, policies: Alone(settings, policies))
    folder = start_sweep(
        points(scenario(sweep={"rounds": [1, 2], "engines.default.garbled": [0.0, 0.1]})),
        tmp_path / "sweep",
        quiet=True,
    )
    assert [Run(run).state.status for run in runs(folder)] == ["finished"] * 4
    assert not running


def test_a_sweep_is_not_begun_in_the_folder_of_another(tmp_path: Path) -> None:
    swept = points(scenario(sweep={"rounds": [1, 2]}))
    folder = start_sweep(swept, tmp_path / "sweep", quiet=True)
    with pytest.raises(BadInput) as refused:
        start_sweep(swept, folder, quiet=True)
    assert f"palaestra resume {folder}" in refused.value.remedy


def test_a_sweep_is_not_played_as_one_run(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="a sweep is several runs"):
        play.start(scenario(sweep={"rounds": [1, 2]}), tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


def test_the_folder_of_a_sweep_is_no_run_and_says_where_they_are(tmp_path: Path) -> None:
    folder = start_sweep(points(scenario(sweep={"rounds": [1]})), tmp_path / "sweep", quiet=True)
    with pytest.raises(RunUnreadable) as refused:
        Run(folder)
    assert str(folder / "0-rounds=1") in str(refused.value)


def test_a_sweep_whose_engine_is_lost_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept = points(scenario(sweep={"rounds": [1, 2]}))
    whole = runs(start_sweep(swept, tmp_path / "whole", quiet=True))

    async def lost(*_: object) -> None:
        raise EngineUnavailable("gone")

    class LostAtLast(Scripted):
        async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
            if call.index == 9:  # the first point has fewer calls an episode
                await lost()
            return await super().answer(call, policy, seed, attempt)

    with monkeypatch.context() as patch:
        patch.setattr(venue, "build", lambda settings, policies: LostAtLast(settings, policies))
        with pytest.raises(EngineUnavailable) as stopped:
            start_sweep(swept, tmp_path / "stopped", quiet=True)
    assert f"palaestra resume {tmp_path / 'stopped'}" in stopped.value.remedy
    resumed = runs(resume_sweep(tmp_path / "stopped", quiet=True))
    assert [recorded(run) for run in resumed] == [recorded(run) for run in whole]


def test_a_folder_without_a_sweep_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(RunUnreadable, match="is not the folder of a sweep"):
        SweepState.read(tmp_path)
