"""What an export format is, and those there are.

A format of ours is a module of `palaestra.runs.exports.formats` with one value, `FORMAT`. Another package
adds its own by an entry point in the group `palaestra.formats`: `pairs = "mypackage.pairs:FORMAT"`.
`palaestra new format` writes such a package; what rows share is in `parts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any

import polars as pl

from palaestra.agents.calls import Prompt
from palaestra.agents.extensions import Extensions, Place, loaded
from palaestra.agents.failures import BadInput
from palaestra.runs.exports.options import CUT_SHORT, ExportOptions, Thoughts
from palaestra.runs.exports.pairing import TIE
from palaestra.runs.exports.samples import Sample, score_of
from palaestra.runs.exports.source import Source
from palaestra.scenarios.core.trajectory import CHECKED, Trajectory, Turn

Row = dict[str, Any]
Encode = Callable[[str, Prompt], list[int]]
"""The token ids of a prompt, as the engine of a policy gets them."""
LAST = 100
"""Where a format stands that says nothing of it."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a format's files.

    Attributes:
        kind: its type in Polars.
        meaning: what it holds, with its unit.
        thinking: its type where thoughts are kept; None where it can hold none.
    """

    kind: Any
    meaning: str
    thinking: Any = None

    @property
    def type(self) -> str:
        """Its type in words."""
        return _words(self.kind)


Columns = Mapping[str, Column]


@dataclass(frozen=True, eq=False)
class Job:
    """What rows are made for: one format of one run, with what the export is asked for.

    Attributes:
        source: the run.
        options: of the export.
        left_out: counts what is left out of this format, by reason.
        encode: makes the token ids of prompts; None where the export was given nothing that does.
    """

    source: Source
    options: ExportOptions
    left_out: Counter[str]
    encode: Encode | None

    def takes(self, turn: Turn) -> bool:
        """Whether this turn is wanted; those that are left out since they were cut are counted."""
        if self.options.cuts(turn):
            self.left_out[CUT_SHORT] += 1
        return self.options.takes(turn)

    @cached_property
    def threshold(self) -> float:
        """The score above which an answer counts as a good one.

        Raises:
            BadInput: all answers have the same score, so none is better than another.
        """
        if self.options.threshold is not None:
            return self.options.threshold
        again = Source(self.source.folder, self.source.name)
        total, count, lowest, highest, unit = 0.0, 0, inf, -inf, ""
        for sample in again.scored_samples(self.options.basis):
            for response in sample.scored():
                if self.options.takes(response.turn):
                    score, unit = score_of(response), sample.unit
                    total, count = total + score, count + 1
                    lowest, highest = min(lowest, score), max(highest, score)
        if unit == CHECKED:
            return 0.5
        if count > 1 and highest - lowest < TIE:
            raise BadInput(
                f"all {count} answers of {self.source.folder} have the same score, so none is better",
                "Say above which score an answer is good: --threshold.",
            )
        return total / count if count else 0.0


@dataclass(frozen=True, slots=True)
class Played:
    """A finished episode to make rows of.

    Attributes:
        trajectory: all that happened.
        samples: each of its turns that was understood, by call, as the only answer of a sample.
    """

    trajectory: Trajectory
    samples: Mapping[int, Sample]


@dataclass(frozen=True, slots=True)
class Format:
    """An export format: of what its rows are, what they hold, and what takes them.

    Rows are made `of_sample`, of the wanted answers to one question and what they scored, or
    `of_episode`, of all that was said. A format that can do both goes by samples where a least
    score is asked for.

    Attributes:
        name: what `--to` says, and the folder of its files.
        row: what one row is, in words.
        loader: what loads the files, and how, in Markdown.
        columns: by name; one of them is `prompt_id`, by which splits are made.
        of_sample: the rows of a sample; None where they don't go by samples.
        of_episode: the rows of an episode; None where they don't go by episodes.
        compares: whether rows take several answers to a question, or what others said of one. Those that
            don't can be made of rewards alone, where nobody judges.
        options: those of `palaestra export` that it heeds, such as "--margin", beside what all formats do.
        remedy: what to do when there are no rows.
        trainer: where a `Method` of `palaestra.sims.training.methods` is, as "module:attribute", by which
            `palaestra train` trains on the rows; "" where none does.
        order: where it stands among the others in lists; formats of the same number go by name.

    Raises:
        TypeError: there is no `prompt_id`, or nothing to make rows of.
    """

    name: str
    row: str
    loader: str
    columns: Columns
    of_sample: Callable[[Sample, Job], Iterator[Row]] | None = None
    of_episode: Callable[[Played, Job], Iterator[Row]] | None = None
    compares: bool = False
    options: tuple[str, ...] = ()
    remedy: str = "Take more of the --purpose and --policy."
    trainer: str = ""
    order: int = LAST

    def __post_init__(self) -> None:
        if "prompt_id" not in self.columns:
            raise TypeError(f"the format {self.name!r} has no column `prompt_id`; add those of PROVENANCE")
        if self.of_sample is None and self.of_episode is None:
            raise TypeError(f"the format {self.name!r} makes rows neither `of_sample` nor `of_episode`")

    def schema(self, thoughts: Thoughts = "drop") -> dict[str, Any]:
        """The columns' types in Polars, in an export with or without thoughts."""
        keep = thoughts == "keep"
        return {
            name: column.thinking if keep and column.thinking is not None else column.kind
            for name, column in self.columns.items()
        }

    @property
    def help(self) -> str:
        """One line: what a row is, what loads it, and the options that it heeds."""
        heeded = f" ({' '.join(self.options)})" if self.options else ""
        return f"{self.row}{heeded}; for {self.loader}"

    def by_sample(self, options: ExportOptions) -> bool:
        """Whether its rows are made of samples, where `options` are asked for."""
        return self.of_sample is not None and (self.of_episode is None or options.at_least is not None)

    def checked(self, row: Row) -> Row:
        """`row`, which must have the declared columns.

        Raises:
            TypeError: it has others.
        """
        if row.keys() != self.columns.keys():
            apart = ", ".join(sorted(row.keys() ^ self.columns.keys()))
            raise TypeError(f"a row and the declared columns differ in: {apart}")
        return row


def _format(place: Place) -> Format:
    found = loaded(place, Format, "FORMAT")
    if found.name != place.name:
        raise TypeError(f"it is registered as {place.name!r}, but its name is {found.name!r}")
    return found


FORMATS = Extensions("palaestra.formats", "format", "palaestra.runs.exports.formats", _format)
"""All formats, by name; one that is unknown or doesn't load raises `BadInput` or `ExtensionFault`."""


def formats() -> dict[str, Format]:
    """All formats that load, by name, in the order of lists; a warning tells of each other."""
    return dict(sorted(FORMATS.items(), key=lambda item: (item[1].order, item[0])))


WORDS = {"String": "text", "Int64": "integer", "Float64": "number", "Boolean": "true or false"}


def _words(kind: Any) -> str:
    if isinstance(kind, pl.List):
        return f"list of {_words(kind.inner)}"
    if isinstance(kind, pl.Struct):
        return f"({', '.join(field.name for field in kind.fields)})"
    return WORDS.get(str(kind), str(kind))
