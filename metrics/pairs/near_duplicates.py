"""Texts that say the same: found exactly, by words in a row, without comparing every two.

Prompts of one scenario share most of their words (rules, persona, request), so the words in a
row weigh by their rarity: log((N + 1)/number of texts that have them). Similarity is the
weighted Jaccard index; candidates come from the rarest parts of each text (prefix
filtering: Bayardo, Ma and Srikant, Scaling Up All Pairs Similarity Search, 2007).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from palaestra.metrics.pairs.preference_pairs import text

SIMILAR = 0.8
"""Least weighted Jaccard index of near-duplicates; the usual bound for text corpora (Lee et al., 2022)."""
ROW = 3
"""Words in a row that are compared."""
NEIGHBOURS = 10
"""Texts before it in each list of candidates that a text is compared with: groups of more become chains."""
CHUNK = 20_000


def normalised(texts: pl.Expr) -> pl.Expr:
    """Texts in lower case with single spaces. Punctuation stays: it tells sums and code apart."""
    return texts.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()


def duplicate_prompts(pairs: pl.DataFrame) -> pl.DataFrame:
    """Prompts that say the same as an earlier prompt under another `prompt_id`.

    Later turns of an episode repeat its earlier ones, so of one episode only equal prompts count.

    Returns:
        Columns `prompt_id`, `first` (the earliest that says the same), `exact` (whether they
        differ in case and white space only).
    """
    prompts = pairs.unique("prompt_id", keep="first", maintain_order=True).select(
        "prompt_id",
        pl.struct("run", "episode").rank("dense").alias("episode"),
        normalised(text("prompt")).alias("text"),
    )
    equal = prompts.with_columns(pl.col("prompt_id").first().over("text").alias("same"))
    distinct = equal.filter(pl.col("same") == pl.col("prompt_id"))
    near = first_alike(distinct["text"].to_list(), distinct["episode"].to_list())
    firsts = distinct.select(
        pl.col("prompt_id").alias("same"), distinct["prompt_id"].gather(near).alias("first")
    )
    return (
        equal.join(firsts, on="same", maintain_order="left")
        .filter(pl.col("first") != pl.col("prompt_id"))
        .select("prompt_id", "first", (pl.col("same") != pl.col("prompt_id")).alias("exact"))
    )


def repeated_pairs(pairs: pl.DataFrame) -> pl.Series:
    """Whether each row has the prompt, chosen and rejected texts of an earlier row."""
    texts = pl.struct(normalised(text(column)) for column in ("prompt", "chosen", "rejected"))
    return pairs.select(~texts.is_first_distinct()).to_series().alias("repeated")


def alike_answers(pairs: pl.DataFrame) -> pl.Series:
    """Whether the two answers of each pair are nearly the same: 80 % of their words in a row, by Jaccard."""
    sides = pairs.select(normalised(text(side)).str.split(" ") for side in ("chosen", "rejected"))
    return pl.Series(
        "alike", [_jaccard(_rows(a), _rows(b)) >= SIMILAR for a, b in sides.iter_rows()], pl.Boolean
    )


def canned_answers(pairs: pl.DataFrame, least_words: int = 8) -> pl.Series:
    """Whether the text of each pair's chosen or rejected answer also answers another prompt.

    Answers of fewer than `least_words` words, such as votes, don't count.
    """
    prompt = normalised(text("prompt"))
    frame = pairs.with_row_index("pair").with_columns(prompt.alias("prompt"))
    answers = pl.concat(
        frame.select("pair", "prompt", normalised(text(side)).alias("answer"))
        for side in ("chosen", "rejected")
    ).with_columns((pl.col("prompt").n_unique().over("answer") > 1).alias("canned"))
    long = pl.col("answer").str.count_matches(" ") >= least_words - 1
    found = answers.filter(pl.col("canned") & long)["pair"].unique()
    return frame.select(pl.col("pair").is_in(found.to_list()).alias("canned")).to_series()


def first_alike(
    texts: Sequence[str], apart: Sequence[int] | None = None, least: float = SIMILAR
) -> list[int]:
    """For each text the index of the first one of its group: itself where nothing earlier is like it.

    Args:
        texts: distinct ones.
        apart: texts of the same number are never compared.
        least: weighted Jaccard index of two alike texts, in (0, 1].
    """
    first = list(range(len(texts)))

    def root(i: int) -> int:
        while first[i] != i:
            first[i] = first[first[i]]
            i = first[i]
        return i

    rows = _weighted_rows(texts)
    candidates = _candidates(rows, least)
    if apart is not None:
        numbers = np.asarray(apart)
        candidates = candidates[numbers[candidates[:, 0]] != numbers[candidates[:, 1]]]
    for i, j in _verified(rows, candidates, least, len(texts)):
        a, b = sorted((root(i), root(j)))
        first[b] = a
    return [root(i) for i in range(len(texts))]


def _weighted_rows(texts: Sequence[str]) -> pl.DataFrame:
    """Columns `text` (index), `row` (of words, a number), `df`, `weight`; each row of a text once."""
    vocabulary: dict[str, int] = {}
    words: list[NDArray[np.uint64]] = []
    for one in texts:
        ids = [vocabulary.setdefault(word, len(vocabulary) + 1) for word in one.split()]
        words.append(np.array(ids + [0] * (ROW - len(ids)), dtype=np.uint64))
    rows = []
    for numbers in words:
        width = len(numbers) - ROW + 1
        key = np.zeros(width, dtype=np.uint64)
        for k in range(ROW):  # an odd multiplier mixes well: two rows collide once in 2⁶⁴
            key = (key ^ numbers[k : k + width]) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(29)
        rows.append(np.unique(key))
    keys = np.concatenate(rows) if rows else np.empty(0, dtype=np.uint64)
    _, row, df = np.unique(keys, return_inverse=True, return_counts=True)
    weights = np.log((len(texts) + 1) / df)
    owner = np.repeat(np.arange(len(rows)), [len(one) for one in rows])
    return pl.DataFrame({"text": owner, "row": row, "df": df[row], "weight": weights[row]})


def _candidates(rows: pl.DataFrame, least: float) -> NDArray[np.int64]:
    """Two texts that share one of their rarest rows: what remains of either after these is too little."""
    ranked = rows.sort("text", "df", "row")
    weight = pl.col("weight")
    before = weight.cum_sum().over("text") - weight
    rare = ranked.with_columns(weight.sum().over("text").alias("total")).filter(
        (before <= (1 - least) * pl.col("total") + 1e-9) & (pl.col("df") > 1)
    )
    lists = rare.sort("row", "text")
    found = [
        lists.select(
            pl.col("text").shift(k).over("row").alias("a"),
            pl.col("text").alias("b"),
            (pl.col("total").shift(k).over("row") / pl.col("total")).alias("ratio"),
        )
        .drop_nulls()
        .filter(pl.col("ratio").is_between(least, 1 / least))
        .select("a", "b")
        for k in range(1, NEIGHBOURS + 1)
    ]
    return pl.concat(found).unique().sort("a", "b").to_numpy()


def _verified(
    rows: pl.DataFrame, candidates: NDArray[np.int64], least: float, count: int
) -> list[tuple[int, int]]:
    """The candidates whose weighted Jaccard index is at least `least`."""
    from scipy.sparse import csr_array

    if not len(candidates):
        return []
    place = (rows["text"].to_numpy(), rows["row"].to_numpy())
    shape = (count, int(place[1].max(initial=0)) + 1)
    weights = csr_array((rows["weight"].to_numpy(), place), shape=shape)
    present = csr_array((np.ones(rows.height), place), shape=shape)
    totals = weights.sum(axis=1)
    alike: list[tuple[int, int]] = []
    for start in range(0, len(candidates), CHUNK):
        a, b = candidates[start : start + CHUNK].T
        shared = weights[a].multiply(present[b]).sum(axis=1)
        near = shared >= least * (totals[a] + totals[b] - shared) - 1e-9
        alike += zip(a[near].tolist(), b[near].tolist(), strict=True)
    return alike


def _rows(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + ROW]) for i in range(max(1, len(words) - ROW + 1))}


def _jaccard(a: set[tuple[str, ...]], b: set[tuple[str, ...]]) -> float:
    return len(a & b) / len(a | b)
