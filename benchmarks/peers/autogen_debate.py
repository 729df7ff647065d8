"""The same debate as a graph of AutoGen's: each round's agents hear the whole round before.

`autogen_debate.py URL EPISODES`
"""

from __future__ import annotations

import asyncio
import logging
import sys
from itertools import pairwise, product

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.teams import DiGraphBuilder, GraphFlow
from autogen_ext.models.openai import OpenAIChatCompletionClient

AGENTS, ROUNDS = 8, 3
MODEL = {
    "vision": False,
    "function_calling": False,
    "json_output": True,
    "structured_output": True,
    "family": "unknown",
}


async def episode(url: str) -> None:
    client = OpenAIChatCompletionClient(
        model="mock", base_url=url, api_key="none", model_info=MODEL, max_tokens=64, timeout=600
    )
    rounds = [
        [
            AssistantAgent(f"agent_{n}_{number}", client, system_message=f"You are debater {n}.")
            for n in range(AGENTS)
        ]
        for number in range(ROUNDS)
    ]
    graph, everybody = DiGraphBuilder(), [agent for each in rounds for agent in each]
    for agent in everybody:
        graph.add_node(agent)
    for before, after in pairwise(rounds):
        for speaker, listener in product(before, after):
            graph.add_edge(speaker, listener)
    await GraphFlow(everybody, graph=graph.build()).run(task="Should cities ban cars?")
    await client.close()


async def main(url: str, episodes: int) -> None:
    logging.disable()
    await asyncio.gather(*(episode(url) for _ in range(episodes)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
