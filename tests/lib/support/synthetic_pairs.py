"""Preference pairs of known quality: a panel's verdicts, its score, the label, and planted defects."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from palaestra.metrics.intervals import Estimate
from palaestra.runs.exports.formats.dpo import FORMAT

WORDS = np.array([a + b + c for a in "bdfgklmnpr" for b in "aeiou" for c in "nst"])
POLICIES = ("ash", "elm", "fir", "oak")
"""Each judge has one of these; so have the authors of each pair, two different ones."""


def make_pairs(
    seed: int,
    count: int = 400,
    *,
    beside: bool = False,
    truth: bool = False,
    spread: float = 1.0,
    length_biased: float = 0.0,
    position_biased: float = 0.0,
    self_liking: float = 0.0,
    whole_points: bool = False,
) -> pl.DataFrame:
    """Pairs of two answers of independent quality and length, judged by a panel of four.

    Judges read the quality with independent noise; the label is the sign of the weighted panel
    score. The first judge has what is planted.

    Args:
        seed: of all chance.
        count: prompts; a pair each, unless the panel ties.
        beside: whether judges read two answers, in both orders, or one.
        spread: standard deviation of quality; with 0 judges say nothing.
        truth: whether a program knows the better answer.
        length_biased: points that judge 0 adds for a standard deviation of length.
        position_biased: the same for being read first (with `beside`).
        self_liking: the same for an answer of its own policy.
        whole_points: whether scores are whole numbers.
    """
    random = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for number in range(count):
        authors = random.permutation(4)[:2]
        quality = spread * random.normal(size=2)
        lengths = random.integers(20, 120, size=2)
        texts = [" ".join(random.choice(WORDS, length)) for length in lengths]
        taste = np.zeros((4, 2))
        taste[0] = length_biased * (lengths - 70) / 29 + self_liking * (authors == 0)
        if beside:
            verdicts, scores = _compared(random, quality, taste, position_biased)
        else:
            verdicts, scores = _scored(random, quality, taste, whole_points)
        if abs(scores[0] - scores[1]) < 1e-9:
            continue
        best = int(scores[1] > scores[0])
        question = " ".join(random.choice(WORDS, 25))
        row: dict[str, Any] = {
            "prompt": _messages("Answer well, in your own words, as briefly as you can: " + question, "user"),
            "margin": abs(scores[0] - scores[1]),
            "unit": "probability 0–1" if beside else "points 1–10",
            "basis": "panel",
            "run": "synthetic",
            "scenario": "duel",
            "episode": number,
            "prompt_id": f"{number:016x}",
            "agreement_by_chance": 0.5,
            "verdicts": [
                verdict | {"of": "chosen" if verdict["of"] == best else "rejected"} for verdict in verdicts
            ],
        }
        for side, i in (("chosen", best), ("rejected", 1 - best)):
            row |= {
                side: _messages(texts[i], "assistant"),
                f"score_{side}": scores[i],
                f"truth_{side}": float(quality[i] > quality[1 - i]) if truth else None,
                f"{side}_agent": f"agent {authors[i]}",
                f"{side}_policy": POLICIES[authors[i]],
                f"{side}_call": i,
            }
        rows.append(row)
    return pl.DataFrame(rows, schema=FORMAT.schema())


def pair(number: int, verdicts: list[tuple[str, str, bool, float]], **changes: Any) -> dict[str, Any]:
    """A row with verdicts (judge, of, beside, value) of weight 1, each judge of a policy of its name."""
    told = [
        {
            "judge": judge,
            "judge_policy": judge,
            "criterion": "",
            "repeat": 1,
            "weight": 1.0,
            "of": of,
            "beside": beside,
            "value": value,
        }
        for judge, of, beside, value in verdicts
    ]
    row: dict[str, Any] = {
        "prompt": _messages(f"question {number}", "user"),
        "chosen": _messages("yes", "assistant"),
        "rejected": _messages("no", "assistant"),
        "score_chosen": 1.0,
        "score_rejected": 0.0,
        "margin": 1.0,
        "unit": "points 1–10",
        "basis": "panel",
        "chosen_policy": "ash",
        "rejected_policy": "elm",
        "chosen_call": 0,
        "rejected_call": 1,
        "run": "worked",
        "scenario": "duel",
        "episode": number,
        "prompt_id": str(number),
        "verdicts": told,
    }
    return row | changes


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    """The rows as pairs."""
    return pl.DataFrame(list(rows), schema=FORMAT.schema())


def message(content: str) -> list[dict[str, str]]:
    """An answer."""
    return _messages(content, "assistant")


def holds(estimate: Estimate, truth: float = 0.0) -> bool:
    """Whether the 99.9 % interval holds the truth."""
    interval = estimate.interval(0.999)
    assert interval is not None
    return interval[0] <= truth <= interval[1]


def flipped(pairs: pl.DataFrame, rate: float, seed: int = 0) -> pl.DataFrame:
    """The pairs with the label of a share of them turned round, and the verdicts as the judges gave them."""
    random = np.random.default_rng(seed)
    other = {"chosen": "rejected", "rejected": "chosen"}
    rows = pairs.to_dicts()
    for row in rows:
        if random.random() < rate:
            old = dict(row)
            for name in old:
                if "chosen" in name:
                    twin = name.replace("chosen", "rejected")
                    row[name], row[twin] = old[twin], old[name]
            row["verdicts"] = [verdict | {"of": other[verdict["of"]]} for verdict in old["verdicts"]]
    return pl.DataFrame(rows, schema=pairs.schema)


def copied(pairs: pl.DataFrame, rate: float) -> pl.DataFrame:
    """The pairs with a share of them added again, under another prompt_id, in other case and spacing."""
    again = pairs.head(round(rate * pairs.height)).to_dicts()
    for number, row in enumerate(again):
        row["prompt_id"] = f"copy{number:012x}"
        row["prompt"] = _messages("  " + row["prompt"][0]["content"].upper().replace(" ", "  "), "user")
    return pl.concat([pairs, pl.DataFrame(again, schema=pairs.schema)])


def _scored(
    random: np.random.Generator, quality: Any, taste: Any, whole_points: bool
) -> tuple[list[dict[str, Any]], list[float]]:
    weights = random.uniform(50, 150, size=4)
    points = np.clip(5.5 + 1.5 * quality + taste + random.normal(size=(4, 2)), 1, 10)
    points = points.round() if whole_points else points
    verdicts = [
        _verdict(judge, weights[judge], of, False, points[judge, of]) for judge in range(4) for of in range(2)
    ]
    return verdicts, list(weights @ points / weights.sum())


def _compared(
    random: np.random.Generator, quality: Any, taste: Any, position_biased: float
) -> tuple[list[dict[str, Any]], list[float]]:
    weights = random.uniform(50, 150, size=4)
    verdicts, shares = [], []
    for judge in range(4):
        firsts = []
        for of in range(2):
            liked = 1.5 * quality + taste[judge] + random.normal(size=2)
            lead = liked[of] - liked[1 - of] + (position_biased if judge == 0 else 0)
            firsts.append(1 / (1 + np.exp(-lead)))
            verdicts.append(_verdict(judge, weights[judge], of, True, firsts[-1]))
        shares.append((firsts[0] + 1 - firsts[1]) / 2)
    first = float(weights @ np.array(shares) / weights.sum())
    return verdicts, [first, 1 - first]


def _verdict(judge: int, weight: float, of: int, beside: bool, value: float) -> dict[str, Any]:
    return {
        "judge": f"judge {judge}",
        "judge_policy": POLICIES[judge],
        "criterion": "",
        "repeat": 1,
        "weight": weight,
        "of": of,
        "beside": beside,
        "value": value,
    }


def _messages(content: str, role: str) -> list[dict[str, str]]:
    return [{"role": role, "content": content}]
