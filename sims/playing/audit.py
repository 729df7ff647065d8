"""Asks the judges of a scenario about planted pairs: on the file's own engines, within its limits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from statistics import fmean, median

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply, derive_seed
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.agents.trust import NOTHING, Allowed
from palaestra.metrics.judge_audit import SCHEMA
from palaestra.runs.audits.fingerprint import KnownJudge, known_judges
from palaestra.runs.audits.kept import JudgeAudit
from palaestra.runs.record import folder as run_folder
from palaestra.scenarios.core.load import Scenario
from palaestra.scenarios.core.trial import PROBE, MakeTrial, Trial, TrialPair, TrialVerdict
from palaestra.scenarios.parts.judging import superiority
from palaestra.scenarios.parts.planted import BATTERY, PlantedPair
from palaestra.sims.engines.fleet import Fleet
from palaestra.sims.playing.meter import Meter
from palaestra.sims.playing.progress import Progress
from palaestra.sims.playing.venue import Venue


@dataclass(frozen=True, slots=True)
class Tried:
    """A judge in one way of judging, with its audit; those who are one share theirs."""

    judge: KnownJudge
    audit: JudgeAudit


def modes_of(scenario: Scenario, wanted: Sequence[str] = ()) -> tuple[str, ...]:
    """The ways of judging to be tried, the file's own first.

    Raises:
        BadInput: the scenario has no judges that could be tried, or not in a way that is wanted.
    """
    modes = scenario.rules.trials(scenario.config)
    if not modes:
        raise BadInput(
            f"{scenario.file}: nobody judges here whom planted pairs can be put to",
            "Audit a duel's judges: write one with the same policies, personas and prompts.",
        )
    for mode in wanted:
        if mode not in modes:
            raise BadInput(f"there is no way of judging {mode!r} here", f"There are: {', '.join(modes)}.")
    return tuple(mode for mode in modes if not wanted or mode in wanted)


def audit(
    scenario: Scenario,
    modes: Sequence[str],
    pairs: Sequence[PlantedPair],
    seed: int = 0,
    quiet: bool = False,
    allowed: Allowed = NOTHING,
    keep: Callable[[JudgeAudit], None] = lambda _: None,
) -> list[Tried]:
    """Every judge of `scenario` in each way of judging, tried on `pairs`; one of two names is asked once.

    Args:
        scenario: whose judges.
        modes: of `modes_of`.
        pairs: the planted ones.
        seed: that they were made from; it also decides which of two answers is read first by whom.
        quiet: no progress.
        allowed: what a person allows the engines.
        keep: is given each audit as soon as its way of judging is over.

    Raises:
        LimitReached: the file's `limits` don't allow all of it.
        PalaestraError: an engine is not to be had.
    """
    scenario.require_allowed(allowed)
    tried: list[Tried] = []
    with Venue() as venue:
        venue.run(_audit(scenario, modes, _Planted(pairs, seed), quiet, allowed, venue, keep, tried))
    return tried


@dataclass(frozen=True)
class _Planted:
    """The battery, each right answer given to the one or the other contestant by chance."""

    pairs: Sequence[PlantedPair]
    seed: int

    def right(self, pair: PlantedPair) -> int:
        """Which contestant has the right answer."""
        return Random(derive_seed("contestant", self.seed, pair.number)).randrange(2)

    def shown(self) -> list[TrialPair]:
        """What the judges get."""
        return [
            TrialPair(pair.question, pair.wrong, pair.right)
            if self.right(pair)
            else TrialPair(pair.question, pair.right, pair.wrong)
            for pair in self.pairs
        ]


async def _audit(
    scenario: Scenario,
    modes: Sequence[str],
    planted: _Planted,
    quiet: bool,
    allowed: Allowed,
    venue: Venue,
    keep: Callable[[JudgeAudit], None],
    tried: list[Tried],
) -> None:
    config, rules = scenario.config, scenario.rules
    judges = (judge for mode in modes for judge in known_judges(rules, config, mode, {}))
    judging = {policy for judge in judges for policy in judge.policies}
    policies = {name: policy for name, policy in config.policies.items() if name in judging}
    kinds = ", ".join(sorted({config.engines[policy.engine].kind for policy in policies.values()}))
    say = Progress(0, quiet=quiet).say
    say(f"starting engines: {kinds}")
    async with Fleet(config.engines, policies, config.retries, say, venue.engine, allowed) as fleet:
        engines = fleet.identities()
        known = {mode: known_judges(rules, config, mode, engines) for mode in modes}
        ones = {mode: list({j.fingerprint: j for j in judges}.values()) for mode, judges in known.items()}
        shown = planted.shown()
        trials = {
            mode: rules.trials(config)[mode](shown, {judge.name for judge in judges})
            for mode, judges in ones.items()
        }
        makes = rules.trials(config)
        calls = fmean(_calls_of_a_pair(makes[mode], ones[mode]) for mode in modes) * len(shown)
        meter = Meter(config, {}, lambda: progress.seconds)
        progress = Progress(len(trials), calls_per_episode=calls, quiet=quiet, spend=meter.spend)
        with progress:
            for mode, trial in trials.items():
                replies = await _played(trial, partial(meter.ask, fleet.ask), progress)
                made = {
                    one.fingerprint: _audited(
                        one, planted, trial, replies, engines[policies[one.policies[0]].engine]
                    )
                    for one in ones[mode]
                }
                for each in made.values():
                    keep(each)
                tried += [Tried(judge, made[judge.fingerprint]) for judge in known[mode]]
                progress.episode_ended()


def _calls_of_a_pair(make: MakeTrial, judges: Sequence[KnownJudge]) -> int:
    """The calls that a pair takes on made-up replies."""
    trial, calls = make((PROBE,), {judge.name for judge in judges}), 0
    while pending := trial.pending:
        calls += len(pending)
        trial.advance(scripted_replies(pending))
    return calls


async def _played(
    trial: Trial, ask: Callable[[Call], Awaitable[Reply]], progress: Progress
) -> dict[int, tuple[Call, Reply]]:
    """Play a trial to its end; its calls with their replies, by index."""

    async def answered(call: Call) -> Reply:
        reply = await ask(call)
        progress.call_answered(call, reply)
        return reply

    found: dict[int, tuple[Call, Reply]] = {}
    while pending := trial.pending:
        asking = [asyncio.create_task(answered(call)) for call in pending]
        try:
            said = await asyncio.gather(*asking)
        finally:
            for task in asking:
                task.cancel()
        found |= {call.index: (call, reply) for call, reply in zip(pending, said, strict=True)}
        trial.advance(said)
    return found


def _audited(
    judge: KnownJudge,
    planted: _Planted,
    trial: Trial,
    replies: Mapping[int, tuple[Call, Reply]],
    engine: Mapping[str, str],
) -> JudgeAudit:
    """What one judge said of all pairs."""
    told: dict[int, dict[tuple[int, ...], TrialVerdict]] = {}
    for said in trial.verdicts():
        if said.judge == judge.name:
            told.setdefault(said.pair, {})[said.read] = said
    columns: dict[str, list[int | float | str | None]] = {name: [] for name in SCHEMA}
    for number, pair in enumerate(planted.pairs):
        right = planted.right(pair)
        row: dict[str, int | float | str | None] = {
            "pair": pair.number,
            "kind": pair.kind,
            "size": pair.size,
            "longer": pair.longer,
            "styled": pair.styled,
            **_said(told[number], right, judge.beside, replies),
        }
        for name, value in row.items():
            columns[name].append(value)
    held = [
        reply.mass for call, reply in replies.values() if call.agent == judge.name and reply.mass is not None
    ]
    return JudgeAudit(
        fingerprint=judge.fingerprint,
        judge=judge.name,
        mode=judge.mode,
        beside=judge.beside,
        engine=dict(engine),
        palaestra=run_folder.package_versions().get("palaestra", ""),
        when=run_folder.now(),
        battery=BATTERY,
        seed=planted.seed,
        mass=median(held) if held else None,
        leaks=judge.leaks,
        columns=columns,
    )


def _said(
    told: Mapping[tuple[int, ...], TrialVerdict],
    right: int,
    beside: bool,
    replies: Mapping[int, tuple[Call, Reply]],
) -> dict[str, float | None]:
    """The columns `one`, `two` and `sure` of a pair, see `palaestra.metrics.judge_audit`."""
    wrong = 1 - right
    if beside:
        second = told[wrong, right].value
        return {
            "one": told[right, wrong].value,
            "two": None if second is None else 1 - second,
            "sure": None,
        }
    both = told[right,], told[wrong,]
    return {"one": both[0].value, "two": both[1].value, "sure": _sure(*(replies[said.call] for said in both))}


def _sure(right: tuple[Call, Reply], wrong: tuple[Call, Reply]) -> float | None:
    """The probability that the right answer's score is the higher one, ties as halves; None without any."""
    answer = right[0].answer
    if not isinstance(answer, Choice):
        return None
    told, basis = superiority(right[1], wrong[1], scale=answer)
    return told if basis == "probabilities" else None
