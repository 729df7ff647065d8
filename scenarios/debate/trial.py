"""A debate's judges put to planted pairs: the question is the motion, and each answer the only speech."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from statistics import fmean

from palaestra.scenarios.core.episode import Play
from palaestra.scenarios.core.trial import (
    CONTESTANTS,
    MakeTrial,
    TrialByEpisodes,
    TrialPair,
    TrialVerdict,
)
from palaestra.scenarios.debate.config import DebateConfig, Debater
from palaestra.scenarios.debate.rules import Debate
from palaestra.scenarios.parts.judging import Preference, Score

MODES = ("pointwise", "pairwise")


def trials(config: DebateConfig) -> dict[str, MakeTrial]:
    """What tries the judges of `config`, by way of judging, its own first; nothing where nobody judges."""
    drawn = config.population is not None and not all(judge.persona for judge in config.judges)
    if not config.judges or drawn:  # people who are others in each episode have no audit
        return {}
    modes = (config.judging, *(mode for mode in MODES if mode != config.judging))
    return {mode: partial(DebateTrial, config, mode) for mode in modes}


class SpokenPair(Debate):
    """A debate of two speeches that nobody made, of which judges judge all."""

    def __init__(self, config: DebateConfig, pair: TrialPair, number: int) -> None:
        self._said = (pair.one, pair.two)
        super().__init__(config.model_copy(update={"motions": [pair.question]}), index=number)

    def play(self) -> Play:
        """Both speeches are heard, then the panel judges."""
        self._gather()
        declared = [judge.name for judge in self.config.judges]
        self.judges.sort(key=lambda judge: declared.index(judge.name))
        for judge in self.judges:
            judge.heard.append(self.request("heard", {}))
            for debater, text in zip(self.debaters, self._said, strict=True):
                judge.heard.append(self.message("user", text, self.labels[debater.name]))
        yield from (self._compare() if self.config.judging == "pairwise" else self._judge())
        return {}


class DebateTrial(TrialByEpisodes[SpokenPair]):
    """Judges at work on planted pairs.

    Args:
        config: whose judges are tried, all of them whatever the panel.
        mode: one of `MODES`.
        pairs: what they judge.
        only: the names of the judges; None: all.
    """

    def __init__(
        self, config: DebateConfig, mode: str, pairs: Sequence[TrialPair], only: Collection[str] | None
    ) -> None:
        self._judges = [judge for judge in config.judges if only is None or judge.name in only]
        changes = {
            "debaters": [Debater(name=name) for name in CONTESTANTS],
            "judges": self._judges,
            "panel": None,
            "rounds": 1,
            "opinions": False,
            "hearing": type(config.hearing)(),
            "judging": mode,
        }
        tried = config.model_copy(update=changes)
        super().__init__([SpokenPair(tried, pair, number) for number, pair in enumerate(pairs)])

    def verdicts(self) -> Iterator[TrialVerdict]:
        """See `Trial`: the mean over the rubric's criteria of those that were understood."""
        for number, episode in enumerate(self.episodes):
            told: dict[tuple[str, ...], list[float]] = {}
            for _, event in episode.events:
                if isinstance(event, Score) and event.score is not None:
                    told.setdefault((event.judge, event.contestant), []).append(event.score)
                elif isinstance(event, Preference) and event.first_better is not None:
                    told.setdefault((event.judge, event.first, event.second), []).append(event.first_better)
            beside = episode.config.judging == "pairwise"
            for judge in self._judges:
                for read in ((0, 1), (1, 0)) if beside else ((0,), (1,)):
                    names = tuple(CONTESTANTS[each] for each in read)
                    values = told.get((judge.name, *names))
                    about = {"of": " or ".join(names)} if beside else {"contestant": names[0]}
                    call = self.first(number, judge.name, **about)
                    yield TrialVerdict(number, judge.name, read, fmean(values) if values else None, call)
