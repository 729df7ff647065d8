"""What the engine setting `first` does, in virtual time: no model, no machine.

Episodes of equal length, each asking so many calls at once, an exchange after another; an engine that runs so
many calls at once, each for 0.5 to 1.5 time units. Told, means of five seeds: when the last episode ends and
when episodes end on average, over the time that a full engine would need for all calls; and of how many
episodes the transcripts are in use at once (among four times the calls that the engine runs), which is what
its prefix cache has to hold.

    python benchmarks/who_goes_first.py
"""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass
from statistics import fmean

EXCHANGES, AGENTS = 8, 8
CASES = ((64, 32, 32), (64, 64, 256), (256, 256, 256), (256, 256, 1024))


@dataclass
class Run:
    """A run under way: calls that wait, by whose turn it is, and calls that run, by when they end."""

    furthest: bool
    chance: random.Random
    waiting: list[tuple[int, int, int]]
    running: list[tuple[float, int]]
    asked: int = 0

    def ask(self, episode: int, exchange: int) -> None:
        """An episode's next exchange."""
        for _ in range(AGENTS):
            self.asked += 1
            heapq.heappush(self.waiting, (-exchange if self.furthest else 0, self.asked, episode))


def play(furthest: bool, seed: int, room: int, live: int, episodes: int) -> tuple[float, float, float]:
    """Last end and mean end, over the bound; episodes in use at once."""
    run = Run(furthest, random.Random(seed), [], [])
    coming, now = iter(range(episodes)), 0.0
    exchange: dict[int, int] = {}
    missing: dict[int, int] = {}
    ends: list[float] = []
    used: list[int] = []
    while True:
        while len(exchange) < live and (episode := next(coming, None)) is not None:
            exchange[episode], missing[episode] = 0, AGENTS
            run.ask(episode, 0)
        while run.waiting and len(run.running) < room:
            _, _, episode = heapq.heappop(run.waiting)
            used.append(episode)
            heapq.heappush(run.running, (now + run.chance.uniform(0.5, 1.5), episode))
        if not run.running:
            break
        now, episode = heapq.heappop(run.running)
        missing[episode] -= 1
        if missing[episode]:
            continue
        exchange[episode] += 1
        if exchange[episode] == EXCHANGES:
            ends.append(now)
            del exchange[episode]
        else:
            missing[episode] = AGENTS
            run.ask(episode, exchange[episode])
    bound = episodes * EXCHANGES * AGENTS / room
    at_once = [len(set(used[n : n + 4 * room])) for n in range(0, len(used) - 4 * room + 1, room)]
    return ends[-1] / bound, fmean(ends) / bound, fmean(at_once)


def main() -> None:
    print("runs at once, alive, episodes | first     last end  mean end  transcripts in use")
    for room, live, episodes in CASES:
        for first in ("arrived", "furthest"):
            found = [play(first == "furthest", seed, room, live, episodes) for seed in range(5)]
            last, mean, used = map(fmean, zip(*found, strict=True))
            print(f"{room:12} {live:6} {episodes:9} | {first:9} {last:8.2f} {mean:9.2f} {used:9.0f}")


if __name__ == "__main__":
    main()
