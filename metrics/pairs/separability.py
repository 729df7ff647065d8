"""Whether a shallow classifier tells chosen from rejected answers without reading the prompt.

If it can, the data teaches a style, a length or a source rather than a preference ("More is
Less: The Pitfalls of Multi-Model Synthetic Preference Data"). The probe is a logistic
regression on TF-IDF or on given embeddings, tested on prompts that it hasn't seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from palaestra.metrics.intervals import LEAST_GROUPS, Estimate, auc
from palaestra.metrics.pairs.preference_pairs import SIDES, text

Embed = Callable[[list[str]], NDArray[Any]]
"""Texts to a matrix, one row each."""

FOLDS = 5
MOST_PAIRS = 5000
"""Pairs that the probe reads: by then its area is known to within 0.02, and it stays a matter of seconds."""


def separability(pairs: pl.DataFrame, embed: Embed | None = None, seed: int = 0) -> dict[str, Estimate]:
    """The probe's area under the ROC curve on held-out prompts, 0.5 being chance.

    Args:
        pairs: preference pairs; more than `MOST_PAIRS` are sampled.
        embed: an embedding model. Default: TF-IDF of words.
        seed: of the sample and the shuffled labels.

    Returns:
        `text` (the probe), `shuffled` (the same after a coin swapped the labels of each pair: what
        no information looks like), `length` (a probe that sees only the number of characters)
        and `source` (only the policy that wrote the answer). Empty with fewer than 20 prompts.
    """
    read = pairs.sample(min(MOST_PAIRS, pairs.height), seed=seed)
    if read["prompt_id"].n_unique() < LEAST_GROUPS:
        return {}
    sides = pl.concat(
        read.select("prompt_id", text(side).alias("text"), pl.col(f"{side}_policy").alias("policy"))
        for side in SIDES
    )
    texts, half = sides["text"].to_list(), read.height
    positive = np.arange(2 * half) < half
    swapped = np.random.default_rng(seed).random(half) < 0.5
    shuffled = positive ^ np.concatenate([swapped, swapped])
    features = _words(texts) if embed is None else np.asarray(embed(texts))
    lengths = np.log1p(sides["text"].str.len_chars().to_numpy())[:, None]
    policies = sides["policy"].to_dummies().to_numpy().astype(float)
    probes = {
        "text": (features, positive),
        "shuffled": (features, shuffled),
        "length": (lengths, positive),
        "source": (policies, positive),
    }
    groups = sides["prompt_id"].to_numpy()
    found = {name: auc(_held_out(x, y, groups), y, groups) for name, (x, y) in probes.items()}
    return {name: estimate for name, estimate in found.items() if estimate is not None}


def _words(texts: list[str]) -> Any:
    """The TF-IDF matrix, or a column of zeros where no word occurs twice."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    try:
        return TfidfVectorizer(min_df=2, max_features=20_000, sublinear_tf=True).fit_transform(texts)
    except ValueError:  # no words are left
        return np.zeros((len(texts), 1))


def _held_out(features: Any, positive: NDArray[np.bool_], groups: NDArray[Any]) -> NDArray[np.float64]:
    """The log-odds that each row is positive, by a probe that saw other groups only."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler

    scores = np.empty(len(positive))
    for seen, unseen in GroupKFold(FOLDS).split(features, positive, groups):
        probe = make_pipeline(MaxAbsScaler(), LogisticRegression(solver="liblinear"))
        probe.fit(features[seen], positive[seen])
        scores[unseen] = probe.decision_function(features[unseen])
    return scores
