"""The persuadee's mind: what the file tells of it, and what the writer adds.

A true statement that is generated and the untrue ones beside it are answers to one and the same
question, drawn with different seeds; the first is taken for true. So nothing but the talk tells
which one it is. A true one that is given may be told by its style from untrue ones that are generated.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice, Text
from palaestra.agents.calls import Reply
from palaestra.scenarios.core.episode import Asking
from palaestra.scenarios.persuasion.config import NONE, MentalState, Situation, alike

STATES = ("preventive", "generative")
LEADS = {"belief": "believes that", "desire": "wants to"}
"""How a statement of each part is begun, after the persuadee's name."""
YES_NO = Choice(("yes", "no"))
LINE = Text(max_tokens=24, stop=("\n",))
"""An answer that completes a sentence."""


class Slot(NamedTuple):
    """Something to guess: of which state, and its "belief" or "desire"."""

    state: str
    part: str


SLOTS = tuple(Slot(state, part) for state in STATES for part in LEADS)


@dataclass(frozen=True, slots=True)
class MindStatement:
    """A statement about the persuadee, see `events.HiddenState`.

    Attributes:
        text: None when there is none.
        source: "given", "generated", "failed" or "none".
        others: statements of the same kind that are not true.
    """

    text: str | None
    source: str
    others: tuple[str, ...] = ()


@dataclass(slots=True)
class Mind:
    """All that goes on in the persuadee.

    Attributes:
        contents: of the states, by name.
        truths: what it believes and desires.
        unanswered: calls of the writer without a valid answer.
    """

    contents: dict[str, MindStatement] = field(default_factory=dict)
    truths: dict[Slot, MindStatement] = field(default_factory=dict)
    unanswered: int = 0

    def take(self, reply: Reply, *leads: str) -> str | None:
        """What `reply` says after one of `leads`; None when nothing, which is counted."""
        text = None if reply.failed else clause(reply.text, leads)
        self.unanswered += text is None
        return text


def imagine(
    writer: Agent, situation: Situation, options: int, persuader: str, persuadee: str
) -> Asking[Mind]:
    """The mind that `situation` tells, completed by `writer` so that guesses have `options` statements."""
    mind = Mind()
    states = situation.states()
    if situation.preventive is None:
        [reply] = yield [writer.ask("preventive_exists", YES_NO)]
        mind.unanswered += reply.failed
        if reply.value == "yes":
            states = {"preventive": MentalState(), **states}
        else:
            mind.contents["preventive"] = MindStatement(None, "failed" if reply.failed else NONE)
    elif situation.preventive == NONE:
        mind.contents["preventive"] = MindStatement(None, NONE)
    unknown = [state for state, told in states.items() if told.content is None]
    replies = yield [writer.ask(f"{state}_content", LINE) for state in unknown]
    leads = (f"{persuader} wants {persuadee} to", f"{persuadee} wants to", "to")
    found = {state: mind.take(reply, *leads) for state, reply in zip(unknown, replies, strict=True)}
    for state, told in states.items():
        text = told.content or found[state]
        source = "given" if told.content else "generated" if text else "failed"
        mind.contents[state] = MindStatement(text, source)
    yield from _imagine_reasons(writer, mind, states, situation.goal, options, persuadee)
    for slot in SLOTS:
        mind.truths.setdefault(slot, MindStatement(None, mind.contents[slot.state].source))
    return mind


def _imagine_reasons(
    writer: Agent, mind: Mind, states: dict[str, MentalState], goal: str, options: int, persuadee: str
) -> Asking[None]:
    asked: list[Slot] = []
    given: dict[Slot, tuple[str | None, list[str]]] = {}
    for state, told in states.items():
        if state == "preventive" and mind.contents[state].text is None:
            continue
        for part in LEADS:
            truth, others = given[Slot(state, part)] = told.told(part)
            asked += [Slot(state, part)] * ((truth is None) + max(0, options - 1 - len(others)))
    replies = yield [
        writer.ask(f"{slot.state}_{slot.part}", LINE, {"content": mind.contents[slot.state].text or goal})
        for slot in asked
    ]
    written: dict[Slot, list[str]] = {slot: [] for slot in given}
    for slot, reply in zip(asked, replies, strict=True):
        text = mind.take(reply, f"{persuadee} {LEADS[slot.part]}", LEADS[slot.part])
        written[slot] += [text] if text is not None else []
    for slot, (truth, others) in given.items():
        source = "generated" if truth is None else "given"
        told_now = distinct([*([] if truth is None else [truth]), *others, *written[slot]])
        if told_now:
            mind.truths[slot] = MindStatement(told_now[0], source, tuple(told_now[1:]))
        else:
            mind.truths[slot] = MindStatement(None, "failed")


def distinct(statements: Iterable[str]) -> list[str]:
    """`statements` without those that say the same as one before them."""
    found: dict[str, str] = {}
    for statement in statements:
        found.setdefault(alike(statement), statement)
    return list(found.values())


def clause(text: str, leads: Iterable[str]) -> str | None:
    """What `text` says after the beginning that it was to complete; None when nothing."""
    text = text.strip(" \"'“”")
    for lead in leads:
        if f"{text} ".casefold().startswith(f"{lead} ".casefold()):
            text = text[len(lead) :]
            break
    return text.strip(" \"'“”.…") or None
