"""From the log to tables: Polars frames, see `palaestra.runs.table_files` for how they are kept.

| table | one row for each | columns |
|---|---|---|
| `episodes` | episode | `episode`, `seed`, `ended`, `steps`, `item` (which item of a list it plays, such as a motion: those of one are equal), and the fields of the outcome |
| `messages` | message | `episode`, `message`, `role`, `label`, `call` (whose reply it quotes), `quoted` (lines that begin as another's turn would), `text` |
| `calls` | recorded call | `episode`, `call`, `step`, `agent`, `purpose`, `about` (JSON), `policy`, `seed`, `prompt` (message numbers), `text`, `weighed` (the given text whose log-probability `text` tells), `options`, `probabilities` (before temperature), `mass` (what the options hold of the model's probability, all together), `plain` (asked in words only, without a constraint), `refusal` (in which words it was refused), `thought` (what the model thought before it answered: private), `model` (who answered, where a server tells it), `finish`, `attempts`, `failed`, `prompt_tokens`, `cached_tokens`, `output_tokens`, `submitted`, `answered` (seconds since the sitting began) |
| one for each event type | event | `episode`, `event`, `step`, and the type's fields |
| `persona` | agent whom a person of a population plays, where there are any | `episode`, `event`, `step`, `agent`, `person` (number), `text`, `attributes` (JSON) |
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, get_args, get_type_hints

import polars as pl

from palaestra.agents.calls import OVERFLOW
from palaestra.runs.record.entries import (
    CallAnswered,
    Entry,
    EpisodeBegun,
    EpisodeEnded,
    EventHappened,
    MessageSaid,
    entries,
)
from palaestra.runs.record.prompts import ranges
from palaestra.runs.record.records import Record, event_type
from palaestra.scenarios.core.episode import EVERYWHERE, Event

EPISODES: dict[str, Any] = {
    "episode": pl.Int64,
    "seed": pl.Int64,
    "ended": pl.Boolean,
    "steps": pl.Int64,
    "item": pl.Int64,
}
MESSAGES: dict[str, Any] = {
    "episode": pl.Int64,
    "message": pl.Int64,
    "role": pl.String,
    "label": pl.String,
    "call": pl.Int64,
    "quoted": pl.List(pl.Int64),
    "text": pl.String,
}
CALLS: dict[str, Any] = {
    "episode": pl.Int64,
    "call": pl.Int64,
    "step": pl.Int64,
    "agent": pl.String,
    "purpose": pl.String,
    "about": pl.String,
    "policy": pl.String,
    "seed": pl.Int64,
    "prompt": pl.String,
    "text": pl.String,
    "weighed": pl.String,
    "options": pl.List(pl.String),
    "probabilities": pl.List(pl.Float64),
    "mass": pl.Float64,
    "plain": pl.Boolean,
    "refusal": pl.String,
    "thought": pl.String,
    "model": pl.String,
    "finish": pl.String,
    "attempts": pl.Int64,
    "failed": pl.Boolean,
    "prompt_tokens": pl.Int64,
    "cached_tokens": pl.Int64,
    "output_tokens": pl.Int64,
    "submitted": pl.Float64,
    "answered": pl.Float64,
}
ANSWERED = {field.name for field in fields(CallAnswered)}
TYPES: dict[type, Any] = {
    str: pl.String,
    int: pl.Int64,
    float: pl.Float64,
    bool: pl.Boolean,
}


def build(records: Iterable[Record], events: Iterable[type[Event]]) -> dict[str, pl.DataFrame]:
    """The tables of a log.

    Args:
        records: the log's records, in order.
        events: the event types of the scenario; each gets a table, even an empty one.
    """
    rows = _Rows()
    for entry in entries(records):
        rows.take(entry)
    episodes = pl.DataFrame(
        list(rows.episodes.values()), schema=None if rows.episodes else EPISODES, infer_schema_length=None
    )
    tables = {
        "episodes": episodes.sort("episode"),
        "messages": pl.DataFrame(rows.messages, schema=MESSAGES).sort("episode", "message"),
        "calls": pl.DataFrame(rows.calls, schema=CALLS).sort("episode", "call"),
    }
    everywhere = [event for event in EVERYWHERE if event_type(event) in rows.events]
    for event in (*events, *everywhere):
        name = event_type(event)
        tables[name] = pl.DataFrame(rows.events.get(name, []), schema=_event_schema(event)).sort(
            "episode", "event"
        )
    return tables


class _Rows:
    """Rows gathered from a log."""

    def __init__(self) -> None:
        self.episodes: dict[int, dict[str, Any]] = {}
        self.messages: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.events: dict[str, list[dict[str, Any]]] = {}

    def take(self, entry: Entry) -> None:
        """Turn one entry into its row."""
        index = entry.episode
        match entry:
            case EpisodeBegun():
                self.episodes[index] = dict.fromkeys(EPISODES) | {
                    "episode": index,
                    "seed": entry.seed,
                    "ended": False,
                }
            case MessageSaid(message=message):
                self.messages.append(
                    {
                        "episode": index,
                        "message": message.number,
                        "role": message.role,
                        "label": message.label,
                        "call": message.source,
                        "quoted": message.quoted,
                        "text": message.text,
                    }
                )
            case CallAnswered():
                self.calls.append(_call(entry))
            case EventHappened():
                place = {"episode": index, "event": entry.event, "step": entry.step}
                self.events.setdefault(entry.type, []).append(place | entry.told)
            case EpisodeEnded():
                self.episodes[index] |= {
                    "ended": True,
                    "steps": entry.steps,
                    "item": entry.item,
                    **entry.outcome,
                }


def _call(entry: CallAnswered) -> dict[str, Any]:
    row = {name: getattr(entry, name) for name in CALLS.keys() & ANSWERED}
    row["prompt"] = ranges(entry.prompt)
    row["about"] = json.dumps(entry.about, ensure_ascii=False)
    row["weighed"] = entry.answer.get("weighed")
    row["options"] = entry.answer.get("options")
    row["failed"] = entry.failed and entry.finish != OVERFLOW
    row["prompt_tokens"], row["cached_tokens"], row["output_tokens"] = entry.tokens
    row["submitted"], row["answered"] = entry.seconds
    return row


def _event_schema(event: type[Event]) -> dict[str, Any]:
    """The columns of an event type's table."""
    schema: dict[str, Any] = {"episode": pl.Int64, "event": pl.Int64, "step": pl.Int64}
    for name, hint in get_type_hints(event).items():
        if name in schema:
            raise TypeError(f"{event.__name__}.{name}: every event's table has a column of that name already")
        kinds = [kind for kind in get_args(hint) or (hint,) if kind is not types.NoneType]
        if len(kinds) != 1 or kinds[0] not in TYPES:
            raise TypeError(f"{event.__name__}.{name} is {hint}; events hold str, int, float, bool or None")
        schema[name] = TYPES[kinds[0]]
    return schema
