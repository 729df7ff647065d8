"""What to keep of preference pairs, said in words such as `margin>=1`, `duplicates`, `map=high-low`.

| filter | keeps |
|---|---|
| `margin>=X` | pairs whose margin, in their unit, is X or more |
| `agreement>=X` | pairs with that share of agreement between two judges (0–1) |
| `length_ratio<=X` | pairs whose longer answer has at most X times the characters of the shorter |
| `map=REGION` | prompts in this region of the data map: `high-low`, `high-high`, `low-low`, `low-high` |
| `label_agrees` | all but pairs whose verdicts favour the rejected answer |
| `ties` | pairs with a margin |
| `duplicates` | the first of rows, and of prompts, that say the same |
| `alike` | pairs whose answers differ |
| `whole` | pairs of two answers that were not cut at their limit |
| `cross_model`, `same_model` | pairs of two policies' answers, of one policy's |

Those with a number take `>=`, `>`, `<=` and `<`. A pair for which a number isn't known is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

import polars as pl

from palaestra.agents.failures import BadInput
from palaestra.metrics.pairs.data_map import REGIONS, data_map
from palaestra.metrics.pairs.judge_agreement import chance_unknown, pair_agreement
from palaestra.metrics.pairs.near_duplicates import alike_answers, duplicate_prompts, repeated_pairs
from palaestra.metrics.pairs.preference_pairs import SIDES, TIE, panel_sign, text
from palaestra.metrics.pairs.truncation import holds_cut


@dataclass(frozen=True, slots=True)
class Filter:
    """One of the filters.

    Attributes:
        text: as the user wrote it.
        keeps: whether each row is kept.
        by_judges: whether that hangs on what judges said, so that it is no longer known how often they would
            agree by chance.
    """

    text: str
    keeps: Callable[[pl.DataFrame], pl.Series]
    by_judges: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """What a filter dropped: of `before` rows, `dropped`."""

    name: str
    before: int
    dropped: int


def parse(words: str) -> Filter:
    """The filter that `words` name.

    Raises:
        BadInput: there is none of this name, or its value can't be taken.
    """
    name, operator, value = _parts(words)
    if name in FLAGS and not operator:
        return Filter(words, FLAGS[name], name in BY_JUDGES)
    if name in NUMBERS and operator in COMPARE:
        try:
            bound = float(value)
        except ValueError:
            raise BadInput(
                f"{value!r} in the filter {words!r} is no number", f"Write {name}>=1, say."
            ) from None
        return Filter(
            words,
            lambda pairs: COMPARE[operator](NUMBERS[name](pairs), bound).fill_null(value=False),
            name in BY_JUDGES,
        )
    if name == "map" and operator == "=" and value in REGIONS:
        return Filter(words, lambda pairs: _in_region(pairs, value), by_judges=True)
    forms = [*(f"{known}>=X" for known in NUMBERS), *(f"map={region}" for region in REGIONS), *FLAGS]
    near = get_close_matches(name, [*NUMBERS, "map", *FLAGS], n=1)
    hint = f"Did you mean {near[0]!r}? " if near and near[0] != name else ""
    raise BadInput(f"there is no filter {words!r}", f"{hint}Filters: {', '.join(forms)}.")


def apply(pairs: pl.DataFrame, filters: Iterable[Filter]) -> tuple[pl.DataFrame, list[Dropped]]:
    """The pairs that every filter keeps, one filter after another, and what each of them dropped."""
    dropped = []
    for one in filters:
        before = pairs.height
        kept = pairs.filter(one.keeps(pairs)) if before else pairs
        dropped.append(Dropped(one.text, before, before - kept.height))
        pairs = kept
        if one.by_judges and kept.height < before:
            pairs = chance_unknown(pairs)
    return pairs, dropped


def _parts(words: str) -> tuple[str, str, str]:
    found = re.fullmatch(r"\s*([\w-]+)\s*(?:(>=|<=|>|<|=)\s*(\S+))?\s*", words)
    return (found[1], found[2] or "", found[3] or "") if found else (words, "", "")


def _in_region(pairs: pl.DataFrame, region: str) -> pl.Series:
    regions = data_map(pairs).select("prompt_id", "unit", "region")
    joined = pairs.join(
        regions, on=["prompt_id", "unit"], how="left", nulls_equal=True, maintain_order="left"
    )
    return joined["region"] == region


def _length_ratio(pairs: pl.DataFrame) -> pl.Series:
    lengths = [text(side).str.len_chars() for side in SIDES]
    return pairs.select(pl.max_horizontal(lengths) / pl.min_horizontal(lengths)).to_series()


def _first_of_its_kind(pairs: pl.DataFrame) -> pl.Series:
    copies = duplicate_prompts(pairs)["prompt_id"].to_list()
    return ~(pairs["prompt_id"].is_in(copies) | repeated_pairs(pairs))


COMPARE: dict[str, Callable[[pl.Series, float], pl.Series]] = {
    ">=": lambda column, bound: column >= bound - TIE,
    ">": lambda column, bound: column > bound + TIE,
    "<=": lambda column, bound: column <= bound + TIE,
    "<": lambda column, bound: column < bound - TIE,
}
NUMBERS: dict[str, Callable[[pl.DataFrame], pl.Series]] = {
    "margin": lambda pairs: pairs["margin"],
    "agreement": pair_agreement,
    "length_ratio": _length_ratio,
}
BY_JUDGES = ("margin", "agreement", "label_agrees")
FLAGS: dict[str, Callable[[pl.DataFrame], pl.Series]] = {
    "label_agrees": lambda pairs: (panel_sign(pairs) >= 0).fill_null(value=True),
    "ties": lambda pairs: pairs["margin"].abs() >= TIE,
    "duplicates": _first_of_its_kind,
    "alike": lambda pairs: ~alike_answers(pairs),
    "whole": lambda pairs: ~holds_cut(pairs),
    "cross_model": lambda pairs: pairs["chosen_policy"] != pairs["rejected_policy"],
    "same_model": lambda pairs: pairs["chosen_policy"] == pairs["rejected_policy"],
}
