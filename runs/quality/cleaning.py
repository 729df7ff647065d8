"""The thirteen treatments of PrefCleanBench, on preference pairs.

Names ending in `_r` remove what they find, those in `_f` turn it round. Where the published
code does other than it means, this does what it means: `ifd_r` keeps rows and their values
together after its first cut, and `ins_tag_*` top up without taking a row twice. A share p is of the
pairs that somebody judged; the rest stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from palaestra.agents.failures import BadInput
from palaestra.metrics.pairs.preference_pairs import SIDES, TIE, panel_sign, text
from palaestra.runs.quality.pairs import turned

Asked = list[dict[str, str]]
"""A prompt as chat messages; empty for an answer without its prompt."""
Scorer = Callable[[list[tuple[Asked, str]]], list[float]]
"""Scores of answers to prompts, higher is better: a reward model."""
Gap = Callable[[pl.DataFrame], NDArray[np.float64]]
"""By how much a reward model or a judge finds each pair's chosen answer better; NaN where it doesn't say."""
Loss = Callable[[list[tuple[Asked, str]]], list[float]]
"""Mean loss a token, > 0, of answers after prompts."""
Tags = Callable[[pl.DataFrame], list[set[str]]]
"""What each prompt, with its `prompt_id` and `text`, is about and asks for (InsTag)."""
Way = Literal["remove", "flip"]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Pairs after a treatment, with how many it removed and turned round."""

    pairs: pl.DataFrame
    removed: int
    flipped: int


def llm_judge_r(pairs: pl.DataFrame, judge: Gap | None = None) -> Cleaned:
    """Remove pairs whose chosen answer a judge scores lower. Default judge: the verdicts in the rows."""
    return _treat(pairs, _judged_lower(pairs, judge), "remove")


def llm_judge_f(pairs: pl.DataFrame, judge: Gap | None = None) -> Cleaned:
    """Turn round pairs whose chosen answer a judge scores lower. Default judge: the verdicts in the rows."""
    return _treat(pairs, _judged_lower(pairs, judge), "flip")


def rw_gap_r(pairs: pl.DataFrame, gaps: Sequence[Gap], p: float) -> Cleaned:
    """Remove the fraction `p` of lowest mean gap (chosen − rejected) over reward models, even above 0."""
    return _treat(pairs, _lowest(mean_gap(pairs, gaps), p), "remove")


def rw_gap_f(pairs: pl.DataFrame, gaps: Sequence[Gap], p: float) -> Cleaned:
    """Turn round the fraction `p` of lowest mean gap over reward models, even above 0."""
    return _treat(pairs, _lowest(mean_gap(pairs, gaps), p), "flip")


def vote_all_r(pairs: pl.DataFrame, gaps: Sequence[Gap]) -> Cleaned:
    """Remove pairs whose label no reward model agrees with."""
    return _treat(pairs, _unsupported(pairs, gaps, 0.0), "remove")


def vote_all_f(pairs: pl.DataFrame, gaps: Sequence[Gap]) -> Cleaned:
    """Turn round pairs whose label no reward model agrees with."""
    return _treat(pairs, _unsupported(pairs, gaps, 0.0), "flip")


def vote_maj_r(pairs: pl.DataFrame, gaps: Sequence[Gap]) -> Cleaned:
    """Remove pairs whose label fewer than half of the reward models agree with."""
    return _treat(pairs, _unsupported(pairs, gaps, 0.5), "remove")


def vote_maj_f(pairs: pl.DataFrame, gaps: Sequence[Gap]) -> Cleaned:
    """Turn round pairs whose label fewer than half of the reward models agree with."""
    return _treat(pairs, _unsupported(pairs, gaps, 0.5), "flip")


def ins_tag_cmp(pairs: pl.DataFrame, tags: Tags, cap: int = 6000, seed: int = 0) -> Cleaned:
    """Keep the `cap` prompts of most tags that are diverse: pass after pass over what is left.

    In a pass a prompt is taken, those of most tags first, if it has a tag that the pass hasn't
    seen. As published, this and `ins_tag_div` pick the same but for chance, since after one
    pass no prompt has an unseen tag; passes until the cap are what InsTag (2023) describes.
    """
    return _diverse(pairs, tags, cap, seed, passes=None)


def ins_tag_div(pairs: pl.DataFrame, tags: Tags, cap: int = 6000, seed: int = 0) -> Cleaned:
    """Keep one pass of prompts that together have all tags, topped up at random to `cap` prompts."""
    return _diverse(pairs, tags, cap, seed, passes=1)


def ifd_r(pairs: pl.DataFrame, loss: Loss, p: float) -> Cleaned:
    """Remove pairs whose chosen answer has an IFD above 1, then the fraction `p` of lowest IFD of the rest.

    Instruction-following difficulty: the loss of the answer after its prompt over that of the
    answer alone. Above 1 the prompt doesn't help; the lowest are too easy.
    """
    difficulty = _ifd(pairs, "chosen", loss)
    removed = difficulty > 1
    left = ~removed
    removed[left] = _lowest(difficulty[left], p)
    return _treat(pairs, removed, "remove")


def ifd_gap_r(pairs: pl.DataFrame, loss: Loss, p: float) -> Cleaned:
    """Remove the fraction `p` of lowest IFD gap (chosen − rejected)."""
    return _treat(pairs, _lowest(_ifd(pairs, "chosen", loss) - _ifd(pairs, "rejected", loss), p), "remove")


def ifd_gap_f(pairs: pl.DataFrame, loss: Loss, p: float) -> Cleaned:
    """Turn round the fraction `p` of lowest IFD gap (chosen − rejected)."""
    return _treat(pairs, _lowest(_ifd(pairs, "chosen", loss) - _ifd(pairs, "rejected", loss), p), "flip")


def _treat(pairs: pl.DataFrame, found: NDArray[np.bool_], way: Way) -> Cleaned:
    which, count = pl.Series(found, dtype=pl.Boolean), int(found.sum())
    if way == "flip":
        return Cleaned(turned(pairs, which), 0, count)
    return Cleaned(pairs.filter(~which), count, 0)


def of_answers(scorer: Scorer) -> Gap:
    """The gap of something that scores answers one by one."""

    def gap(pairs: pl.DataFrame) -> NDArray[np.float64]:
        chosen, rejected = (np.array(scorer(_items(pairs, side)), dtype=float) for side in SIDES)
        found: NDArray[np.float64] = chosen - rejected
        return found

    return gap


def _judged_lower(pairs: pl.DataFrame, judge: Gap | None) -> NDArray[np.bool_]:
    if judge is not None:
        return np.less(judge(pairs), -TIE)
    lower: NDArray[np.bool_] = (panel_sign(pairs) < 0).fill_null(value=False).to_numpy()
    return lower


def _gaps(pairs: pl.DataFrame, gaps: Sequence[Gap]) -> NDArray[np.float64]:
    """Scorer × pair: its score of the chosen minus its score of the rejected answer."""
    if not gaps:
        raise BadInput("this treatment needs at least one reward model", "Pass one in `gaps`.")
    return np.array([gap(pairs) for gap in gaps], dtype=float)


def mean_gap(pairs: pl.DataFrame, gaps: Sequence[Gap]) -> NDArray[np.float64]:
    """Over those who say something of a pair; NaN where nobody does. Infinities of both signs make 0."""
    found = _gaps(pairs, gaps)
    said = ~np.isnan(found)
    with np.errstate(invalid="ignore"):
        total = np.nan_to_num(np.where(said, found, 0.0).sum(axis=0), nan=0.0, posinf=np.inf, neginf=-np.inf)
    count = said.sum(axis=0)
    mean: NDArray[np.float64] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return mean


def _unsupported(pairs: pl.DataFrame, gaps: Sequence[Gap], share: float) -> NDArray[np.bool_]:
    """Whether of those who vote on a pair none (`share` 0) or fewer than `share` agree; a tie is no vote."""
    found = _gaps(pairs, gaps)
    said, agree = (np.abs(found) > TIE).sum(axis=0), (found > TIE).sum(axis=0)
    few = agree == 0 if share == 0 else agree < share * said
    unsupported: NDArray[np.bool_] = few & (said > 0)
    return unsupported


def _ifd(pairs: pl.DataFrame, side: str, loss: Loss) -> NDArray[np.float64]:
    asked = _items(pairs, side)
    alone: list[tuple[Asked, str]] = [([], answer) for _, answer in asked]
    ratio: NDArray[np.float64] = np.asarray(loss(asked), dtype=float) / np.asarray(loss(alone), dtype=float)
    return ratio


def _items(pairs: pl.DataFrame, side: str) -> list[tuple[Asked, str]]:
    return list(zip(pairs["prompt"].to_list(), pairs.select(text(side)).to_series().to_list(), strict=True))


def _lowest(values: NDArray[np.float64], p: float) -> NDArray[np.bool_]:
    """Whether each is among the fraction `p` of lowest of the values that are numbers, rounded down.

    Of equal values the earlier is the lower one.
    """
    if not 0 <= p <= 1:
        raise BadInput(f"{p} is no fraction of the pairs", "Choose p from 0 to 1; published are 0.1 to 0.4.")
    found = np.zeros(len(values), dtype=bool)
    known = np.flatnonzero(~np.isnan(values))
    found[known[np.argsort(values[known], kind="stable")[: int(p * len(known) + 1e-9)]]] = True
    return found


def _diverse(pairs: pl.DataFrame, tags: Tags, cap: int, seed: int, passes: int | None) -> Cleaned:
    prompts = pairs.unique("prompt_id", keep="first", maintain_order=True).select(
        "prompt_id", text("prompt").alias("text")
    )
    tagged = tags(prompts)
    left = sorted(range(len(tagged)), key=lambda i: -len(tagged[i]))
    taken: list[int] = []
    while len(taken) < cap and (passes is None or passes > 0):
        fresh = _one_pass(left, tagged, cap - len(taken))
        if not fresh:
            break
        taken += fresh
        gone = set(fresh)
        left = [i for i in left if i not in gone]
        passes = None if passes is None else passes - 1
    room = min(cap - len(taken), len(left))
    taken += np.random.default_rng(seed).choice(np.array(left, dtype=int), room, replace=False).tolist()
    kept = pairs.filter(pl.col("prompt_id").is_in(prompts["prompt_id"].gather(sorted(taken)).to_list()))
    return Cleaned(kept, pairs.height - kept.height, 0)


def _one_pass(order: Sequence[int], tagged: Sequence[set[str]], room: int) -> list[int]:
    seen: set[str] = set()
    taken: list[int] = []
    for i in order:
        if len(taken) == room:
            break
        if not tagged[i] <= seen:
            seen |= tagged[i]
            taken.append(i)
    return taken
