"""What happens in a round of peer feedback, for the log and its tables."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.core.episode import Event


@dataclass(frozen=True, slots=True)
class Draft(Event):
    """A peer's first answer.

    Attributes:
        agent, label: who answers, and whether it began with "good" or "bad" memories.
        row, column: its cell, from 0.
        round: from 1.
        question: what was asked.
        distance: cosine distance, 0–1, of the remembered question that was shown; None for none.
        message: the message that holds the draft; None when nothing could be said.
    """

    agent: str
    label: str
    row: int
    column: int
    round: int
    question: str
    distance: float | None
    message: int | None


@dataclass(frozen=True, slots=True)
class Feedback(Event):
    """A peer's feedback on a draft.

    Attributes:
        author, peer: whose draft, and who read it.
        local: whether the peer is a neighbour of the author.
        round: from 1.
        rating: alignment 1–7, expected where `basis` is "probabilities", chosen where "sample";
            None when the answer could not be parsed.
        basis: "probabilities", "sample" or "failed".
        draft: the message that was rated.
        reason: the message that holds the reason; None when none was asked or understood.
    """

    author: str
    peer: str
    local: bool
    round: int
    rating: float | None
    basis: str
    draft: int
    reason: int | None


@dataclass(frozen=True, slots=True)
class Revision(Event):
    """A peer's second answer.

    Attributes:
        agent: who answers.
        round: from 1.
        rating: mean of the ratings of its draft, 1–7; None when all failed.
        ratings: how many they were.
        draft: the message that was revised.
        message: the message that holds the revision; None when nothing could be said.
    """

    agent: str
    round: int
    rating: float | None
    ratings: int
    draft: int
    message: int | None


@dataclass(frozen=True, slots=True)
class Observation(Event):
    """The observer's rating of an answer.

    Attributes:
        agent: who wrote it.
        round: from 1.
        moment: "before" for the draft, "after" for the revision.
        criterion: "alignment" or "engagement".
        score: 1–7, expected where `basis` is "probabilities", chosen where "sample"; None when
            it could not be parsed.
        basis: "probabilities", "sample" or "failed".
        answer: the message that was rated.
        reason: the message that holds the reason; None when none was asked or understood.
    """

    agent: str
    round: int
    moment: str
    criterion: str
    score: float | None
    basis: str
    answer: int
    reason: int | None
