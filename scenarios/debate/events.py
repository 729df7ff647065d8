"""What happens in a debate, for the log and its tables."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.core.episode import Event


@dataclass(frozen=True, slots=True)
class DebateOpinion(Event):
    """A debater's private opinion.

    Attributes:
        agent, stance: whose, and which side it speaks for.
        moment: "before" or "after" the debate.
        opinion: the option chosen, −2.5 … 2.5; None when it could not be parsed.
        expected: the expectation over the option probabilities, −2.5 … 2.5; None without them.
    """

    table = "opinion"

    agent: str
    stance: str
    moment: str
    opinion: float | None
    expected: float | None


@dataclass(frozen=True, slots=True)
class DebateSpeech(Event):
    """A speech: who, in which round (from 1), which message; None when nothing could be said."""

    table = "speech"

    agent: str
    round: int
    message: int | None


@dataclass(frozen=True, slots=True)
class Verdict(Event):
    """The panel's mean score of one debater, None when nothing could be parsed.

    Points of 1–10, or with pairwise judging the probability 0–1 of being better than another.
    """

    agent: str
    stance: str
    score: float | None
