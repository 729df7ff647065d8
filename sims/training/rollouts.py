"""Recorded rollouts for TRL's GRPO: what a policy said, played back in place of new generations.

GRPO compares several answers to one prompt, so only prompts with enough recorded answers are
of use: those of branched calls, or of the first turns of episodes that begin alike.

    rollouts = RecordedRollouts(rows, generations=4)
    GRPOTrainer(model, rollouts.reward, GRPOConfig(num_generations=4, …), rollouts.prompts(),
                rollout_func=rollouts, …)

The recorded answers are the policy's own only in the first step; later ones are off-policy,
which GRPO's clipped ratio tolerates for a few steps, not for many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import orjson

from palaestra.sims.training.source import Row


class RecordedRollouts:
    """Rows of `rollouts`, grouped by prompt.

    Args:
        rows: of an export.
        generations: how many answers to a prompt are compared, `num_generations` of GRPO.

    Attributes:
        groups: the rows of each prompt that has enough of them with a reward, by a hash of
            its token ids.
    """

    def __init__(self, rows: Sequence[Row], generations: int) -> None:
        groups: dict[str, list[Row]] = {}
        for row in rows:
            if _reward(row) is not None:
                prompt = blake2b(orjson.dumps(row["prompt_ids"]), digest_size=8).hexdigest()
                groups.setdefault(prompt, []).append(row)
        self.groups = {prompt: group for prompt, group in groups.items() if len(group) >= generations}
        self._taken: Counter[str] = Counter()

    def prompts(self) -> list[dict[str, str]]:
        """The rows of the trainer's data set: names of prompts, whose tokens `__call__` gives."""
        return [{"prompt": prompt} for prompt in self.groups]

    def __call__(self, prompts: Sequence[str], trainer: object) -> dict[str, Any]:
        """The next recorded answer for each of `prompts`, as a `rollout_func` returns it."""
        rows = [self._next(prompt) for prompt in prompts]
        logprobs = [row["logprobs"] for row in rows]
        return {
            "prompt_ids": [row["prompt_ids"] for row in rows],
            "completion_ids": [row["completion_ids"] for row in rows],
            "logprobs": None if None in logprobs else logprobs,
            "recorded": [_reward(row) for row in rows],
        }

    @staticmethod
    def reward(recorded: list[float], **_: object) -> list[float]:
        """The recorded rewards: the turn's, or its trajectory's where the turn has none."""
        return recorded

    def _next(self, prompt: str) -> Row:
        group = self.groups[prompt]
        row = group[self._taken[prompt] % len(group)]
        self._taken[prompt] += 1
        return row


def _reward(row: Row) -> float | None:
    reward = row["reward"] if row["reward"] is not None else row["final_reward"]
    return None if reward is None else float(reward)
