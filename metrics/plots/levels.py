"""Forest plots: any metrics of a run, or their differences between two runs, with their intervals.

They draw the frames of `palaestra.metrics.comparison.levels` and `differences`. Metrics of one unit
share an axis; those that could not be measured are named in the subtitle.
"""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from palaestra.metrics.comparison import SIGNIFICANT, findings, holm
from palaestra.metrics.plots.marks import dots, name_rows
from palaestra.metrics.plots.means import counted
from palaestra.metrics.plots.plot import some
from palaestra.metrics.plots.style import DOUBLE, INK, MUTED, SMALL, figure

ROW = 0.17
"""Height of a metric's row, inches."""
FRAME = 0.42
"""Height of what each panel has beside its rows, inches."""


def forest(levels: pl.DataFrame) -> Figure:
    """Metrics with their intervals, and their numbers beside them.

    Args:
        levels: what `palaestra.metrics.comparison.levels` gives, or some of its rows.

    Raises:
        Unmeasurable: no metric has a value.
    """
    named = _named(levels, "value")
    rows = some(named.drop_nulls("mean"), why(levels))
    texts = [_text(*numbers) for numbers in rows.select("mean", "low", "high").iter_rows()]
    episodes = counted(max(rows["episodes"].to_list()), "episode")
    return _panels(
        rows.with_columns(pl.Series("text", texts), pl.lit(value=True).alias("filled")),
        f"{episodes}; {intervals(rows)}{_left_out(named)}{_found(levels)}",
    )


def _found(levels: pl.DataFrame) -> str:
    told = findings(levels).rstrip(".") if "p_corrected" in levels.columns else ""
    return f"; {told[0].lower()}{told[1:]}" if told else ""


def difference_forest(differences: pl.DataFrame) -> Figure:
    """Differences of metrics between two runs, with their intervals and a line at zero.

    Dots are filled where p, after Holm's correction for the number of metrics drawn, is below 0.05;
    the p-values beside them are the corrected ones.

    Args:
        differences: what `palaestra.metrics.comparison.differences` gives, or some of its rows.

    Raises:
        Unmeasurable: no metric has a difference.
    """
    named = _named(differences, "difference")
    rows = some(named.drop_nulls("mean"), why(differences))
    corrected = holm(rows["p"].to_list())
    texts = [
        _text(mean, low, high, "+") + _p(p)
        for mean, low, high, p in zip(*rows.select("mean", "low", "high"), corrected, strict=True)
    ]
    significant = [p is not None and p < SIGNIFICANT for p in corrected]
    first, second = (max(rows[f"episodes_{side}"].to_list()) for side in ("first", "second"))
    return _panels(
        rows.with_columns(pl.Series("text", texts), pl.Series("filled", significant)),
        f"second run ({counted(second, 'episode')}) less the first ({counted(first, 'episode')}); "
        f"{intervals(rows)}; filled: p < {SIGNIFICANT} after Holm's correction{_left_out(named)}",
        zero=True,
    )


def why(rows: pl.DataFrame) -> str:
    """Why metrics have no number: the first note of these rows."""
    notes = [note for note in rows["note"] if note]
    return notes[0] if notes else "there are no metrics"


def intervals(rows: pl.DataFrame) -> str:
    """Which of the rows (`name`, `low`, `note`) have intervals, and else why not, for a subtitle."""
    without = rows.filter(pl.col("low").is_null())
    if len(without) < len(rows):
        none_of = f", none of: {', '.join(without['name'])}" if len(without) else ""
        return f"lines: 95 % intervals{none_of}"
    reasons = dict.fromkeys(note.removeprefix("no interval: ") for note in without["note"] if note)
    return f"no intervals ({'; '.join(reasons) or 'none were computed'})"


def _named(rows: pl.DataFrame, value: str) -> pl.DataFrame:
    return rows.with_columns(pl.col("metric").str.replace_all("_", " ").alias("name"), mean=value)


def _left_out(named: pl.DataFrame) -> str:
    names = named.filter(pl.col("mean").is_null())["name"].to_list()
    return f"; not measurable here: {', '.join(names)}" if names else ""


def _text(mean: float, low: float | None, high: float | None, sign: str = "") -> str:
    """The numbers in words, all with as many decimals as the largest needs for two digits."""
    bounds = [] if low is None or high is None else [low, high]
    size = max(map(abs, [mean, *bounds]))
    decimals = 0 if size >= 100 else 2 if size >= 0.1 or not size else 3 if size >= 0.01 else 4
    interval = ", ".join(f"{bound:.{decimals}f}" for bound in bounds)
    return f"{mean:{sign}.{decimals}f}{f' [{interval}]' if bounds else ''}".replace("-", "−")


def _p(p: float | None) -> str:
    if p is None:
        return ""
    return "  p < 0.001" if p < 0.001 else f"  p = {p:.3f}"


def _panels(rows: pl.DataFrame, note: str, *, zero: bool = False) -> Figure:
    units = rows["unit"].unique(maintain_order=True).to_list()
    heights = [ROW * len(rows.filter(pl.col("unit") == unit)) + FRAME for unit in units]
    drawn = figure(DOUBLE, sum(heights), len(units), subtitle=note, heights=heights)
    for axes, unit in zip(drawn.axes, units, strict=True):
        _panel(axes, rows.filter(pl.col("unit") == unit), zero=zero)
        axes.set_xlabel(f"difference, {unit}" if zero else unit)
    return drawn


def _panel(axes: Axes, rows: pl.DataFrame, *, zero: bool) -> None:
    dots(axes, rows, range(len(rows)), filled=rows["filled"].to_list())
    name_rows(axes, rows["name"].to_list())
    axes.xaxis.set_major_locator(MaxNLocator(6))
    numbers = rows.select("mean", "low", "high").unpivot()["value"].drop_nulls().to_list()
    if zero or min(numbers) < 0 < max(numbers):
        axes.axvline(0, color=MUTED, linestyle=":", linewidth=0.9, zorder=1)
    for row, text in enumerate(rows["text"]):
        axes.text(
            1.02, row, text, transform=axes.get_yaxis_transform(), fontsize=SMALL, color=INK, va="center"
        )
