"""What is recorded of a persuasion."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.core.episode import Event


@dataclass(frozen=True, slots=True)
class HiddenState(Event):
    """A part of the persuadee's mind.

    Attributes:
        state: "preventive" (what it wants to do) or "generative" (what it is to do).
        part: "content", "belief" or "desire".
        text: the true statement; None when there is none.
        source: "given", "generated", "failed" (nothing was understood) or "none" (no such state).
        others: how many statements that are not true there are, to guess among.
    """

    state: str
    part: str
    text: str | None
    source: str
    others: int


@dataclass(frozen=True, slots=True)
class Willingness(Event):
    """How willing the persuadee is, told to nobody.

    Attributes:
        agent: the persuadee.
        moment: "before" anybody spoke, or "after" the persuader's last word.
        willingness: 1–7, expected where `basis` is "probabilities", chosen where "sample"; None
            when the answer could not be parsed.
        basis: "probabilities", "sample" or "failed".
    """

    agent: str
    moment: str
    willingness: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class Prediction(Event):
    """What the persuader thinks that the persuadee believes or desires, in its own words.

    Attributes:
        exchange: after which exchange, from 1.
        state, part: of what, see `HiddenState`.
        moment: "before" the observer's correction or "after" it.
        text: None when nothing could be understood.
    """

    exchange: int
    state: str
    part: str
    moment: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Guess(Event):
    """Which of some statements the persuader, asked aside, takes for true.

    Attributes:
        exchange: after which exchange; 0 before anybody spoke.
        state, part: of what, see `HiddenState`.
        moment: "first" (before anybody spoke), "before" the observer's correction or "after" it.
        corrected: whether the observer had corrected the persuader on this, now or earlier.
        options: among how many statements, one of which is true.
        choice: the statement chosen; None when the answer could not be parsed.
        correct: whether it is the true one; None without a choice.
        probability: 0–1 that the model gives to the true one; None where nobody knows.
    """

    exchange: int
    state: str
    part: str
    moment: str
    corrected: bool
    options: int
    choice: str | None
    correct: bool | None
    probability: float | None


@dataclass(frozen=True, slots=True)
class Leak(Event):
    """A correction by the observer, who knows the truth, to the persuader, who must not.

    Attributes:
        exchange, state, part: after which exchange and of what, see `Prediction`.
        text: of the correction; None when there was none, so that nothing leaked.
        truth_words: words (of four letters or more) of the true statement that the persuader had
            not yet read or written.
        leaked_words: those of them that are in the correction.
        elsewhere: words of the other true statements that are in it and that it hadn't met.
    """

    exchange: int
    state: str
    part: str
    text: str | None
    truth_words: int
    leaked_words: int
    elsewhere: int


@dataclass(frozen=True, slots=True)
class Strategy(Event):
    """How the persuader takes on the preventive state, chosen in private.

    Attributes:
        exchange: for which exchange, from 1.
        point: "belief" or "desire"; None when the answer could not be parsed.
        method: "refute" (it is wrong) or "divert" (the goal does the same or better); None with it.
    """

    exchange: int
    point: str | None
    method: str | None


@dataclass(frozen=True, slots=True)
class PersuasionSpeech(Event):
    """What was said: by whom, in which exchange (from 1), to which end, which message; None when nothing."""

    table = "speech"

    agent: str
    exchange: int
    move: str
    message: int | None
