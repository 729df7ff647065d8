"""What a run will take, without a model: calls and tokens from episodes on scripted replies.

Texts are taken to be as long as their limit, so the counts are upper bounds of what a
free-text scenario of fixed length needs. The time comes from the speed that the last
runs on this machine had with the same model; with none yet, it is not made up.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from palaestra.agents.answers import Choice, Json, Text
from palaestra.agents.calls import Call, Reply, turns
from palaestra.agents.engines.vllm import EMBEDDED_MODEL
from palaestra.agents.limits import MOST_FORESEEN_CALLS, MOST_FORESEEN_CHARACTERS
from palaestra.agents.policy import Policy
from palaestra.agents.scripted import scripted_replies, scripted_reply
from palaestra.scenarios.core.load import Scenario
from palaestra.scenarios.core.registry import rules_border
from palaestra.sims.engines import embedded_model

CHARACTERS_PER_TOKEN = 4.0
MOST_COUNTED = 1_000_000
"""Characters that are made into tokens: a tokenizer takes seconds for ten million."""


@dataclass(slots=True)
class RunEstimate:
    """What a run takes: counts over all its episodes, seconds where a speed is known.

    Attributes:
        at_least: whether an episode is so long that it was not played to its end: it takes more.
    """

    episodes: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    longest_prompt: int = 0
    seconds: float | None = None
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
    speed = known_speed(scenario)
    if speed is not None:
        found.seconds = found.output_tokens / speed
    return found


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
            words = text.split() * _limit(call, policies[call.policy])
            text = " ".join(words[: _limit(call, policies[call.policy])])
        return replace(reply, text=text, value=call.answer.parse(text))

    calls = characters = 0
    while episode.pending:
        if calls >= MOST_FORESEEN_CALLS or characters >= MOST_FORESEEN_CHARACTERS:
            found.at_least = True
            break
        calls += len(episode.pending)
        replies = []
        for call in episode.pending:
            texts = [text for _, text in turns(call.prompt)]
            characters += sum(map(len, texts))
            prompt = sum(map(count, texts))
            reply = longest_reply(call)
            policy = policies[call.policy]
            thought = 0 if policy.think.kind == "off" else policy.think.tokens
            found.calls += 1
            # A thought is asked for first, and the answer after it.
            found.prompt_tokens += 2 * prompt + thought if thought else prompt
            found.longest_prompt = max(found.longest_prompt, prompt + thought)
            found.output_tokens += thought + min(count(reply.text), _limit(call, policy))
            replies.append(reply)
        episode.advance(replies)


def _limit(call: Call, policy: Policy) -> int:
    """The most tokens that the answer to `call` may have; a choice is one."""
    match call.answer:
        case Text(max_tokens):
            return max_tokens or policy.max_tokens
        case Json(max_characters=most):
            return most
        case Choice():
            return 1


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
    return embedded_model.cache_folder() / "speeds.json"


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
