"""The folder of an export: one file a format and split, written row by row, and what says what it is.

Rows go to JSONL as they are made, so memory doesn't grow with their number; Parquet files
are made from these in a stream. Everything is written beside its place first and moved there
when it is whole: an export that fails leaves nothing behind. A prompt's hash decides its
split, so no prompt is in two, whatever the format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from glob import escape
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import orjson
import polars as pl

from palaestra.agents.extensions import border, fault
from palaestra.agents.failures import BadInput
from palaestra.runs.audits.standing import standing
from palaestra.runs.exports.card import card
from palaestra.runs.exports.described import Author, Described
from palaestra.runs.exports.format import FORMATS, Encode, Row, formats
from palaestra.runs.exports.formats.dpo import FORMAT as PAIRS
from palaestra.runs.exports.options import CUT, ExportOptions, Thoughts
from palaestra.runs.exports.rows import LeftOut, rows
from palaestra.runs.exports.source import Source
from palaestra.runs.exports.unfinished import becoming, exists
from palaestra.runs.quality.pairs import read_pairs
from palaestra.runs.quality.report import quality_report
from palaestra.runs.record import folder as run_folder

CARD = "README.md"
ENDS = ("finish", "chosen_finish", "rejected_finish")
"""The columns that tell how a row's answers finished; of several answers `finishes`."""
MOST_MEASURED = 5_000
"""Pairs of a split on the dataset card's quality report; more would need memory in proportion."""


def export(
    runs: Sequence[Path],
    out: Path,
    options: ExportOptions,
    encode: Encode | None = None,
    command: str = "",
) -> Described:
    """Write the training data of `runs` into the new folder `out`.

    Args:
        runs: run folders.
        out: the folder to make.
        options: what to write.
        encode: makes the token ids of prompts; formats that hold any need it.
        command: what made this export, for those who want to make it again.

    Returns:
        What `export.json` says.

    Raises:
        BadInput: `out` exists, a format is unknown, or a format would be empty.
        ExtensionFault: a format fails.
        RunUnreadable, RunUnwritable: a run can't be read, or `out` not written.
    """
    sources = _sources(runs)
    _check(out, options, sources)
    with becoming(out) as partial:
        with _Files(partial, options.test_share) as files:
            for source in sources:
                for name, row in rows(source, options, encode, files.left_out):
                    files.add(name, row)
        _refuse_empty(options, files, sources)
        if options.file_type == "parquet":
            _to_parquet(partial, options.thoughts)
        described = Described(
            palaestra=run_folder.package_versions().get("palaestra", ""),
            command=command,
            runs=tuple(source.folder for source in sources),
            scenario=", ".join(sorted({source.scenario for source in sources})),
            formats=files.counts(),
            cut=dict(files.cut),
            left_out={name: dict(reasons) for name, reasons in files.left_out.items()},
            file_type=options.file_type,
            policies=_policies(sources),
            options=asdict(options),
            judges=tuple(dict.fromkeys(words for source in sources for words in _judges(source))),
        )
        described.write(partial)
        (partial / CARD).write_text(card(described, _quality(partial, described)), encoding="utf-8")
    return described


def _sources(runs: Sequence[Path]) -> list[Source]:
    """The runs, each once and each under a name of its own."""
    paths = [run.resolve() for run in runs]
    for path in paths:
        if paths.count(path) > 1:
            raise BadInput(f"{path} is named twice", "Its rows would be too; name each run once.")
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        names = ["/".join(path.parts[-3:]) for path in paths]
    return [Source(run, name) for run, name in zip(runs, names, strict=True)]


def _judges(source: Source) -> list[str]:
    """What is known of those who judged the answers of a run."""
    if source.branched or not source.has_panel:
        return []
    return standing(source.folder, source.state)


def _quality(folder: Path, described: Described) -> str:
    """The quality report of an export's pairs, as Markdown; "" where it has none."""
    splits = described.formats.get(PAIRS.name, {})
    if not splits:
        return ""
    report = quality_report(read_pairs(folder, MOST_MEASURED)).markdown()
    if sum(splits.values()) > MOST_MEASURED:
        return f"Of the first {MOST_MEASURED:,} pairs of each split:\n\n{report}"
    return report


def _check(out: Path, options: ExportOptions, sources: list[Source]) -> None:
    if not options.formats:
        raise BadInput("no format is named", f"The formats are: {', '.join(FORMATS)}.")
    by_turns = [name for name in options.formats if not FORMATS[name].by_sample(options)]
    if not 0 <= options.test_share < 1:
        raise BadInput(f"a test share of {options.test_share} leaves nothing to train on", "Choose 0 to 0.5.")
    if out.exists():
        raise exists(out)
    for source in sources:
        for name in options.policies:
            if name not in source.policies:
                raise BadInput(
                    f"{source.folder} has no policy {name!r}", f"It has: {', '.join(source.policies)}."
                )
        if source.state.branch is not None and by_turns:
            raise BadInput(
                f"{source.folder} is a branch run: its episodes repeat turns of the run that it branches",
                f"Export {', '.join(by_turns)} of {source.state.branch.run}; of this one what compares "
                "answers, such as dpo, or sft with --at-least.",
            )
    _policies(sources)


def _policies(sources: list[Source]) -> dict[str, Author]:
    """Each policy with its model, over all runs."""
    found: dict[str, Author] = {}
    for source in sources:
        for name, policy in source.policies.items():
            if found.setdefault(name, policy) != policy:
                raise BadInput(
                    f"the policy {name!r} is not the same in all these runs",
                    "Export them apart, so that it stays clear who wrote what.",
                )
    return found


class NothingToExport(BadInput):
    """A format would be empty."""


def _refuse_empty(options: ExportOptions, files: _Files, sources: list[Source]) -> None:
    runs = ", ".join(str(source.folder) for source in sources)
    counts = files.counts()
    for name in options.formats:
        if not counts.get(name):
            if not any(source.ended or source.branched for source in sources):
                raise NothingToExport(
                    f"no episode of {runs} is over", f"Play it on with: palaestra resume {runs}"
                )
            reasons = files.left_out[name] + files.left_out["questions"]
            why = "; ".join(f"{reason}: {count}" for reason, count in reasons.most_common())
            raise NothingToExport(
                f"{runs} gives no rows for {name!r}" + (f" (left out: {why})" if why else ""),
                FORMATS[name].remedy,
            )


class _Files:
    """The JSONL files of an export that is being written.

    Attributes:
        left_out: how many were left out, by format and reason.
        cut: how many rows hold an answer that was cut at its limit, by format whose rows tell that.
    """

    def __init__(self, folder: Path, test_share: float) -> None:
        self._folder = folder
        self._test = round(test_share * 2**16)
        self._open: dict[tuple[str, str], BinaryIO] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self.cut: Counter[str] = Counter()
        self.left_out: LeftOut = {name: Counter() for name in (*formats(), "questions")}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._open.values():
            file.close()

    def add(self, name: str, row: Row) -> None:
        """Write `row` to its split."""
        with border(f"format {name!r}", FORMATS.places[name]):
            split = "test" if int(row["prompt_id"][:4], 16) < self._test else "train"
            line = orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
            ends = [row[column] for column in ENDS if column in row] + list(row.get("finishes", ()))
        key = name, split
        if key not in self._open:
            path = self._folder / name / f"{split}.jsonl"
            path.parent.mkdir(exist_ok=True)
            self._open[key] = path.open("wb")
        self._open[key].write(line)
        self._counts[key] += 1
        if ends:
            self.cut[name] += CUT in ends

    def counts(self) -> dict[str, dict[str, int]]:
        """The rows of each format and split."""
        found: dict[str, dict[str, int]] = {}
        for (name, split), count in sorted(self._counts.items()):
            found.setdefault(name, {})[split] = count
        return found


def _to_parquet(folder: Path, thoughts: Thoughts) -> None:
    """Turn each JSONL file into a Parquet file, in a stream."""
    for path in sorted(folder.glob("*/*.jsonl")):
        name = path.parent.name
        try:
            rows = pl.scan_ndjson(escape(str(path)), schema=FORMATS[name].schema(thoughts))
            rows.sink_parquet(path.with_suffix(".parquet"))
        except pl.exceptions.PolarsError as error:
            raise fault(f"format {name!r}", FORMATS.places[name], error, "its columns' types") from error
        path.unlink()
