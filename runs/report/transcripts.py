"""The data that the page's script reads: every call, message and event of a run, as columns.

Each text is kept once, in `strings`; what else would be text is its number there. Rows of one episode
lie together: those of episode i are `start[i]` to `start[i + 1]`. Probabilities are in thousandths.

Of a run that is too large for one page the page has the contents alone: its episodes, and where their rows
begin. The rest is in chapters, the data of some episodes that follow each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from palaestra.agents.speakers import as_shown
from palaestra.metrics.outcomes import NOT_OUTCOME
from palaestra.runs.exchanges import asked, exchanges
from palaestra.runs.report.notes import EpisodeTexts, events_by_episode, placed
from palaestra.runs.run import Run

Data = dict[str, Any]


class Strings:
    """Texts, each kept once, known by their numbers."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def number(self, text: str) -> int:
        """The number of `text`."""
        return self.known.setdefault(text, len(self.known))


def run_data(run: Run) -> Data:
    """All that can be read of a run, ready for JSON."""
    return contents(run) | _chapter(run.tables)


def contents(run: Run) -> Data:
    """The episodes of a run, where the calls and messages of each begin, and who asked what for."""
    numbers = run.episodes["episode"].to_list()
    return {
        "name": run.folder.resolve().name,
        "episodes": _episodes(run.episodes),
        "calls": {"start": _starts(run.calls, numbers)},
        "messages": {"start": _starts(run.messages, numbers)},
        "agents": run.calls["agent"].unique(maintain_order=True).to_list(),
        "purposes": run.calls["purpose"].unique(maintain_order=True).to_list(),
    }


def size(run: Run) -> int:
    """Bytes of all texts of a run: about so large is its data."""
    return sum(int(table["text"].str.len_bytes().sum()) for table in (run.calls, run.messages))


def chapters(run: Run, largest: int) -> Iterator[tuple[int, Data]]:
    """The data of a run in parts, each with the place of its first episode among the run's.

    Args:
        run: the run.
        largest: bytes of the texts of one part; of a longer episode it is that episode alone.
    """
    rest = {name: table for name, table in run.tables.items() if name != "episodes"}
    lengths = [table.select("episode", pl.col("text").str.len_bytes()) for table in (run.calls, run.messages)]
    said = pl.concat(lengths).group_by("episode").agg(pl.col("text").sum())
    sizes = run.episodes.select("episode").join(said, on="episode", how="left", maintain_order="left")["text"]
    first, held = 0, 0
    for place, more in enumerate([*sizes.fill_null(0), largest + 1]):
        if place > first and held + more > largest:
            among = run.episodes[first:place]
            of = pl.col("episode").is_between(among["episode"][0], among["episode"][-1])
            parts = {name: table.filter(of) for name, table in rest.items()}
            yield first, _chapter({"episodes": among, **parts})
            first, held = place, 0
        held += more


def _chapter(tables: Mapping[str, pl.DataFrame]) -> Data:
    """The calls, messages and events of the episodes in `tables`; rows are counted from their first."""
    strings = Strings()
    numbers = tables["episodes"]["episode"].to_list()
    data: Data = {
        "calls": _calls(tables["calls"], numbers, strings),
        "messages": _messages(tables["messages"], numbers, strings),
    }
    data |= _readings(tables, numbers, data["calls"], strings)
    data["strings"] = list(strings.known)
    return data


def _episodes(episodes: pl.DataFrame) -> Data:
    """Number, seed (as text, since it is too large for a script's numbers), end and outcome.

    Of an outcome in words each text is told once, and what of them each episode has by its number.
    """
    outcome: list[Data] = []
    for name in episodes.columns:
        if name in NOT_OUTCOME or episodes[name].null_count() == len(episodes):
            continue
        column: Data = {"name": name, "values": episodes[name].to_list()}
        if episodes[name].dtype == pl.String:
            known = Strings()
            column["values"] = [None if text is None else known.number(text) for text in column["values"]]
            column["texts"] = list(known.known)
        outcome.append(column)
    return {
        "number": episodes["episode"].to_list(),
        "seed": episodes["seed"].cast(pl.String).to_list(),
        "ended": episodes["ended"].to_list(),
        "outcome": outcome,
    }


def _calls(calls: pl.DataFrame, episodes: list[int], strings: Strings) -> Data:
    def texts(column: str) -> list[int]:
        return [strings.number(text) for text in calls[column].to_list()]

    options: dict[tuple[str, ...], int] = {}
    chosen = [
        None if row is None else options.setdefault(tuple(row), len(options))
        for row in calls["options"].to_list()
    ]
    probabilities = [
        None if row is None else [round(p * 1000) for p in row] for row in calls["probabilities"].to_list()
    ]
    return {
        "start": _starts(calls, episodes),
        "number": calls["call"].to_list(),
        "agent": texts("agent"),
        "purpose": texts("purpose"),
        "policy": texts("policy"),
        "prompt": texts("prompt"),
        "text": texts("text"),
        "choice": chosen,
        "options": [list(row) for row in options],
        "probabilities": probabilities,
        "tokens": [calls[f"{kind}_tokens"].to_list() for kind in ("prompt", "cached", "output")],
        "failed": [row for row, failed in enumerate(calls["failed"]) if failed],
        "attempts": {row: n for row, n in enumerate(calls["attempts"]) if n > 1},
        "thought": {row: strings.number(said) for row, said in enumerate(calls["thought"]) if said},
        "finish": {row: why for row, why in enumerate(calls["finish"]) if why != "stop"},
    }


def _messages(messages: pl.DataFrame, episodes: list[int], strings: Strings) -> Data:
    return {
        "start": _starts(messages, episodes),
        "role": [strings.number(role) for role in messages["role"].to_list()],
        "label": [strings.number(label) for label in messages["label"].to_list()],
        "text": [
            strings.number(as_shown(text, tuple(quoted or ())))
            for text, quoted in messages.select("text", "quoted").iter_rows()
        ],
    }


def _readings(tables: Mapping[str, pl.DataFrame], episodes: list[int], calls: Data, strings: Strings) -> Data:
    """Headings over calls, events beside their texts and events between the exchanges."""
    headings: Data = {"row": [], "step": [], "text": []}
    notes: Data = {"start": [0], "row": [], "kind": [], "text": [], "value": []}
    lines: Data = {"start": [0], "step": [], "kind": [], "text": []}
    own: list[int] = []
    all_calls = [asked(row, call) for row, call in enumerate(_placing(tables["calls"]))]
    said = tables["messages"]
    messages = list(zip(said["call"].to_list(), said["text"].to_list(), strict=True))
    starts = _starts(said, episodes)
    events = events_by_episode(tables)
    for i, episode in enumerate(episodes):
        its_calls = all_calls[calls["start"][i] : calls["start"][i + 1]]
        for exchange in exchanges(its_calls):
            headings["row"].append(exchange.calls[0].row)
            headings["step"].append(exchange.calls[0].step)
            headings["text"].append(strings.number(exchange.heading))
            own += [strings.number(exchange.own(call)) for call in exchange.calls]
        by_index = {calls["number"][call.row]: call for call in its_calls}
        texts = EpisodeTexts(by_index, messages[starts[i] : starts[i + 1]])
        beside, between = placed(events.get(episode, []), texts)
        for note in sorted(beside, key=lambda note: note.row):
            notes["row"].append(note.row)
            notes["kind"].append(strings.number(note.kind))
            notes["text"].append(strings.number(note.text))
            notes["value"].append(None if note.value is None else round(note.value, 3))
        for line in between:
            lines["step"].append(line.step)
            lines["kind"].append(strings.number(line.kind))
            lines["text"].append(strings.number(line.text))
        notes["start"].append(len(notes["row"]))
        lines["start"].append(len(lines["step"]))
    calls["own"] = own
    return {"headings": headings, "notes": notes, "lines": lines}


def _placing(calls: pl.DataFrame) -> list[dict[str, object]]:
    return calls.select("step", "agent", "purpose", "about").to_dicts()


def _starts(table: pl.DataFrame, episodes: list[int]) -> list[int]:
    """Where each episode's rows begin in a table that is sorted by episode, and where the last ones end."""
    counts = dict(table.group_by("episode").len().iter_rows())
    starts = [0]
    for episode in episodes:
        starts.append(starts[-1] + counts.get(episode, 0))
    return starts
