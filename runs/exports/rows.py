"""Which rows a run gives: every wanted format of every sample, after the chosen authors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from runs.exports.formats import (
    Encode,
    PairRule,
    Row,
    critique_rows,
    dpo_rows,
    kto_row,
    ranked_rows,
    revision_rows,
    reward_rows,
    rollout_rows,
    score_of,
    sft_row,
)
from runs.exports.samples import Basis, Sample
from runs.exports.source import Source
from scenarios.trajectory import Turn

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
        threshold: above which score an answer is a good one for `kto`. Default: the run's mean.
        at_least: least score of an answer for `sft`; None for all, judged or not.
        purposes, policies: take only these authors' turns; all by default.
        test_share: share of the prompts that go to the test split, 0–1.
    """

    formats: tuple[str, ...] = ("dpo",)
    file_type: FileType = "jsonl"
    basis: Basis | None = None
    pairs: PairRule = field(default_factory=PairRule)
    threshold: float | None = None
    at_least: float | None = None
    purposes: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    test_share: float = 0.1

    @property
    def least(self) -> float:
        """`at_least`, or what every score is."""
        return -inf if self.at_least is None else self.at_least

    def takes(self, turn: Turn) -> bool:
        """Whether this turn is wanted."""
        purposes, policies = self.purposes or (turn.purpose,), self.policies or (turn.policy,)
        return turn.purpose in purposes and turn.policy in policies


def rows(
    source: Source, options: ExportOptions, encode: Encode | None, left_out: LeftOut
) -> Iterator[tuple[str, Row]]:
    """Every row of every wanted format of one run, each with its format."""
    wanted = set(options.formats)
    if wanted & {*JUDGED, "kto"} or (options.at_least is not None and "sft" in wanted):
        threshold = _threshold(source, options) if "kto" in wanted else 0.0
        for sample in _samples(source, options, wanted):
            yield from _sample_rows(sample, options, threshold, left_out)
        for reason, count in source.skipped.items():
            left_out["questions"][reason] += count
    if "sft" in wanted and options.at_least is None:
        yield from _all_turns(source, options)
    if "rollouts" in wanted:
        yield from _rollouts(source, options, encode)


def _samples(source: Source, options: ExportOptions, wanted: set[str]) -> Iterator[Sample]:
    """Judged samples; for formats of single answers, turns with their reward where nothing is judged."""
    if source.has_panel or source.branched or wanted & set(JUDGED):
        return source.samples(options.basis)
    return source.rewarded_samples()


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
        "sft": lambda: (
            sft_row(kept, answer) for answer in kept.scored() if score_of(answer) >= options.least
        ),
    }
    for name in options.formats:
        if name in makers and (name != "sft" or options.at_least is not None):
            for row in makers[name]():
                yield name, row


def _all_turns(source: Source, options: ExportOptions) -> Iterator[tuple[str, Row]]:
    """Every free turn for `sft`, judged or not."""
    for sample in source.free_turns():
        if options.takes(sample.responses[0].turn):
            yield "sft", sft_row(sample, sample.responses[0])


def _rollouts(source: Source, options: ExportOptions, encode: Encode | None) -> Iterator[tuple[str, Row]]:
    assert encode is not None, "rollouts need an encoder"
    temperatures = {name: policy["temperature"] for name, policy in source.policies.items()}
    for trajectory in source.trajectories():
        scored = {
            answer.call: answer.score
            for judged in source.rules.judged(source.config, trajectory)
            for answer in judged.answers
            if answer.score is not None
        }
        rewards = source.rules.rewards(source.config, trajectory)
        for row in rollout_rows(
            source.name, source.scenario, trajectory, rewards, scored, encode, temperatures
        ):
            if options.takes(trajectory.turns[row["call"]]):
                yield "rollouts", row


def _threshold(source: Source, options: ExportOptions) -> float:
    """The score that parts good answers from bad ones."""
    if options.threshold is not None:
        return options.threshold
    total, count = 0.0, 0
    for sample in _samples(source, options, {"kto"}):
        for response in sample.responses:
            if response.score is not None:
                total, count = total + response.score, count + 1
    source.skipped.clear()
    return total / count if count else 0.0
