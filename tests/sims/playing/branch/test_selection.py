"""Which calls are branched, and what can't be."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from palaestra.agents.failures import BadInput
from palaestra.scenarios.core.load import load
from palaestra.scenarios.core.ready_made import find
from palaestra.sims.playing import play
from palaestra.sims.playing.branch import Selection, branch, selection
from support.branching import branched_at, calls_of, debates
from support.logs import kill_after
from support.scripted_debates import scenario


def test_calls_are_chosen_by_purpose_by_agent_and_by_episode(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    argued = branched_at(origin, selection(["purpose=argue"]))
    assert {(r["episode"], r["agent"], r["purpose"]) for r in argued} == {
        (episode, agent, "argue") for episode in (0, 1) for agent in ("Ann", "Bo")
    }
    both = branched_at(origin, selection(["purpose=argue", "purpose=opinion"]))
    assert {record["purpose"] for record in both} == {"argue", "opinion"}
    assert branched_at(origin, selection(["all"])) == both
    anns = branched_at(origin, selection(["purpose=argue", "agent=Ann"]))
    assert anns == [record for record in argued if record["agent"] == "Ann"]
    second = branched_at(origin, selection(["purpose=argue"], "1-3"))
    assert second == [record for record in argued if record["episode"] == 1]


def test_judges_to_whom_the_verdict_is_worth_nothing_are_not_branched(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    assert {record["agent"] for record in branched_at(origin, selection(["all"]))} == {"Ann", "Bo"}


def test_the_most_uncertain_choices_come_first(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    everything = branched_at(origin, selection(["uncertain"]))
    assert {record["purpose"] for record in everything} == {"opinion"}
    surest = {id(record): max(record["probabilities"]) for record in everything}
    two = branched_at(origin, selection(["uncertain"], most=2))
    assert len(two) == 2
    rest = [record for record in everything if record not in two]
    assert max(surest[id(r)] for r in everything if r in two) < max(surest[id(r)] for r in rest)


def test_at_most_so_many_are_drawn_evenly_over_the_episodes(tmp_path: Path) -> None:
    origin = play.start(scenario(episodes=4), tmp_path / "origin", quiet=True)
    chosen = branched_at(origin, selection(["purpose=argue"], most=6))
    counts = Counter(record["episode"] for record in chosen)
    assert sorted(counts.values()) == [1, 1, 2, 2]


def test_where_the_temperature_is_0_only_choices_can_come_out_otherwise(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin", policies={"default": {"temperature": 0}})
    assert {record["purpose"] for record in branched_at(origin, selection(["all"]))} == {"opinion"}


def test_an_answer_that_failed_is_not_branched(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin", engine={"garbled": 0.4}, retries=0)
    failed = [r for r in calls_of(origin).values() if r.get("failed") and r["purpose"] == "argue"]
    assert failed
    chosen = branched_at(origin, selection(["purpose=argue"]))
    assert chosen
    assert not [record for record in chosen if record.get("failed")]


def refused(origin: Path, *words: str, answers: int = 1, repeats: int = 1, episodes: str = "") -> BadInput:
    """The refusal of a branch; nothing was written."""
    out = origin.with_name("refused")
    with pytest.raises(BadInput) as told_:
        branch(origin, out, selection(words, episodes), answers, repeats, quiet=True)
    assert not out.exists()
    return told_.value


def test_a_scenario_without_rewards_is_refused_with_those_that_have_them(tmp_path: Path) -> None:
    file = find("debate-talk")
    origin = play.start(load(file, ["engines={default: {kind: scripted}}", "episodes=1"]), tmp_path / "run")
    error = refused(origin, "all")
    assert "no outcome to compare" in str(error)
    assert {"debate", "negotiation", "social_deduction"} <= set(
        error.remedy.strip(".").replace(",", "").split()
    )


def test_where_no_call_fits_the_purposes_are_told(tmp_path: Path) -> None:
    error = refused(debates(tmp_path / "origin"), "purpose=argu")
    assert "none of the calls" in str(error)
    assert "argue, opinion" in error.remedy
    without = debates(tmp_path / "without", judges=[])
    assert "In none of its episodes" in refused(without, "all").remedy
    assert "none of the calls" in str(refused(debates(tmp_path / "few"), "all", episodes="7"))


def test_a_run_without_a_finished_episode_is_refused(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    kill_after(origin, 5)
    assert "no episode" in str(refused(origin, "all"))


def test_branches_are_not_branched(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"], most=1), quiet=True)
    assert str(origin) in refused(folder, "all").remedy


@pytest.mark.parametrize(("answers", "repeats"), [(0, 1), (1, 0)])
def test_at_least_one_other_answer_is_played_at_least_once(
    answers: int, repeats: int, tmp_path: Path
) -> None:
    error = refused(debates(tmp_path / "origin"), "all", answers=answers, repeats=repeats)
    assert "at least 1" in str(error)


@pytest.mark.parametrize(
    ("calls", "episodes", "most"),
    [
        (["purpos=argue"], "", None),
        (["purpose="], "", None),
        (["argue"], "", None),
        (["all"], "a-b", None),
        (["all"], "3-", None),
        (["all"], "", 0),
    ],
)
def test_a_selection_that_means_nothing_is_refused(calls: list[str], episodes: str, most: int | None) -> None:
    with pytest.raises(BadInput):
        selection(calls, episodes, most)


def test_a_selection_is_read_from_words() -> None:
    found = selection(["uncertain", "purpose=vote", "agent=Ann=Bo"], "0-2,5", 20)
    assert found == Selection(frozenset({"vote"}), frozenset({"Ann=Bo"}), True, frozenset({0, 1, 2, 5}), 20)


def test_only_engines_live_and_retries_may_be_set(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    with pytest.raises(BadInput, match="can't change that"):
        branch(origin, tmp_path / "branch", selection(["all"]), settings=["rounds=5"], quiet=True)
    assert not (tmp_path / "branch").exists()
