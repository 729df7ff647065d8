"""What of peer feedback trains: a draft and its revision, under the observer's alignment scores.

They answer the same question, so they make a pair; the peers' reasons are critiques of the
draft. Engagement is scored apart and kept among the scores.
"""

from __future__ import annotations

from collections.abc import Iterator

from palaestra.scenarios.core.trajectory import Critique, Judged, JudgedAnswer, JudgeScore, Trajectory
from palaestra.scenarios.peer_feedback.config import PeerFeedbackConfig
from palaestra.scenarios.peer_feedback.events import Draft, Feedback, Observation, Revision


def judged_drafts(config: PeerFeedbackConfig, trajectory: Trajectory) -> Iterator[Judged]:
    """Each draft that was written, with its revision where there is one."""
    seen: dict[tuple[str, int, str], dict[str, float]] = {}
    for told in trajectory.told(Observation):
        if told.score is not None:
            seen.setdefault((told.agent, told.round, told.moment), {})[told.criterion] = told.score
    feedback: dict[int, list[Feedback]] = {}
    for given in trajectory.told(Feedback):
        feedback.setdefault(given.draft, []).append(given)
    revisions = {(revised.agent, revised.round): revised for revised in trajectory.told(Revision)}
    for draft in trajectory.told(Draft):
        call = trajectory.author(draft.message)
        if call is None or draft.message is None:
            continue
        revised = revisions.get((draft.agent, draft.round))
        revision = trajectory.author(revised.message) if revised else None
        before = seen.get((draft.agent, draft.round, "before"), {})
        after = seen.get((draft.agent, draft.round, "after"), {})
        scored = ((call, before), *(((revision, after),) if revision is not None else ()))
        given_here = feedback.get(draft.message, [])
        yield Judged(
            answers=(
                JudgedAnswer(
                    call,
                    before.get("alignment"),
                    critiques=tuple(_critiques(trajectory, given_here)),
                    revision=revision,
                    revised_score=after.get("alignment"),
                ),
            ),
            scores=(
                *(
                    JudgeScore(
                        config.observer.name,
                        of,
                        value,
                        criterion=criterion,
                        weight=float(criterion == "alignment"),
                    )
                    for of, values in scored
                    for criterion, value in values.items()
                ),
                *(
                    JudgeScore(given.peer, call, given.rating, criterion="peer", weight=0.0)
                    for given in given_here
                    if given.rating is not None
                ),
            ),
            unit="points 1–7",
            round=draft.round,
        )


def _critiques(trajectory: Trajectory, given: list[Feedback]) -> Iterator[Critique]:
    for item in given:
        call = trajectory.author(item.reason)
        if call is not None:
            yield Critique(call, item.rating)
