"""A tournament's judges put to planted pairs: the rules of a duel with answers that nobody gave."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import get_args

from palaestra.agents.calls import Question
from palaestra.scenarios.core.episode import Play
from palaestra.scenarios.core.trial import CONTESTANTS, MakeTrial, TrialPair, TrialVerdict
from palaestra.scenarios.duel.config import DuelConfig, Fighter, TribeJudge
from palaestra.scenarios.duel.contest import Contest
from palaestra.scenarios.duel.judging import Judging
from palaestra.scenarios.duel.rules import Duel

MODES = tuple(mode for mode in get_args(DuelConfig.model_fields["judging"].annotation) if mode != "none")
"""The ways of judging that a duel has."""


def trials(config: DuelConfig) -> dict[str, MakeTrial]:
    """What tries the judges of `config`, by way of judging, its own first; nothing where nobody judges.

    By claims only where that is its own, as each of them takes a call more.
    """
    judges = [*(config.fighters if config.fighters_judge else ()), *config.judges]
    drawn = config.population is not None and not all(judge.persona for judge in judges)
    if config.judging == "none" or drawn:  # people who are others in each episode have no audit
        return {}
    modes = [config.judging, *(mode for mode in MODES if mode not in (config.judging, "claims"))]
    if not all(config.engines[config.policies[judge.policy].engine].weighs_texts for judge in judges):
        modes.remove("likelihood")
    return {mode: partial(DuelTrial, config, mode) for mode in modes}


class DuelTrial(Duel):
    """Judges at work on planted pairs.

    Args:
        config: whose judges are tried: the fighters that judge, and the declared ones.
        mode: one of `MODES`.
        pairs: what they judge.
        only: the names of the judges; None: all.
    """

    contestants = CONTESTANTS

    def __init__(
        self, config: DuelConfig, mode: str, pairs: Sequence[TrialPair], only: Collection[str] | None
    ) -> None:
        self._pairs = pairs
        self._firsts: list[tuple[int, str, tuple[int, ...], int]] = []
        self._calls = 0
        self._told: list[dict[tuple[str, ...], list[float]]] = []
        fighting = config.fighters if config.fighters_judge else ()
        judges = [_judge(member) for member in (*fighting, *config.judges)]
        super().__init__(
            config.model_copy(
                update={
                    "fighters": [Fighter(name=name) for name in CONTESTANTS],
                    "judges": [judge for judge in judges if only is None or judge.name in only],
                    "fighters_judge": False,
                    "judging": mode,
                    "judgements": 1,
                    "contest": "duel",
                    "check": None,
                }
            )
        )

    def play(self) -> Play:
        """All judgements at once; by claims, then all claims."""
        self._gather()
        contests = [Contest(number, pair.question, CONTESTANTS) for number, pair in enumerate(self._pairs)]
        for contest, pair in zip(contests, self._pairs, strict=True):
            for name, text in zip(CONTESTANTS, (pair.one, pair.two), strict=True):
                contest.answers[name] = self.message("user", text)
        yield from self._judge(contests)
        self._told = [contest.told for contest in contests]
        return {}

    def verdicts(self) -> Iterator[TrialVerdict]:
        """See `palaestra.scenarios.core.trial.Trial`."""
        for pair, judge, read, call in self._firsts:
            names = tuple(CONTESTANTS[number] for number in read)
            values = self._told[pair].get((judge, *names)) if self._told else None
            yield TrialVerdict(pair, judge, read, values[0] if values else None, call)

    def _judgement(self, wanted: Judging) -> list[Question]:
        questions = super()._judgement(wanted)
        read = tuple(CONTESTANTS.index(name) for name in wanted.answers)
        self._firsts.append((wanted.contest.number, wanted.judge, read, self._calls))
        self._calls += len(questions)
        return questions


def _judge(member: Fighter | TribeJudge) -> TribeJudge:
    """A fighter as the judge that it also is."""
    if isinstance(member, TribeJudge):
        return member
    return TribeJudge.model_validate(member.model_dump(exclude={"rating", "deviation"}))
