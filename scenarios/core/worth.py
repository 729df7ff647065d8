"""What of a finished episode can be learnt from, as its rules tell it, and whether that can be.

Rules may be anybody's. A call that there is not, an agent that there is not or a score that is no
number would come out far from where they were told, as a row of training data at best.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.config import ScenarioConfig
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.registry import rules_border
from palaestra.scenarios.core.trajectory import Judged, Trajectory, Turn


def judged(rules: type[Episode[Any]], config: ScenarioConfig, trajectory: Trajectory) -> list[Judged]:
    """The questions of a finished episode whose answers were judged.

    Raises:
        ExtensionFault: the rules fail, or tell of calls that there are not.
    """
    with rules_border(rules, f"episode {trajectory.episode}, judged()"):
        found = list(rules.judged(config, trajectory))
        for question in found:
            _check_question(question, trajectory)
        return found


def rewards(rules: type[Episode[Any]], config: ScenarioConfig, trajectory: Trajectory) -> dict[str, float]:
    """What the outcome of a finished episode is worth to each agent, in the rules' `reward_unit`.

    Raises:
        ExtensionFault: the rules fail, or reward nobody that there is, or with no finite number.
    """
    with rules_border(rules, f"episode {trajectory.episode}, rewards()"):
        found = rules.rewards(config, trajectory)
        agents = {turn.agent for turn in trajectory.turns.values()}
        agents |= {agent.name for _, agent in config.declared_agents()}
        for name, worth in found.items():
            if name not in agents:
                raise LookupError(f"{name!r} is rewarded; the agents are: {', '.join(sorted(agents))}")
            if not isfinite(worth):
                raise ValueError(f"the reward of {name!r} is {worth}")
        if found and not rules.reward_unit:
            raise ValueError("there are rewards, but no `reward_unit` that says what they are measured in")
        return found


def trajectory_of(episode: Episode[Any], calls: Sequence[Call], replies: Sequence[Reply]) -> Trajectory:
    """What a log would tell of an episode that was played in memory.

    Args:
        episode: over.
        calls: all that it asked, in order.
        replies: to each of them.
    """
    turns = {
        call.index: Turn(
            call=call.index,
            step=0,
            agent=call.agent,
            purpose=call.purpose,
            about=call.about,
            policy=call.policy,
            seed=call.seed,
            prompt=call.prompt,
            answer=call.answer.describe(),
            text=reply.text,
            probabilities=reply.probabilities,
            finish=reply.finish,
            failed=reply.failed,
        )
        for call, reply in zip(calls, replies, strict=True)
    }
    events = tuple(event for _, event in episode.events)
    messages = tuple(message.source for message in episode.messages)
    return Trajectory(episode.number, episode.episode_seed, messages, turns, events, episode.outcome)


def _check_question(question: Judged, trajectory: Trajectory) -> None:
    """Raise what is wrong with a judged question."""
    if not question.answers:
        raise ValueError("a judged question has no answers")
    named = [("answer", answer.call) for answer in question.answers]
    named += [("revision", answer.revision) for answer in question.answers if answer.revision is not None]
    named += [("critique", critique.call) for answer in question.answers for critique in answer.critiques]
    named += [("score", score.call) for score in question.scores]
    named += [("score", score.against) for score in question.scores if score.against is not None]
    if bad := [call for call in question.recorded_elsewhere if call >= 0]:
        raise ValueError(f"call {bad[0]} is told to be recorded elsewhere; such calls are below 0")
    for what, call in named:
        if call not in trajectory.turns and call not in question.recorded_elsewhere:
            last = max(trajectory.turns, default=None)
            there = "there are no calls" if last is None else f"the last is {last}"
            raise LookupError(f"a judged question's {what} is call {call}, which there is not: {there}")
    answers = {call for what, call in named if what in ("answer", "revision")}
    for score in question.scores:
        if not {score.call, score.call if score.against is None else score.against} <= answers:
            raise ValueError(f"{score.judge} scores a call that is none of the question's answers: {score}")
        if not isfinite(score.value) or score.weight < 0:
            raise ValueError(f"a score that can't be: {score}")
