"""Samples of a branched run: other answers at the same call, scored by what they led to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

from palaestra.runs.branches import branched
from palaestra.runs.exports.samples import Response, Sample


def outcome_samples(folder: Path, run: str, scenario: str, unit: str) -> Iterator[Sample]:
    """Each branched call with two answers or more that were played to their ends.

    Args:
        folder: of the branched run.
        run: what rows call it.
        scenario: its kind.
        unit: of the rewards.
    """
    for call in branched(folder):
        number = call.turn.about.get("round")
        responses = tuple(
            Response(answer.turn, answer.episodes[0], fmean(answer.rewards), outcomes=answer.rewards)
            for answer in call.answers
        )
        yield Sample(
            run,
            scenario,
            call.episode,
            {},
            call.prompt,
            responses,
            (),
            unit,
            "outcome",
            number if isinstance(number, int) else None,
        )
