"""The least that a script does: OpenAI's client, 8 agents × 3 rounds, nothing kept.

`bare.py URL EPISODES`
"""

from __future__ import annotations

import asyncio
import sys

from openai import AsyncOpenAI

AGENTS, ROUNDS = 8, 3


async def episode(client: AsyncOpenAI) -> None:
    heard = ""
    for _ in range(ROUNDS):
        answers = await asyncio.gather(
            *(
                client.chat.completions.create(
                    model="mock",
                    messages=[{"role": "user", "content": f"You are debater {agent}.\n{heard}"}],
                    max_tokens=64,
                )
                for agent in range(AGENTS)
            )
        )
        heard += "\n".join(answer.choices[0].message.content or "" for answer in answers)


async def main(url: str, episodes: int) -> None:
    async with AsyncOpenAI(base_url=url, api_key="none", timeout=600) as client:
        await asyncio.gather(*(episode(client) for _ in range(episodes)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
