"""On an engine to which mixed batches are slow one adapter's requests run at a time; none waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from palaestra.sims.engines.adapter_waves import Adapter, AdapterWaves

A, B = Path("a"), Path("b")


async def running(waves: AdapterWaves, adapters: Sequence[Adapter], steps: int = 3) -> list[set[Adapter]]:
    """Which adapters run together, whenever a request begins, where each lasts so many steps of the loop."""
    now: list[Adapter] = []
    seen: list[set[Adapter]] = []

    async def request(adapter: Adapter) -> None:
        async with waves.turn(adapter):
            now.append(adapter)
            seen.append(set(now))
            for _ in range(steps):
                await asyncio.sleep(0)
            now.remove(adapter)

    await asyncio.gather(*map(request, adapters))
    return seen


@pytest.mark.parametrize("adapters", [(A, B, None) * 4, (A, A, B), (None,)])
def test_adapters_never_mix_and_every_request_runs(adapters: Sequence[Adapter]) -> None:
    seen = asyncio.run(running(AdapterWaves(8), adapters))
    assert all(len(together) == 1 for together in seen)
    assert sorted(map(str, (one for together in seen for one in together))) == sorted(map(str, adapters))


def test_all_that_wait_for_an_adapter_run_together() -> None:
    order = [together.pop() for together in asyncio.run(running(AdapterWaves(8), (A, B, A, B, None, B)))]
    assert order == [A, A, B, B, B, None]


def test_a_wave_lets_no_more_in_than_its_longest_while_others_wait() -> None:
    order = [together.pop() for together in asyncio.run(running(AdapterWaves(2), (A, B, A, A, A)))]
    assert order == [A, A, B, A, A]


def test_a_request_that_is_given_up_leaves_the_others_their_turn() -> None:
    async def play() -> list[set[Adapter]]:
        waves = AdapterWaves(8)
        async with waves.turn(A):
            given_up = [asyncio.create_task(running(waves, (B,))) for _ in range(2)]
            await asyncio.sleep(0)
            given_up[0].cancel()
        given_up[1].cancel()  # its turn has come, and it doesn't know yet
        return await running(waves, (None, B))

    assert asyncio.run(asyncio.wait_for(play(), 10)) == [{None}, {B}]
