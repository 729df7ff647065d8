"""Preference pairs read back from the folder of an export, and turned round."""

from __future__ import annotations

from collections.abc import Mapping
from glob import escape
from pathlib import Path
from typing import Any

import polars as pl

from palaestra.agents.failures import BadInput
from palaestra.metrics.pairs.preference_pairs import SIDES
from palaestra.runs.exports.described import Described
from palaestra.runs.exports.formats.dpo import FORMAT

Types = Mapping[str, Any]


def read_pairs(folder: Path, most: int | None = None) -> pl.DataFrame:
    """The pairs of an export, in JSONL or Parquet.

    Args:
        folder: of the export; it has an `export.json`.
        most: read at most so many of each split, from its beginning.

    Returns:
        The columns of the format `dpo` (`palaestra formats dpo`) and `split` ("train" or "test").

    Raises:
        BadInput: `folder` is no export, or has no pairs.
    """
    types = FORMAT.schema(Described.read(folder).options.get("thoughts", "drop"))
    frames = [
        _read(path, types, most).with_columns(pl.lit(split).alias("split"))
        for split in ("train", "test")
        for path in (folder / FORMAT.name / f"{split}.{suffix}" for suffix in ("jsonl", "parquet"))
        if path.is_file() and path.stat().st_size
    ]
    pairs = pl.concat(frames) if frames else pl.DataFrame(schema={**types, "split": pl.String})
    if pairs.is_empty():
        raise BadInput(f"the export {folder} holds no preference pairs", Described.remedy)
    return pairs


def _read(path: Path, types: Types, most: int | None) -> pl.DataFrame:
    try:
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path, columns=list(types), n_rows=most, glob=False)
            frame = frame.cast(pl.Schema(types))
        else:
            frame = pl.scan_ndjson(escape(str(path)), schema=types, n_rows=most).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInput(f"{path} can't be read as preference pairs: {error}", Described.remedy) from error
    needed = ("prompt", "chosen", "rejected", "margin", "prompt_id")
    missing = [name for name in needed if frame[name].has_nulls()]
    if missing:
        raise BadInput(f"{path} has rows without {', '.join(missing)}", Described.remedy)
    return frame


def turned(pairs: pl.DataFrame, which: pl.Series) -> pl.DataFrame:
    """The pairs with chosen and rejected exchanged where `which` holds.

    Scores, truths, authors and verdicts stay with their answers. The margin becomes that of the
    new chosen answer, or 0 where its score was the lower one: nothing says by how much it is better.
    """
    stems = [name.replace("chosen", "{}") for name in pairs.columns if "chosen" in name]
    swap = [
        pl.when(which)
        .then(pl.col(stem.format(other)))
        .otherwise(pl.col(stem.format(side)))
        .alias(stem.format(side))
        for stem in stems
        for side, other in (SIDES, SIDES[::-1])
    ]
    of = pl.element().struct.field("of")
    verdicts = pl.col("verdicts").list.eval(
        pl.element().struct.with_fields(
            pl.when(of == "chosen").then(pl.lit("rejected")).otherwise(pl.lit("chosen")).alias("of")
        )
    )
    margin = (pl.col("score_chosen") - pl.col("score_rejected")).clip(lower_bound=0)
    return pairs.with_columns(
        *swap, pl.when(which).then(verdicts).otherwise("verdicts").alias("verdicts")
    ).with_columns(pl.when(which).then(margin).otherwise("margin").alias("margin"))
