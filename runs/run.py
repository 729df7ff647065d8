"""A run, to look at: `Run("outputs/debate-…")` gives its tables as Polars frames."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import polars as pl

from palaestra.agents.budget import Prices, Usage
from palaestra.agents.calls import Message, Role
from palaestra.agents.failures import BadInput
from palaestra.runs import table_files
from palaestra.runs.record import log as run_log
from palaestra.runs.record.prompts import numbers
from palaestra.runs.record.state import RunState
from palaestra.runs.tables import build
from palaestra.scenarios.core.registry import SCENARIOS


class Run:
    """A run folder, finished or not.

    Args:
        folder: where it is.

    Attributes:
        state: what `run.json` says.

    Raises:
        RunUnreadable: it is not a run folder.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        self.state = RunState.read(self.folder)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, {self.state.status})"

    @cached_property
    def tables(self) -> dict[str, pl.DataFrame]:
        """All tables by name (`palaestra.runs.tables`); from the Parquet files where they are up to date."""
        return table_files.kept(self.folder) or self._built[1]

    @cached_property
    def _built(self) -> tuple[table_files.MadeFrom, dict[str, pl.DataFrame]]:
        """The tables made from the log, and what it was before it was read."""
        records = run_log.read(self.folder)
        made = table_files.made_from(self.folder)
        return made, build(records, SCENARIOS[self.state.kind].event_types)

    def write_tables(self) -> None:
        """Bring the Parquet files up to date."""
        if table_files.kept(self.folder) is None:
            made, tables = self._built
            table_files.keep(self.folder, tables, made)

    def table(self, name: str) -> pl.DataFrame:
        """The table `name`; raises `BadInput` that lists the tables when there is none."""
        if name not in self.tables:
            raise BadInput(f"this run has no table {name!r}", f"It has: {', '.join(self.tables)}.")
        return self.tables[name]

    @property
    def episodes(self) -> pl.DataFrame:
        """One row an episode, with its outcome."""
        return self.table("episodes")

    @property
    def calls(self) -> pl.DataFrame:
        """One row a recorded call, with its reply."""
        return self.table("calls")

    @property
    def messages(self) -> pl.DataFrame:
        """One row a message."""
        return self.table("messages")

    @property
    def spend(self) -> float | None:
        """What its calls have cost at the prices that its engines have now; None where they have none."""
        scenario = self.state.scenario
        prices = {
            name: Prices.model_validate(engine["prices"])
            for name, engine in scenario.engines.items()
            if engine.get("prices") is not None
        }
        if not prices:
            return None
        sums = self.calls.group_by("policy").agg(
            pl.col("prompt_tokens", "cached_tokens", "output_tokens").sum(), calls=pl.len()
        )
        return sum(
            Usage(row["calls"], row["prompt_tokens"], row["cached_tokens"], row["output_tokens"]).cost(
                prices.get(str(scenario.policies[row["policy"]].get("engine", "default")))
            )
            for row in sums.iter_rows(named=True)
        )

    def prompt(self, episode: int, call: int) -> list[tuple[Role, str]]:
        """The messages of a call's prompt, as (role, text with its speaker); last what is weighed."""
        asked = self.calls.filter((pl.col("episode") == episode) & (pl.col("call") == call))
        if asked.is_empty():
            raise BadInput(f"episode {episode} has no recorded call {call}")
        own = self.messages.filter(pl.col("episode") == episode)
        by_number = {row["message"]: row for row in own.iter_rows(named=True)}
        shown = []
        for number in numbers(asked["prompt"][0]):
            row = by_number[number]
            said = Message(number, row["role"], row["text"], row["label"], quoted=tuple(row["quoted"] or ()))
            shown.append((said.role, said.body))
        if (weighed := asked["weighed"][0]) is not None:
            shown.append(("assistant", weighed))
        return shown
