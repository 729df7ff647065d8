"""The log, read: each record as a value of its own type, in the log's order.

Whoever reads a log reads it here: what a run's next sitting goes on from, tables, trajectories.
What a record refers to is put in its place: a message that quotes a reply has its text, a call the
kind of answer that was asked for. Only episodes that are under way at the same time are held, so a
log of a million episodes needs no more memory than one of a thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from palaestra.agents.budget import Usage
from palaestra.agents.calls import Call, Message, Reply, Scalar
from palaestra.agents.failures import RunUnreadable
from palaestra.agents.values import value
from palaestra.runs.record.prompts import ToldPrompts
from palaestra.runs.record.records import Record

Item = TypeVar("Item", int, float)
ANSWER_PLACE = ("record", "episode", "answer")
EVENT_PLACE = ("record", "episode", "event", "step", "type")


@value()
class EpisodeBegun:
    """An episode and its seed."""

    episode: int
    seed: int


@value()
class MessageSaid:
    """A message of an episode."""

    episode: int
    message: Message


@value()
class AnswerAsked:
    """A kind of answer that calls of an episode ask for, as `Answer.describe` tells it."""

    episode: int
    described: dict[str, Any]


@value()
class CallAnswered:
    """A call with its reply.

    Attributes:
        call, step, agent, purpose, about, policy, seed: see `palaestra.agents.calls.Call`.
        prompt: the numbers of its messages, as `palaestra.runs.record.prompts.ranges` writes them.
        answer: the kind of answer, as `Answer.describe` tells it.
        text, probabilities, mass, plain, finish, attempts, failed, rejected, token_ids, logprobs, model,
            thought, refusal: see `palaestra.agents.calls.Reply`.
        tokens: of the prompt, of it cached, of the output.
        seconds: when it was submitted and answered, since its sitting began.
    """

    episode: int
    call: int
    step: int
    agent: str
    purpose: str
    about: dict[str, Scalar]
    policy: str
    seed: int
    prompt: str
    answer: dict[str, Any]
    text: str
    tokens: tuple[int, int, int]
    seconds: tuple[float, float]
    probabilities: tuple[float, ...] | None
    finish: str
    attempts: int
    failed: bool
    rejected: tuple[str, ...]
    token_ids: tuple[int, ...] | None
    logprobs: tuple[float, ...] | None
    model: str | None
    thought: str
    mass: float | None
    plain: bool
    refusal: str

    @property
    def usage(self) -> Usage:
        """What it took; nothing where the reply was taken over from another run and nobody was asked."""
        asked = any(self.seconds) or any(self.tokens)
        return Usage(int(asked), *self.tokens)

    def reply(self, call: Call) -> Reply:
        """The reply, as the answer to the same call asked again."""
        prompt, cached, output = self.tokens
        return Reply(
            text=self.text,
            value=None if self.failed else call.answer.parse(self.text),
            probabilities=self.probabilities,
            finish=self.finish,
            prompt_tokens=prompt,
            cached_tokens=cached,
            output_tokens=output,
            attempts=self.attempts,
            failed=self.failed,
            rejected=self.rejected,
            call=call.index,
            token_ids=self.token_ids,
            logprobs=self.logprobs,
            model=self.model,
            thought=self.thought,
            mass=self.mass,
            plain=self.plain,
            refusal=self.refusal,
        )


@value()
class EventHappened:
    """An event: its number, the step and type, and the type's own fields."""

    episode: int
    event: int
    step: int
    type: str
    told: dict[str, Scalar]


@value()
class EpisodeEnded:
    """The end of an episode, after how many steps, with what outcome; which item of a list it played."""

    episode: int
    steps: int
    outcome: dict[str, Scalar]
    item: int | None = None


Entry = EpisodeBegun | MessageSaid | AnswerAsked | CallAnswered | EventHappened | EpisodeEnded


def entries(records: Iterable[Record]) -> Iterator[Entry]:
    """The entries that the records of a log are.

    Raises:
        RunUnreadable: a record lacks a field, or refers to what the log doesn't hold; its line is named.
    """
    begun: dict[int, _Begun] = {}
    for number, record in enumerate(records, 1):
        try:
            entry = _entry(record, begun)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise RunUnreadable(
                f"line {number} of the log is no record of a run: {what}",
                "See what of it is sound with: palaestra repair RUN",
            ) from error
        yield entry


@dataclass(slots=True)
class _Begun:
    """What other records of an episode may refer to."""

    answers: list[dict[str, Any]] = field(default_factory=list)
    texts: dict[int, str] = field(default_factory=dict)
    prompts: ToldPrompts = field(default_factory=ToldPrompts)


def _entry(record: Record, begun: dict[int, _Begun]) -> Entry:
    episode = record["episode"]
    match record["record"]:
        case "episode":
            begun[episode] = _Begun()
            return EpisodeBegun(episode, record["seed"])
        case "message":
            source = record.get("call")
            text = record["text"] if source is None else begun[episode].texts[source]
            label, quoted = record.get("label", ""), tuple(record.get("quoted", ()))
            message = Message(record["message"], record["role"], text, label, source, quoted)
            return MessageSaid(episode, message)
        case "answer":
            described = {key: value for key, value in record.items() if key not in ANSWER_PLACE}
            begun[episode].answers.append(described)
            return AnswerAsked(episode, described)
        case "call":
            answered = _call(record, begun[episode])
            begun[episode].texts[answered.call] = answered.text
            return answered
        case "event":
            told = {key: value for key, value in record.items() if key not in EVENT_PLACE}
            return EventHappened(episode, record["event"], record["step"], record["type"], told)
        case "end":
            del begun[episode]
            return EpisodeEnded(episode, record["steps"], record["outcome"], record.get("item"))
        case other:
            raise ValueError(f"there are no records of kind {other!r}")


def _call(record: Record, episode: _Begun) -> CallAnswered:
    get = record.get
    prompt, cached, output = record["tokens"]
    submitted, answered = record["seconds"]
    agent, step, call = record["agent"], record["step"], record["call"]
    return CallAnswered(  # by place, which takes half the time
        record["episode"],
        call,
        step,
        agent,
        record["purpose"],
        record["about"],
        record["policy"],
        record["seed"],
        episode.prompts.read(agent, step, call, record["prompt"]),
        episode.answers[record["answer"]],
        record["text"],
        (prompt, cached, output),
        (submitted, answered),
        _tuple(get("probabilities")),
        get("finish", "stop"),
        get("attempts", 1),
        get("failed", False),
        tuple(get("rejected", ())),
        _tuple(get("token_ids")),
        _tuple(get("logprobs")),
        get("model"),
        get("thought", ""),
        get("mass"),
        get("plain", False),
        get("refusal", ""),
    )


def _tuple(values: list[Item] | None) -> tuple[Item, ...] | None:
    return None if values is None else tuple(values)
