"""A debate's judges put to planted pairs: the question is the motion, and each answer the only speech.

Each pair is two episodes, in which the one or the other speech is heard first: in a run somebody always is,
and no question in two orders makes up for that.
"""

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
HEARD = ((0, 1), (1, 0))
"""Whose speech is heard first, in the two episodes of a pair."""


def trials(config: DebateConfig) -> dict[str, MakeTrial]:
    """What tries the judges of `config`, by way of judging, its own first; nothing where nobody judges."""
    drawn = config.population is not None and not all(judge.persona for judge in config.judges)
    if not config.judges or drawn:  # people who are others in each episode have no audit
        return {}
    modes = (config.judging, *(mode for mode in MODES if mode != config.judging))
    return {mode: partial(DebateTrial, config, mode) for mode in modes}


class SpokenPair(Debate):
    """A debate of two speeches that nobody made, of which judges judge all.

    Args:
        config: of two debaters.
        pair: the motion, and what each of them says.
        heard: which debater is heard first, and which then.
        index: of the episode.
    """

    def __init__(self, config: DebateConfig, pair: TrialPair, heard: tuple[int, int], index: int) -> None:
        self._said = (pair.one, pair.two)
        self.heard = heard
        super().__init__(config.model_copy(update={"motions": [pair.question]}), index=index)

    def play(self) -> Play:
        """Both speeches are heard, then the panel judges."""
        self._gather()
        declared = [judge.name for judge in self.config.judges]
        self.judges.sort(key=lambda judge: declared.index(judge.name))
        for judge in self.judges:
            judge.heard.append(self.request("heard", {}))
            for which in self.heard:
                label = self.labels[self.debaters[which].name]
                judge.heard.append(self.message("user", self._said[which], label))
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
        self._config = tried
        super().__init__(
            [
                SpokenPair(tried, pair, heard, len(HEARD) * number + place)
                for number, pair in enumerate(pairs)
                for place, heard in enumerate(HEARD)
            ]
        )

    def verdicts(self) -> Iterator[TrialVerdict]:
        """See `Trial`: the mean over the rubric's criteria of those that were understood.

        Of speeches scored alone it is the mean of both episodes; of two beside each other what is read first
        is what was heard first.
        """
        told = self._beside if self._config.judging == "pairwise" else self._alone
        for number in range(0, len(self.episodes), len(HEARD)):
            for judge in self._judges:
                yield from told(number, judge.name)

    def _alone(self, number: int, judge: str) -> Iterator[TrialVerdict]:
        """The scores in the two episodes from `number` on."""
        for which, name in enumerate(CONTESTANTS):
            values = [
                event.score
                for episode in self.episodes[number : number + len(HEARD)]
                for _, event in episode.events
                if isinstance(event, Score) and (event.judge, event.contestant) == (judge, name)
                if event.score is not None
            ]
            call = self.first(number, judge, contestant=name)
            yield TrialVerdict(number // len(HEARD), judge, (which,), fmean(values) if values else None, call)

    def _beside(self, number: int, judge: str) -> Iterator[TrialVerdict]:
        """The preferences in each of the two episodes from `number` on.

        A question names both speakers in either order, and as in a run the mean counts; where judges abstain
        that flip with it, only that which names first who is heard first, so that it is seen who flips.
        """
        for place, episode in enumerate(self.episodes[number : number + len(HEARD)]):
            first, second = (CONTESTANTS[which] for which in episode.heard)
            told: dict[tuple[str, str], list[float]] = {(first, second): [], (second, first): []}
            for _, event in episode.events:
                if isinstance(event, Preference) and event.judge == judge and event.first_better is not None:
                    told[event.first, event.second].append(event.first_better)
            straight, crossed = told.values()
            values = [fmean(straight)] if straight else []
            if self._config.abstain == "never":
                values = [*values, 1 - fmean(crossed)] if values and crossed else []
            call = self.first(number + place, judge, of=f"{first} or {second}")
            value = fmean(values) if values else None
            yield TrialVerdict(number // len(HEARD), judge, episode.heard, value, call)
