"""What of a rehearsal trains: the first and the revised answer, under the judges' preference.

They answer the same question, so they make a pair; the consequences are critiques of the first.
"""

from __future__ import annotations

from collections.abc import Iterator

from palaestra.scenarios.core.trajectory import Critique, Judged, JudgedAnswer, JudgeScore, Trajectory
from palaestra.scenarios.parts.judging import Preference, panel_shares
from palaestra.scenarios.rehearsal.events import Consequence, RehearsedAnswer

DRAFT, REVISION = "draft", "revision"
"""What the two answers are called; judges aren't told."""


def judged_answers(trajectory: Trajectory) -> Iterator[Judged]:
    """The question of the episode, unless its first answer failed; without scores where nobody judged."""
    calls = {}
    for answer in trajectory.told(RehearsedAnswer):
        call = trajectory.author(answer.message)
        if call is not None:
            calls[answer.moment] = call
    if DRAFT not in calls:
        return
    preferences = list(trajectory.told(Preference))
    shares = panel_shares(preferences)
    critics = [trajectory.author(harm.message) for harm in trajectory.told(Consequence)]
    yield Judged(
        answers=(
            JudgedAnswer(
                calls[DRAFT],
                shares.get(DRAFT),
                critiques=tuple(Critique(call, None) for call in critics if call is not None),
                revision=calls.get(REVISION),
                revised_score=shares.get(REVISION),
            ),
        ),
        scores=tuple(
            JudgeScore(
                told.judge,
                calls[told.first],
                told.first_better,
                against=calls[told.second],
                criterion=told.criterion,
            )
            for told in preferences
            if told.first_better is not None
        ),
        unit="probability 0–1",
    )
