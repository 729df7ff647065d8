"""The same debate as a solver of Inspect's: a sample is an episode.

`inspect_debate.py URL EPISODES`
"""

from __future__ import annotations

import os
import sys
import tempfile

import inspect_ai
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import collect

AGENTS, ROUNDS = 8, 3
AT_ONCE = 512


@solver
def debate() -> Solver:
    async def solve(state: TaskState, _generate: Generate) -> TaskState:
        model, heard = get_model(), state.input_text
        for _ in range(ROUNDS):
            answers = await collect(
                *(
                    model.generate(
                        [
                            ChatMessageSystem(content=f"You are debater {agent}."),
                            ChatMessageUser(content=heard),
                        ]
                    )
                    for agent in range(AGENTS)
                )
            )
            heard += "\n" + "\n".join(answer.completion for answer in answers)
        return state

    return solve


def main(url: str, episodes: int) -> None:
    os.environ["MOCK_API_KEY"] = "none"
    with tempfile.TemporaryDirectory() as logs:
        [log] = inspect_ai.eval(
            inspect_ai.Task(
                dataset=[Sample(input="Should cities ban cars?", id=n) for n in range(episodes)],
                solver=debate(),
            ),
            model="openai-api/mock/mock",
            model_base_url=url,
            max_connections=AT_ONCE,
            max_samples=AT_ONCE,
            max_tokens=64,
            display="none",
            log_realtime=False,
            log_dir=logs,
        )
    if log.status != "success":
        sys.exit(f"{log.error}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
