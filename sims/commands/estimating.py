"""Says what a run would take, against each of its limits, for `palaestra run --estimate`."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import TYPE_CHECKING

from palaestra.agents.trust import Allowed
from palaestra.sims.terminal import say

if TYPE_CHECKING:
    from palaestra.agents.budget import Limit
    from palaestra.scenarios.core.config import ScenarioConfig
    from palaestra.scenarios.core.load import Scenario


def print_estimate(scenario: Scenario, allowed: Allowed) -> None:
    """Say what a run of `scenario` would take.

    Raises:
        BadInput: its engines need more than is `allowed`.
    """
    from palaestra.agents.budget import money
    from palaestra.sims.playing.estimate import estimate, reached_after

    scenario.require_allowed(allowed)  # what would be refused takes nothing
    found = estimate(scenario)
    if found.at_least:
        say("at least, as an episode is longer than can be foreseen:")
    say(f"episodes          {found.episodes:>12,}")
    say(f"calls             {found.calls:>12,}")
    say(f"prompt tokens     {found.prompt_tokens:>12,}  ({found.counted_by}; before prefix caching)")
    say(f"output tokens     {found.output_tokens:>12,}  (at most: every speech at its limit)")
    say(f"longest prompt    {found.longest_prompt:>12,}  tokens")
    if found.seconds is None:
        say("time                   unknown  (no run of this scenario and model on this machine yet)")
    else:
        say(f"time              {found.seconds:>11,.0f}s  (at the last run's speed and the engines' rates)")
    if found.spend is not None:
        say(f"spend             {money(found.spend):>12}  (before prefix caching)")
    _print_limits(scenario.config, reached_after(found, scenario.config.limits))


def _print_limits(config: ScenarioConfig, shares: Mapping[Limit, float | None]) -> None:
    """Whether a run will reach its limits, and after how many of its episodes."""
    episodes, together = config.episodes, min(config.live, config.episodes)
    reached = [share for share in shares.values() if share is not None and share < 1]
    for limit, share in shares.items():
        if share is None:
            told = "nobody knows whether it is reached"
        elif share >= 1:
            told = "not reached"
        else:
            first = " first" if share == min(reached) else ""
            told = f"reached{first} at about episode {ceil(share * episodes):,} of {episodes:,}"
        say(f"limits.{limit:<11}{config.limits.of(limit):>12,.10g}  ({told})")
    if reached and together > 1:
        say(f"{together:,} episodes are under way at once, and stop so; with live=1 each ends first")
