"""Tables for the tests of metrics: small ones worked by hand, and those of scripted episodes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

import palaestra.scenarios
from palaestra.agents.calls import Call
from palaestra.agents.scripted import scripted_replies
from palaestra.metrics.comparison import level
from palaestra.metrics.metric import Metric
from palaestra.runs.record.prompts import ranges
from palaestra.runs.record.records import (
    Record,
    call_record,
    end_record,
    episode_record,
    event_record,
    message_record,
)
from palaestra.runs.tables import build
from palaestra.scenarios.core.episode import Episode, Responder
from palaestra.scenarios.core.load import Scenario, load


def table(columns: str, *rows: tuple[object, ...]) -> pl.DataFrame:
    """A table of these rows; `columns` are names, separated by blanks."""
    return pl.DataFrame(list(rows), schema=columns.split(), orient="row", infer_schema_length=None)


def number(metric: Metric, **tables: pl.DataFrame) -> float | None:
    """What the metric comes to over all episodes of `tables`."""
    return level(metric, tables).value


def by_episode(metric: Metric, **tables: pl.DataFrame) -> dict[int, float | None]:
    """What the metric comes to in each episode."""
    return dict(metric.by_episode(tables).iter_rows())


def ready_made(name: str, *settings: str) -> Scenario:
    """The ready-made scenario of this name."""
    [path] = Path(palaestra.scenarios.__file__).parent.glob(f"*/ready/{name}.yaml")
    return load(path, settings)


def play(
    scenario: Scenario, episodes: int, respond: Responder = scripted_replies, seed: int = 0
) -> dict[str, pl.DataFrame]:
    """The tables of a run of `episodes` that `respond` answers, without an engine."""
    records: list[Record] = []
    for index in range(episodes):
        records += _records(scenario.rules(scenario.config, index=index, seed=seed), respond)
    return build(records, scenario.rules.event_types)


def _records(episode: Episode[Any], respond: Responder) -> Iterator[Record]:
    index = episode.number
    calls = []
    while asked := list(episode.pending):
        replies = respond(asked)
        calls += [
            call_record(episode, call, reply, _numbers(call), (0.0, 0.0))
            for call, reply in zip(asked, replies, strict=True)
        ]
        episode.advance(replies)
    yield episode_record(episode)
    for number, answer in enumerate(episode.exchange.answers):
        yield {"record": "answer", "episode": index, "answer": number, **answer.describe()}
    yield from calls
    yield from (message_record(index, message) for message in episode.messages)
    for number, (step, event) in enumerate(episode.events):
        yield event_record(index, number, step, event)
    yield end_record(episode)


def _numbers(call: Call) -> str:
    return ranges([message.number for message in call.prompt])
