"""`revisions`: answers to one question in one of the three sets of Stable Alignment."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from palaestra.runs.exports.format import Column, Format, Job, Row
from palaestra.runs.exports.parts import (
    FINISHES,
    INTEGERS,
    MESSAGES,
    NUMBERS,
    PROVENANCE,
    TEXTS,
    UNIT,
    provenance,
)
from palaestra.runs.exports.samples import ChatMessages, Sample, chat, score_of
from palaestra.scenarios.core.trajectory import Turn

REALIGNED_ABOVE = 4.0
"""A revision is worth learning from when it scores above the middle of 1–7 (Stable Alignment's code)."""


def rows(sample: Sample, _job: Job) -> Iterator[Row]:
    """Stable Alignment's three sets (its `collect_data.py`).

    `imitation`: the question → draft and revision. `self_critic`: what a peer was shown → its
    feedback, with its rating as the score. `realignment`: what the author was shown → its
    revision, kept where it scores better than the draft and above 4.
    """
    if not sample.revised:
        return
    draft, revision = sample.responses
    scored = sample.scored()
    if scored:
        yield _row(sample, "imitation", sample.prompt, [(r.turn, score_of(r)) for r in scored])
    for critique in draft.critiques:
        turn = sample.turns[critique.call]
        if critique.score is not None:
            yield _row(sample, "self_critic", chat(turn.prompt), [(turn, critique.score)])
    if len(scored) == 2 and score_of(revision) > max(score_of(draft), REALIGNED_ABOVE):
        yield _row(sample, "realignment", chat(revision.turn.prompt), [(revision.turn, score_of(revision))])


def _row(sample: Sample, name: str, prompt: ChatMessages, answers: list[tuple[Turn, float]]) -> Row:
    return {
        "set": name,
        "prompt": prompt,
        "responses": [turn.text for turn, _ in answers],
        "scores": [score for _, score in answers],
        "unit": sample.unit,
        "agents": [turn.agent for turn, _ in answers],
        "policies": [turn.policy for turn, _ in answers],
        "calls": [turn.call for turn, _ in answers],
        "finishes": [turn.finish for turn, _ in answers],
        **provenance(sample),
    }


FORMAT = Format(
    "revisions",
    row="answers to one question in one of three sets",
    loader="Stable Alignment (`responses`, `scores`)",
    columns={
        "set": Column(pl.String, '"imitation", "self_critic" or "realignment"'),
        "prompt": Column(MESSAGES, "the question, or what the critic or the reviser was shown"),
        "responses": Column(TEXTS, "draft and revision, the feedback, or the revision"),
        "scores": Column(NUMBERS, "theirs, in `unit`"),
        "unit": UNIT,
        "agents": Column(TEXTS, "whose they are"),
        "policies": Column(TEXTS, "the policies that answered"),
        "calls": Column(INTEGERS, "their calls"),
        "finishes": FINISHES,
        **PROVENANCE,
    },
    of_sample=rows,
    compares=True,
    remedy="Only scenarios that revise have any, such as peer_feedback.",
    order=7,
)
