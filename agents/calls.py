"""What an agent asks a model, and what comes back: `Message`, `Question`, `Call`, `Reply`.

A prompt is a tuple of messages. Messages are numbered inside their episode and
stored once, so a prompt is logged as a few numbers; a message that quotes a reply
refers to that reply's call and its text is not stored again.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import groupby
from operator import attrgetter
from typing import Literal

from palaestra.agents.answers import Answer, Likelihood, Value
from palaestra.agents.speakers import as_shown
from palaestra.agents.values import value

Role = Literal["system", "user", "assistant"]
Scalar = str | int | float | bool | None


@value(eq=False)
class Message:
    """A piece of text that prompts are made of.

    Attributes:
        number: position in the episode's order of creation, from 0.
        role: whose turn of the chat template it belongs to; neighbours of one
            role are joined into one turn.
        text: what was said.
        label: who is shown as the speaker, "" for none.
        source: index of the call whose reply `text` is, None for any other text.
        quoted: lines of `text` that begin as another's turn would, see `palaestra.agents.speakers`.
    """

    number: int
    role: Role
    text: str
    label: str = ""
    source: int | None = None
    quoted: tuple[int, ...] = ()

    @property
    def body(self) -> str:
        """The text as a prompt shows it, with its speaker."""
        return f"{self.label}: {as_shown(self.text, self.quoted)}" if self.label else self.text


Prompt = tuple[Message, ...]


@value(eq=False)
class Question:
    """What an agent wants to know of a model. Rules that yield it make a call of it.

    Attributes:
        agent: name of the agent who asks.
        purpose: what for, the key of the prompt template ("argue", "score").
        about: further facts for the log (the round, who is judged).
        prompt: the messages, in order.
        answer: the kind of answer wanted.
        policy: name of the policy that answers.
        shortenable: whether the same can be asked with a shorter prompt, see `OVERFLOW`.
    """

    agent: str
    purpose: str
    about: dict[str, Scalar]
    prompt: Prompt
    answer: Answer
    policy: str
    shortenable: bool = False

    @property
    def weighed(self) -> str:
        """The text that is read after the prompt to be weighed; "" where nothing is."""
        return self.answer.text if isinstance(self.answer, Likelihood) else ""


@value(eq=False, kw_only=True)
class Call(Question):
    """A question that is put to a model.

    Attributes:
        index: position among the episode's calls, from 0.
        seed: seed of this call's sampling, 0 ≤ seed < 2⁶³.
        episode: index of the episode that asks; 0 outside of any.
    """

    index: int
    seed: int
    episode: int = 0


OVERFLOW = "overflow"
"""How a reply finished whose prompt left no room for an answer in the model's context."""
REFUSED = "refused"
"""How one finished whose prompt was refused for good, by a content filter say."""


@value()
class Reply:
    """A model's answer to a call; who knows more of it makes a new one.

    Attributes:
        text: what the model said, outer white space removed.
        value: the parsed answer; None when no attempt could be parsed.
        probabilities: of the options of a `Choice`, in their order, before temperature,
            summing to 1 within rounding, shared out as the policy's `normalise` says; None where the
            engine can't tell.
        mass: what the options hold of the model's probability, all together, 0–1: what was left would
            have been said but for the constraint; None where the engine can't tell.
        plain: whether a choice or an object was asked in words only, since the server keeps to no constraint.
        finish: "stop", "length" for a text cut at its limit, `OVERFLOW` when nothing was asked: the
            reply is failed then, and its episode asks again with less; `REFUSED` where the server refuses
            the prompt for good: the reply is failed, too.
        prompt_tokens, cached_tokens, output_tokens: counts over all attempts; cached ones are
            part of the prompt's.
        attempts: how often the model was asked, from 1.
        failed: True when no attempt could be parsed.
        rejected: texts of the attempts that could not be parsed, in order.
        call: index of the call that this answers, once its episode has it.
        token_ids: of the answer as sampled, its end included; None where they aren't recorded.
        logprobs: of these tokens under the distribution sampled from; None with them. A choice is
            drawn as one, so the first token carries it all.
        model: who answered, where a server tells it.
        thought: what the model thought before it answered. It is private: nobody's prompt has it.
        refusal: in which words an answer was refused, by the server or by the model.
    """

    text: str
    value: Value | None = None
    probabilities: tuple[float, ...] | None = None
    finish: str = "stop"
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    attempts: int = 1
    failed: bool = False
    rejected: tuple[str, ...] = ()
    call: int = -1
    token_ids: tuple[int, ...] | None = None
    logprobs: tuple[float, ...] | None = None
    model: str | None = None
    thought: str = ""
    mass: float | None = None
    plain: bool = False
    refusal: str = ""


def derive_seed(*parts: int | str) -> int:
    """A seed in [0, 2⁶³) that depends on every part and on nothing else."""
    digest = blake2b(":".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


BETWEEN = "\n\n"
"""What is between two messages of one turn."""


def by_turn(prompt: Prompt) -> list[tuple[Role, list[Message]]]:
    """The chat turns of `prompt`: neighbouring messages of one role."""
    return [(role, list(messages)) for role, messages in groupby(prompt, attrgetter("role"))]


def joined(messages: Sequence[Message]) -> str:
    """The text of one turn."""
    return BETWEEN.join(message.body for message in messages)


def turns(prompt: Prompt) -> list[tuple[Role, str]]:
    """The chat turns of `prompt`, each with its text."""
    return [(role, joined(messages)) for role, messages in by_turn(prompt)]
