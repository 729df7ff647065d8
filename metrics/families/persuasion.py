"""Persuasion between two who don't know each other's minds: is the other moved, and is its mind read?

The persuader's guesses are choices among statements, one of them true: `first` before anybody
spoke, `before` an observer's correction and `after` it. ToMMA, the system that this is of, always
lets the persuadee yield, so willingness takes the place of success; and it publishes no score of the
guesses. All measures are therefore ours.
"""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from palaestra.metrics.metric import RATIO, Tables, metric
from palaestra.metrics.plots.marks import dots, name_rows
from palaestra.metrics.plots.means import counted, means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import COLOURS, DOUBLE, LINE, MARK, MUTED, SMALL, figure

# Metrics

GUESS = "guess.exchange guess.state guess.part guess.moment guess.correct"
UNAIDED = "guess.moment guess.corrected guess.correct"
SLOT = ["episode", "state", "part"]
WIDEST = 6
"""The largest change on the scale of willingness, 1–7."""


@metric("willingness.moment willingness.willingness", unit="points of 1–7", low=-WIDEST, high=WIDEST, null=0)
def willingness_change(willingness: pl.DataFrame) -> pl.DataFrame:
    """How much more willing the persuadee is after the persuader's last word than before the talk."""
    before, after = (
        willingness.filter(pl.col("moment") == moment)
        .drop_nulls("willingness")
        .select("episode", pl.col("willingness").alias(moment))
        for moment in ("before", "after")
    )
    both = before.join(after, on="episode", maintain_order="left")
    return both.select("episode", value=pl.col("after") - pl.col("before"))


def unaided(guess: pl.DataFrame) -> pl.DataFrame:
    """The persuader's guesses during the talk that no correction on the same thing preceded."""
    return guess.filter((pl.col("moment") == "before") & ~pl.col("corrected"))


def _right(guess: pl.DataFrame) -> pl.DataFrame:
    return guess.select("episode", value=pl.col("correct").cast(pl.Float64))


def _of(guess: pl.DataFrame, state: str, part: str) -> pl.DataFrame:
    return _right(unaided(guess).filter((pl.col("state") == state) & (pl.col("part") == part)))


@metric(f"{UNAIDED} guess.state guess.part", unit="share", low=0, high=1)
def preventive_belief_accuracy(guess: pl.DataFrame) -> pl.DataFrame:
    """Share of unaided guesses that are right on what the persuadee believes of its own plan."""
    return _of(guess, "preventive", "belief")


@metric(f"{UNAIDED} guess.state guess.part", unit="share", low=0, high=1)
def preventive_desire_accuracy(guess: pl.DataFrame) -> pl.DataFrame:
    """Share of unaided guesses that are right on what the persuadee wants from its own plan."""
    return _of(guess, "preventive", "desire")


@metric(f"{UNAIDED} guess.state guess.part", unit="share", low=0, high=1)
def generative_belief_accuracy(guess: pl.DataFrame) -> pl.DataFrame:
    """Share of unaided guesses that are right on the persuadee's objection to what it is asked to do."""
    return _of(guess, "generative", "belief")


@metric(f"{UNAIDED} guess.state guess.part", unit="share", low=0, high=1)
def generative_desire_accuracy(guess: pl.DataFrame) -> pl.DataFrame:
    """Share of unaided guesses that are right on what the persuadee would want from doing as asked."""
    return _of(guess, "generative", "desire")


@metric(f"{UNAIDED} guess.options", unit="share", low=-1, high=1, null=0)
def guess_advantage(guess: pl.DataFrame) -> pl.DataFrame:
    """Accuracy of all unaided guesses beyond chance: share right − 1 / statements to choose from."""
    right = pl.col("correct").cast(pl.Float64) - 1 / pl.col("options")
    return unaided(guess).select("episode", value=right)


@metric("guess.moment guess.corrected guess.probability", unit="probability", low=0, high=1)
def truth_probability(guess: pl.DataFrame) -> pl.DataFrame:
    """Mean probability that unaided guesses give to the true statement."""
    return unaided(guess).select("episode", value="probability")


@metric(f"{UNAIDED} guess.state guess.part", unit="share", low=-1, high=1, null=0)
def talk_gain(guess: pl.DataFrame) -> pl.DataFrame:
    """What talking adds to the accuracy of guesses: unaided during the talk − before anybody spoke."""
    first = guess.filter(pl.col("moment") == "first").select(*SLOT, silent="correct")
    both = unaided(guess).join(first, on=SLOT, maintain_order="left").drop_nulls(["silent", "correct"])
    gain = pl.col("correct").cast(pl.Float64) - pl.col("silent").cast(pl.Float64)
    return both.select("episode", value=gain)


@metric(GUESS, unit="share", low=-1, high=1)
def observer_gain(guess: pl.DataFrame) -> pl.DataFrame:
    """What a correction adds to the accuracy of guesses: after it − before it, on the same thing."""
    key = [*SLOT, "exchange"]
    before, after = (
        guess.filter(pl.col("moment") == moment)
        .drop_nulls("correct")
        .select(*key, pl.col("correct").alias(moment))
        for moment in ("before", "after")
    )
    both = before.join(after, on=key, maintain_order="left")
    return both.select("episode", value=pl.col("after").cast(pl.Float64) - pl.col("before").cast(pl.Float64))


@metric("leak.text leak.leaked_words leak.elsewhere", unit="share", low=0, high=1)
def leak_share(leak: pl.DataFrame) -> pl.DataFrame:
    """Share of corrections that hold a word of a true statement which the persuader hadn't met."""
    given = leak.drop_nulls("text")
    return given.select("episode", value=(pl.col("leaked_words") + pl.col("elsewhere") > 0).cast(pl.Float64))


@metric("leak.text leak.truth_words leak.leaked_words", unit="share", low=0, high=1, statistic=RATIO)
def leaked_words(leak: pl.DataFrame) -> pl.DataFrame:
    """Of a true statement's words that the persuader hadn't met, the share that its correction tells."""
    return leak.drop_nulls("text").select("episode", part="leaked_words", whole="truth_words")


# Figures

MOMENTS = {"first": "before the talk", "before": "uncorrected", "after": "after a correction"}
"""Of guesses, in the words of the legend."""
APART = 0.22
"""Distance of a slot's moments on the y-axis."""


@plot(
    "guess.state guess.part guess.moment guess.corrected guess.options guess.correct "
    "willingness.moment willingness.willingness"
)
def persuasion(tables: Tables) -> Figure:
    """Willingness (1–7) before and after the talk, and shares of right guesses for each belief and desire.

    Thin lines are the episodes that have both, the thick one their mean; the dotted line is the mean
    chance of a guess. Guesses before a correction but after an earlier one on the same thing aren't drawn.

    Raises:
        Unmeasurable: no episode has willingness both before and after, or no guess could be understood.
    """
    told_both = _willingness(tables["willingness"])
    later = (pl.col("moment") == "before") & pl.col("corrected")
    understood = tables["guess"].drop_nulls("correct")
    guesses = some(understood.filter(~later), "no guess could be understood")
    right = guesses.with_columns(pl.col("correct").cast(pl.Float64).alias("value"))
    found = means(right, ["state", "part", "moment"], support=(0, 1))
    note = f"{told(found, 'bars')}; thin lines: episodes; dotted: chance"
    if undrawn := len(understood) - len(guesses):
        note += f"; not drawn: {counted(undrawn, 'guess', 'guesses')} after an earlier correction"
    drawn = figure(DOUBLE, 2.2, 1, 2, subtitle=note)
    left, axes = drawn.axes
    _slopes(left, told_both)
    _accuracies(axes, found)
    chance = guesses.select((1 / pl.col("options")).mean()).item()
    axes.axvline(chance, color=MUTED, linestyle=":", linewidth=0.9, zorder=1)
    drawn.legend(
        *axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=SMALL, frameon=False
    )
    return drawn


def _willingness(willingness: pl.DataFrame) -> pl.DataFrame:
    """The episodes that have both: `episode`, `moment`, `value`."""
    each = willingness.drop_nulls("willingness").select("episode", "moment", value="willingness")
    both = each.filter(pl.col("moment").n_unique().over("episode") == 2)
    return some(both, "no episode has willingness both before and after")


def _slopes(axes: Axes, each: pl.DataFrame) -> None:
    wide = each.pivot("moment", index="episode", values="value").sort("episode")
    for before, after in wide.select("before", "after").iter_rows():
        axes.plot([0, 1], [before, after], color="#8C8C8C", linewidth=0.5, alpha=min(0.7, 12 / len(wide)))
    found = means(each, ["moment"], support=(1, 7)).sort("moment", descending=True)
    axes.plot(
        [0, 1],
        found["mean"].to_list(),
        color=COLOURS[0],
        linewidth=1.8,
        marker="o",
        markersize=MARK,
        zorder=3,
    )
    for place, low, high in zip((0, 1), found["low"], found["high"], strict=True):
        if low is not None:
            axes.plot([place, place], [low, high], color=COLOURS[0], linewidth=LINE, zorder=3)
    axes.set_xticks([0, 1], ["before", "after"])
    axes.set_xlim(-0.3, 1.3)
    axes.set_ylim(0.8, 7.2)
    axes.set_ylabel("willingness (1–7)")
    axes.grid(visible=False, axis="x")


def _accuracies(axes: Axes, found: pl.DataFrame) -> None:
    slots = found.select("state", "part").unique().sort(["state", "part"], descending=[True, False]).rows()
    for number, (moment, label) in enumerate(MOMENTS.items()):
        own = found.filter(pl.col("moment") == moment)
        rows = [slots.index(slot) + (number - 1) * APART for slot in own.select("state", "part").iter_rows()]
        if rows:
            dots(axes, own, rows, number=number, label=label)
    name_rows(axes, [" ".join(slot) for slot in slots])
    axes.set_xlim(-0.03, 1.03)
    axes.set_xlabel("right guesses (share)")
