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

import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args, get_type_hints

import orjson
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
TYPES: dict[type, Any] = {
    str: pl.String,
    int: pl.Int64,
    float: pl.Float64,
    bool: pl.Boolean,
}


CHUNK = 20_000
"""Rows that are held as Python's objects until they become columns, which take a tenth of the memory."""


def build(records: Iterable[Record], events: Iterable[type[Event]]) -> dict[str, pl.DataFrame]:
    """The tables of a log.

    Args:
        records: the log's records, in order.
        events: the event types of the scenario; each gets a table, even an empty one.
    """
    kinds = {event_type(event): _Rows(_event_schema(event)) for event in (*events, *EVERYWHERE)}
    told = _Tables(kinds)
    for entry in entries(records):
        told.take(entry)
    episodes = pl.DataFrame(
        list(told.episodes.values()), schema=None if told.episodes else EPISODES, infer_schema_length=None
    )
    tables = {
        "episodes": episodes.sort("episode"),
        "messages": told.messages.table().sort("episode", "message"),
        "calls": told.calls.table().sort("episode", "call"),
    }
    for event in EVERYWHERE:
        if kinds[event_type(event)].empty:
            del kinds[event_type(event)]
    return tables | {name: rows.table().sort("episode", "event") for name, rows in kinds.items()}


class _Rows:
    """Rows of one table, gathered from a log.

    Args:
        schema: types by column.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema
        self._rows: list[tuple[Any, ...]] = []
        self._frames: list[pl.DataFrame] = []

    @property
    def empty(self) -> bool:
        """Whether there is none."""
        return not (self._rows or self._frames)

    def add(self, row: tuple[Any, ...]) -> None:
        """Take one more, a value for each column."""
        self._rows.append(row)
        if len(self._rows) == CHUNK:
            self._pack()

    def table(self) -> pl.DataFrame:
        """All of them."""
        self._pack()
        return pl.concat(self._frames)

    def _pack(self) -> None:
        values = zip(*self._rows, strict=True) if self._rows else ((),) * len(self.schema)
        columns = zip(self.schema.items(), values, strict=True)
        self._frames.append(pl.DataFrame([_column(name, of, kind) for (name, kind), of in columns]))
        self._rows = []


def _column(name: str, values: Sequence[Any], kind: Any) -> pl.Series:
    """A column; one of lists is made of all their items at once, and not of a small column for each."""
    if not isinstance(kind, pl.List):
        return pl.Series(name, values, dtype=kind)
    places = [place for place, items in enumerate(values) if items for _ in items]
    flat = [item for items in values if items for item in items]
    lists = pl.DataFrame({"place": places, name: flat}, schema={"place": pl.UInt32, name: kind.inner})
    known = pl.DataFrame({"known": [items is not None for items in values]}).with_row_index("place")
    joined = known.join(lists.group_by("place").agg(name), on="place", how="left", maintain_order="left")
    empty = pl.col("known") & pl.col(name).is_null()
    return joined.select(pl.when(empty).then(pl.lit([], dtype=kind)).otherwise(name).alias(name))[name]


class _Tables:
    """What a log has told so far.

    Args:
        events: where the events of each type go; those of others are left out.
    """

    def __init__(self, events: Mapping[str, _Rows]) -> None:
        self.episodes: dict[int, dict[str, Any]] = {}
        self.messages = _Rows(MESSAGES)
        self.calls = _Rows(CALLS)
        self._events = events

    def take(self, entry: Entry) -> None:
        """Turn one entry into its row."""
        index = entry.episode
        match entry:
            case MessageSaid(message=said):
                self.messages.add(
                    (index, said.number, said.role, said.label, said.source, said.quoted, said.text)
                )
            case EventHappened():
                if (rows := self._events.get(entry.type)) is not None:
                    place = {"episode": index, "event": entry.event, "step": entry.step}
                    rows.add(tuple(map((place | entry.told).get, rows.schema)))
            case CallAnswered():
                self.calls.add(_call(entry))
            case EpisodeBegun():
                self.episodes[index] = dict.fromkeys(EPISODES) | {
                    "episode": index,
                    "seed": entry.seed,
                    "ended": False,
                }
            case EpisodeEnded():
                self.episodes[index] |= {
                    "ended": True,
                    "steps": entry.steps,
                    "item": entry.item,
                    **entry.outcome,
                }


def _call(entry: CallAnswered) -> tuple[Any, ...]:
    """The row of a call, as `CALLS` has its columns."""
    return (
        entry.episode,
        entry.call,
        entry.step,
        entry.agent,
        entry.purpose,
        orjson.dumps(entry.about).decode(),
        entry.policy,
        entry.seed,
        entry.prompt,
        entry.text,
        entry.answer.get("weighed"),
        entry.answer.get("options"),
        entry.probabilities,
        entry.mass,
        entry.plain,
        entry.refusal,
        entry.thought,
        entry.model,
        entry.finish,
        entry.attempts,
        entry.failed and entry.finish != OVERFLOW,
        *entry.tokens,
        *entry.seconds,
    )


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
