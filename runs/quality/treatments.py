"""The thirteen treatments by name, with what each needs, for `palaestra quality --clean`.

Where a treatment wants reward models and none is given, the judges whose verdicts stand in the rows take
their place, each as one. Where it wants tags of prompts and none are given, a prompt's words do, without
the commonest of English. Both are ours.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from palaestra.agents.failures import BadInput
from palaestra.metrics.pairs.judge_agreement import chance_unknown
from palaestra.metrics.pairs.preference_pairs import preferences
from palaestra.runs.quality import cleaning
from palaestra.runs.quality.cleaning import Cleaned, Gap, Loss, Tags

FRACTION, CAP = 0.1, 6000
Need = Literal["verdicts", "gaps", "loss", "tags"]
OPTIONS: Mapping[Need, tuple[str, ...]] = {
    "verdicts": ("reward_model",),
    "gaps": ("reward_model",),
    "loss": ("model",),
    "tags": ("tags", "cap"),
}
"""Which options of the command serve a need."""
BY_JUDGES: tuple[Need, ...] = ("verdicts", "gaps")
"""Needs that the judges in the rows fill where there is no reward model."""


@dataclass(frozen=True, slots=True)
class Means:
    """What treatments work with.

    Attributes:
        gaps: of reward models; None for the judges in the rows.
        loss: mean loss of answers; None where no model was asked.
        tags: of prompts; None for their words.
        fraction: p, the share of pairs that a treatment by rank acts on, 0–1.
        cap: prompts that `ins_tag_*` keep at most.
        seed: of what is drawn at random.
    """

    gaps: Sequence[Gap] | None = None
    loss: Loss | None = None
    tags: Tags | None = None
    fraction: float = FRACTION
    cap: int = CAP
    seed: int = 0


class _TaggedPrompt(BaseModel):
    """A line of a file of tags."""

    prompt_id: str
    tags: list[str]


Treat = Callable[[pl.DataFrame, Means], Cleaned]


@dataclass(frozen=True, slots=True)
class Treated:
    """What a treatment did: of `before` pairs it removed some and turned some round."""

    name: str
    before: int
    removed: int
    flipped: int


@dataclass(frozen=True, slots=True)
class Treatment:
    """A treatment: what it needs, what it does in words, the call of it, and whether it acts on a share p."""

    needs: Need
    about: str
    treat: Treat
    by_share: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """The options of the command that it heeds."""
        return (*OPTIONS[self.needs], *(("fraction",) if self.by_share else ()))


def _by_judge(
    treat: Callable[[pl.DataFrame, Gap | None], Cleaned],
) -> Treat:
    def treated(pairs: pl.DataFrame, means: Means) -> Cleaned:
        return treat(pairs, partial(cleaning.mean_gap, gaps=means.gaps) if means.gaps else None)

    return treated


def _by_rank(
    treat: Callable[[pl.DataFrame, Sequence[Gap], float], Cleaned],
) -> Treat:
    return lambda pairs, means: treat(pairs, _gaps(pairs, means), means.fraction)


def _by_votes(
    treat: Callable[[pl.DataFrame, Sequence[Gap]], Cleaned],
) -> Treat:
    return lambda pairs, means: treat(pairs, _gaps(pairs, means))


def _by_tags(
    treat: Callable[[pl.DataFrame, Tags, int, int], Cleaned],
) -> Treat:
    return lambda pairs, means: treat(pairs, means.tags or word_tags, means.cap, means.seed)


def _by_loss(
    treat: Callable[[pl.DataFrame, Loss, float], Cleaned],
) -> Treat:
    def treated(pairs: pl.DataFrame, means: Means) -> Cleaned:
        if means.loss is None:
            raise BadInput("this treatment needs a model's loss", "Pass one in `loss`.")
        return treat(pairs, means.loss, means.fraction)

    return treated


TREATMENTS: Mapping[str, Treatment] = {
    "llm_judge_r": Treatment(
        "verdicts", "remove labels against the verdicts", _by_judge(cleaning.llm_judge_r)
    ),
    "llm_judge_f": Treatment("verdicts", "turn them round", _by_judge(cleaning.llm_judge_f)),
    "rw_gap_r": Treatment(
        "gaps", "remove the share p of lowest mean gap", _by_rank(cleaning.rw_gap_r), by_share=True
    ),
    "rw_gap_f": Treatment("gaps", "turn it round", _by_rank(cleaning.rw_gap_f), by_share=True),
    "vote_all_r": Treatment("gaps", "remove labels that none agrees with", _by_votes(cleaning.vote_all_r)),
    "vote_all_f": Treatment("gaps", "turn them round", _by_votes(cleaning.vote_all_f)),
    "vote_maj_r": Treatment(
        "gaps", "remove labels that fewer than half agree with", _by_votes(cleaning.vote_maj_r)
    ),
    "vote_maj_f": Treatment("gaps", "turn them round", _by_votes(cleaning.vote_maj_f)),
    "ins_tag_cmp": Treatment("tags", "keep the prompts of most tags", _by_tags(cleaning.ins_tag_cmp)),
    "ins_tag_div": Treatment(
        "tags", "keep prompts that together have all tags", _by_tags(cleaning.ins_tag_div)
    ),
    "ifd_r": Treatment(
        "loss",
        "remove answers that no prompt helps, then the share p of easiest",
        _by_loss(cleaning.ifd_r),
        by_share=True,
    ),
    "ifd_gap_r": Treatment(
        "loss", "remove the share p of lowest IFD gap", _by_loss(cleaning.ifd_gap_r), by_share=True
    ),
    "ifd_gap_f": Treatment("loss", "turn it round", _by_loss(cleaning.ifd_gap_f), by_share=True),
}
"""By name, in PrefCleanBench's order."""


def treatment(name: str) -> Treatment:
    """The treatment of this name.

    Raises:
        BadInput: there is none.
    """
    if name in TREATMENTS:
        return TREATMENTS[name]
    near = get_close_matches(name, TREATMENTS, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise BadInput(f"there is no treatment {name!r}", f"{hint}Treatments: {', '.join(TREATMENTS)}.")


def apply_treatments(
    pairs: pl.DataFrame, names: Sequence[str], means: Means
) -> tuple[pl.DataFrame, list[Treated]]:
    """The pairs after the treatments, one after another while there are any, and what each of them did.

    After one that hangs on what the judges in the rows say, it is no longer known how often they would agree
    by chance.

    Raises:
        BadInput: there is no such treatment, or it lacks what it needs.
    """
    done: list[Treated] = []
    for name in names:
        if pairs.is_empty():
            break
        one = treatment(name)
        cleaned = one.treat(pairs, means)
        done.append(Treated(name, pairs.height, cleaned.removed, cleaned.flipped))
        pairs = cleaned.pairs
        if one.needs in BY_JUDGES and means.gaps is None and cleaned.removed + cleaned.flipped:
            pairs = chance_unknown(pairs)
    return pairs, done


def verdict_gaps(pairs: pl.DataFrame) -> list[Gap]:
    """Each judge's gap in these very pairs by their verdicts; NaN where it judged not both answers."""
    means = preferences(pairs).group_by("judge", "pair", maintain_order=True)
    told = means.agg(pl.col("difference").mean()).partition_by("judge", maintain_order=True)
    return [_known(pairs.height, *(one[name].to_numpy() for name in ("pair", "difference"))) for one in told]


def _known(height: int, which: NDArray[np.int64], differences: NDArray[np.float64]) -> Gap:
    found = np.full(height, np.nan)
    found[which] = differences
    return lambda _pairs: found


def _gaps(pairs: pl.DataFrame, means: Means) -> Sequence[Gap]:
    if means.gaps is not None:
        return means.gaps
    judges = verdict_gaps(pairs)
    if not judges:
        raise BadInput(
            "no judge's verdicts stand in these pairs", "Name a reward model: --reward-model FOLDER."
        )
    return judges


def word_tags(prompts: pl.DataFrame) -> list[set[str]]:
    """The words of each prompt, in lower case, without the commonest of English."""
    from sklearn.feature_extraction.text import CountVectorizer

    words = CountVectorizer(stop_words="english").build_analyzer()
    return [set(words(prompt)) for prompt in prompts["text"]]


def read_tags(file: Path, pairs: pl.DataFrame) -> Tags:
    """The tags that a file gives for prompts: JSON lines of `prompt_id` and `tags` (texts).

    Raises:
        BadInput: it can't be read, a line is something else or contradicts another, or a prompt has none.
    """
    try:
        lines = file.read_bytes().removeprefix(BOM_UTF8).splitlines()
    except OSError as error:
        raise BadInput(f"{file} can't be read as tags: {error}", "Name a file.") from error
    told: dict[str, set[str]] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            name, tags = _tagged(file, number, line)
            if told.setdefault(name, tags) != tags:
                raise BadInput(
                    f"{file}, line {number}, has other tags of {name} than an earlier line",
                    "Leave one line for each prompt.",
                )
    missing = set(pairs["prompt_id"]) - told.keys()
    if missing:
        raise BadInput(f"{file} has no tags of {len(missing)} prompts", f"One of them: {min(missing)}.")
    return lambda prompts: [told[name] for name in prompts["prompt_id"]]


def _tagged(file: Path, number: int, line: bytes) -> tuple[str, set[str]]:
    try:
        row = _TaggedPrompt.model_validate_json(line)
    except ValidationError as error:
        raise BadInput(
            f"{file}, line {number}, can't be read as tags: {error.errors()[0]['msg']}",
            'Write lines like {"prompt_id": "…", "tags": ["…"]}.',
        ) from error
    return row.prompt_id, set(row.tags)
