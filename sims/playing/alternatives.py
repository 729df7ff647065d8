"""Plays recorded episodes again with another answer at one call: what a branch run's sitting needs.

Up to that call, and in its step beside it, an episode takes over what was recorded. Another
answer is drawn once, however many plays wait for it, and so that it differs from the recorded
one and from the others there. Nobody waits for a play that begins later, so it never blocks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply, derive_seed
from palaestra.agents.failures import BadInput, RunUnreadable
from palaestra.runs.record import log as run_log
from palaestra.runs.record.entries import CallAnswered, entries
from palaestra.runs.record.plan import Branch, BranchPoint, Plan
from palaestra.runs.record.recorder import Past
from palaestra.runs.record.records import Record
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import Scenario
from palaestra.sims.engines.option_tree import draw

Engine = Callable[[Call], Awaitable[Reply]]
DRAWS = 4
"""How often another answer is asked at most, while it says what was said already or can't be parsed."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One other answer: the recorded call, and the seeds of the others there that come before it.

    Those before it are drawn first and recorded first, so a later sitting finds them too.
    """

    recorded: CallAnswered
    before: tuple[int, ...]


class Alternatives:
    """The episodes of a branch run, and who answers their calls.

    Args:
        scenario: of the branch run.
        plan: its plays.

    Raises:
        BadInput: the run that is branched can't be read any more.
    """

    def __init__(self, scenario: Scenario, plan: Plan) -> None:
        self._scenario = scenario
        self._branches = plan.branches()
        try:
            self._origin = Past(run_log.read(plan.run), keep={point.episode for point in plan.points})
        except RunUnreadable as error:
            raise BadInput(
                f"the run that is branched can't be read: {error.args[0]}", "Put its folder back there."
            ) from error
        self._ends = {(point.episode, point.call): self._step_end(point) for point in plan.points}
        self._wanted: dict[int, _Wanted] = {}
        for point in plan.points:
            self._want(point)
        self._given: dict[int, CallAnswered] = {}
        self._draws: dict[int, asyncio.Task[Reply]] = {}

    def make(self, number: int) -> Episode[Any]:
        """The episode of play `number`: that of the run that is branched, but for its seeds."""
        branch = self._branches[number]
        episode = self._scenario.rules(self._scenario.config, index=branch.episode)
        episode.number = number
        episode.exchange.seed_of = partial(self._seed, branch)
        return episode

    def replay(self, number: int, call: Call) -> Reply | None:
        """The recorded reply that play `number` takes over for `call`; None where it goes its own way.

        Raises:
            RunUnreadable: the run that is branched asked something else there.
        """
        branch = self._branches[number]
        own = branch.answer > 0 and call.index == branch.call
        later = call.index > self._ends[branch.episode, branch.call]
        if own or (later and (branch.answer > 0 or branch.repeat > 0)):
            return None
        reply = self._origin.reply(branch.episode, call)
        return None if reply is None else _free(reply)

    def recall(self, records: Iterable[Record]) -> None:
        """Take other answers from the records of the branch run, where earlier sittings drew them."""
        for entry in entries(records):
            if isinstance(entry, CallAnswered) and entry.seed in self._wanted:
                self._given[entry.seed] = entry

    async def answer(self, engine: Engine, call: Call) -> Reply:
        """The reply to `call`: another answer, drawn once for all its plays, or the engine's own."""
        if call.seed not in self._wanted:
            return await engine(call)
        if call.seed in self._given:
            return _free(self._given[call.seed].reply(call))
        if call.seed in self._draws:
            return _free(await self._draws[call.seed])
        self._draws[call.seed] = asyncio.create_task(self._draw(engine, call))
        return await self._draws[call.seed]

    async def _draw(self, engine: Engine, call: Call) -> Reply:
        wanted = self._wanted[call.seed]
        known = wanted.recorded.probabilities
        if isinstance(call.answer, Choice) and known is not None:
            return self._option(call, known, await self._taken(call), wanted.recorded.thought)
        reply = await engine(call)
        taken = await self._taken(call)
        for again in range(1, DRAWS):
            if not reply.failed and reply.text not in taken:
                break
            other = await engine(replace(call, seed=derive_seed(call.seed, "again", again)))
            reply = _with_costs_of(reply, other)
        return reply

    def _option(
        self, call: Call, probabilities: tuple[float, ...], taken: Collection[str], thought: str
    ) -> Reply:
        """One of the options that are left, drawn by the recorded probabilities: no engine is asked."""
        assert isinstance(call.answer, Choice)
        options = zip(call.answer.options, probabilities, strict=True)
        left = {option: p for option, p in options if option not in taken}
        shares = list(left.values()) if any(left.values()) else [1.0] * len(left)
        temperature = self._scenario.config.policies[call.policy].temperature
        option = list(left)[draw(shares, temperature, call.seed)]
        return Reply(text=option, value=option, probabilities=probabilities, thought=thought)

    async def _taken(self, call: Call) -> set[str]:
        """What was said at this call already: the recorded answer, and the others before this one."""
        wanted = self._wanted[call.seed]
        taken = {wanted.recorded.text}
        for seed in wanted.before:
            taken.add(self._given[seed].text if seed in self._given else (await self._draws[seed]).text)
        return taken

    def _want(self, point: BranchPoint) -> None:
        """Note the other answers of `point` under the seeds of their calls."""
        branches = [Branch(point.episode, point.call, answer, 0) for answer in range(1, point.answers + 1)]
        seeds = tuple(self._seed(branch, point.call) for branch in branches)
        recorded = self._replies(point)[point.call]
        self._wanted |= {seed: _Wanted(recorded, seeds[:place]) for place, seed in enumerate(seeds)}

    def _step_end(self, point: BranchPoint) -> int:
        """The last call of the step of `point`."""
        replies = self._replies(point)
        step = replies[point.call].step
        return max(index for index, answered in replies.items() if answered.step <= step)

    def _replies(self, point: BranchPoint) -> dict[int, CallAnswered]:
        past = self._origin.episode(point.episode)
        if past is None or point.call not in past.replies:
            raise BadInput(
                f"the run that is branched has no call {point.call} in an episode {point.episode}",
                "Put the folder with its whole log back.",
            )
        return past.replies

    def _seed(self, branch: Branch, index: int) -> int:
        """The recorded seed, but of another answer and of what comes after the step in later repeats."""
        parts: tuple[int | str, ...] = (self._scenario.config.seed, branch.episode, index)
        if index == branch.call and branch.answer:
            parts = (*parts, "answer", branch.answer)
        elif branch.repeat and index > self._ends[branch.episode, branch.call]:
            parts = (*parts, "repeat", branch.repeat)
        return derive_seed(*parts)


def _free(reply: Reply) -> Reply:
    """A copy of a reply that was paid for elsewhere."""
    return replace(reply, prompt_tokens=0, cached_tokens=0, output_tokens=0)


def _with_costs_of(dropped: Reply, reply: Reply) -> Reply:
    """`reply`, which was asked because `dropped` could not be used."""
    return replace(
        reply,
        prompt_tokens=dropped.prompt_tokens + reply.prompt_tokens,
        cached_tokens=dropped.cached_tokens + reply.cached_tokens,
        output_tokens=dropped.output_tokens + reply.output_tokens,
        attempts=dropped.attempts + reply.attempts,
        rejected=dropped.rejected + reply.rejected,
    )
