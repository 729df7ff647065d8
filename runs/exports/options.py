"""What an export takes of its runs, and how it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from palaestra.runs.exports.pairing import PairRule
from palaestra.runs.exports.samples import Basis
from palaestra.scenarios.core.trajectory import Turn

CUT = "length"
"""How an answer finished that was cut at its limit."""
CUT_SHORT = "answers that were cut at their limit (--keep whole)"
FileType = Literal["jsonl", "parquet"]
Asked = Literal["shown", "question"]
"""What an answer is an answer to: all that its author was shown, or what all its rivals were too."""
Thoughts = Literal["drop", "keep"]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What an export takes and how it writes it.

    Attributes:
        formats: names of formats.
        file_type: of the files.
        basis: what scores rest on. Default: outcomes of a branched run, else the panel.
        pairs: which two answers make a pair.
        threshold: above which score an answer is a good one for `kto`. Default: the mean over the
            run's chosen answers; of a program's verdicts 0.5.
        at_least: least score of an answer for `sft`; None for all, judged or not.
        asked: what a judged answer stands after in `sft`: all that its author was `shown`, or the
            `question` as pairs have it: what several answers share, of a revision not what led to it.
        purposes: take only turns of these; by default all, for `sft` without choices.
        policies: take only these authors' turns; all by default.
        whole: leave out answers that were cut at their limit.
        test_share: share of the prompts that go to the test split, 0–1.
        thoughts: whether answers that are messages keep what their authors thought, see
            `palaestra.runs.exports.parts.said`; nothing else ever has it.
    """

    formats: tuple[str, ...] = ("dpo",)
    file_type: FileType = "jsonl"
    basis: Basis | None = None
    pairs: PairRule = field(default_factory=PairRule)
    threshold: float | None = None
    at_least: float | None = None
    asked: Asked = "shown"
    purposes: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    whole: bool = False
    test_share: float = 0.1
    thoughts: Thoughts = "drop"

    def takes(self, turn: Turn) -> bool:
        """Whether this turn is wanted."""
        return self._names(turn) and not self.cuts(turn)

    def cuts(self, turn: Turn) -> bool:
        """Whether this turn would be wanted, had its answer not been cut at its limit."""
        return self.whole and turn.finish == CUT and self._names(turn)

    def _names(self, turn: Turn) -> bool:
        purposes, policies = self.purposes or (turn.purpose,), self.policies or (turn.policy,)
        return turn.purpose in purposes and turn.policy in policies
