"""How a tribe gets on over generations of training, against where it began.

Every generation answers the same held-out instructions, so gains are paired by instruction
and policy; answers to one instruction count as one group in every interval.
"""

from __future__ import annotations

import polars as pl

from palaestra.metrics.intervals import Estimate, mean, share

ALL = "all"


def progress(measured: pl.DataFrame) -> pl.DataFrame:
    """Held-out success by generation and policy.

    Args:
        measured: one row an answer: `generation` (0 is before any training), `policy`, `instruction`,
            `measurement` (from 0, where instructions are answered several times), `success`
            (0–1, or points).

    Returns:
        One row for each generation and policy, and one for all policies (`policy` "all"): `answers`
        (how many), `success` (mean) with its 95 % interval `low` … `high` (Wilson's, clustered by
        instruction, where all successes are 0 or 1; else a normal one), `gain` (mean difference to
        generation 0 over the answers that both gave) with its 95 % interval `gain_low` …
        `gain_high`. With fewer than 20 instructions the bounds of gains and of points are null.
    """
    policies = measured["policy"].unique(maintain_order=True).to_list()
    rows = []
    for generation in sorted(measured["generation"].unique()):
        for policy in [*policies, ALL]:
            of_policy = measured if policy == ALL else measured.filter(policy=policy)
            rows.append(_row(of_policy, generation, policy))
    return pl.DataFrame([row for row in rows if row["answers"]], infer_schema_length=None)


def _row(measured: pl.DataFrame, generation: int, policy: str) -> dict[str, object]:
    now = measured.filter(generation=generation)
    shares = measured["success"].is_in([0.0, 1.0]).all()
    told = (share if shares else mean)(now["success"], now["instruction"])
    key = ["policy", "instruction", "measurement"]
    first = measured.filter(generation=0).select(*key, before="success")
    both = now.join(first, on=key) if generation else now.clear()
    gain = mean(both["success"] - both["before"], both["instruction"]) if len(both) else None
    low, high = _bounds(told)
    gain_low, gain_high = _bounds(gain)
    return {
        "generation": generation,
        "policy": policy,
        "answers": len(now),
        "success": told.value if told else None,
        "low": low,
        "high": high,
        "gain": gain.value if gain else None,
        "gain_low": gain_low,
        "gain_high": gain_high,
    }


def _bounds(estimate: Estimate | None) -> tuple[float | None, float | None]:
    return (estimate and estimate.interval()) or (None, None)
