"""`ranked`: all answers to one question, the best first, with every judge's every score."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

import polars as pl

from palaestra.runs.exports.format import Column, Format, Job, Row
from palaestra.runs.exports.pairing import TOO_FEW
from palaestra.runs.exports.parts import (
    BASIS,
    FINISHES,
    INTEGERS,
    NUMBERS,
    PROMPT,
    PROVENANCE,
    TEXTS,
    UNIT,
    provenance,
)
from palaestra.runs.exports.samples import Response, Sample, score_of
from palaestra.scenarios.core.trajectory import JudgeScore


def rows(sample: Sample, job: Job) -> Iterator[Row]:
    """All scored answers of a sample in one row."""
    usable = sample.scored()
    if len(usable) < 2:
        job.left_out[TOO_FEW] += 1
        return
    ordered = sorted(usable, key=score_of, reverse=True)
    calls = [response.turn.call for response in ordered]
    judges = sorted({score.judge for score in sample.scores})
    yield {
        "prompt": sample.prompt,
        "responses": [response.turn.text for response in ordered],
        "rewards": [response.score for response in ordered],
        "unit": sample.unit,
        "basis": sample.basis,
        "truths": [response.truth for response in ordered],
        "agents": [response.turn.agent for response in ordered],
        "policies": [response.turn.policy for response in ordered],
        "finishes": [response.turn.finish for response in ordered],
        **_checkpoints(ordered, job),
        "calls": calls,
        "judges": judges,
        "score_matrix": [
            [
                _mean([s for s in sample.scores if s.judge == judge and s.call == call and s.against is None])
                for call in calls
            ]
            for judge in judges
        ],
        "preference_matrix": [[_preference(sample.scores, one, other) for other in calls] for one in calls],
        **provenance(sample),
    }


def _checkpoints(ordered: list[Response], job: Job) -> Row:
    """What each answer was made by: a policy's name says nothing once its adapter has changed."""
    authors = [job.source.policies[response.turn.policy] for response in ordered]
    return {
        "models": [author.model for author in authors],
        "revisions": [author.revision for author in authors],
        "adapters": [author.adapter for author in authors],
    }


def _preference(scores: tuple[JudgeScore, ...], one: int, other: int) -> float | None:
    """The mean probability that answer `one` is better than `other`, both orders counted alike."""
    straight = _mean([s for s in scores if (s.call, s.against) == (one, other)])
    crossed = _mean([s for s in scores if (s.call, s.against) == (other, one)])
    if straight is None or crossed is None:
        return None
    return (straight + 1 - crossed) / 2


def _mean(scores: list[JudgeScore]) -> float | None:
    """The mean of those that count in the panel's score; of all, where none does."""
    counted = [score.value for score in scores if score.weight > 0] or [score.value for score in scores]
    return fmean(counted) if counted else None


FORMAT = Format(
    "ranked",
    row="all answers to one question, best first",
    loader="PRO (`responses`, `rewards`), MNPO (`score_matrix`)",
    columns={
        **PROMPT,
        "responses": Column(TEXTS, "the answers, the best first"),
        "rewards": Column(NUMBERS, "their scores, in `unit`"),
        "unit": UNIT,
        "basis": BASIS,
        "truths": Column(NUMBERS, "what a program says of each, 0–1; null where none can"),
        "agents": Column(TEXTS, "whose answers they are"),
        "policies": Column(TEXTS, "the policies that answered"),
        "finishes": FINISHES,
        "models": Column(TEXTS, "the models that answered; null where none did, as in a script"),
        "revisions": Column(TEXTS, "the revisions of these that the run names; null for none"),
        "adapters": Column(TEXTS, "the adapters on them, the checkpoints of a tribe; null for none"),
        "calls": Column(INTEGERS, "their calls"),
        "judges": Column(TEXTS, "who scored them"),
        "score_matrix": Column(pl.List(NUMBERS), "judge × response; null where a judge gave none"),
        "preference_matrix": Column(
            pl.List(NUMBERS),
            "response × response: how probably the one is better; null where not compared",
        ),
        **PROVENANCE,
    },
    of_sample=rows,
    compares=True,
    order=5,
)
