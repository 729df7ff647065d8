"""Branch runs read back: which plays they have, and what each answer brought its author."""

from __future__ import annotations

from collections.abc import Iterable
from math import isclose, sqrt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.agents.failures import BadInput
from palaestra.runs.branches import BranchedCall, branched, outcome_margin
from palaestra.runs.record import log as run_log
from palaestra.runs.record.plan import Branch, BranchPoint, Plan
from palaestra.runs.record.records import Record
from palaestra.runs.record.state import PlayedScenario, RunState
from palaestra.sims.playing import play
from palaestra.sims.playing.branch import branch, selection
from support.logs import rewrite
from support.scripted_debates import scenario

REWARDS = st.floats(-100, 100)


def test_each_answer_is_played_as_often_as_it_is_repeated_the_recorded_one_first() -> None:
    plan = Plan(Path("run"), 2, (BranchPoint(0, 3, 1), BranchPoint(4, 7, 2)))
    assert plan.branches() == [
        *(Branch(0, 3, answer, repeat) for answer in (0, 1) for repeat in (0, 1)),
        *(Branch(4, 7, answer, repeat) for answer in (0, 1, 2) for repeat in (0, 1)),
    ]


def test_a_plan_reads_back_from_what_run_json_says(tmp_path: Path) -> None:
    plan = Plan(Path("run"), 3, (BranchPoint(0, 3, 1), BranchPoint(4, 7, 2)))
    state = RunState(scenario=PlayedScenario(scenario="debate"), status="running")
    state.model_copy(update={"branch": plan}).write(tmp_path)
    assert RunState.read(tmp_path).branch == plan
    state.write(tmp_path)
    assert RunState.read(tmp_path).branch is None


def test_a_margin_by_hand() -> None:
    """Differences 2, 4 and 6: mean 4, sample standard deviation 2, error 2/√3."""
    margin, error = outcome_margin((3, 5, 9), (1, 1, 3))
    assert margin == 4
    assert error is not None
    assert isclose(error, 2 / sqrt(3))


def test_one_repeat_has_no_standard_error() -> None:
    assert outcome_margin((0.75,), (0.5,)) == (0.25, None)


@given(st.lists(st.tuples(REWARDS, REWARDS), min_size=2, max_size=9))
def test_a_margin_turned_round_is_its_negative_with_the_same_error(pairs: list[tuple[float, float]]) -> None:
    one, other = zip(*pairs, strict=True)
    margin, error = outcome_margin(one, other)
    turned, same = outcome_margin(other, one)
    assert error is not None
    assert same is not None
    assert isclose(margin, -turned, abs_tol=1e-9)
    assert isclose(error, same, rel_tol=1e-6, abs_tol=1e-9)


@given(st.lists(st.tuples(REWARDS, REWARDS), min_size=2, max_size=9), REWARDS)
def test_what_a_repeat_gives_to_both_answers_changes_nothing(
    pairs: list[tuple[float, float]], luck: float
) -> None:
    (one, *ones), (other, *others) = zip(*pairs, strict=True)
    margin, error = outcome_margin((one, *ones), (other, *others))
    lucky, same = outcome_margin((one + luck, *ones), (other + luck, *others))
    assert error is not None
    assert same is not None
    assert isclose(margin, lucky, abs_tol=1e-9)
    assert isclose(error, same, rel_tol=1e-6, abs_tol=1e-6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two debates, branched at three speeches: two other answers each, two plays an answer."""
    runs = tmp_path_factory.mktemp("runs")
    origin = play.start(scenario(episodes=2), runs / "origin", quiet=True)
    return branch(origin, runs / "branch", selection(["purpose=argue"], most=3), 2, 2, quiet=True)


def plan_of(folder: Path) -> Plan:
    plan = RunState.read(folder).branch
    assert plan is not None
    return plan


def test_a_branched_call_tells_who_was_asked_what_and_in_which_plays_each_answer_was(folder: Path) -> None:
    plan = plan_of(folder)
    calls = {(call.episode, call.call): call for call in branched(folder)}
    assert calls.keys() == {(point.episode, point.call) for point in plan.points}
    for call in calls.values():
        assert (call.turn.purpose, call.turn.policy) == ("argue", "default")
        assert call.turn.agent in ("Ann", "Bo")
        assert call.prompt[0].role == "system"
        for number, answer in enumerate(call.answers):
            plays = [plan.branches()[episode] for episode in answer.episodes]
            assert plays == [Branch(call.episode, call.call, number, repeat) for repeat in (0, 1)]


def at_first_point(folder: Path, calls: Iterable[BranchedCall]) -> BranchedCall:
    """The call of the plan's first point, whose plays are the first ones."""
    point = plan_of(folder).points[0]
    return next(call for call in calls if (call.episode, call.call) == (point.episode, point.call))


def rewritten(folder: Path, into: Path, records: list[Record]) -> list[BranchedCall]:
    """What is read of a branch run whose log holds `records`."""
    into.mkdir()
    (into / "run.json").write_text((folder / "run.json").read_text())
    rewrite(into, records)
    return list(branched(into))


def test_an_answer_of_which_a_play_is_not_over_is_left_out(folder: Path, tmp_path: Path) -> None:
    """Play 3, a repeat of the first other answer, has not ended."""
    records = [r for r in run_log.read(folder) if (r["record"], r["episode"]) != ("end", 3)]
    again = at_first_point(folder, rewritten(folder, tmp_path / "run", records))
    assert [answer.episodes for answer in again.answers] == [(0, 1), (4, 5)]


def altered(folder: Path, number: int, **fields: object) -> list[Record]:
    """The log with the branched call of plays `number` and its repeat altered."""
    call = plan_of(folder).branches()[number].call
    return [
        r | fields
        if r["record"] == "call" and r["episode"] in (number, number + 1) and r["call"] == call
        else r
        for r in run_log.read(folder)
    ]


def test_an_answer_that_says_what_an_earlier_one_says_is_left_out(folder: Path, tmp_path: Path) -> None:
    text = at_first_point(folder, branched(folder)).answers[1].text
    again = at_first_point(folder, rewritten(folder, tmp_path / "run", altered(folder, 4, text=text)))
    assert [answer.episodes for answer in again.answers] == [(0, 1), (2, 3)]


def test_an_answer_that_could_not_be_parsed_is_left_out(folder: Path, tmp_path: Path) -> None:
    again = at_first_point(folder, rewritten(folder, tmp_path / "run", altered(folder, 2, failed=True)))
    assert [answer.episodes for answer in again.answers] == [(0, 1), (4, 5)]


def test_an_answer_whose_author_has_no_reward_in_a_play_is_left_out(folder: Path, tmp_path: Path) -> None:
    author = at_first_point(folder, branched(folder)).turn.agent
    records = [
        r | {"score": None}
        if r.get("type") == "verdict" and r["episode"] == 3 and r["agent"] == author
        else r
        for r in run_log.read(folder)
    ]
    again = at_first_point(folder, rewritten(folder, tmp_path / "run", records))
    assert [answer.episodes for answer in again.answers] == [(0, 1), (4, 5)]


def test_a_call_that_is_left_with_one_answer_is_left_out(folder: Path, tmp_path: Path) -> None:
    records = [r for r in run_log.read(folder) if (r["record"], r["episode"]) not in (("end", 3), ("end", 4))]
    assert len(rewritten(folder, tmp_path / "run", records)) == len(list(branched(folder))) - 1


def test_a_run_that_branches_from_none_has_no_branched_calls(folder: Path) -> None:
    with pytest.raises(BadInput, match="branches from no run"):
        list(branched(plan_of(folder).run))
