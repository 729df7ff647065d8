"""Which rows a run gives: every wanted format of every sample, after the chosen authors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from palaestra.agents.failures import BadInput
from palaestra.runs.exports.formats import (
    Asked,
    Encode,
    Row,
    critique_rows,
    dpo_rows,
    kto_row,
    ranked_rows,
    revision_rows,
    reward_rows,
    rollout_rows,
    sft_row,
)
from palaestra.runs.exports.pairing import TIE, PairRule
from palaestra.runs.exports.samples import FREE, Basis, Sample, score_of
from palaestra.runs.exports.source import Source
from palaestra.scenarios.core.trajectory import CHECKED, Turn
from palaestra.scenarios.core.worth import rewards

FileType = Literal["jsonl", "parquet"]
LeftOut = dict[str, Counter[str]]
"""How many were left out, by format ("questions" for all of them) and reason."""
JUDGED = ("dpo", "reward", "ranked", "critiques", "revisions")
"""The formats that need several answers or what others said of one."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What an export takes and how it writes it.

    Attributes:
        formats: keys of `SCHEMAS`.
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
        test_share: share of the prompts that go to the test split, 0–1.
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
    test_share: float = 0.1

    def takes(self, turn: Turn) -> bool:
        """Whether this turn is wanted."""
        purposes, policies = self.purposes or (turn.purpose,), self.policies or (turn.policy,)
        return turn.purpose in purposes and turn.policy in policies

    def learnt(self, turn: Turn) -> bool:
        """Whether `sft` wants this turn: a choice is one token of ours, so only where it is asked for."""
        return self.takes(turn) and (turn.answer["kind"] in FREE or bool(self.purposes))


def rows(
    source: Source, options: ExportOptions, encode: Encode | None, left_out: LeftOut
) -> Iterator[tuple[str, Row]]:
    """Every row of every wanted format of one run, each with its format.

    Raises:
        BadInput: the run has no scores of the kind that a format needs.
    """
    wanted = set(options.formats)
    scored = wanted & {*JUDGED, "kto", *(["sft"] if options.at_least is not None else [])}
    if scored:
        threshold = _threshold(source, options) if "kto" in wanted else 0.0
        for sample in _samples(source, options):
            yield from _sample_rows(sample, options, threshold, left_out)
        left_out["questions"].update(source.skipped)
    if wanted - scored:
        yield from _turn_rows(source, options, encode, wanted - scored)


def _samples(source: Source, options: ExportOptions) -> Iterator[Sample]:
    """Judged samples; for formats of single answers, turns with their reward where nothing is judged."""
    if source.has_panel or source.branched or set(options.formats) & set(JUDGED):
        return source.samples(options.basis)
    return source.rewarded_samples(options.basis)


def _sample_rows(
    sample: Sample, options: ExportOptions, threshold: float, left_out: LeftOut
) -> Iterator[tuple[str, Row]]:
    kept = sample.only([response for response in sample.responses if options.takes(response.turn)])
    if kept is None:
        left_out["questions"]["no answer of the chosen purposes and policies"] += 1
        return
    makers: dict[str, Callable[[], Iterable[Row]]] = {
        "dpo": lambda: dpo_rows(kept, options.pairs, left_out["dpo"]),
        "reward": lambda: reward_rows(kept, options.pairs, left_out["reward"]),
        "ranked": lambda: ranked_rows(kept, left_out["ranked"]),
        "critiques": lambda: critique_rows(kept),
        "revisions": lambda: revision_rows(kept),
        "kto": lambda: (kto_row(kept, answer, threshold) for answer in kept.scored()),
    }
    if options.at_least is not None:
        least = options.at_least
        makers["sft"] = lambda: (
            sft_row(kept, a, options.asked) for a in kept.scored() if score_of(a) >= least
        )
    for name in options.formats:
        if name in makers:
            for row in makers[name]():
                yield name, row


def _turn_rows(
    source: Source, options: ExportOptions, encode: Encode | None, wanted: set[str]
) -> Iterator[tuple[str, Row]]:
    """Every turn for `sft`, where a model spoke for itself, and for `rollouts`."""
    temperatures = {name: policy["temperature"] for name, policy in source.policies.items()}
    for trajectory in source.trajectories():
        samples = {s.responses[0].turn.call: s for s in source.turns(trajectory, options.basis)}
        if "sft" in wanted:
            for sample in samples.values():
                [answer] = sample.responses
                if options.learnt(answer.turn):
                    yield "sft", sft_row(sample, answer, options.asked)
        if "rollouts" in wanted:
            assert encode is not None, "rollouts need an encoder"
            worth = rewards(source.rules, source.config, trajectory)
            for row in rollout_rows(trajectory, samples, worth, encode, temperatures):
                if options.takes(trajectory.turns[row["call"]]):
                    yield "rollouts", row


def _threshold(source: Source, options: ExportOptions) -> float:
    """The score that parts good answers from bad ones.

    Raises:
        BadInput: all answers have the same score, so none is better than another.
    """
    if options.threshold is not None:
        return options.threshold
    total, count, lowest, highest, unit = 0.0, 0, inf, -inf, ""
    for sample in _samples(source, options):
        for response in sample.scored():
            if options.takes(response.turn):
                score, unit = score_of(response), sample.unit
                total, count = total + score, count + 1
                lowest, highest = min(lowest, score), max(highest, score)
    source.skipped.clear()
    if unit == CHECKED:
        return 0.5
    if count > 1 and highest - lowest < TIE:
        raise BadInput(
            f"all {count} answers of {source.folder} have the same score, so none is better",
            "Say above which score an answer is good: --threshold.",
        )
    return total / count if count else 0.0
