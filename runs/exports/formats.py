"""From samples to rows: one function a format; `schemas.py` says what the columns mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from statistics import fmean
from typing import Any, Literal

from palaestra.agents.calls import Prompt
from palaestra.runs.exports.pairing import TOO_FEW, Pair, PairRule, pairs
from palaestra.runs.exports.samples import ChatMessages, Response, Sample, chat, score_of
from palaestra.scenarios.core.trajectory import JudgeScore, Trajectory, Turn

Row = dict[str, Any]
Encode = Callable[[str, Prompt], list[int]]
"""The token ids of a prompt, as the engine of a policy gets them."""
Asked = Literal["shown", "question"]
"""What an answer is an answer to: all that its author was shown, or what all its rivals were too."""


def dpo_rows(sample: Sample, rule: PairRule, left_out: Counter[str]) -> Iterator[Row]:
    """The pairs of a sample, chosen before rejected."""
    prompt = sample.prompt
    for pair in pairs(sample, rule, left_out):
        yield {
            "prompt": prompt,
            "chosen": said(pair.chosen.turn),
            "rejected": said(pair.rejected.turn),
            **_pair_facts(sample, pair),
            **provenance(sample),
        }


def reward_rows(sample: Sample, rule: PairRule, left_out: Counter[str]) -> Iterator[Row]:
    """The same pairs as whole conversations, which is what reward models read."""
    for row in dpo_rows(sample, rule, left_out):
        prompt = row.pop("prompt")
        yield row | {"chosen": prompt + row["chosen"], "rejected": prompt + row["rejected"]}


def kto_row(sample: Sample, response: Response, threshold: float) -> Row:
    """One answer with its label: whether its score is above `threshold`."""
    prompt = chat(response.turn.prompt) if not sample.revised else sample.prompt
    return {
        "prompt": prompt,
        "completion": said(response.turn),
        "label": score_of(response) > threshold,
        **_scored(sample, response),
        **author(response),
        **provenance(sample),
    }


def sft_row(sample: Sample, response: Response, asked: Asked = "shown") -> Row:
    """One answer after what its author was shown, or after the question alone (see `ExportOptions`)."""
    prompt = chat(response.turn.prompt) if asked == "shown" else sample.prompt
    return {
        "messages": prompt + said(response.turn),
        "purpose": response.turn.purpose,
        **_scored(sample, response),
        **author(response),
        **provenance(sample),
    }


def ranked_rows(sample: Sample, left_out: Counter[str]) -> Iterator[Row]:
    """All scored answers in one row, the best first, with every judge's every score."""
    usable = sample.scored()
    if len(usable) < 2:
        left_out[TOO_FEW] += 1
        return
    ordered = sorted(usable, key=score_of, reverse=True)
    calls = [response.turn.call for response in ordered]
    judges = sorted({score.judge for score in sample.scores})
    prompt = sample.prompt
    yield {
        "prompt": prompt,
        "responses": [response.turn.text for response in ordered],
        "rewards": [response.score for response in ordered],
        "unit": sample.unit,
        "basis": sample.basis,
        "truths": [response.truth for response in ordered],
        "agents": [response.turn.agent for response in ordered],
        "policies": [response.turn.policy for response in ordered],
        "calls": calls,
        "judges": judges,
        "score_matrix": [
            [
                _mean([s for s in sample.scores if s.judge == judge and s.call == call and s.against is None])
                for call in calls
            ]
            for judge in judges
        ],
        "preference_matrix": [[_preference(sample.scores, one, other) for other in calls] for one in calls],
        **provenance(sample),
    }


def critique_rows(sample: Sample) -> Iterator[Row]:
    """Each answer once for each critique of it in words."""
    prompt = sample.prompt
    for response in sample.responses:
        for critique in response.critiques:
            turn = sample.turns[critique.call]
            yield {
                "prompt": prompt,
                "output": response.turn.text,
                "judgment": turn.text,
                "score": critique.score,
                "unit": sample.unit,
                "critic": turn.agent,
                "critic_call": turn.call,
                **author(response),
                **provenance(sample),
            }


REALIGNED_ABOVE = 4.0
"""A revision is worth learning from when it scores above the middle of 1–7 (Stable Alignment's code)."""


def revision_rows(sample: Sample) -> Iterator[Row]:
    """Stable Alignment's three sets (its `collect_data.py`).

    `imitation`: the question → draft and revision. `self_critic`: what a peer was shown → its
    feedback, with its rating as the score. `realignment`: what the author was shown → its
    revision, kept where it scores better than the draft and above 4.
    """
    if not sample.revised:
        return
    draft, revision = sample.responses
    scored = sample.scored()
    if scored:
        yield _set(sample, "imitation", sample.prompt, [(r.turn, score_of(r)) for r in scored])
    for critique in draft.critiques:
        turn = sample.turns[critique.call]
        if critique.score is not None:
            yield _set(sample, "self_critic", chat(turn.prompt), [(turn, critique.score)])
    if len(scored) == 2 and score_of(revision) > max(score_of(draft), REALIGNED_ABOVE):
        yield _set(sample, "realignment", chat(revision.turn.prompt), [(revision.turn, score_of(revision))])


def rollout_rows(
    trajectory: Trajectory,
    samples: dict[int, Sample],
    rewards: dict[str, float],
    encode: Encode,
    temperatures: dict[str, float],
) -> Iterator[Row]:
    """Every turn of every agent whose tokens were recorded, an agent's turns in order.

    Args:
        trajectory: the episode.
        samples: of each of its turns, by call, as its only response.
        rewards: what the outcome is worth to each agent; those it is worth nothing to have no
            final reward.
        encode: makes the prompt's token ids.
        temperatures: of each policy.
    """
    by_agent: dict[str, list[Turn]] = {}
    for turn in trajectory.turns.values():
        if turn.token_ids is not None and not turn.failed:
            by_agent.setdefault(turn.agent, []).append(turn)
    for agent, own_turns in by_agent.items():
        for number, turn in enumerate(own_turns):
            sample = samples[turn.call]
            prompt_ids = encode(turn.policy, turn.prompt)
            completion_ids = turn.token_ids or []
            yield {
                "trajectory": f"{sample.run}/{trajectory.episode}/{agent}",
                "turn": number,
                "turns": len(own_turns),
                "prompt": chat(turn.prompt),
                "completion": turn.text,
                "prompt_ids": prompt_ids,
                "completion_ids": completion_ids,
                "own": [False] * len(prompt_ids) + [True] * len(completion_ids),
                "logprobs": turn.logprobs,
                "temperature": temperatures[turn.policy],
                "reward": None if sample.basis == "outcome" else sample.responses[0].score,
                "final_reward": rewards.get(agent),
                "purpose": turn.purpose,
                **author(sample.responses[0]),
                **provenance(sample),
            }


def said(turn: Turn) -> ChatMessages:
    """A turn's answer as a message."""
    return [{"role": "assistant", "content": turn.text}]


def author(response: Response) -> Row:
    """Whose answer it is, and where it stands."""
    turn = response.turn
    return {
        "agent": turn.agent,
        "policy": turn.policy,
        "play": response.episode,
        "call": turn.call,
        "finish": turn.finish,
    }


def provenance(sample: Sample) -> Row:
    """Where a row was played."""
    return {
        "run": sample.run,
        "scenario": sample.scenario,
        "episode": sample.episode,
        "round": sample.round,
        "prompt_id": sample.question,
    }


def _pair_facts(sample: Sample, pair: Pair) -> Row:
    sides = {"chosen": pair.chosen, "rejected": pair.rejected}
    facts: Row = {
        "score_chosen": pair.chosen.score,
        "score_rejected": pair.rejected.score,
        "margin": pair.margin,
        "margin_se": pair.error,
        "unit": sample.unit,
        "basis": sample.basis,
        "truth_chosen": pair.chosen.truth,
        "truth_rejected": pair.rejected.truth,
        "verdicts": list(_verdicts(sample, pair)),
    }
    for side, response in sides.items():
        facts |= {f"{side}_{name}": value for name, value in author(response).items()}
    return facts


def _verdicts(sample: Sample, pair: Pair) -> Iterator[Row]:
    """What those who judged both answers of a pair said."""
    sides = {pair.chosen.turn.call: "chosen", pair.rejected.turn.call: "rejected"}
    policies = {turn.agent: turn.policy for turn in sample.turns.values()}
    for score in pair.scores:
        yield {
            "judge": score.judge,
            "judge_policy": policies.get(score.judge, ""),
            "criterion": score.criterion,
            "repeat": score.repeat,
            "weight": score.weight,
            "of": sides[score.call],
            "beside": score.against is not None,
            "value": score.value,
        }


def _scored(sample: Sample, response: Response) -> Row:
    return {
        "score": response.score,
        "unit": sample.unit,
        "basis": sample.basis,
        "truth": response.truth,
    }


def _set(sample: Sample, name: str, prompt: ChatMessages, answers: list[tuple[Turn, float]]) -> Row:
    return {
        "set": name,
        "prompt": prompt,
        "responses": [turn.text for turn, _ in answers],
        "scores": [score for _, score in answers],
        "unit": sample.unit,
        "agents": [turn.agent for turn, _ in answers],
        "policies": [turn.policy for turn, _ in answers],
        "calls": [turn.call for turn, _ in answers],
        **provenance(sample),
    }


def _preference(scores: tuple[JudgeScore, ...], one: int, other: int) -> float | None:
    """The mean probability that answer `one` is better than `other`, both orders counted alike."""
    straight = _mean([s for s in scores if (s.call, s.against) == (one, other)])
    crossed = _mean([s for s in scores if (s.call, s.against) == (other, one)])
    if straight is None or crossed is None:
        return None
    return (straight + 1 - crossed) / 2


def _mean(scores: list[JudgeScore]) -> float | None:
    """The mean of those that count in the panel's score; of all, where none does."""
    counted = [score.value for score in scores if score.weight > 0] or [score.value for score in scores]
    return fmean(counted) if counted else None
