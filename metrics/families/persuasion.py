"""Persuasion between two who don't know each other's minds: is the other moved, and is its mind read?

The persuader's guesses are choices among statements, one of them true: `first` before anybody
spoke, `before` an observer's correction and `after` it. ToMMA, the system that this is of, always
lets the persuadee yield, so willingness takes the place of success; and it publishes no score of the
guesses. All measures are therefore ours.
"""

from __future__ import annotations

import polars as pl

from palaestra.metrics.metric import RATIO, metric

GUESS = "guess.exchange guess.state guess.part guess.moment guess.correct"
UNAIDED = "guess.moment guess.corrected guess.correct"
SLOT = ["episode", "state", "part"]
WIDEST = 6
"""The largest change on the scale of willingness, 1–7."""


@metric("willingness.moment willingness.willingness", unit="points of 1–7", low=-WIDEST, high=WIDEST)
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


@metric(f"{UNAIDED} guess.options", unit="share", low=-1, high=1)
def guess_advantage(guess: pl.DataFrame) -> pl.DataFrame:
    """Accuracy of all unaided guesses beyond chance: share right − 1 / statements to choose from."""
    right = pl.col("correct").cast(pl.Float64) - 1 / pl.col("options")
    return unaided(guess).select("episode", value=right)


@metric("guess.moment guess.corrected guess.probability", unit="probability", low=0, high=1)
def truth_probability(guess: pl.DataFrame) -> pl.DataFrame:
    """Mean probability that unaided guesses give to the true statement."""
    return unaided(guess).select("episode", value="probability")


@metric(f"{UNAIDED} guess.state guess.part", unit="share", low=-1, high=1)
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
