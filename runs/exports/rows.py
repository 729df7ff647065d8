"""Which rows a run gives: every wanted format of every sample and episode, after the chosen authors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from palaestra.agents.extensions import border
from palaestra.runs.exports.format import FORMATS, Encode, Job, Played, Row
from palaestra.runs.exports.options import CUT_SHORT, ExportOptions
from palaestra.runs.exports.samples import Sample
from palaestra.runs.exports.source import Source

LeftOut = dict[str, Counter[str]]
"""How many were left out, by format ("questions" for all of them) and reason."""
Jobs = Mapping[str, Job]


def rows(
    source: Source, options: ExportOptions, encode: Encode | None, left_out: LeftOut
) -> Iterator[tuple[str, Row]]:
    """Every row of every wanted format of one run, each with its format.

    Raises:
        BadInput: the run has no scores of the kind that a format needs.
        ExtensionFault: a format fails.
    """
    jobs = {name: Job(source, options, left_out[name], encode) for name in options.formats}
    of_samples = {name: job for name, job in jobs.items() if FORMATS[name].by_sample(options)}
    of_episodes = {name: job for name, job in jobs.items() if name not in of_samples}
    if of_samples:
        compare = any(FORMATS[name].compares for name in of_samples)
        for sample in source.samples(options.basis) if compare else source.scored_samples(options.basis):
            yield from _of_sample(sample, options, of_samples, left_out)
        left_out["questions"].update(source.skipped)
    if of_episodes:
        for trajectory in source.trajectories():
            samples = {s.responses[0].turn.call: s for s in source.turns(trajectory, options.basis)}
            played = Played(trajectory, samples)
            for name, job in of_episodes.items():
                if (of_episode := FORMATS[name].of_episode) is not None:
                    yield from _made(name, partial(of_episode, played, job))


def _of_sample(
    sample: Sample, options: ExportOptions, jobs: Jobs, left_out: LeftOut
) -> Iterator[tuple[str, Row]]:
    cut = sum(options.cuts(response.turn) for response in sample.responses)
    if cut:
        left_out["questions"][CUT_SHORT] += cut
    kept = sample.only([response for response in sample.responses if options.takes(response.turn)])
    if kept is None:
        left_out["questions"]["no answer of those that are wanted"] += 1
        return
    for name, job in jobs.items():
        if (of_sample := FORMATS[name].of_sample) is not None:
            yield from _made(name, partial(of_sample, kept, job))


def _made(name: str, make: Callable[[], Iterator[Row]]) -> Iterator[tuple[str, Row]]:
    """What a format makes; what goes wrong in it is its fault."""
    with border(f"format {name!r}", FORMATS.places[name]):
        for row in make():
            yield name, FORMATS[name].checked(row)
