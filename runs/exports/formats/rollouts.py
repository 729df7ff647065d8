"""`rollouts`: one turn of an agent as its tokens were sampled, with what it came to."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from palaestra.agents.failures import BadInput
from palaestra.runs.exports.format import Column, Format, Job, Played, Row
from palaestra.runs.exports.parts import (
    AUTHOR,
    INTEGERS,
    MESSAGES,
    NUMBERS,
    PROVENANCE,
    PURPOSE,
    author,
    provenance,
)
from palaestra.runs.exports.samples import chat
from palaestra.scenarios.core.trajectory import Turn


def rows(played: Played, job: Job) -> Iterator[Row]:
    """Every wanted turn of every agent whose tokens were recorded, an agent's turns in order.

    Agents to whom the outcome is worth nothing have no final reward.
    """
    trajectory = played.trajectory
    rewards = job.source.rewards(trajectory)
    by_agent: dict[str, list[Turn]] = {}
    for turn in trajectory.turns.values():
        if turn.thought and job.options.takes(turn):
            job.left_out["turns with a thought, whose tokens follow what no prompt has"] += 1
        if turn.token_ids is not None and not turn.failed:
            by_agent.setdefault(turn.agent, []).append(turn)
    for agent, own_turns in by_agent.items():
        for number, turn in enumerate(own_turns):
            if not job.takes(turn):
                continue
            sample = played.samples[turn.call]
            prompt_ids, completion_ids = _encoded(turn, job), turn.token_ids or []
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
                "temperature": job.source.policies[turn.policy].temperature,
                "reward": None if sample.basis == "outcome" else sample.responses[0].score,
                "final_reward": rewards.get(agent),
                "purpose": turn.purpose,
                **author(sample.responses[0]),
                **provenance(sample),
            }


def _encoded(turn: Turn, job: Job) -> list[int]:
    if job.encode is None:
        raise BadInput(
            "rollouts need the token ids of prompts, and this export was given nothing that makes them",
            "Give it `encode`, such as palaestra.sims.engines.prompt_encoder.prompt_encoder(runs).",
        )
    return job.encode(turn.policy, turn.prompt)


FORMAT = Format(
    "rollouts",
    row="one turn of an agent, with its tokens",
    loader="online RL (`prompt_ids`, `completion_ids`, `logprobs`, rewards)",
    columns={
        "trajectory": Column(pl.String, "run/episode/agent, whose turns belong together"),
        "turn": Column(pl.Int64, "number of the turn in the trajectory, from 0"),
        "turns": Column(pl.Int64, "how many the trajectory has"),
        "prompt": Column(MESSAGES, "all that the author was shown"),
        "completion": Column(pl.String, "the answer"),
        "prompt_ids": Column(INTEGERS, "token ids of the prompt, as the engine got them"),
        "completion_ids": Column(INTEGERS, "token ids of the answer, as sampled, its end included"),
        "own": Column(pl.List(pl.Boolean), "of each token, prompt first, whether the policy sampled it"),
        "logprobs": Column(NUMBERS, "of the answer's tokens under the distribution sampled from, nats"),
        "temperature": Column(pl.Float64, "at which they were sampled"),
        "reward": Column(pl.Float64, "the answer's own score; null where it was not judged"),
        "final_reward": Column(pl.Float64, "what the outcome is worth to the agent; null where nothing"),
        "purpose": PURPOSE,
        **AUTHOR,
        **PROVENANCE,
    },
    of_episode=rows,
    remedy="Play the run with --set engines.default.record_tokens=true, on a vLLM engine.",
    order=8,
)
