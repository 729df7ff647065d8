"""Everything measurable about the quality of preference pairs, with intervals and warnings in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from palaestra.metrics.intervals import LEAST_GROUPS, Estimate, share
from palaestra.metrics.pairs.data_map import REGIONS, data_map, margins, near_ties, ties
from palaestra.metrics.pairs.judge_agreement import (
    agreement_excess,
    judge_agreement,
    krippendorff_alpha,
    label_agreement,
    label_cosine,
    swap_consistency,
    truth_agreement,
)
from palaestra.metrics.pairs.judge_bias import length_bias, longer_chosen, position_bias
from palaestra.metrics.pairs.near_duplicates import (
    alike_answers,
    canned_answers,
    duplicate_prompts,
    repeated_pairs,
)
from palaestra.metrics.pairs.preference_pairs import SIDES
from palaestra.metrics.pairs.same_judges import same_judges
from palaestra.metrics.pairs.self_preference import self_preference
from palaestra.metrics.pairs.separability import Embed, separability
from palaestra.metrics.pairs.signed_answers import signed_answers
from palaestra.metrics.pairs.truncation import holds_cut, is_cut
from palaestra.runs.quality.meanings import MEANINGS


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a report.

    Attributes:
        name: key of `MEANINGS`.
        of: the judge, policy, unit or region it is about; "" for the whole export.
        value: None where it can't be measured.
        low, high: of the 95 % interval; None where there is none.
        n: observations.
        flagged: whether it is worth a warning.
        why: what it means; the warning, where flagged; what is missing, where not measured.
    """

    name: str
    of: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    flagged: bool
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """The quality of an export.

    Attributes:
        pairs, prompts: how many.
        probe: what the separability probe read: "TF-IDF" or "embeddings".
        measures: in the order of `MEANINGS`.
    """

    pairs: int
    prompts: int
    probe: str
    measures: tuple[Measure, ...]

    @property
    def flags(self) -> tuple[Measure, ...]:
        """What is worth a warning."""
        return tuple(measure for measure in self.measures if measure.flagged)

    def as_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """For a terminal: a line a measure, `!` before those flagged."""
        wide = max(len(_title(measure)) for measure in self.measures)
        rows = [
            f"{'!' if m.flagged else ' '} {_title(m):<{wide}}  {_number(m):<22}  {m.n:>7}  {m.why}"
            for m in self.measures
        ]
        return [self._summary(), "", f"  {'measure':<{wide}}  {'value, 95 % interval':<22}  {'n':>7}", *rows]

    def markdown(self) -> str:
        """For a dataset card: the summary, and a table."""
        rows = [
            f"| {'⚠ ' if m.flagged else ''}{_escaped(_title(m))} | {_number(m)} | {m.n} | {_escaped(m.why)} |"
            for m in self.measures
        ]
        head = ["| measure | value, 95 % interval | n | |", "|---|---|---|---|"]
        return "\n".join([self._summary(), "", *head, *rows]) + "\n"

    def _summary(self) -> str:
        names = list(dict.fromkeys(measure.name for measure in self.flags))
        found = f"Flagged: {', '.join(names)}." if names else "Nothing is flagged."
        return f"{self.pairs} pairs of {self.prompts} prompts. {found} (Probe: {self.probe}.)"


@dataclass(frozen=True, slots=True)
class _Look:
    """A number, before it is known how many are looked at; what is `certain` is flagged as it stands."""

    name: str
    estimate: Estimate | None
    of: str = ""
    note: str = ""
    certain: bool = False


def quality_report(pairs: pl.DataFrame, seed: int = 0, embed: Embed | None = None) -> Report:
    """Measure everything.

    Args:
        pairs: rows of the format `dpo`, as `read_pairs` gives them; at least one.
        seed: of the bootstrap and of the probe's shuffled labels.
        embed: an embedding model for the separability probe. Default: TF-IDF.
    """
    looks = [
        *_agreement(pairs, seed),
        *_biases(pairs),
        *_shape(pairs),
        *_copies(pairs),
        *_probes(pairs, embed, seed),
    ]
    looks.sort(key=lambda look: list(MEANINGS).index(look.name))
    watched = sum(look.estimate is not None and MEANINGS[look.name].warning != "" for look in looks)
    return Report(
        pairs=pairs.height,
        prompts=pairs["prompt_id"].n_unique(),
        probe="TF-IDF" if embed is None else "embeddings",
        measures=tuple(_measure(look, max(watched, 1)) for look in looks),
    )


def _measure(look: _Look, watched: int) -> Measure:
    meaning, estimate = MEANINGS[look.name], look.estimate
    if estimate is None:
        return Measure(look.name, look.of, None, None, None, 0, False, f"not measured: {look.note}")
    low, high = estimate.interval() or (None, None)
    flagged = look.certain or meaning.warns(estimate, watched)
    why = meaning.warning if flagged else meaning.text
    note = f" ({look.note})" if look.note else ""
    return Measure(look.name, look.of, estimate.value, low, high, estimate.n, flagged, why + note)


def _agreement(pairs: pl.DataFrame, seed: int) -> Iterator[_Look]:
    for name, estimate, missing in (
        ("label_agreement", label_agreement(pairs), "no verdicts that the labels rest on"),
        ("truth_agreement", truth_agreement(pairs), "no program tells the answers apart"),
        ("judge_agreement", judge_agreement(pairs), "no pair has two judges"),
    ):
        yield _Look(name, estimate, note="" if estimate else missing)
    excess, chance = agreement_excess(pairs)
    note = f"chance: {chance:.3f}" if chance is not None else "no pair tells what chance would give"
    few = ", too few prompts for an interval" if excess is not None and excess.error is None else ""
    yield _Look("agreement_excess", excess, note=note + few)
    for (unit,), rows in pairs.sort("unit", maintain_order=True).group_by("unit", maintain_order=True):
        alpha = krippendorff_alpha(rows, seed=seed)
        yield _Look("judge_alpha", alpha, str(unit), "" if alpha else "no two judges scored the same")
    groups = same_judges(pairs)
    for names in groups:
        yield _Look("one_judge", Estimate(len(names), pairs.height), ", ".join(names), certain=True)
    if not groups:
        yield _Look("one_judge", None, note="no two judges say the same throughout")
    for judge, cosine, count in label_cosine(pairs).iter_rows():
        if cosine is not None:
            yield _Look("label_cosine", Estimate(cosine, count), judge)
    for name, estimate in zip(("swap_consistency", "swap_ties"), swap_consistency(pairs), strict=True):
        yield _Look(name, estimate, note="" if estimate else "no judge read a pair in both orders")


def _biases(pairs: pl.DataFrame) -> Iterator[_Look]:
    positions = position_bias(pairs)
    lengths, sources = length_bias(pairs)
    by = ", ".join(f"{source} {count}" for source, count in sorted(sources.items()))
    own = self_preference(pairs)
    for name, found, note, missing in (
        ("position_bias", positions, "", "no judge read two answers in different orders"),
        ("length_bias", lengths, f"reference: {by}", "no verdicts on answers of different lengths"),
        ("self_preference", own, "", "no policy judged answers of its own that others judged too"),
    ):
        for who, estimate in found.items():
            yield _Look(name, estimate, who or "all judges", "" if who else note)
        if not found:
            yield _Look(name, None, note=missing)
    signed = signed_answers(pairs)
    yield _Look("signed_answers", signed, note="" if signed else "no pair has two named authors")
    longer = longer_chosen(pairs)
    yield _Look("longer_chosen", longer, note="" if longer else "all lengths are equal")


def _shape(pairs: pl.DataFrame) -> Iterator[_Look]:
    yield _Look("ties", ties(pairs))
    yield _Look("near_ties", near_ties(pairs))
    for row in margins(pairs).iter_rows(named=True):
        for quantile in ("p05", "p25", "median", "p75", "p95"):
            yield _Look("margin", Estimate(row[quantile], row["pairs"]), f"{quantile}, {row['unit']}")
    regions = data_map(pairs)
    for region in REGIONS:
        yield _Look("map", share(regions["region"] == region, regions["prompt_id"]), region)
    yield _Look("cut_answers", share(holds_cut(pairs), pairs["prompt_id"]))
    for side in SIDES:
        yield _Look("cut_side", share(is_cut(pairs, side), pairs["prompt_id"]), side)
    crossed = pairs["chosen_policy"].ne_missing(pairs["rejected_policy"])
    yield _Look("cross_model", share(crossed, pairs["prompt_id"]))


def _copies(pairs: pl.DataFrame) -> Iterator[_Look]:
    prompts = pairs["prompt_id"].unique(maintain_order=True)
    copies = duplicate_prompts(pairs)
    note = f"{copies['exact'].sum()} in case and white space only" if copies.height else ""
    yield _Look("duplicated_prompts", share(prompts.is_in(copies["prompt_id"].to_list()), prompts), note=note)
    if "split" in pairs.columns and pairs["split"].n_unique() == 2:
        groups = (
            pairs.unique("prompt_id").select("prompt_id", "split").join(copies, on="prompt_id", how="left")
        )
        groups = groups.with_columns(pl.coalesce("first", "prompt_id").alias("first"))
        leaked = (pl.col("split") == "train").any().over("first")
        test = groups.with_columns(leaked.alias("leaked")).filter(pl.col("split") == "test")
        yield _Look("split_leak", share(test["leaked"], test["prompt_id"]))
    for name, found in (
        ("repeated_pairs", repeated_pairs(pairs)),
        ("alike_answers", alike_answers(pairs)),
        ("canned_answers", canned_answers(pairs)),
    ):
        yield _Look(name, share(found, pairs["prompt_id"]))


def _probes(pairs: pl.DataFrame, embed: Embed | None, seed: int) -> Iterator[_Look]:
    areas = separability(pairs, embed, seed)
    for name in ("text", "shuffled", "length", "source"):
        missing = "" if areas else f"fewer than {LEAST_GROUPS} prompts"
        yield _Look(f"{name}_auc", areas.get(name), note=missing)


def _title(measure: Measure) -> str:
    return f"{measure.name} ({measure.of})" if measure.of else measure.name


def _number(measure: Measure) -> str:
    if measure.value is None:
        return "–"
    interval = "" if measure.low is None else f" [{measure.low:.3f}, {measure.high:.3f}]"
    return f"{measure.value:.3f}{interval}"


def _escaped(words: str) -> str:
    return words.replace("|", r"\|").replace("\n", " ")
