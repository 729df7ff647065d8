"""One option out of several, for all scenarios: how it is asked for, and the distribution it is drawn from.

A distribution is the option probabilities of one call, where the engine gives them. Where it gives
none, the same question is put as often as a file's `samples` says: the first answer is the pick, and
the shares of all valid answers are the distribution. Each pick says which of the two it was.
Probabilities are those before temperature, samples are drawn at the policy's, so the two mean the
same at `temperature: 1` and `top_p: 1`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice
from palaestra.agents.calls import Question, Reply, Scalar
from palaestra.scenarios.core.episode import Asking, Episode, Event

SAMPLES_MEANING = (
    "How often a question is put where the engine gives no option probabilities: the first answer is the "
    "pick, the shares of all answers are the distribution. Where it gives them, one call is all."
)


@dataclass(frozen=True, slots=True)
class Pick(Event):
    """What an agent picked.

    Attributes:
        agent, round: who, and in which round or draw (from 1).
        option: what it picked; None when the answer could not be parsed.
        position: of the option among those there were, from 0; None without one.
        options: how many there were.
        basis: what its `Probability` events are from: "probabilities" of one call, "sample" of
            several, or "failed" where there are none.
        samples: valid answers in the distribution; 1 where it is from probabilities.
    """

    agent: str
    round: int
    option: str | None
    position: int | None
    options: int
    basis: str
    samples: int


@dataclass(frozen=True, slots=True)
class Probability(Event):
    """How likely an option was when an agent picked.

    Attributes:
        agent, round: see `Pick`.
        option, position: which, and its position among those there were, from 0.
        probability: 0–1.
    """

    agent: str
    round: int
    option: str
    position: int
    probability: float


@dataclass(frozen=True, slots=True)
class PickQuestion:
    """Which option an agent is asked for, in which round, and what fills the template."""

    agent: Agent
    options: Choice
    round: int
    fill: Mapping[str, Scalar]

    def ask(self, purpose: str) -> Question:
        """The question as the agent puts it."""
        return self.agent.ask(purpose, self.options, self.fill, (), round=self.round)


def pick(
    episode: Episode[Any], purpose: str, wanted: Sequence[PickQuestion], samples: int
) -> Asking[list[str | None]]:
    """Put all questions at once and record what was picked, each with its distribution.

    Args:
        episode: in which.
        purpose: the template.
        wanted: whom to ask what.
        samples: see `SAMPLES_MEANING`.

    Returns:
        The option picked for each question; None where the first answer could not be parsed.
    """
    questions = [one.ask(purpose) for one in wanted]
    first = yield questions
    unknown = [i for i, reply in enumerate(first) if not reply.failed and reply.probabilities is None]
    repeats = [(i, sample) for i in unknown for sample in range(2, samples + 1)]
    further = yield [  # the same once more, whatever the agent remembers by now
        replace(questions[i], about=questions[i].about | {"sample": sample}) for i, sample in repeats
    ]
    given = [[reply] for reply in first]
    for (i, _), reply in zip(repeats, further, strict=True):
        given[i].append(reply)
    return [_recorded(episode, *each) for each in zip(wanted, given, strict=True)]


def _recorded(episode: Episode[Any], wanted: PickQuestion, replies: Sequence[Reply]) -> str | None:
    who, options = (wanted.agent.name, wanted.round), wanted.options.options
    if replies[0].failed:
        episode.record(Pick(*who, None, None, len(options), "failed", 0))
        return None
    valid = [str(reply.value) for reply in replies if not reply.failed]
    known = replies[0].probabilities
    shares = known or [valid.count(option) / len(valid) for option in options]
    basis = "probabilities" if known else "sample"
    episode.record(Pick(*who, valid[0], options.index(valid[0]), len(options), basis, len(valid)))
    for position, (option, share) in enumerate(zip(options, shares, strict=True)):
        episode.record(Probability(*who, option, position, share))
    return valid[0]
