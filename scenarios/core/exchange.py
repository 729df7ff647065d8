"""What passes between the rules of an episode and whoever answers: calls go out, replies come in.

Rules yield questions. Here they become calls, numbered and seeded in the order in which they are
yielded; behind them come those that memories ask. Rules see replies once all are there: a call whose
prompt was too long is asked again before that, in shorter words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Answer
from palaestra.agents.calls import OVERFLOW, Call, Question, Reply
from palaestra.agents.memory import Memory


class Exchange:
    """The calls of one episode.

    Args:
        episode: its index.
        seed_of: gives the seed of a call by its index.
        cast: gives the agents that there are by now.
        memories_ask: whether the memory of any of them may ask something.

    Attributes:
        pending: the calls that wait for replies, in order; none while the rules go on.
        answers: the kinds of answers asked for, by number: in the order of their first calls.
    """

    def __init__(
        self,
        episode: int,
        seed_of: Callable[[int], int],
        cast: Callable[[], Iterable[Agent]],
        memories_ask: bool,
    ) -> None:
        self._episode = episode
        self.seed_of = seed_of
        self.pending: list[Call] = []
        self.answers: list[Answer] = []
        self._cast = cast
        self._memories_ask = memories_ask
        self._made = 0
        self._answer_numbers: dict[Answer, int] = {}
        self._wanted: list[Call] = []
        self._upkeep: list[tuple[Memory, Call]] = []
        self._replies: dict[int, Reply] = {}

    def ask(self, questions: Iterable[Question]) -> None:
        """Make calls of what the rules want answered now, and of what memories want beside it."""
        self._wanted = [self._call(question) for question in questions]
        memories = dict.fromkeys(agent.memory for agent in self._cast()) if self._memories_ask else ()
        self._upkeep = [(memory, self._call(question)) for memory in memories for question in memory.upkeep()]
        self.pending = [*self._wanted, *(call for _, call in self._upkeep)]

    def take(self, replies: Sequence[Reply]) -> list[Reply] | None:
        """Accept the replies to the pending calls, in their order.

        Returns:
            The replies to what the rules asked, in its order; None while some of it is asked again.
        """
        for call, reply in zip(self.pending, replies, strict=True):
            self._replies[call.index] = reply if reply.call == call.index else replace(reply, call=call.index)
        self.pending = self._ask_shorter()
        if self.pending:
            return None
        for memory, call in self._upkeep:
            memory.take(call, self._replies[call.index])
        answered = [self._replies[call.index] for call in self._wanted]
        self._replies.clear()
        return answered

    def answer_number(self, answer: Answer) -> int:
        """The number of this kind of answer among `answers`."""
        return self._answer_numbers[answer]

    def _call(self, question: Question) -> Call:
        index = self._made
        self._made += 1
        answer = question.answer
        if answer not in self._answer_numbers:
            self._answer_numbers[answer] = len(self.answers)
            self.answers.append(answer)
        return Call(
            question.agent,
            question.purpose,
            question.about,
            question.prompt,
            answer,
            question.policy,
            question.shortenable,
            index=index,
            seed=self.seed_of(index),
            episode=self._episode,
        )

    def _ask_shorter(self) -> list[Call]:
        """The calls of the rules whose prompts were too long, in shorter words."""
        again = []
        for position, call in enumerate(self._wanted):
            if self._replies[call.index].finish == OVERFLOW:
                agent = next(agent for agent in self._cast() if agent.name == call.agent)
                question = agent.ask_shorter(call)
                if question is not None:
                    self._wanted[position] = shorter = self._call(question)
                    again.append(shorter)
        return again
