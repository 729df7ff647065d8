"""An export of the pairs that filters kept, with what each of them dropped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from palaestra.metrics.pairs.truncation import holds_cut
from palaestra.runs.exports.card import card
from palaestra.runs.exports.described import Described
from palaestra.runs.exports.folder import CARD
from palaestra.runs.exports.formats.dpo import FORMAT as PAIRS
from palaestra.runs.exports.unfinished import becoming, exists

if TYPE_CHECKING:
    from palaestra.runs.quality.filters import Dropped
    from palaestra.runs.quality.report import Report


def write_kept(
    folder: Path,
    pairs: pl.DataFrame,
    dropped: list[Dropped],
    turned: dict[str, int],
    report: Report,
    out: Path,
    command: str,
) -> None:
    """Write `pairs` as the export `out`.

    Args:
        folder: the export that they are of.
        pairs: as `read_pairs` gives them, those that were kept.
        dropped: what each filter and treatment dropped.
        turned: how many pairs each treatment turned round.
        report: their quality.
        out: the folder to make.
        command: what made it.

    Raises:
        BadInput: `out` exists.
        RunUnwritable: it can't be written.
    """
    if out.exists():
        raise exists(out)
    whole = Described.read(folder)
    splits = {name: pairs.filter(split=name).drop("split") for name in ("train", "test")}
    changes = {
        "command": command,
        "filtered_from": folder,
        "formats": {PAIRS.name: {name: frame.height for name, frame in splits.items() if frame.height}},
        "cut": {PAIRS.name: int(holds_cut(pairs).sum())},
        "left_out": whole.left_out | {"filters": {f"not {item.name}": item.dropped for item in dropped}},
        "turned": whole.turned | turned,
    }
    described = whole.model_copy(update=changes)
    with becoming(out) as partial:
        (partial / PAIRS.name).mkdir()
        for name, frame in splits.items():
            path = partial / PAIRS.name / f"{name}.{described.file_type}"
            if frame.height and described.file_type == "parquet":
                frame.write_parquet(path)
            elif frame.height:
                frame.write_ndjson(path)
        described.write(partial)
        (partial / CARD).write_text(card(described, report.markdown()), encoding="utf-8")
