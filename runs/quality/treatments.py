"""The thirteen treatments by name, with what each needs, for `palaestra quality --clean`.

Where a treatment wants reward models and none is given, the judges whose verdicts stand in the rows take
their place, each as one. Where it wants tags of prompts and none are given, a prompt's words do, without
the commonest of English. Both are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from palaestra.agents.failures import BadInput
from palaestra.metrics.pairs.preference_pairs import preferences, text
from palaestra.runs.quality import cleaning
from palaestra.runs.quality.cleaning import Cleaned, Gap, Loss, Tags

Need = Literal["verdicts", "gaps", "loss", "tags"]


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
    fraction: float = 0.1
    cap: int = 6000
    seed: int = 0


Treat = Callable[[pl.DataFrame, Means], Cleaned]


@dataclass(frozen=True, slots=True)
class Treatment:
    """A treatment: what it needs, what it does in words, and the call of it."""

    needs: Need
    about: str
    treat: Treat


def _by_judge(
    treat: Callable[[pl.DataFrame, Gap | None], Cleaned],
) -> Treat:
    def treated(pairs: pl.DataFrame, means: Means) -> Cleaned:
        return treat(pairs, _mean_of(means.gaps) if means.gaps else None)

    return treated


def _mean_of(gaps: Sequence[Gap]) -> Gap:
    return lambda pairs: np.mean([gap(pairs) for gap in gaps], axis=0)


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
    "rw_gap_r": Treatment("gaps", "remove the share p of lowest mean gap", _by_rank(cleaning.rw_gap_r)),
    "rw_gap_f": Treatment("gaps", "turn it round", _by_rank(cleaning.rw_gap_f)),
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
    ),
    "ifd_gap_r": Treatment("loss", "remove the share p of lowest IFD gap", _by_loss(cleaning.ifd_gap_r)),
    "ifd_gap_f": Treatment("loss", "turn it round", _by_loss(cleaning.ifd_gap_f)),
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


def verdict_gaps(pairs: pl.DataFrame) -> dict[str, Gap]:
    """Each judge's gap by the verdicts in the rows; NaN where it judged not both answers of a pair."""
    judges = preferences(pairs)["judge"].unique(maintain_order=True).to_list()
    return {judge: _of_judge(judge) for judge in judges}


def _of_judge(judge: str) -> Gap:
    def gap(pairs: pl.DataFrame) -> NDArray[np.float64]:
        found = np.full(pairs.height, np.nan)
        mean = preferences(pairs).filter(judge=judge).group_by("pair").agg(pl.col("difference").mean())
        found[mean["pair"].to_numpy()] = mean["difference"].to_numpy()
        return found

    return gap


def _gaps(pairs: pl.DataFrame, means: Means) -> Sequence[Gap]:
    if means.gaps is not None:
        return means.gaps
    judges = list(verdict_gaps(pairs).values())
    if not judges:
        raise BadInput(
            "no judge's verdicts stand in these pairs", "Name a reward model: --reward-model FOLDER."
        )
    return judges


def word_tags(prompts: list[str]) -> list[set[str]]:
    """The words of each prompt, in lower case, without the commonest of English."""
    from sklearn.feature_extraction.text import CountVectorizer

    words = CountVectorizer(stop_words="english").build_analyzer()
    return [set(words(prompt)) for prompt in prompts]


def read_tags(file: Path, pairs: pl.DataFrame) -> Tags:
    """The tags that a file gives for prompts: JSON lines of `prompt_id` and `tags` (texts).

    Raises:
        BadInput: it can't be read, or tells nothing of a prompt.
    """
    try:
        rows = [orjson.loads(line) for line in file.read_bytes().splitlines()]
        told = {str(row["prompt_id"]): {str(tag) for tag in row["tags"]} for row in rows}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{file} can't be read as tags: {error!r}", 'Write lines like {"prompt_id": "…", "tags": ["…"]}.'
        ) from error
    prompts = pairs.unique("prompt_id", maintain_order=True).select("prompt_id", text("prompt").alias("text"))
    missing = set(prompts["prompt_id"]) - told.keys()
    if missing:
        raise BadInput(f"{file} has no tags of {len(missing)} prompts", f"One of them: {min(missing)}.")
    of_text = {asked: told[name] for name, asked in prompts.iter_rows()}
    return lambda asked: [of_text[one] for one in asked]
