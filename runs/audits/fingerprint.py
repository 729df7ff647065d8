"""By what a judge is known again: what answers for it, and what it is asked when it judges.

Two judges of one fingerprint are one: they are asked the same by the same model. Temperature makes no
difference where a score is an expectation over the options' probabilities, which don't depend on it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from pydantic import JsonValue

from palaestra.agents.calls import Call
from palaestra.agents.scripted import scripted_replies
from palaestra.metrics.pairs.signed_answers import SHORTEST_NAME, stands_in
from palaestra.runs.record.served import COMPARED
from palaestra.scenarios.core.config import ScenarioConfig
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.trial import PROBE, Trial
from palaestra.scenarios.parts.one_judge import answering


@dataclass(frozen=True, slots=True)
class KnownJudge:
    """A judge in one way of judging.

    Attributes:
        name: of the agent.
        policies: that answer when it judges, its own first.
        mode: the way of judging.
        beside: whether it reads two answers together.
        fingerprint: 16 hexadecimal digits.
        leaks: names in what it is asked that may tell whose an answer is.
        abstains: whether it counts for nothing on two answers that it flips on, which is no part of what it
            says and so of its fingerprint.
    """

    name: str
    policies: tuple[str, ...]
    mode: str
    beside: bool
    fingerprint: str
    leaks: tuple[str, ...] = ()
    abstains: bool = False


def known_judges(
    rules: type[Episode[Any]],
    config: ScenarioConfig,
    mode: str,
    engines: Mapping[str, Mapping[str, JsonValue]],
) -> list[KnownJudge]:
    """The judges of a scenario in one way of judging, in the order of its file.

    Args:
        rules: of the scenario.
        config: its file.
        mode: one of the rules' `trials`.
        engines: what each engine says of itself, by name.
    """
    make = rules.trials(config)[mode]
    trial, again = make((PROBE,), None), make((PROBE,), None)
    asked: dict[str, list[Call]] = {}
    for call in _asked(trial, again):
        asked.setdefault(call.agent, []).append(call)
    names = {agent.name for place, agent in config.declared_agents() if place[0] != "judges"}
    beside = {verdict.judge: len(verdict.read) > 1 for verdict in trial.verdicts()}
    return [
        KnownJudge(
            judge,
            tuple(dict.fromkeys(call.policy for call in calls)),
            mode,
            beside[judge],
            _fingerprint(config, mode, engines, calls),
            _named(calls, {*trial.contestants, *names} - {judge}),
            beside[judge] and getattr(config, "abstain", "never") == "flips",
        )
        for judge, calls in asked.items()
    ]


def _asked(*trials: Trial) -> list[Call]:
    """What judges are asked of a pair: first, and then one call of each kind, less what hangs on replies.

    Made-up replies lead to later exchanges. They are others in each of the trials, which are alike, so what
    a kind of call has in all is the judge's.
    """
    first: list[Call] = []
    later: dict[tuple[str, str, str], list[Call]] = {}
    for seed, trial in enumerate(trials):
        first = trial.pending
        trial.advance(scripted_replies([replace(call, seed=seed) for call in first]))
        while calls := trial.pending:
            for call in calls:
                later.setdefault((call.agent, call.purpose, call.policy), []).append(call)
            trial.advance(scripted_replies([replace(call, seed=seed) for call in calls]))
    return [*first, *map(_in_common, later.values())]


def _in_common(calls: list[Call]) -> Call:
    """The first of these calls with what all their prompts hold."""
    held = [{(message.role, message.body) for message in call.prompt} for call in calls]
    common = set.intersection(*held)
    prompt = tuple(message for message in calls[0].prompt if (message.role, message.body) in common)
    return replace(calls[0], prompt=prompt)


def _fingerprint(
    config: ScenarioConfig, mode: str, engines: Mapping[str, Mapping[str, JsonValue]], calls: list[Call]
) -> str:
    told: list[object] = [
        mode,
        getattr(config, "score_basis", "expectation"),
        [
            [
                [[message.role, message.body] for message in call.prompt],
                call.answer.describe(),
                _answering(config, call.policy, mode, engines),
            ]
            for call in calls
        ],
    ]
    return blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=8).hexdigest()


def _answering(
    config: ScenarioConfig, name: str, mode: str, engines: Mapping[str, Mapping[str, JsonValue]]
) -> list[object]:
    """What answers for a policy: by its settings, and by what its engine says that it serves."""
    policy = config.policies[name]
    identity = engines.get(policy.engine, {})
    served = {key: identity[key] for key in (*COMPARED, f"adapter {policy.adapter}") if key in identity}
    return [served, *answering(config, name, mode)]


def _named(calls: list[Call], names: Collection[str]) -> tuple[str, ...]:
    """Which of `names` stand as words in what is asked."""
    asked = "\n".join(message.body for call in calls for message in call.prompt)
    long = sorted(name for name in names if len(name) >= SHORTEST_NAME)
    return tuple(name for name in long if stands_in(asked, name))
