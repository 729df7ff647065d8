"""Margins are those of playing each answer to its end by hand, and no recorded call is asked again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.calls import Call, Reply, derive_seed
from palaestra.runs.branches import branched, outcome_margin
from palaestra.runs.record.records import Record
from palaestra.runs.record.state import RunState
from palaestra.runs.run import Run
from palaestra.scenarios.core.registry import SCENARIOS
from palaestra.sims.playing.branch import branch, selection
from support.branching import SMALL, calls_of, debates, plan_of, played, prompted
from support.scripted_debates import recorded

# The same by hand: an episode, recorded replies up to a call, a forced answer, then the engine.


class ByHand:
    """An origin's episodes, walked again with an answer forced at one call."""

    def __init__(self, folder: Path) -> None:
        self.state = RunState.read(folder).settings
        self.rules = SCENARIOS[self.state["scenario"]]
        self.config = self.rules.config_type.model_validate(self.state)
        self.calls = calls_of(folder)

    def reward(self, episode: int, call: int, answer: str, repeat: int) -> float:
        """What the author of the call ends with."""
        walked = self.rules(self.config, index=episode)
        author, branched_at = self.calls[episode, call]["agent"], self.calls[episode, call]["step"]
        step = 0
        while walked.pending:
            step += 1
            replies = []
            for one in walked.pending:
                past = self.calls.get((episode, one.index))
                if step <= branched_at:
                    assert past is not None
                    text = answer if one.index == call else past["text"]
                    known = tuple(past["probabilities"]) if "probabilities" in past else None
                    replies.append(Reply(text, one.answer.parse(text), known))
                else:
                    replies.append(self._engine(episode, one, repeat))
            walked.advance(replies)
        return self._worth(walked, author)

    def _engine(self, episode: int, call: Call, repeat: int) -> Reply:
        parts: tuple[Any, ...] = (self.config.seed, episode, call.index)
        seed = derive_seed(*parts, "repeat", repeat) if repeat else derive_seed(*parts)
        reply = prompted(replace(call, seed=seed))
        known = reply.probabilities and tuple(round(p, 6) for p in reply.probabilities)
        return replace(reply, value=call.answer.parse(reply.text), probabilities=known)

    def _worth(self, over: Any, author: str) -> float:
        told = [(type(event).__name__, event) for _, event in over.events]
        match self.rules.kind:
            case "debate":
                points: list[float] = [e.score for name, e in told if name == "Verdict" and e.agent == author]
                return (points[0] - 1) / 9
            case "negotiation":
                surplus: float = next(
                    e.surplus for name, e in told if name == "BargainingUtility" and e.party == author
                )
                return surplus
            case _:
                team = next(e.team for name, e in told if name == "Role" and e.player == author)
                winner = over.outcome["winner"]
                return 0.5 if winner == "undecided" else float(winner == team)


@pytest.mark.parametrize("kind", SMALL)
@pytest.mark.parametrize("repeats", [1, 3])
def test_margins_are_those_of_playing_each_answer_to_its_end_by_hand(
    kind: str, repeats: int, tmp_path: Path
) -> None:
    origin = played(kind, tmp_path / "origin", 3)
    chosen = selection([SMALL[kind][2]], most=4)
    folder = branch(origin, tmp_path / "branch", chosen, answers=2, repeats=repeats, quiet=True)
    by_hand = ByHand(origin)
    found = list(branched(folder))
    assert found
    margins = []
    for call in found:
        for answer in call.answers:
            worth = [by_hand.reward(call.episode, call.call, answer.text, r) for r in range(repeats)]
            assert answer.rewards == pytest.approx(worth)
        first, *others = call.answers
        for other in others:
            pairs = zip(first.rewards, other.rewards, strict=True)
            mean, _ = outcome_margin(first.rewards, other.rewards)
            assert mean == pytest.approx(sum(a - b for a, b in pairs) / repeats)
            margins.append(mean)
    assert any(margins), "answers that change nothing prove nothing"


@pytest.mark.parametrize("kind", SMALL)
def test_the_answers_to_a_call_differ_and_their_prompts_do_not(kind: str, tmp_path: Path) -> None:
    origin = played(kind, tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection([SMALL[kind][2]], most=5), 2, 2, quiet=True)
    before, after, recorded_calls = Run(origin), Run(folder), calls_of(origin)
    calls = list(branched(folder))
    assert len(calls) == 5
    for call in calls:
        texts = [answer.text for answer in call.answers]
        assert len(set(texts)) == len(texts)
        assert texts[0] == recorded_calls[call.episode, call.call]["text"]
        origin_prompt = before.prompt(call.episode, call.call)
        for answer in call.answers:
            for number in answer.episodes:
                assert after.prompt(number, call.call) == origin_prompt
            assert [(m.role, m.body) for m in answer.turn.prompt] == origin_prompt


# Nothing is asked twice.


def test_no_recorded_call_is_asked_again_and_all_others_once(tmp_path: Path, asked: list[Call]) -> None:
    origin = debates(tmp_path / "origin")
    asked.clear()
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"]), 2, 2, quiet=True)
    before, after, plan = calls_of(origin), calls_of(folder), plan_of(folder)
    expected = Counter[int]()
    for number, play_ in enumerate(plan.branches()):
        step = before[play_.episode, play_.call]["step"]
        for (episode, index), record in after.items():
            if episode != number or (play_.answer, play_.repeat) == (0, 0):
                continue
            if record["step"] > step or (index == play_.call and play_.answer and not play_.repeat):
                expected[record["seed"]] += 1
    assert Counter(call.seed for call in asked) == expected
    assert sum(expected.values()) < len(after)


def test_the_recorded_answer_played_for_the_first_time_is_the_recorded_episode(tmp_path: Path) -> None:
    origin = debates(tmp_path / "origin")
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"], most=3), quiet=True)
    for number, play_ in enumerate(plan_of(folder).branches()):
        if play_.answer == play_.repeat == 0:
            assert told(folder, number) == told(origin, play_.episode)


def told(folder: Path, episode: int) -> list[Record]:
    """All that is recorded of an episode but its number and what it cost."""
    own = [record for record in recorded(folder) if record["episode"] == episode]
    return [{k: v for k, v in record.items() if k not in ("episode", "tokens")} for record in own]


def test_what_is_taken_over_costs_nothing_and_the_run_counts_what_it_asked(
    tmp_path: Path, asked: list[Call]
) -> None:
    origin = debates(tmp_path / "origin")
    asked.clear()
    folder = branch(origin, tmp_path / "branch", selection(["purpose=argue"], most=3), 2, 2, quiet=True)
    paid = [record for record in calls_of(folder).values() if record["tokens"][2]]
    assert len(paid) == len(asked)
    assert {record["seed"] for record in paid} == {call.seed for call in asked}
    assert RunState.read(folder).counts.output_tokens == sum(record["tokens"][2] for record in paid)
