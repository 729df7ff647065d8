"""Other answers to a recorded call: how they are drawn, and that none comes twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from shutil import copytree, rmtree

import pytest

import palaestra.sims.engines.scripted_engine
from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply, derive_seed
from palaestra.runs.branches import branched
from palaestra.runs.record import log as run_log
from palaestra.runs.record.state import RunState
from palaestra.sims.playing import play
from palaestra.sims.playing.branch import branch, selection
from support.branching import calls_of, debates, plan_of, played, prompted
from support.logs import kill_after


def test_other_options_of_a_choice_are_drawn_without_asking_and_none_twice(
    tmp_path: Path, asked: list[Call]
) -> None:
    origin = played("social_deduction", tmp_path / "origin", 1)
    asked.clear()
    folder = branch(origin, tmp_path / "branch", selection(["purpose=vote"], most=2), 99, quiet=True)
    calls = list(branched(folder))
    assert len(calls) == 2
    for call in calls:
        options = call.answers[0].turn.answer["options"]
        assert Counter(answer.text for answer in call.answers) == Counter(options)
    made = calls_of(folder)
    others = {
        made[n, play_.call]["seed"] for n, play_ in enumerate(plan_of(folder).branches()) if play_.answer
    }
    assert not others & {call.seed for call in asked}


def saying(said: Callable[[Call], str]) -> Callable[..., Reply]:
    """A scripted engine whose texts are `said`."""

    def answer(call: Call, *, attempt: int = 0, garbled: float = 0.0) -> Reply:
        if isinstance(call.answer, Choice):
            return prompted(call, attempt=attempt)
        return Reply(said(call), output_tokens=1)

    return answer


def test_an_answer_that_was_given_already_is_asked_again_with_other_seeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each other answer is the first of four draws that is new, or the last one."""
    three = ("Yes.", "No.", "Perhaps.")
    words = saying(lambda call: three[call.seed % 3])
    monkeypatch.setattr(palaestra.sims.engines.scripted_engine, "scripted_reply", words)
    origin = debates(tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"]), 2, quiet=True)
    made = calls_of(folder)
    attempts = []
    for number, play_ in enumerate(plan_of(folder).branches()):
        told_ = made[number, play_.call]
        if play_.answer == 0:
            taken = {told_["text"]}
            continue
        first = derive_seed(0, play_.episode, play_.call, "answer", play_.answer)
        seeds = [first, *(derive_seed(first, "again", i) for i in (1, 2, 3))]
        drawn = [three[seed % 3] for seed in seeds]
        at = next((i for i, text in enumerate(drawn) if text not in taken), 3)
        assert (told_["text"], told_.get("attempts", 1), told_["tokens"][2]) == (drawn[at], at + 1, at + 1)
        taken.add(told_["text"])
        attempts.append(at + 1)
    assert min(attempts) == 1
    assert max(attempts) > 2


def test_what_can_only_be_said_in_one_way_makes_no_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        palaestra.sims.engines.scripted_engine, "scripted_reply", saying(lambda _call: "Same.")
    )
    origin = debates(tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"]), quiet=True)
    assert RunState.read(folder).status == "finished"
    assert list(branched(folder)) == []


def moody() -> Callable[..., Reply]:
    """An engine that never says the same twice, whatever the seed."""
    moods: list[int] = []

    def said(_call: Call) -> str:
        moods.append(0)
        return f"Mood {len(moods)}."

    return saying(said)


def test_all_repeats_of_an_answer_play_that_answer_though_the_engine_would_not_repeat_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(palaestra.sims.engines.scripted_engine, "scripted_reply", moody())
    origin = debates(tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"]), 2, 3, quiet=True)
    assert len(all_answers(folder)) == 8
    for texts in all_answers(folder).values():
        assert all(len(repeats) == 1 for repeats in texts.values())
        assert len(set.union(*texts.values())) == 3


def all_answers(folder: Path) -> dict[tuple[int, int], dict[int, set[str]]]:
    """The texts of each answer at each point, over its plays."""
    found: dict[tuple[int, int], dict[int, set[str]]] = {}
    calls = calls_of(folder)
    for number, play_ in enumerate(plan_of(folder).branches()):
        texts = found.setdefault((play_.episode, play_.call), {})
        texts.setdefault(play_.answer, set()).add(calls[number, play_.call]["text"])
    return found


def draws(folder: Path) -> list[int]:
    """After how many lines of a log each other answer is there for the first time."""
    firsts = {(n, b.call) for n, b in enumerate(plan_of(folder).branches()) if b.answer and not b.repeat}
    records = enumerate(run_log.read(folder), start=1)
    return [line for line, r in records if r["record"] == "call" and (r["episode"], r["call"]) in firsts]


def test_an_answer_drawn_before_a_kill_is_kept_though_the_engine_would_not_repeat_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(palaestra.sims.engines.scripted_engine, "scripted_reply", moody())
    origin = debates(tmp_path / "origin", rounds=1)
    whole = branch(origin, tmp_path / "whole", selection(["purpose=argue"], most=2), 2, 3, quiet=True)
    before = all_answers(whole)
    for drawn, lines in enumerate(draws(whole), start=1):
        copytree(whole, tmp_path / "killed")
        kill_after(tmp_path / "killed", lines)
        play.resume(tmp_path / "killed", quiet=True)
        kept = 0
        for point, texts in all_answers(tmp_path / "killed").items():
            assert all(len(repeats) == 1 for repeats in texts.values())
            assert len(set.union(*texts.values())) == 3
            kept += sum(texts[answer] == before[point][answer] for answer in (1, 2))
        assert kept == drawn
        rmtree(tmp_path / "killed")
