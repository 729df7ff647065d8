"""The columns of every format with their types: what JSONL rows hold and Parquet files declare.

| column | meaning |
|---|---|
| `run`, `scenario`, `episode`, `round` | where the row was played; no round in scenarios without |
| `prompt_id` | stands for the question, without what only some were shown (a persona); splits are made by it |
| `…finish` | "stop", or "length" for an answer that was cut at its limit |
| `unit`, `basis` | of the scores: "points 1–10", … ; "panel", "outcome" or "truth" |
| `score…`, `margin` | in `unit`; margins are ≥ 0 |
| `margin_se` | standard error of the margin over replays; null for one play |
| `truth…` | what a program says of the answer, 0–1; null where none can |
| `…agent`, `…policy`, `…play`, `…call` | whose reply it is; `play` is the episode whose log has the call, which in branched runs isn't the `episode` that was branched |
| `verdicts` | every judge's every score: `of` which answer, and `beside` whether both were read, `of` first |
"""

from __future__ import annotations

from typing import Any

import polars as pl

Schema = dict[str, Any]

MESSAGES = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))
VERDICTS = pl.List(
    pl.Struct(
        {
            "judge": pl.String,
            "judge_policy": pl.String,
            "criterion": pl.String,
            "repeat": pl.Int64,
            "weight": pl.Float64,
            "of": pl.String,
            "beside": pl.Boolean,
            "value": pl.Float64,
        }
    )
)
PROVENANCE: Schema = {
    "run": pl.String,
    "scenario": pl.String,
    "episode": pl.Int64,
    "round": pl.Int64,
    "prompt_id": pl.String,
}
AUTHOR: Schema = {
    "agent": pl.String,
    "policy": pl.String,
    "play": pl.Int64,
    "call": pl.Int64,
    "finish": pl.String,
}
SCORED: Schema = {"score": pl.Float64, "unit": pl.String, "basis": pl.String, "truth": pl.Float64}
PAIR: Schema = {
    "score_chosen": pl.Float64,
    "score_rejected": pl.Float64,
    "margin": pl.Float64,
    "margin_se": pl.Float64,
    "unit": pl.String,
    "basis": pl.String,
    "truth_chosen": pl.Float64,
    "truth_rejected": pl.Float64,
    **{f"{side}_{name}": kind for side in ("chosen", "rejected") for name, kind in AUTHOR.items()},
    "verdicts": VERDICTS,
}
TEXTS, NUMBERS = pl.List(pl.String), pl.List(pl.Float64)

SCHEMAS: dict[str, Schema] = {
    "dpo": {"prompt": MESSAGES, "chosen": MESSAGES, "rejected": MESSAGES, **PAIR, **PROVENANCE},
    "reward": {"chosen": MESSAGES, "rejected": MESSAGES, **PAIR, **PROVENANCE},
    "kto": {
        "prompt": MESSAGES,
        "completion": MESSAGES,
        "label": pl.Boolean,
        **SCORED,
        **AUTHOR,
        **PROVENANCE,
    },
    "sft": {"messages": MESSAGES, "purpose": pl.String, **SCORED, **AUTHOR, **PROVENANCE},
    "ranked": {
        "prompt": MESSAGES,
        "responses": TEXTS,
        "rewards": NUMBERS,
        "unit": pl.String,
        "basis": pl.String,
        "truths": NUMBERS,
        "agents": TEXTS,
        "policies": TEXTS,
        "calls": pl.List(pl.Int64),
        "judges": TEXTS,
        "score_matrix": pl.List(NUMBERS),
        "preference_matrix": pl.List(NUMBERS),
        **PROVENANCE,
    },
    "critiques": {
        "prompt": MESSAGES,
        "output": pl.String,
        "judgment": pl.String,
        "score": pl.Float64,
        "unit": pl.String,
        "critic": pl.String,
        "critic_call": pl.Int64,
        **AUTHOR,
        **PROVENANCE,
    },
    "revisions": {
        "set": pl.String,
        "prompt": MESSAGES,
        "responses": TEXTS,
        "scores": NUMBERS,
        "unit": pl.String,
        "agents": TEXTS,
        "policies": TEXTS,
        "calls": pl.List(pl.Int64),
        **PROVENANCE,
    },
    "rollouts": {
        "trajectory": pl.String,
        "turn": pl.Int64,
        "turns": pl.Int64,
        "prompt": MESSAGES,
        "completion": pl.String,
        "prompt_ids": pl.List(pl.Int64),
        "completion_ids": pl.List(pl.Int64),
        "own": pl.List(pl.Boolean),
        "logprobs": NUMBERS,
        "temperature": pl.Float64,
        "reward": pl.Float64,
        "final_reward": pl.Float64,
        "purpose": pl.String,
        **AUTHOR,
        **PROVENANCE,
    },
}
