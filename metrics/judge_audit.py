"""What planted pairs say of a judge: how often it is right, how sure it may be, what sways it.

A table of an audit has one row a pair: `pair`, `kind`, `size`, `longer`, `styled` (see
`palaestra.scenarios.parts.planted`), and what the judge said in `one` and `two`. Of answers read alone
these are the scores of the right and of the wrong one; of two read together, the probabilities that the
right one is better where it was read first, and where it was read second. `sure` is the probability that
the right one has the higher score, of answers read alone. None stands for what could not be understood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from palaestra.metrics.bounds import Numbers
from palaestra.metrics.intervals import Estimate, auc, difference, share

TIE = 1e-9
BINS = 10
SCHEMA = pl.Schema(
    {
        "pair": pl.Int64,
        "kind": pl.String,
        "size": pl.Int64,
        "longer": pl.String,
        "styled": pl.String,
        "one": pl.Float64,
        "two": pl.Float64,
        "sure": pl.Float64,
    }
)


@dataclass(frozen=True, slots=True)
class AuditFigures:
    """An audit in numbers.

    Attributes:
        pairs: how many could be understood, of how many `asked`.
        abstained: on how many of these the judge flips with the order and so counts for nothing, where it
            is to abstain there; all that follows but consistency and position is of the others.
        accuracy: the share of pairs in which the right answer is preferred; a tie counts half.
        area: how often a right answer's value is above a wrong one's, over all pairs (AUC).
        by_kind: the accuracy for each kind of question.
        ties: the share of pairs without a preference.
        calibration: the expected calibration error, 0–1, of ten bins; None where there are no probabilities.
        consistency: of two read together: the share of pairs with the same preference in both orders.
        position: accuracy with the right answer read first minus second.
        length, style: accuracy with the right answer longer (more polished) minus the wrong one.
    """

    pairs: int
    asked: int
    abstained: int
    accuracy: Estimate | None
    area: Estimate | None
    by_kind: dict[str, Estimate]
    ties: float
    calibration: float | None
    consistency: Estimate | None
    position: Estimate | None
    length: Estimate | None
    style: Estimate | None


def audit_figures(table: pl.DataFrame, beside: bool, abstains: bool = False) -> AuditFigures:
    """The figures of an audit, each interval by pair, as pairs are what is independent.

    Args:
        table: see above.
        beside: whether two answers were read together.
        abstains: whether the judge counts for nothing on pairs that it flips on.
    """
    understood = table.drop_nulls(["one", "two"])
    known = without_flips(understood).drop_nulls(["one", "two"]) if abstains else understood
    lead = leads(known, beside)
    right = _right(lead)
    pair = known["pair"].to_numpy()
    one, two = known["one"].to_numpy(), known["two"].to_numpy()
    values = np.concatenate([0.5 + lead, 0.5 - lead] if beside else [one, two])
    first, both = np.repeat([True, False], len(pair)), np.concatenate([pair, pair])
    kinds = {
        str(kind): known["kind"].to_numpy() == kind for kind in known["kind"].unique(maintain_order=True)
    }
    shares = {kind: share(right[which], pair[which]) for kind, which in kinds.items()}
    return AuditFigures(
        pairs=len(understood),
        asked=len(table),
        abstained=len(understood) - len(known),
        accuracy=share(right, pair),
        area=auc(values, first, both),
        by_kind={kind: found for kind, found in shares.items() if found is not None},
        ties=float((right == 0.5).mean()) if len(right) else 0.0,
        calibration=_calibration(
            np.concatenate([one, two]) if beside else known["sure"].drop_nulls().to_numpy()
        ),
        consistency=_consistency(understood) if beside else None,
        position=_position(understood) if beside else None,
        length=_sway(known, right, "longer"),
        style=_sway(known, right, "styled"),
    )


def without_flips(table: pl.DataFrame) -> pl.DataFrame:
    """A table of two read together in which a judge says nothing of the pairs that it flips on."""
    flipped = (pl.col("one") - 0.5) * (pl.col("two") - 0.5) < 0
    return table.with_columns(
        pl.when(~flipped.fill_null(value=False)).then(pl.col(name)).alias(name) for name in ("one", "two")
    )


def leads(known: pl.DataFrame, beside: bool) -> Numbers:
    """How far the right answer of each pair is ahead: a difference of scores, or of a probability from ½."""
    one, two = known["one"].to_numpy(), known["two"].to_numpy()
    found: Numbers = (one + two) / 2 - 0.5 if beside else one - two
    return found


def effective_judges(tables: Sequence[pl.DataFrame], beside: bool) -> float | None:
    """How many independent judges a panel is worth, by its errors' correlations: (Σ λ)² / Σ λ².

    1 where all err together, the number of judges where each errs by itself. Source: Bretherton et al.,
    "The effective number of spatial degrees of freedom of a time-varying field", J. Climate 12 (1999).

    Args:
        tables: of each judge, of the same pairs.
        beside: whether two answers were read together.

    Returns:
        None where fewer than two judges err now and then, or no pair was understood by all.
    """
    whole = [table["one"].is_not_null() & table["two"].is_not_null() for table in tables]
    known = [all(understood) for understood in zip(*whole, strict=True)]
    errors = np.array([1 - _right(leads(table.filter(pl.Series(known)), beside)) for table in tables])
    varying = errors[errors.std(axis=1) > 0] if errors.size else errors[:0]
    if len(varying) < 2:
        return None
    values = np.linalg.eigvalsh(np.corrcoef(varying))
    return float(values.sum() ** 2 / (values**2).sum())


def panel_table(tables: Sequence[pl.DataFrame], abstains: bool = False) -> pl.DataFrame:
    """The table of a panel: the mean of what its judges said, all weighing the same; of all or of none.

    Where judges abstain from pairs that they flip on, it is the mean of those who don't.
    """
    stacked = pl.concat(map(without_flips, tables) if abstains else tables)
    means = [
        pl.when(pl.col(name).is_not_null().all() | abstains).then(pl.col(name).mean()).alias(name)
        for name in ("one", "two", "sure")
    ]
    facts = [name for name in SCHEMA if name not in ("one", "two", "sure")]
    return stacked.group_by(facts, maintain_order=True).agg(means)


def _consistency(known: pl.DataFrame) -> Estimate | None:
    """How often the same answer is preferred in both orders."""
    one, two = (np.sign(known[name].to_numpy() - 0.5) for name in ("one", "two"))
    return share(one * two > 0, known["pair"].to_numpy())


def _position(known: pl.DataFrame) -> Estimate | None:
    """Accuracy with the right answer read first minus second."""
    pair, orders = known["pair"].to_numpy(), np.concatenate([known["one"], known["two"]]) - 0.5
    first = np.repeat([True, False], len(pair))
    return difference(_right(orders), first, np.concatenate([pair, pair]), shares=True)


def _right(lead: Numbers) -> Numbers:
    found: Numbers = np.where(np.abs(lead) < TIE, 0.5, (1 + np.sign(lead)) / 2)
    return found


def _calibration(right: Numbers) -> float | None:
    """Σ share · |accuracy − mean confidence| over bins of confidence (Guo et al., 2017).

    Args:
        right: the probability that each forecast gave to what is right.
    """
    if not len(right):
        return None
    confidence = np.maximum(right, 1 - right)
    correct = _right(right - 0.5)
    bins = np.minimum((confidence - 0.5) * 2 * BINS, BINS - 1).astype(int)
    gaps = [abs(float((correct - confidence)[bins == each].sum())) for each in range(BINS)]
    return sum(gaps) / len(right)


def _sway(known: pl.DataFrame, right: Numbers, which: str) -> Estimate | None:
    """Accuracy where the right answer was so treated minus where the wrong one was."""
    treated = known[which].to_numpy() != ""
    first = known[which].to_numpy()[treated] == "right"
    return difference(right[treated], first, known["pair"].to_numpy()[treated], shares=True)
