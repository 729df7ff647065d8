"""What happens in a rehearsal, for the log and its tables."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.core.episode import Event


@dataclass(frozen=True, slots=True)
class Scene(Event):
    """The scene that the modulator imagined.

    Attributes:
        question: what was asked.
        situation, wish: what is behind it, and what the asker wants to reach; None when the
            modulator could not be understood.
        asker: its name in the scene.
        roles: the others' names, separated by commas.
        imagined: how many of them the modulator named; the others are from `backup_roles`.
        plan: the asker's steps, separated by " / ".
        steps: how many they are; 0 when the modulator gave none.
    """

    question: str
    situation: str | None
    wish: str | None
    asker: str
    roles: str
    imagined: int
    plan: str
    steps: int


@dataclass(frozen=True, slots=True)
class Profile(Event):
    """Who a role is; None when the modulator could not be understood."""

    role: str
    traits: str | None
    status: str | None


@dataclass(frozen=True, slots=True)
class Action(Event):
    """What somebody tried to do in the scene.

    Attributes:
        actor: the asker or a role.
        planned: whether it is a step of the asker's plan.
        round: from 1; 0 for the step that opens the scene.
        attempt: of the actor in this round, from 1.
        verdict: "plausible", "implausible", "unchecked" (the first step), "failed" (the check
            could not be understood) or "nothing" (the actor could not be).
        happened: whether it took place.
        plausible_probability: 0–1, of a yes; None where nobody knows.
        message: the message that tells of it; None for nothing.
    """

    actor: str
    planned: bool
    round: int
    attempt: int
    verdict: str
    happened: bool
    plausible_probability: float | None
    message: int | None


@dataclass(frozen=True, slots=True)
class Perception(Event):
    """Whether a role perceives what happened.

    Attributes:
        actor, role: who acted, and who may have perceived it.
        round: from 1.
        perceived: None when the modulator could not be understood; the role perceives nothing then.
        probability: 0–1, that it does; None where nobody knows.
        message: the message that tells of the action.
    """

    actor: str
    role: str
    round: int
    perceived: bool | None
    probability: float | None
    message: int


@dataclass(frozen=True, slots=True)
class Consequence(Event):
    """What harm may come of an action.

    Attributes:
        actor: who acted.
        round: from 1.
        action_message: the message that tells of the action.
        message: the message that holds the consequence; None when it could not be understood.
    """

    actor: str
    round: int
    action_message: int
    message: int | None


@dataclass(frozen=True, slots=True)
class Summary(Event):
    """What was too much to be kept.

    Attributes:
        of: "memory" or "consequences".
        round: from 1.
        count: how many texts became one.
        message: the message that holds the summary; None when it could not be understood, and
            the oldest were forgotten.
    """

    of: str
    round: int
    count: int
    message: int | None


@dataclass(frozen=True, slots=True)
class RehearsedAnswer(Event):
    """An answer to the question.

    Attributes:
        moment: "draft" (the first answer) or "revision".
        harmful: probability 0–1 that the answerer calls its first answer harmful, 0 or 1 where
            probabilities aren't known; None of the revised one, and when it could not be understood.
        message: the message that holds the answer; None when nothing could be said.
    """

    moment: str
    harmful: float | None
    message: int | None
