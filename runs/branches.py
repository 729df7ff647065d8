"""Branch runs: episodes of another run played again with other answers, and what came of them.

A branch run is a run like any other. Its episode number b is play b of its plan
(`palaestra.runs.record.plan`). A play takes over the recorded replies up to its call; they cost nothing
here, so their tokens and seconds are 0. From there on all plays of a point and a repeat have the
same seeds, so what they end with differs because of the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev

from palaestra.agents.calls import Prompt
from palaestra.agents.failures import BadInput
from palaestra.runs.record import log as run_log
from palaestra.runs.record.plan import Branch
from palaestra.runs.record.state import RunState
from palaestra.runs.record.trajectories import trajectories
from palaestra.scenarios.core.registry import SCENARIOS
from palaestra.scenarios.core.trajectory import Trajectory, Turn
from palaestra.scenarios.core.worth import rewards


@dataclass(frozen=True, slots=True)
class BranchedAnswer:
    """One answer at a call, with what its author got for it.

    Attributes:
        turn: the call with this answer as its reply.
        rewards: of the author, one for each repeat, in the scenario's `reward_unit`.
        episodes: the numbers of its plays in the branch run, one for each repeat.
    """

    turn: Turn
    rewards: tuple[float, ...]
    episodes: tuple[int, ...]

    @property
    def text(self) -> str:
        """What was said."""
        return self.turn.text


@dataclass(frozen=True, slots=True)
class BranchedCall:
    """A call with different answers, each played to its end.

    Attributes:
        episode, call: of the run that was branched; `call` is the same in every play.
        answers: two or more of different texts, the recorded one first.
    """

    episode: int
    call: int
    answers: tuple[BranchedAnswer, ...]

    @property
    def turn(self) -> Turn:
        """The call with its first answer: agent, policy, purpose and prompt are those of all."""
        return self.answers[0].turn

    @property
    def prompt(self) -> Prompt:
        """What was asked, the same for all answers."""
        return self.turn.prompt


def branched(folder: Path) -> Iterator[BranchedCall]:
    """The branched calls of a run, each as soon as its last play is read.

    Left out are answers that could not be parsed, that say what an earlier one says, of which a
    play isn't over, or whose author no outcome was worth anything to; and calls without two answers.

    Raises:
        BadInput: `folder` is no branch run's.
        RunUnreadable: it is no run's, or its log can't be read.
    """
    state = RunState.read(folder)
    plan = state.branch
    if plan is None:
        raise BadInput(f"{folder} branches from no run", "Branch a run with: palaestra branch RUN")
    rules = SCENARIOS[state.kind]
    config = rules.config_type.model_validate(state.settings)
    branches = plan.branches()
    gathered: dict[tuple[int, int], _Plays] = {}
    expected = {(point.episode, point.call): (point.answers + 1) * plan.repeats for point in plan.points}
    for played in trajectories(run_log.read(folder), rules.event_types):
        branch = branches[played.episode]
        point = branch.episode, branch.call
        plays = gathered.setdefault(point, _Plays(plan.repeats))
        plays.take(branch, played, rewards(rules, config, replace(played, episode=branch.episode)))
        if plays.ended == expected[point]:
            yield from _compared(point, gathered.pop(point))
    for point in sorted(gathered):
        yield from _compared(point, gathered[point])


def _compared(point: tuple[int, int], plays: _Plays) -> Iterator[BranchedCall]:
    answers = tuple(plays.answers())
    if len(answers) > 1:
        yield BranchedCall(*point, answers)


def outcome_margin(one: Sequence[float], other: Sequence[float]) -> tuple[float, float | None]:
    """How much more one answer brought its author than another.

    Args:
        one: its rewards, one for each repeat, see `BranchedAnswer`.
        other: those of the other.

    Returns:
        The mean over repeats of the differences, which are paired as plays of one repeat share
        their seeds, and its standard error s/√m (s: sample standard deviation of the m
        differences); None for the error of one repeat.
    """
    differences = [a - b for a, b in zip(one, other, strict=True)]
    error = stdev(differences) / sqrt(len(differences)) if len(differences) > 1 else None
    return fmean(differences), error


class _Plays:
    """The plays of one point that are over."""

    def __init__(self, repeats: int) -> None:
        self.ended = 0
        self._repeats = repeats
        self._first: dict[int, tuple[int, Turn]] = {}
        self._rewards: dict[tuple[int, int], float] = {}

    def take(self, branch: Branch, played: Trajectory, rewards: Mapping[str, float]) -> None:
        """Add a play and what it is worth to each agent."""
        self.ended += 1
        turn = played.turns[branch.call]
        self._first[branch.answer] = played.episode - branch.repeat, turn
        if turn.agent in rewards:
            self._rewards[branch.answer, branch.repeat] = rewards[turn.agent]

    def answers(self) -> Iterator[BranchedAnswer]:
        """The different answers with all their rewards."""
        texts: set[str] = set()
        for answer, (first, turn) in sorted(self._first.items(), key=lambda item: item[0]):
            plays = [(answer, repeat) for repeat in range(self._repeats)]
            if turn.failed or turn.text in texts or not all(play in self._rewards for play in plays):
                continue
            texts.add(turn.text)
            rewards = tuple(self._rewards[play] for play in plays)
            yield BranchedAnswer(turn, rewards, tuple(range(first, first + self._repeats)))
