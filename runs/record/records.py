"""The lines of `log.jsonl`: how messages, calls, events and outcomes are written and read.

| record | fields |
|---|---|
| `episode` | `episode`, `seed` (of the episode), `format` (of the log) |
| `message` | `episode`, `message` (number), `role`, `label`, `quoted` (lines that begin as another's turn would), and `text` or, where the text is a reply's, `call` (index) |
| `answer` | `episode`, `answer` (number), `kind`, `options`, `schema` or `weighed` (the given text of a likelihood) |
| `call` | `episode`, `call` (index), `step`, `agent`, `purpose`, `about`, `policy`, `seed`, `prompt` (message numbers, see `palaestra.runs.record.prompts`), `answer` (number), `text`, `probabilities` (of a choice's options, before temperature), `mass` (what these hold of the model's probability, all together), `plain` (asked in words only, without a constraint), `refusal` (in whose words an answer was refused), `token_ids` and `logprobs` (of the answer, where the engine records them), `thought` (private), `model` (where a server tells it), `finish`, `tokens` [prompt, cached, output], `attempts`, `failed`, `rejected` (texts that could not be parsed), `seconds` [submitted, answered] since the run began or went on |
| `event` | `episode`, `event` (number), `step`, `type`, and the type's own fields |
| `end` | `episode`, `steps`, `outcome` |

Numbers of messages, answers, calls and events count from 0 in each episode, in an order
that depends on nothing but the episode, so a resumed run writes what an uninterrupted
one would have written. Fields that are empty or at their default are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from palaestra.agents.calls import Call, Message, Reply
from palaestra.scenarios.core.episode import Episode, Event

Record = dict[str, Any]
FORMAT = 2
"""Of the log, in its `episode` records; one of another format is refused."""
LOGPROB_DIGITS = 6


def episode_record(episode: Episode[Any]) -> Record:
    """The start of an episode."""
    return {"record": "episode", "episode": episode.number, "seed": episode.episode_seed, "format": FORMAT}


def message_record(episode: int, message: Message) -> Record:
    """A message; one that quotes a reply refers to its call."""
    record: Record = {
        "record": "message",
        "episode": episode,
        "message": message.number,
        "role": message.role,
    }
    if message.label:
        record["label"] = message.label
    if message.quoted:
        record["quoted"] = message.quoted
    if message.source is None:
        record["text"] = message.text
    else:
        record["call"] = message.source
    return record


def call_record(
    episode: Episode[Any], call: Call, reply: Reply, prompt: str, seconds: tuple[float, float]
) -> Record:
    """A call with its reply; `prompt` is its prompt as `AskedPrompts.told` tells it."""
    record: Record = {
        "record": "call",
        "episode": episode.number,
        "call": call.index,
        "step": episode.steps + 1,
        "agent": call.agent,
        "purpose": call.purpose,
        "about": call.about,
        "policy": call.policy,
        "seed": call.seed,
        "prompt": prompt,
        "answer": episode.exchange.answer_number(call.answer),
        "text": reply.text,
        "tokens": [reply.prompt_tokens, reply.cached_tokens, reply.output_tokens],
        "seconds": seconds,
    }
    if reply.probabilities is not None:
        record["probabilities"] = reply.probabilities
    if reply.mass is not None:
        record["mass"] = reply.mass
    if reply.plain:
        record["plain"] = True
    if reply.refusal:
        record["refusal"] = reply.refusal
    if reply.token_ids is not None and reply.logprobs is not None:
        record["token_ids"] = reply.token_ids
        record["logprobs"] = [round(value, LOGPROB_DIGITS) for value in reply.logprobs]
    if reply.thought:
        record["thought"] = reply.thought
    if reply.model is not None:
        record["model"] = reply.model
    if reply.finish != "stop":
        record["finish"] = reply.finish
    if reply.attempts > 1:
        record["attempts"] = reply.attempts
    if reply.rejected:
        record["rejected"] = reply.rejected
    if reply.failed:
        record["failed"] = True
    return record


def event_record(episode: int, number: int, step: int, event: Event) -> Record:
    """An event."""
    record: Record = {
        "record": "event",
        "episode": episode,
        "event": number,
        "step": step,
        "type": event_type(type(event)),
    }
    for name in event.__dataclass_fields__:
        record[name] = getattr(event, name)
    return record


def end_record(episode: Episode[Any]) -> Record:
    """The end of an episode."""
    record: Record = {"record": "end", "episode": episode.number, "steps": episode.steps}
    if episode.item is not None:
        record["item"] = episode.item
    return record | {"outcome": episode.outcome}


def event_type(event: type[Event]) -> str:
    """The name of an event type in the log, and of its table."""
    return event.table or _snake_case(event.__name__)


@cache
def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def content(records: Iterable[Record]) -> list[Record]:
    """The records without what depends on timing (`seconds`, cached tokens), in canonical order."""
    kept = []
    for record in records:
        record = {key: value for key, value in record.items() if key != "seconds"}
        if "tokens" in record:
            record["tokens"] = [record["tokens"][0], record["tokens"][2]]
        kept.append(record)
    return sorted(kept, key=lambda r: (r["episode"], r["record"], r.get(r["record"], 0)))
