"""Judges that are one under several names: same model, same adapter, same words to judge by.

What such judges say is the same, to the last digit where a score is an expectation over the options'
probabilities, which temperature doesn't change; where claims are sampled, but for chance. Weights can't tell
them apart, and that they agree says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig

PACE = (
    *(
        "max_restarts",
        "prices",
        "requests_per_minute",
        "tokens_per_minute",
        "parallel",
        "timeout",
        "patience",
    ),
    *("gpu_memory", "kv_cache_gib", "record_tokens", "prefix_caching"),
)
"""Fields of engines that change nothing of what their models say."""
IN_OWN_WORDS = ("claims", "review")
"""The ways of judging in which a judge first says something, which is drawn."""
WAYS_OUT = "model (an engine of its own), adapter, persona or rubric (which may hold examples)"


def one_judge_problems(
    config: ScenarioConfig, weights: str, judges: Sequence[tuple[Location, Participant]]
) -> Iterator[tuple[Location, str]]:
    """That judges whose words are to weigh differently are one.

    Args:
        config: with the engines and policies.
        weights: how judges' words are weighed; "uniform" needs no difference.
        judges: who may judge, and where the file declares them.
    """
    if weights == "uniform":
        return
    groups: dict[str, list[tuple[Location, str]]] = {}
    for location, judge in judges:
        key = _function(config, judge)
        if key is not None:
            groups.setdefault(key, []).append((location, judge.name))
    for same in groups.values():
        if len(same) > 1:
            names = ", ".join(name for _, name in same)
            drawn = sampled(config, getattr(config, "judging", ""))
            yield (
                same[1][0],
                f"these {len(same)} judges are one: {names}; "
                + ("" if drawn else "temperature makes no difference, and ")
                + f"`weights: {weights}` would weigh the same words; give each another "
                + ("temperature, " if drawn else "")
                + f"{WAYS_OUT}, or take `weights: uniform`",
            )


def _function(config: ScenarioConfig, judge: Participant) -> str | None:
    """What makes a judge say what it says; None where that can't be the same for two."""
    policy = config.policies.get(judge.policy)
    if policy is None or isinstance(config.engines.get(policy.engine), ScriptedEngine | None):
        return None
    if config.population is not None and not judge.persona:  # somebody else of the population plays each
        return None
    told = (judge.persona, getattr(judge, "rubric", ""))
    said_by = answering(config, judge.policy, getattr(config, "judging", ""))
    return repr([said_by, *(" ".join(words.split()) for words in told)])


def sampled(config: ScenarioConfig, judging: str) -> bool:
    """Whether what judges say is drawn anew each time: samples as scores, or after words of their own."""
    return getattr(config, "score_basis", "expectation") == "sample" or judging in IN_OWN_WORDS


def answering(config: ScenarioConfig, policy: str, judging: str) -> list[JsonValue]:
    """What decides how a policy judges what it is asked, as JSON: its engine, adapter, thinking, sampling.

    Temperature is a part of it where judges' words are sampled, and none where scores are expectations.

    Args:
        config: with the engines and policies.
        policy: name of the one that answers.
        judging: the way of judging.
    """
    of = config.policies[policy]
    return [
        config.engines[of.engine].model_dump(mode="json", exclude=set(PACE)),
        None if of.adapter is None else str(of.adapter),
        of.think.model_dump(mode="json"),
        of.normalise,
        [of.temperature, of.top_p] if sampled(config, judging) else [],
    ]
