"""What the line of progress tells, and what it leaves out."""

from __future__ import annotations

import pytest

from palaestra.agents.answers import Text
from palaestra.agents.calls import Reply
from palaestra.sims.playing.progress import Progress
from support.scripted_debates import call


def line(calls: int, calls_per_episode: float) -> str:
    progress = Progress(episodes=2, calls_per_episode=calls_per_episode, quiet=True)
    for _ in range(calls):
        reply = Reply("Yes.", prompt_tokens=40, cached_tokens=30, output_tokens=2)
        progress.call_answered(call(Text()), reply)
    return progress.line()


def test_it_tells_calls_of_those_expected_and_the_time_left() -> None:
    told = line(calls=3, calls_per_episode=5)
    assert "episodes 0/2 · calls 3/10 · " in told
    assert " · cached 75% · " in told
    assert " left · " in told


@pytest.mark.parametrize("calls_per_episode", [0, 1])
def test_an_estimate_that_is_missing_or_was_too_low_is_not_told(calls_per_episode: float) -> None:
    told = line(calls=3, calls_per_episode=calls_per_episode)
    assert " · calls 3 · " in told
    assert "left" not in told


def test_what_was_spent_is_told_where_it_is_known() -> None:
    assert " · spent 1.25 · " in Progress(episodes=2, quiet=True, spend=lambda: 1.25).line()
    assert "spent" not in Progress(episodes=2, quiet=True).line()
