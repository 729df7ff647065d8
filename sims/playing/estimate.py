"""What a run will take, without a model: calls and tokens from episodes on scripted replies.

Texts are taken to be as long as their limit, so the counts are upper bounds of what a
free-text scenario of fixed length needs. The time comes from the speed that the last
runs on this machine had with the same model, and from the rates that engines are held to;
with neither, it is not made up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any

from palaestra.agents.answers import Text
from palaestra.agents.budget import LIMITS, Limit, Limits, Usage
from palaestra.agents.calls import Call, Reply, turns
from palaestra.agents.engine import EngineSettings
from palaestra.agents.engines.vllm import EMBEDDED_MODEL
from palaestra.agents.limits import MOST_FORESEEN_CALLS, MOST_FORESEEN_CHARACTERS
from palaestra.agents.scripted import scripted_replies, scripted_reply
from palaestra.runs.record.cache import cache_folder
from palaestra.scenarios.core.load import Scenario
from palaestra.scenarios.core.registry import rules_border
from palaestra.sims.engines import embedded_model
from palaestra.sims.engines.foreseen import most_tokens, with_thought

CHARACTERS_PER_TOKEN = 4.0
MOST_COUNTED = 1_000_000
"""Characters that are made into tokens: a tokenizer takes seconds for ten million."""


@dataclass(slots=True)
class RunEstimate:
    """What a run takes: counts over all its episodes, seconds where a speed is known.

    Attributes:
        seconds: at the speed of the last run, and no sooner than the rates of the engines allow.
        spend: what the tokens cost, nothing cached; None where the engines have no prices.
        usage: of each engine.
        at_least: whether an episode is so long that it was not played to its end: it takes more.
    """

    episodes: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    longest_prompt: int = 0
    seconds: float | None = None
    spend: float | None = None
    usage: dict[str, Usage] = field(default_factory=dict)
    counted_by: str = ""
    at_least: bool = False


def estimate(scenario: Scenario, sample: int = 4) -> RunEstimate:
    """Estimate a run of `scenario` from `sample` of its episodes."""
    count, counted_by = _token_counter(scenario)
    found = RunEstimate(episodes=scenario.config.episodes, counted_by=counted_by)
    sample = min(sample, scenario.config.episodes)
    for index in range(sample):
        with rules_border(scenario.rules, f"episode {index}"):
            _play(scenario, index, found, count)
    scale = scenario.config.episodes / sample
    found.calls = round(found.calls * scale)
    found.prompt_tokens = round(found.prompt_tokens * scale)
    found.output_tokens = round(found.output_tokens * scale)
    engines = scenario.config.used_engines()
    if any(engine.prices for engine in engines.values()):
        found.spend = scale * sum(usage.cost(engines[name].prices) for name, usage in found.usage.items())
    speed = known_speed(scenario)
    known = [] if speed is None else [found.output_tokens / speed]
    known += [
        60 * scale * least for name, usage in found.usage.items() for least in _minutes(engines[name], usage)
    ]
    found.seconds = max(known, default=None)
    return found


def reached_after(found: RunEstimate, limits: Limits) -> dict[Limit, float | None]:
    """Of each limit that is set, after what share of the run it is reached; None where nobody knows.

    One above 1 isn't reached.
    """
    expected: dict[Limit, float | None] = {
        "calls": found.calls,
        "tokens": found.prompt_tokens + found.output_tokens,
        "minutes": None if found.seconds is None else found.seconds / 60,
        "spend": found.spend,
    }
    shares: dict[Limit, float | None] = {}
    for limit in LIMITS:
        most, takes = limits.of(limit), expected[limit]
        if most is not None:
            shares[limit] = None if takes is None else most / takes if takes else inf
    return shares


def _minutes(engine: EngineSettings, usage: Usage) -> Iterator[float]:
    """How long an engine takes at least at each rate that its settings hold it to, minutes."""
    if engine.requests_per_minute is not None:
        yield usage.calls / engine.requests_per_minute
    if engine.tokens_per_minute is not None:
        yield (usage.prompt + usage.output) / engine.tokens_per_minute


def calls_per_episode(scenario: Scenario) -> int:
    """Calls that the first episode makes on scripted replies; of a very long one, those that were played.

    Raises:
        ExtensionFault: its rules fail at that, before anything is written.
    """
    calls = 0
    with rules_border(scenario.rules, "episode 0"):
        episode = scenario.rules(scenario.config, index=0)
        while episode.pending and calls < MOST_FORESEEN_CALLS:
            calls += len(episode.pending)
            episode.advance(scripted_replies(episode.pending))
    return calls


def _play(scenario: Scenario, index: int, found: RunEstimate, count: Callable[[str], int]) -> None:
    episode = scenario.rules(scenario.config, index=index)
    policies = scenario.config.policies

    def longest_reply(call: Call) -> Reply:
        reply = scripted_reply(call)
        text = reply.text
        if isinstance(call.answer, Text):
            most = most_tokens(call, policies[call.policy])
            text = " ".join((text.split() * most)[:most])
        return replace(reply, text=text, value=call.answer.parse(text))

    calls = characters = 0
    while episode.pending:
        if calls >= MOST_FORESEEN_CALLS or characters >= MOST_FORESEEN_CHARACTERS:
            found.at_least = True
            break
        calls += len(episode.pending)
        replies = []
        for call in episode.pending:
            texts = [*(text for _, text in turns(call.prompt)), call.weighed]
            characters += sum(map(len, texts))
            prompt = sum(map(count, texts))
            reply = longest_reply(call)
            policy = policies[call.policy]
            answer = min(count(reply.text), most_tokens(call, policy))
            taken = with_thought(prompt, answer, policy, call.answer)
            found.calls += 1
            found.prompt_tokens += taken.prompt
            found.longest_prompt = max(found.longest_prompt, prompt + taken.output - answer)
            found.output_tokens += taken.output
            found.usage[policy.engine] = found.usage.get(policy.engine, Usage()) + taken
            replies.append(reply)
        episode.advance(replies)


def _token_counter(scenario: Scenario) -> tuple[Callable[[str], int], str]:
    """Counts tokens with the model's tokenizer where it is on this disk, else four characters a token."""
    for name in _models(scenario):
        folder = embedded_model.checkpoint() if name == EMBEDDED_MODEL else Path(name)
        if (folder / "tokenizer.json").is_file():
            from tokenizers import Tokenizer

            encode = Tokenizer.from_file(str(folder / "tokenizer.json")).encode
            return _Counter(encode).count, f"tokenizer of {name}"
    return (lambda text: round(len(text) / CHARACTERS_PER_TOKEN)), "4 characters a token"


class _Counter:
    """Counts tokens, after `MOST_COUNTED` characters by how many a token had in these."""

    def __init__(self, encode: Callable[..., Any]) -> None:
        self._encode = encode
        self._characters = self._tokens = 0

    def count(self, text: str) -> int:
        if self._characters > MOST_COUNTED:
            return round(len(text) * self._tokens / self._characters)
        tokens = len(self._encode(text, add_special_tokens=False).ids)
        self._characters += len(text)
        self._tokens += tokens
        return tokens


def _models(scenario: Scenario) -> list[str]:
    """The models that compute on this machine."""
    used = {policy.engine for policy in scenario.config.policies.values()}
    models = [engine.local_model() for name, engine in scenario.config.engines.items() if name in used]
    return [model for model in models if model is not None]


def _speeds_file() -> Path:
    return cache_folder() / "speeds.json"


def _speed_key(scenario: Scenario) -> str:
    return " ".join([scenario.config.scenario, *sorted(_models(scenario))])


def known_speed(scenario: Scenario) -> float | None:
    """Output tokens a second of the last run of this scenario and models on this machine, if any."""
    try:
        speeds: dict[str, float] = json.loads(_speeds_file().read_text(encoding="utf-8"))
        return speeds[_speed_key(scenario)]
    except (OSError, ValueError, KeyError):
        return None


def remember_speed(scenario: Scenario, tokens_per_second: float) -> None:
    """Keep a finished run's speed for later estimates; where the cache can't be written, nothing is kept."""
    if not _models(scenario) or tokens_per_second <= 0:
        return
    try:
        file = _speeds_file()
        speeds = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        file.parent.mkdir(parents=True, exist_ok=True)
        told = speeds | {_speed_key(scenario): round(tokens_per_second, 2)}
        file.write_text(json.dumps(told), encoding="utf-8")
    except (OSError, ValueError):
        return
