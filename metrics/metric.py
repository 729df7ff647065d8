"""What a metric is: a number that a run's tables give, with its unit, range and source.

A metric is a function whose parameters are named after the tables that it reads and whose frame
has rows by episode. What it comes to over many episodes is a function of sums over episodes (a
mean, a ratio of totals, a correlation, or something of the counts of each player and option), so
one way to resample episodes gives every interval.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from inspect import signature, unwrap

import numpy as np
import polars as pl
from numpy.typing import NDArray
from polars.exceptions import PolarsError

from palaestra.metrics.bounds import Numbers

Tables = Mapping[str, pl.DataFrame]
"""A run's tables by name, see `palaestra.runs.tables`."""
Needs = Mapping[str, tuple[str, ...]]
"""Columns by table."""
Guard = Callable[[], AbstractContextManager[None]]
"""What the code of a metric or a plot runs inside, so that its faults are told as its own."""

ROUNDING = 1e-12
"""Values whose variance is a smaller share of their mean square differ by rounding only."""


class Unmeasurable(ValueError):
    """A metric is asked of tables that can't tell it; the message says what they lack."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The additive parts of episodes: those of several episodes together are the sums of theirs.

    Attributes:
        episodes: the numbers of those that have any, ascending.
        sums: of each, an array (episodes, …, parts), see `Statistic`.
    """

    episodes: NDArray[np.int64]
    sums: Numbers


@dataclass(frozen=True, slots=True)
class Statistic:
    """How rows by episode become one number.

    Attributes:
        columns: what a metric's frame has beside `episode`; rows with a null in them don't count.
        sums: the additive parts of these rows, by name.
        combine: from an array of summed parts (…, one axis for each of `axes`, parts) to numbers
            (…); NaN where undefined.
        axes: columns with numbers from 0 which tell the cell of an array that a row counts in, so
            that the parts are arrays; without any, they are sums over all rows of an episode. An
            axis is as long as the largest number in it takes, of two runs the larger; cells without
            rows are 0, and more of those at an axis's end must not change the number.
        smooth: whether the number changes little and evenly with each observation, as a mean, a ratio
            or a slope does, and a largest of several or an entropy doesn't: its interval then follows
            from leaving each out.
    """

    columns: tuple[str, ...]
    sums: Mapping[str, pl.Expr]
    combine: Callable[[Numbers], Numbers]
    axes: tuple[str, ...] = ()
    smooth: bool = False

    def parts(self, rows: pl.DataFrame) -> Parts:
        """The parts of each episode that has rows."""
        sums = [total.cast(pl.Float64).alias(name) for name, total in self.sums.items()]
        cells = rows.group_by("episode", *self.axes).agg(sums)
        episodes, place = np.unique(cells["episode"].to_numpy(), return_inverse=True)
        at = [cells[axis].to_numpy() for axis in self.axes]
        found = np.zeros((len(episodes), *(int(numbers.max()) + 1 for numbers in at), len(sums)))
        found[(place, *at)] = cells.select(self.sums.keys()).to_numpy()
        return Parts(episodes, found)


def _ratio(parts: Numbers) -> Numbers:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(parts[..., 1] != 0, parts[..., 0] / parts[..., 1], np.nan)


def _pearson(parts: Numbers) -> Numbers:
    n, x, y, xx, yy, xy = np.moveaxis(parts, -1, 0)
    spread_x, spread_y = n * xx - x * x, n * yy - y * y
    enough = (n > 2) & (spread_x > ROUNDING * n * xx) & (spread_y > ROUNDING * n * yy)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = (n * xy - x * y) / np.sqrt(np.abs(spread_x * spread_y))
        return np.where(enough, np.clip(r, -1, 1), np.nan)


MEAN = Statistic(("value",), {"value": pl.col("value").mean(), "count": pl.lit(1.0)}, _ratio, smooth=True)
"""The mean of the episodes' means of `value`."""
RATIO = Statistic(
    ("part", "whole"), {"part": pl.col("part").sum(), "whole": pl.col("whole").sum()}, _ratio, smooth=True
)
"""Total `part` over total `whole`: a rate over all its occasions, or a slope through the origin."""
CORRELATION = Statistic(
    ("x", "y"),
    {
        "n": pl.len(),
        "x": pl.col("x").sum(),
        "y": pl.col("y").sum(),
        "xx": (pl.col("x") ** 2).sum(),
        "yy": (pl.col("y") ** 2).sum(),
        "xy": (pl.col("x") * pl.col("y")).sum(),
    },
    _pearson,
    smooth=True,
)
"""Pearson's r of `x` and `y` over the rows of all episodes."""


@dataclass(frozen=True)
class Metric:
    """A metric; calling it with its tables gives its frame.

    Attributes:
        name: of its function.
        rows: the function itself.
        needs: the columns that it reads, by table.
        unit: of its number.
        low, high: bounds of its number; None where there is none.
        statistic: what its frame's rows come to.
        source: where its definition is from; "ours" where it is.
        about: its docstring.
        restates: the metric that it repeats in other words, which comparisons leave out; "" for none.
        guard: what its code runs inside.
        pooled: whether an episode's rows also tell of others, such as habits that were learnt from them:
            its episodes aren't independent, so it has neither interval nor test.
        occasion: what an episode must have for it, in words; "" where that goes without saying.
        null: what it is, on average, where nothing has an effect, such as 0 of a gain; None if unknown.
    """

    name: str
    rows: Callable[..., pl.DataFrame]
    needs: Needs
    unit: str
    low: float | None
    high: float | None
    statistic: Statistic
    source: str
    about: str
    restates: str = ""
    guard: Guard = nullcontext
    pooled: bool = False
    occasion: str = ""
    null: float | None = None

    def __call__(self, *tables: pl.DataFrame) -> pl.DataFrame:
        """Its rows by episode."""
        with self.guard():
            return self.rows(*tables)

    @property
    def written(self) -> str:
        """Where its function is written, file:line."""
        return written(self.rows)

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return self.about.strip().split("\n")[0]

    def lacks(self, tables: Tables) -> str:
        """What `tables` lack for this metric, in words; "" when nothing."""
        return lacking(self.needs, tables)

    def parts(self, tables: Tables) -> Parts:
        """The additive parts of each episode that has any.

        Where `tables` hold `episodes`, those that haven't ended are left out: who survives a game
        that goes on is not known yet.

        Raises:
            Unmeasurable: `tables` lack what the metric reads, or it has no occasion in them.
        """
        if missing := self.lacks(tables):
            raise Unmeasurable(f"{self.name} can't be measured here: there is {missing}")
        with self.guard():
            rows = self.rows(*(tables[name] for name in self.needs))
            try:
                counted = _counted(rows.drop_nulls(self.statistic.columns), tables)
                parts = None if counted.is_empty() else self.statistic.parts(counted)
            except (PolarsError, AttributeError) as error:  # not the frame that its statistic takes
                told = f"{self.name} ({self.written}) gives rows that can't be summed: {error}"
                raise TypeError(told) from error
        if parts is None:
            lacks = f" ({self.occasion})" if self.occasion else ""
            raise Unmeasurable(f"{self.name} can't be measured here: {_emptiness(tables, self.needs)}{lacks}")
        return parts

    def combine(self, sums: Numbers) -> Numbers:
        """What summed parts come to: from (…, one axis for each of the statistic's, parts) to (…)."""
        with self.guard():
            found = np.asarray(self.statistic.combine(sums), dtype=float)
            asked = sums.shape[: sums.ndim - 1 - len(self.statistic.axes)]
            if found.shape != asked:
                raise TypeError(f"{self.name} combines {asked} sums into {found.shape} numbers")
            return found

    def by_episode(self, tables: Tables) -> pl.DataFrame:
        """The number of each episode alone: `episode`, `value`, null where an episode has none.

        Raises:
            Unmeasurable: see `parts`.
        """
        parts = self.parts(tables)
        values = pl.Series("value", self.combine(parts.sums)).fill_nan(None)
        return pl.DataFrame({"episode": parts.episodes, "value": values})


def metric(
    needs: str,
    *,
    unit: str,
    low: float | None = None,
    high: float | None = None,
    statistic: Statistic = MEAN,
    source: str = "ours",
    restates: str = "",
    pooled: bool = False,
    occasion: str = "",
    null: float | None = None,
) -> Callable[[Callable[..., pl.DataFrame]], Metric]:
    """Make a function of tables a metric.

    Args:
        needs: the columns that it reads, such as "opinion.agent opinion.moment"; the tables are
            the function's parameters. `episode` goes without saying.
        unit: of its number.
        low: least number there can be.
        high: largest number there can be.
        statistic: what the rows come to.
        source: where its definition is from.
        restates: the metric that it repeats in other words.
        pooled: whether an episode's rows also tell of others, see `Metric`.
        occasion: what an episode must have for it, in words.
        null: what it is where nothing has an effect, see `Metric`.

    Raises:
        TypeError: `needs` names a table that is no parameter of the function, or no column of it.
    """

    def made(function: Callable[..., pl.DataFrame]) -> Metric:
        columns: dict[str, tuple[str, ...]] = dict.fromkeys(signature(function).parameters, ())
        for word in needs.split():
            table, _, column = word.partition(".")
            if table not in columns or not column:
                tables = ", ".join(columns)
                raise TypeError(f"{function.__name__} needs {word!r}, which is no column of {tables}")
            columns[table] += (column,)
        about = function.__doc__ or ""
        return Metric(
            function.__name__,
            function,
            columns,
            unit,
            low,
            high,
            statistic,
            source,
            about,
            restates,
            pooled=pooled,
            occasion=occasion,
            null=null,
        )

    return made


def lacking(needs: Needs, tables: Tables) -> str:
    """What `tables` lack of the columns `needs`, in words; "" when nothing."""
    for table, columns in needs.items():
        if table not in tables:
            return f"no table {table!r}"
        missing = [name for name in columns if name not in tables[table].columns]
        if missing:
            return f"no column {', '.join(map(repr, missing))} in table {table!r}"
    return ""


def _counted(rows: pl.DataFrame, tables: Tables) -> pl.DataFrame:
    """The rows of the episodes that have ended, where `tables` tell."""
    if "episodes" not in tables:
        return rows
    return rows.join(tables["episodes"].filter("ended"), on="episode", how="semi", maintain_order="left")


def written(function: Callable[..., object]) -> str:
    """Where a function is written, file:line."""
    code = getattr(unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else repr(function)


def _emptiness(tables: Tables, needs: Needs) -> str:
    empty = [name for name in needs if tables[name].is_empty()]
    if empty:
        return f"the run has nothing in table {empty[0]!r}"
    if "episodes" in tables and not tables["episodes"]["ended"].any():
        return "no episode has ended"
    return "no episode has an occasion for it"
