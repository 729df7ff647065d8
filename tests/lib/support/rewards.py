"""What the outcome of an episode that a test played is worth to its agents."""

from __future__ import annotations

from typing import Any

from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.trajectory import Trajectory


def rewards_of(episode: Episode[Any]) -> dict[str, float]:
    """The rewards that its scenario reads from the events and the outcome of a finished episode."""
    assert not episode.running
    assert type(episode).reward_unit
    events = tuple(event for _, event in episode.events)
    played = Trajectory(episode.index, episode.episode_seed, (), {}, events, episode.outcome)
    return type(episode).rewards(episode.config, played)
