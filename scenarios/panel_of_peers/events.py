"""What happens before a panel of peers, for the log and its tables."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.core.episode import Event


@dataclass(frozen=True, slots=True)
class Candidate(Event):
    """An answer to the instruction.

    Attributes:
        prompt: number of the instruction in the file, from 0.
        author: who wrote it.
        candidate: its number in the episode, from 0.
        message: the message that holds it; None when nothing could be said.
    """

    prompt: int
    author: str
    candidate: int
    message: int | None


@dataclass(frozen=True, slots=True)
class PeerScore(Event):
    """A peer's score of one candidate on one criterion.

    Attributes:
        prompt, author, candidate: of the candidate, see `Candidate`.
        judge: who scored.
        criterion: on what.
        score: 1–5, expected where `basis` is "probabilities", chosen where "sample";
            None when the answer could not be parsed.
        basis: "probabilities", "sample" or "failed".
        own: whether the judge wrote the candidate itself.
    """

    prompt: int
    judge: str
    author: str
    candidate: int
    criterion: str
    score: float | None
    basis: str
    own: bool


@dataclass(frozen=True, slots=True)
class PanelReward(Event):
    """What the panel makes of one candidate; rewards are 0–1, None where nobody could be understood.

    Attributes:
        prompt, author, candidate: of the candidate, see `Candidate`.
        reward: the panel's, with the author's own scores or without as `self_scores` says.
        own: the author's reward of its own candidate.
        others: the mean over all other judges.
    """

    prompt: int
    author: str
    candidate: int
    reward: float | None
    own: float | None
    others: float | None


@dataclass(frozen=True, slots=True)
class AnswerPair(Event):
    """The best and the worst candidate of an instruction.

    Attributes:
        prompt: number of the instruction in the file, from 0.
        chosen, rejected: numbers of the candidates.
        chosen_author, rejected_author: who wrote them.
        chosen_message, rejected_message: the messages that hold them.
        chosen_reward, rejected_reward: the panel's rewards, 0–1.
        margin: their difference, > 0.
        kept: whether floor and margin are met.
    """

    table = "pair"

    prompt: int
    chosen: int
    rejected: int
    chosen_author: str
    rejected_author: str
    chosen_message: int
    rejected_message: int
    chosen_reward: float
    rejected_reward: float
    margin: float
    kept: bool
