"""What a plot is: a function from a run's tables to a matplotlib figure, and the columns that it needs.

Figures are made without pyplot, so drawing needs no display and leaves nothing behind. A plot of
tables that don't hold what it shows raises `Unmeasurable`; it never draws empty axes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Concatenate, Generic, ParamSpec

import polars as pl
from matplotlib.figure import Figure

from palaestra.metrics.metric import Guard, Needs, Tables, Unmeasurable, lacking, written
from palaestra.metrics.plots.style import plain_text

Options = ParamSpec("Options")


@dataclass(frozen=True)
class Plot(Generic[Options]):
    """A plot; calling it with a run's tables gives its figure.

    Attributes:
        name: of its function.
        function: draws it.
        needs: the columns that it reads, by table, of which the first must have rows; several
            where any of them will do.
        about: its docstring.
        guard: what its code runs inside.
    """

    name: str
    function: Callable[Concatenate[Tables, Options], Figure]
    needs: tuple[Needs, ...]
    about: str
    guard: Guard = nullcontext

    def __call__(self, tables: Tables, *args: Options.args, **kwargs: Options.kwargs) -> Figure:
        """Its figure, of the episodes that have ended where `tables` hold `episodes`, as with metrics.

        Raises:
            Unmeasurable: `tables` lack what it shows, or no episode has ended.
        """
        if missing := self.lacks(tables):
            raise Unmeasurable(f"{self.name} can't be drawn here: there is {missing}")
        with self.guard(), plain_text():
            drawn = self.function(_ended(tables), *args, **kwargs)
            if not isinstance(drawn, Figure):
                raise TypeError(f"{self.name} gives {drawn!r}, no matplotlib Figure")
            return drawn

    @property
    def written(self) -> str:
        """Where its function is written, file:line."""
        return written(self.function)

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return self.about.strip().split("\n")[0]

    def lacks(self, tables: Tables) -> str:
        """What `tables` lack for this plot, in words; "" when nothing."""
        missing = [_lacking(needs, tables) for needs in self.needs]
        return "" if "" in missing else ", and ".join(dict.fromkeys(missing))


def plot(
    *needs: str,
) -> Callable[[Callable[Concatenate[Tables, Options], Figure]], Plot[Options]]:
    """Make a function of tables a plot.

    Args:
        needs: the columns that it reads, such as "rating.fighter rating.rating episodes.ended",
            the table that must have rows first; several where any of them will do.
    """
    columns = tuple(_columns(words) for words in needs)

    def made(function: Callable[Concatenate[Tables, Options], Figure]) -> Plot[Options]:
        return Plot(function.__name__, function, columns, function.__doc__ or "")

    return made


def some(rows: pl.DataFrame, lacking: str) -> pl.DataFrame:
    """`rows`; where there are none, `Unmeasurable` says that what is `lacking`."""
    if rows.is_empty():
        raise Unmeasurable(f"nothing can be drawn here: {lacking}")
    return rows


def _ended(tables: Tables) -> Tables:
    if "episodes" not in tables:
        return tables
    ended = some(tables["episodes"].filter("ended").select("episode"), "no episode has ended")
    return {
        name: table.join(ended, on="episode", how="semi", maintain_order="left")
        for name, table in tables.items()
    }


def _columns(words: str) -> Needs:
    columns: dict[str, tuple[str, ...]] = {}
    for word in words.split():
        table, _, column = word.partition(".")
        columns[table] = (*columns.get(table, ()), column)
    return columns


def _lacking(needs: Needs, tables: Tables) -> str:
    first = next(iter(needs))
    missing = lacking(needs, tables)
    return missing or (f"nothing in table {first!r}" if tables[first].is_empty() else "")
