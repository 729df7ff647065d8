"""The dataset card of an export: a README that the Hugging Face hub and `datasets` read."""

from __future__ import annotations

import polars as pl

from palaestra.runs.exports.described import Described
from palaestra.runs.exports.format import FORMATS

DTYPES = {"String": "string", "Int64": "int64", "Float64": "float64", "Boolean": "bool"}


def card(described: Described, quality: str) -> str:
    """The card's text.

    Args:
        described: what `export.json` says.
        quality: the quality report as Markdown; "" where there are no pairs.
    """
    formats = described.formats
    lines = ["---", "tags: [palaestra, preference-data, multi-agent]", "configs:"]
    for number, (name, splits) in enumerate(formats.items()):
        lines += [f"- config_name: {name}", *(["  default: true"] if number == 0 else []), "  data_files:"]
        for split in splits:
            lines += [f"  - split: {split}", f"    path: {name}/{split}.{described.file_type}"]
    lines.append("dataset_info:")
    for name in formats:
        lines += [f"- config_name: {name}", "  features:"]
        for column, kind in FORMATS[name].schema(described.options.get("thoughts", "drop")).items():
            lines += [f"  - name: {column}", *(f"    {line}" for line in _feature(kind))]
    runs = ", ".join(f"`{run}`" for run in described.runs)
    lines += ["---", "", f"# {described.scenario}: training data from simulated agents", ""]
    lines += [f"Made by palaestra {described.palaestra} from {runs}, with:", ""]
    if any(policy.model is None for policy in described.policies.values()):
        lines += ["**Some or all of its answers are made up by a scripted engine; don't train on them.**", ""]
    lines += ["```", described.command or "(from Python)", "```", ""]
    lines += ["| format | rows in train | in test | with an answer cut at its limit | for |"]
    lines += ["|---|---|---|---|---|"]
    for name, splits in formats.items():
        cut = f"{described.cut[name]:,}" if name in described.cut else "–"
        counts = f"{splits.get('train', 0):,} | {splits.get('test', 0):,} | {cut}"
        lines.append(f"| `{name}` | {counts} | {FORMATS[name].loader} |")
    lines += ["", "No prompt is in two splits. Load one with:", "", "```python"]
    lines += ["from datasets import load_dataset", ""]
    first, splits = next(iter(formats.items()))
    split = "train" if "train" in splits else "test"
    lines += [f'rows = load_dataset("path/to/this/folder", "{first}", split="{split}")', "```"]
    lines += ["", "## Who wrote it", "", "| policy | model | adapter |", "|---|---|---|"]
    for name, policy in described.policies.items():
        lines.append(f"| {name} | {policy.model or 'none'} | {policy.adapter or 'none'} |")
    left_out = [
        f"| {name} | {reason} | {count:,} |"
        for name, reasons in described.left_out.items()
        for reason, count in reasons.items()
    ]
    if left_out:
        lines += ["", "## Left out", "", "| of | why | how many |", "|---|---|---|", *left_out]
    if described.judges:
        lines += ["", "## Judges", "", *(f"- {words}" for words in described.judges)]
    if described.turned:
        lines += ["", "## Turned round", "", "| treatment | how many pairs |", "|---|---|"]
        lines += [f"| {name} | {count:,} |" for name, count in described.turned.items()]
    if quality:
        lines += ["", "## Quality", "", quality]
    return "\n".join(lines) + "\n"


def _feature(kind: object) -> list[str]:
    """The lines that tell `datasets` the type of a column; from JSONL it would guess, by the first rows."""
    if not isinstance(kind, pl.List):
        return [f"dtype: {DTYPES[str(kind)]}"]
    if isinstance(kind.inner, pl.Struct):
        lines = ["list:"]
        for field in kind.inner.fields:
            lines += [f"- name: {field.name}", *(f"  {line}" for line in _feature(field.dtype))]
        return lines
    if isinstance(kind.inner, pl.List):
        return ["list:", *(f"  {line}" for line in _feature(kind.inner))]
    return [f"list: {DTYPES[str(kind.inner)]}"]
