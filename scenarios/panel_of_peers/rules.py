"""The rules of a panel of peers; the package's docstring is their summary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice
from palaestra.agents.calls import Message
from palaestra.scenarios.core.episode import Asking, Episode, Play
from palaestra.scenarios.core.trajectory import Judged, Trajectory
from palaestra.scenarios.panel_of_peers.config import PanelOfPeersConfig
from palaestra.scenarios.panel_of_peers.events import AnswerPair, Candidate, PanelReward, PeerScore
from palaestra.scenarios.panel_of_peers.rewards import (
    HIGHEST,
    LOWEST,
    agreement,
    best_and_worst,
    is_kept,
    normalised,
    panel_reward,
)
from palaestra.scenarios.panel_of_peers.training import judged_candidates
from palaestra.scenarios.parts.judging import points

SCALE = Choice(tuple(str(score) for score in range(LOWEST, HIGHEST + 1)))
BLIND_LABEL = "Answer"


@dataclass(frozen=True, slots=True)
class Written:
    """A candidate as it was written, and the message that judges read."""

    number: int
    author: str
    message: Message


class PanelOfPeers(Episode[PanelOfPeersConfig]):
    """One instruction before a panel."""

    kind = "panel_of_peers"
    config_type = PanelOfPeersConfig
    event_types = (Candidate, PeerScore, PanelReward, AnswerPair)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = ("instruction", "words")

    @classmethod
    def judged(cls, config: PanelOfPeersConfig, trajectory: Trajectory) -> Iterator[Judged]:
        """See `training.judged_candidates`."""
        return judged_candidates(config, trajectory)

    def play(self) -> Play:
        """Candidates, everybody's scores of all of them, the pair."""
        self.prompt = self.index % len(self.config.instructions)
        (instruction,) = self.cycled(self.config.instructions)
        self.topic = {"instruction": instruction, "words": self.config.words}
        rules = self.words("rules")
        self.peers = [self.seat(Agent, peer, rules, only_if_persona=True) for peer in self.config.peers]
        written = yield from self._write()
        table = yield from self._judge(written)
        panel = self._reward(written, table)
        kept, margin = self._pair(written, panel)
        return {
            "instruction": self.topic["instruction"],
            "mean_reward": fmean(panel.values()) if panel else None,
            "best_reward": max(panel.values(), default=None),
            "worst_reward": min(panel.values(), default=None),
            "pairs_kept": int(kept),
            "margin": margin,
            "agreement": agreement(table),
            "self_preference": self._self_preference(),
            "failures": self.failures,
        }

    def _write(self) -> Asking[list[Written]]:
        authors = [peer for peer in self.peers for _ in range(self.config.candidates)]
        replies = yield from self.asking(
            [peer.ask("answer", candidate=number) for number, peer in enumerate(authors)]
        )
        written = []
        for number, (author, reply) in enumerate(zip(authors, replies, strict=True)):
            message = None
            if not reply.failed:
                message = self.message("user", reply.text, BLIND_LABEL, reply.call)
                written.append(Written(number, author.name, message))
            self.record(Candidate(self.prompt, author.name, number, message.number if message else None))
        return written

    def _judge(self, written: list[Written]) -> Asking[dict[str, dict[int, float]]]:
        """Everybody's scores of all candidates; returns each judge's rewards, 0–1, by candidate."""
        asked = [
            (item, judge, criterion)
            for item in written
            for judge in self.peers
            for criterion in self.config.rubric
        ]
        replies = yield from self.asking(
            [
                judge.ask(
                    "score",
                    SCALE,
                    {"description": self.config.rubric[criterion]},
                    reading=[item.message],
                    author=item.author,
                    candidate=item.number,
                    criterion=criterion,
                )
                for item, judge, criterion in asked
            ]
        )
        parts: dict[str, dict[int, list[float]]] = {peer.name: {} for peer in self.peers}
        for (item, judge, criterion), reply in zip(asked, replies, strict=True):
            score, basis = points(reply, self.config.score_basis, SCALE)
            own = judge.name == item.author
            self.record(
                PeerScore(self.prompt, judge.name, item.author, item.number, criterion, score, basis, own)
            )
            if score is not None:
                parts[judge.name].setdefault(item.number, []).append(normalised(score))
        return {
            judge: {number: fmean(values) for number, values in rewards.items()}
            for judge, rewards in parts.items()
        }

    def _reward(self, written: list[Written], table: dict[str, dict[int, float]]) -> dict[int, float]:
        """The panel's reward, 0–1, of each candidate that anybody who counts could rate."""
        panel = {}
        for item in written:
            given = {judge: rewards.get(item.number) for judge, rewards in table.items()}
            own = given[item.author]
            others = panel_reward(reward for judge, reward in given.items() if judge != item.author)
            reward = panel_reward(given.values()) if self.config.self_scores == "include" else others
            self.record(PanelReward(self.prompt, item.author, item.number, reward, own, others))
            if reward is not None:
                panel[item.number] = reward
        return panel

    def _pair(self, written: list[Written], panel: dict[int, float]) -> tuple[bool, float | None]:
        """Record the pair; return whether it is kept, and its margin, None where there is no pair."""
        found = best_and_worst(panel)
        if found is None:
            return False, None
        chosen, rejected = (next(item for item in written if item.number == number) for number in found)
        best, worst = panel[chosen.number], panel[rejected.number]
        differ = chosen.message.text != rejected.message.text
        kept = differ and is_kept(best, worst, self.config.floor, self.config.margin)
        self.record(
            AnswerPair(
                self.prompt,
                chosen.number,
                rejected.number,
                chosen.author,
                rejected.author,
                chosen.message.number,
                rejected.message.number,
                best,
                worst,
                best - worst,
                kept,
            )
        )
        return kept, best - worst

    def _self_preference(self) -> float | None:
        """The mean of authors' rewards of their own candidates less the others', −1–1."""
        leads = [
            event.own - event.others
            for _, event in self.events
            if isinstance(event, PanelReward) and event.own is not None and event.others is not None
        ]
        return fmean(leads) if leads else None
