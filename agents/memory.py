"""What of all that an agent heard stands in its prompts, so that a long talk fits a short context.

| kind | a prompt holds |
|---|---|
| `window` | the latest that fits `tokens`; by default everything, until the engine's context is full |
| `summary` | the latest that fits, and the agent's own running summary of what came before |
| `retrieval` | the latest that fits half of `tokens`, and of what came before what scores highest |

What is oldest leaves in blocks, so that the prompts in between go on sharing a prefix. A summary
and ratings of importance are calls that are asked along with those of the rules: they cost no
exchange of their own. A prompt that the engine finds too long all the same is asked again with half
as much of what was heard, so a long talk never fails a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from palaestra.agents.answers import Choice, Text
from palaestra.agents.calls import Message, Prompt, Question, Reply
from palaestra.agents.policy import Settings
from palaestra.agents.retrieval import Weights, best

if TYPE_CHECKING:
    from palaestra.agents.agent import Agent

CHARACTERS_A_TOKEN = 4
"""Of English, about; the size of a message is told from its characters, whatever the model."""
KEPT = 0.6
"""The share of a window that stays when what is oldest leaves it."""
DEFAULT_TOKENS = 1024
TOKENS_A_WORD = 2
SUMMARY, RATING = "memory_summary", "memory_importance"
"""The purposes of what memories ask, which are no part of what a scenario is about."""
IMPORTANCE = Choice(tuple(str(rating) for rating in range(1, 11)))


class MemorySettings(Settings):
    """An agent's memory, as a scenario file declares it."""

    kind: Literal["window", "summary", "retrieval"] = Field(
        "window",
        description="`window`: the latest; `summary`: the latest and a running summary of the rest; "
        "`retrieval`: the latest and what of the rest fits the question best.",
    )
    tokens: int | None = Field(
        None,
        ge=64,
        description="How much of what was heard a prompt holds, tokens of about four characters. Default: "
        "as much as the context takes (window); half of the engine's `context`, or 1024 (the others).",
    )
    summary_words: int = Field(60, ge=10, description="Length of a summary that is asked for, words.")
    recency: float = Field(1, ge=0, description="Weight of how lately something was heard (retrieval).")
    importance: float = Field(
        0, ge=0, description="Weight of the importance, 1–10, that the agent is asked for (retrieval)."
    )
    similarity: float = Field(
        1, ge=0, description="Weight of the likeness to the question and what was heard last (retrieval)."
    )

    def of_context(self, context: int | None) -> MemorySettings:
        """The same with `tokens` as they are by default where the engine's context has this size."""
        if self.tokens is not None or self.kind == "window":
            return self
        return self.model_copy(update={"tokens": context // 2 if context else DEFAULT_TOKENS})


def size(messages: Sequence[Message]) -> int:
    """How long messages are, in tokens, about."""
    return sum(len(message.body) for message in messages) // CHARACTERS_A_TOKEN


class Memory:
    """The memory of one agent.

    Args:
        agent: whose.
        settings: its kind and size.
    """

    def __init__(self, agent: Agent, settings: MemorySettings) -> None:
        self._agent = agent
        self._settings = settings
        half = settings.kind == "retrieval" and settings.tokens is not None
        self._limit = settings.tokens // 2 if half and settings.tokens else settings.tokens
        self._start = 0
        self._summary: Message | None = None
        self._recalled: Message | None = None
        self._chunk = 1.0
        self._importance: dict[int, float] = {}
        self._rated = 0

    def recall(self, request: Message) -> tuple[Sequence[Message], Sequence[Message]]:
        """What a prompt that ends with `request` holds: the latest, and what stands for the rest."""
        heard = self._agent.heard
        if self._limit is None:
            return heard, ()
        if self._settings.kind != "summary":
            self._start = self._fitting(self._limit)
        latest = heard[self._start :]
        if self._settings.kind == "summary":
            return latest, () if self._summary is None else (self._summary,)
        if self._settings.kind == "window" or not self._start:
            return latest, ()
        settings = self._settings
        usual = fmean(self._importance.values()) if self._importance else 0.0
        found = best(
            heard[: self._start],
            [*latest[-1:], request],
            {position: self._importance.get(position, usual) for position in range(self._start)},
            Weights(settings.recency, settings.importance, settings.similarity),
            self._limit * CHARACTERS_A_TOKEN,
        )
        if not found:
            return latest, ()
        self._recalled = self._words("memory_recalled")
        return latest, (self._recalled, *found)

    def shorten(self, prompt: Prompt) -> tuple[Prompt, bool]:
        """A prompt that was too long without half of what was heard: what was recalled, then the oldest.

        From now on the memory holds no more than what is left.

        Returns:
            The shorter prompt, and whether it can be shortened again.
        """
        heard = set(self._agent.heard)
        places = [place for place, message in enumerate(prompt) if message in heard]
        heading = prompt.index(self._recalled) if self._recalled in prompt else len(prompt)
        left = sorted(places, key=lambda place: (place < heading, place))
        room = size([prompt[place] for place in left]) // 2
        del left[0]
        while left and size([prompt[place] for place in left]) > room:
            del left[0]
        window = room // 2 if self._settings.kind == "retrieval" else room
        self._limit = max(1, window if self._limit is None else min(window, self._limit))
        gone = set(places) - set(left)
        return tuple(m for place, m in enumerate(prompt) if place not in gone), bool(left)

    def upkeep(self) -> list[Question]:
        """What this memory wants answered beside the questions of the rules."""
        if self._limit is None:
            return []
        if self._settings.kind == "summary":
            return self._summarise(self._limit)
        if self._settings.kind == "retrieval" and self._settings.importance:
            first, self._rated = self._rated, max(self._rated, self._start)
            return [self._rate(position) for position in range(first, self._start)]
        return []

    def take(self, question: Question, reply: Reply) -> None:
        """Accept the reply to a question of `upkeep`."""
        if question.purpose == RATING:
            if not reply.failed:
                self._importance[int(str(question.about["message"]))] = _rating(reply)
            return
        until = int(str(question.about["until"]))
        if reply.failed and until > self._start + 1:  # too long, or empty: less is tried next time
            self._chunk /= 2
            return
        self._chunk, self._start = 1.0, until
        if reply.failed:  # one message alone can't be summarised, so it is left out
            return
        label = self._words("memory_summary_label").text
        self._summary = self._agent.episode.message("user", reply.text, label, reply.call)

    def _fitting(self, limit: int, start: int | None = None) -> int:
        """Where the window begins: as before, or if it got too long, so that `KEPT` of it is full."""
        heard = self._agent.heard
        start = self._start if start is None else start
        if size(heard[start:]) <= limit:
            return start
        while start < len(heard) - 1 and size(heard[start:]) > KEPT * limit:
            start += 1
        return start

    def _summarise(self, limit: int) -> list[Question]:
        heard, start = self._agent.heard, self._start
        end = self._fitting(limit, start)
        if end == start:
            return []
        end = start + max(1, int((end - start) * self._chunk))
        known = () if self._summary is None else (self._summary,)
        words = self._settings.summary_words
        shown = (*known, *heard[start:end])
        answer = Text(TOKENS_A_WORD * words)
        return [self._agent.ask_alone(SUMMARY, answer, shown, until=end, summary_words=words)]

    def _rate(self, position: int) -> Question:
        heard = self._agent.heard[position]
        return self._agent.ask_alone(RATING, IMPORTANCE, (heard,), message=position)

    def _words(self, purpose: str) -> Message:
        return self._agent.episode.request(purpose, {})


def _rating(reply: Reply) -> float:
    """The importance in a reply, 0–1: expected where there are probabilities, else as chosen."""
    if reply.probabilities is None:
        return int(str(reply.value)) / 10
    options = map(int, IMPORTANCE.options)
    return sum(p * rating for p, rating in zip(reply.probabilities, options, strict=True)) / 10
