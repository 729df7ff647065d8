"""An export of the pairs that filters kept, with what each of them dropped."""

from __future__ import annotations

from collections import Counter
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
    from palaestra.runs.quality.treatments import Treated


def write_kept(
    folder: Path,
    pairs: pl.DataFrame,
    dropped: list[Dropped],
    treated: list[Treated],
    report: Report,
    out: Path,
    command: str,
) -> None:
    """Write `pairs` as the export `out`.

    Args:
        folder: the export that they are of.
        pairs: as `read_pairs` gives them, those that were kept.
        dropped: what each filter dropped.
        treated: what each treatment did.
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
    left_out = {name: Counter(whole.left_out.get(name, {})) for name in ("filters", "treatments")}
    turned = Counter(whole.turned)
    for item in dropped:
        left_out["filters"][f"not {item.name}"] += item.dropped
    for one in treated:
        left_out["treatments"][one.name] += one.removed
        turned[one.name] += one.flipped
    changes = {
        "command": command,
        "filtered_from": folder,
        "formats": {PAIRS.name: {name: frame.height for name, frame in splits.items() if frame.height}},
        "cut": {PAIRS.name: int(holds_cut(pairs).sum())},
        "left_out": whole.left_out | {name: dict(counts) for name, counts in left_out.items() if counts},
        "turned": dict(+turned),
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
