"""Starts a branch run: chooses recorded calls of a run, and plays other answers there to their ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from random import Random
from shlex import quote
from typing import Any

from palaestra.agents.calls import derive_seed
from palaestra.agents.failures import BadInput, PalaestraError
from palaestra.agents.limits import MOST_EPISODES
from palaestra.agents.memory import RATING, SUMMARY
from palaestra.agents.trust import NOTHING, Allowed
from palaestra.runs.record import log as run_log
from palaestra.runs.record.plan import BranchPoint, Plan
from palaestra.runs.record.state import RunState
from palaestra.runs.record.trajectories import trajectories
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import Scenario, check
from palaestra.scenarios.core.registry import SCENARIOS
from palaestra.scenarios.core.trajectory import Turn
from palaestra.sims.playing.play import changed, start
from palaestra.sims.playing.shards import CHANGEABLE

DIGITS = len(str(MOST_EPISODES)) + 1
"""Of an episode's number that are read: it is too large with more."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which recorded calls to branch.

    Attributes:
        purposes, agents: only calls of these; empty for any.
        uncertain: only calls whose options' probabilities are recorded, the most uncertain first.
        episodes: only of these; None for all.
        most: at most so many calls, the most uncertain ones or drawn evenly over the episodes;
            None for no limit.
    """

    purposes: frozenset[str] = frozenset()
    agents: frozenset[str] = frozenset()
    uncertain: bool = False
    episodes: frozenset[int] | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A call that may be branched, and the entropy of its options' probabilities (nats); 0 without them."""

    point: BranchPoint
    entropy: float


def selection(calls: Sequence[str] = (), episodes: str = "", most: int | None = None) -> Selection:
    """The selection that a command line asks for.

    Args:
        calls: each "all", "uncertain", "purpose=NAME" or "agent=NAME"; of two purposes or two agents either.
        episodes: such as "0-3" or "0-3,7"; "" for all.
        most: at most so many calls.

    Raises:
        BadInput: one of them is none of these.
    """
    names: dict[str, set[str]] = {"purpose": set(), "agent": set()}
    for word in calls:
        key, _, name = word.partition("=")
        if name and key in names:
            names[key].add(name)
        elif word not in ("all", "uncertain"):
            raise BadInput(
                f"--calls {word}: there are no such calls",
                "Say all, uncertain, purpose=NAME or agent=NAME; for example: --calls purpose=argue",
            )
    if most is not None and most < 1:
        raise BadInput(f"--most {most}: at least one call has to be branched")
    wanted = frozenset(_numbers(episodes)) if episodes else None
    uncertain = "uncertain" in calls
    return Selection(frozenset(names["purpose"]), frozenset(names["agent"]), uncertain, wanted, most)


def branch(
    run: Path,
    out: Path | None = None,
    chosen: Selection = Selection(),
    answers: int = 1,
    repeats: int = 1,
    settings: Sequence[str] = (),
    quiet: bool = False,
    allowed: Allowed = NOTHING,
) -> Path:
    """Play episodes of `run` again with other answers at chosen calls, into a new run folder.

    Args:
        run: the run folder; its finished episodes are branched, and it is left as it is.
        out: the new folder; by default one in `outputs/`.
        chosen: the calls. Those whose agent the outcome is worth nothing to, and those whose
            answer can't come out otherwise, are left out.
        answers: how many other answers to try at each, ≥ 1; of a choice at most the options left.
        repeats: how often to play each answer to the end, ≥ 1.
        settings: `key=value` changes of the engines, of `limits`, `live` or `retries`.
        quiet: no progress.
        allowed: what a person allows the engines.

    Raises:
        BadInput: nothing fits, and nothing was written.
        PalaestraError: as `palaestra.sims.playing.play.start`.
    """
    if answers < 1 or repeats < 1:
        raise BadInput(f"{answers} answers, {repeats} repeats: both have to be at least 1")
    state = RunState.read(run)
    if state.branch is not None:
        raise BadInput(f"{run} branches from another run itself", f"Branch that one: {state.branch.run}")
    data = state.settings
    rules = SCENARIOS[state.kind]
    if not rules.reward_unit:
        raise BadInput(
            f"{rules.kind} has no outcome to compare: it is worth nothing to anybody in particular",
            f"Scenarios whose outcome is: {', '.join(_rewarding())}.",
        )
    overridden = changed(data, settings, CHANGEABLE)
    file = str(run / state.file_name)
    points = _points(run, check(data, file, overridden), chosen, answers)
    plays = sum(point.answers + 1 for point in points) * repeats
    if plays > MOST_EPISODES:
        raise BadInput(f"{plays:,} plays; at most {MOST_EPISODES:,} are played", "Ask for fewer of them.")
    plan = Plan(run.resolve(), repeats, points)
    data["episodes"] = len(plan.branches())
    return start(check(data, file, overridden), out, quiet, plan, allowed=allowed)


def _points(run: Path, scenario: Scenario, chosen: Selection, answers: int) -> tuple[BranchPoint, ...]:
    """The calls to branch, by episode and index."""
    rules, config = scenario.rules, scenario.config
    found: dict[int, list[_Candidate]] = {}
    purposes: set[str] = set()
    ended = 0
    for played in trajectories(run_log.read(run), rules.event_types):
        ended += 1
        rewards = rules.rewards(config, played)
        able = [turn for turn in played.turns.values() if turn.agent in rewards and _open(turn, scenario)]
        purposes |= {turn.purpose for turn in able}
        if chosen.episodes is None or played.episode in chosen.episodes:
            fitting = [turn for turn in able if _fits(turn, chosen)]
            found[played.episode] = [_candidate(played.episode, turn, answers) for turn in fitting]
    if not ended:
        raise BadInput(f"no episode of {run} is over", f"Play it on with: palaestra resume {quote(str(run))}")
    if not any(found.values()):
        raise BadInput(
            f"none of the calls in {run} fits",
            f"The purposes whose answers the outcome is worth something to: {', '.join(sorted(purposes))}."
            if purposes
            else "In none of its episodes is the outcome worth something to who was asked.",
        )
    candidates = _mixed(found, config.seed)
    if chosen.uncertain:
        candidates = sorted(candidates, key=lambda candidate: -candidate.entropy)
    points = [candidate.point for candidate in candidates[: chosen.most]]
    return tuple(sorted(points, key=lambda point: (point.episode, point.call)))


def _open(turn: Turn, scenario: Scenario) -> bool:
    """Whether the call has an answer and might have had another one."""
    sampled = scenario.config.policies[turn.policy].temperature > 0
    return not turn.failed and (sampled or turn.probabilities is not None)


def _fits(turn: Turn, chosen: Selection) -> bool:
    return (
        (turn.purpose in chosen.purposes if chosen.purposes else turn.purpose not in (SUMMARY, RATING))
        and (not chosen.agents or turn.agent in chosen.agents)
        and (not chosen.uncertain or turn.probabilities is not None)
    )


def _candidate(episode: int, turn: Turn, answers: int) -> _Candidate:
    options = turn.answer.get("options")
    if options is not None:
        answers = min(answers, len(options) - 1)
    entropy = -sum(p * log(p) for p in turn.probabilities or () if p > 0)
    return _Candidate(BranchPoint(episode, turn.call, answers), entropy)


def _mixed(found: dict[int, list[_Candidate]], seed: int) -> list[_Candidate]:
    """The candidates in a random order in which each so many come evenly from all episodes."""
    random = Random(derive_seed(seed, "branch"))
    ranked = []
    for episode in sorted(found):
        random.shuffle(found[episode])
        ranked += [(rank, random.random(), candidate) for rank, candidate in enumerate(found[episode])]
    return [candidate for _, _, candidate in sorted(ranked, key=lambda item: item[:2])]


def _rewarding() -> Iterator[str]:
    """The scenarios whose outcome is worth something to their agents."""
    for name in SCENARIOS:
        with contextlib.suppress(PalaestraError):  # another package's that doesn't load
            rules: type[Episode[Any]] = SCENARIOS[name]
            if rules.reward_unit:
                yield name


def _numbers(text: str) -> Iterator[int]:
    """The episodes of "0-3,7"."""
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise BadInput(f"--episodes {text}: this names no episodes", "For example: --episodes 0-3,7")
        low, high = int(first[:DIGITS]), int((last or first)[:DIGITS])
        if high > MOST_EPISODES:
            raise BadInput(f"--episodes {text}: a run has at most {MOST_EPISODES:,} episodes")
        yield from range(low, high + 1)
