"""What was said in an episode: its messages, each made once and numbered in order of creation.

Prompts share messages, so a log holds each text once and a prompt as numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from palaestra.agents.agent import Agent
from palaestra.agents.calls import Message, Reply, Role
from palaestra.agents.speakers import quoted_lines


class Transcript:
    """The messages of one episode.

    Args:
        names: gives the names of all agents that there are by now.

    Attributes:
        messages: every message, by number.
    """

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        self._names = names
        self._labels: set[str] = set()
        self._headings: set[str] = set()
        self.messages: list[Message] = []
        self._known: dict[tuple[Role, str, str | int], Message] = {}

    def message(self, role: Role, text: str, label: str = "", source: int | None = None) -> Message:
        """The message of this role, label and text; a new one only if there is none yet.

        Args:
            role: see `Message`.
            text: what it says. Two quotes of one call are one message, whatever their texts.
            label: who is shown as the speaker.
            source: the call whose reply it quotes, if any.
        """
        key = (role, label, text if source is None else source)
        found = self._known.get(key)
        if found is None:
            quoted = self._quoted(text, label) if label else ()
            found = self._known[key] = Message(len(self.messages), role, text, label, source, quoted)
            self.messages.append(found)
        return found

    def expect(self, labels: Iterable[str], headings: Iterable[str]) -> None:
        """Let nobody speak as one who is heard only later, nor write what reads as a heading."""
        self._labels.update(labels)
        self._headings.update(line for heading in headings for line in heading.splitlines())

    def _quoted(self, text: str, label: str) -> tuple[int, ...]:
        self._labels.add(label)
        if len(text.splitlines()) < 2:
            return ()
        return quoted_lines(text, label, (*self._labels, *self._names()), self._headings)

    def say(self, speaker: str, reply: Reply, to: Iterable[Agent]) -> Message:
        """Let `to` hear `reply` under the name `speaker`, and nobody else."""
        message = self.message("user", reply.text, speaker, reply.call)
        for agent in to:
            agent.heard.append(message)
        return message
