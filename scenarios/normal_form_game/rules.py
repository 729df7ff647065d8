"""The rules of normal-form games; the package's docstring is their summary."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice
from palaestra.agents.calls import Scalar
from palaestra.scenarios.core.episode import Asking, Episode, Play
from palaestra.scenarios.core.trajectory import Trajectory
from palaestra.scenarios.normal_form_game.config import NormalFormGameConfig
from palaestra.scenarios.normal_form_game.events import GamePayoff, GamePlayed, GameSpeech
from palaestra.scenarios.parts.picking import Pick, PickQuestion, Probability, pick


class NormalFormGame(Episode[NormalFormGameConfig]):
    """One game of so many rounds."""

    kind = "normal_form_game"
    config_type = NormalFormGameConfig
    event_types = (GamePlayed, Pick, Probability, GamePayoff, GameSpeech)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = ("players", "game", "rounds", "words")
    reward_unit = "mean payoff"

    @classmethod
    def rewards(cls, config: NormalFormGameConfig, trajectory: Trajectory) -> dict[str, float]:
        """Each player's mean payoff over the rounds in which all made a move; nothing without such rounds."""
        got: dict[str, list[float]] = {}
        for told in trajectory.told(GamePayoff):
            if told.payoff is not None:
                got.setdefault(told.agent, []).append(told.payoff)
        return {name: fmean(payoffs) for name, payoffs in got.items()}

    def play(self) -> Play:
        """Round after round."""
        self._gather()
        for number in range(1, self.config.rounds + 1):
            if self.config.talk:
                yield from self._talk(number)
            yield from self._round(number)
        return self._outcome()

    def _gather(self) -> None:
        config = self.config
        self.game = config.table
        self.unanswered = 0
        self.payoffs: list[float] = []
        self.cooperation: list[float] = []
        names = [player.name for player in config.players]
        self.topic = {
            "players": _joined(names),
            "game": "",
            "rounds": config.rounds,
            "words": config.words,
        }
        self.topic["game"] = self._described(names)
        rules = self.words("rules", length=self.words("once" if config.rounds == 1 else "repeated"))
        self.players = [self.seat(Agent, declared, rules) for declared in config.players]
        tables = (json.dumps(part) for part in (names, self.game.moves, self.game.payoffs.tolist()))
        self.record(GamePlayed(self.game.name, *tables))

    def _described(self, names: Sequence[str]) -> str:
        """What leads to which payoffs: in a sentence where the game has one, else profile by profile."""
        moves = _joined(self.game.moves[0], "or")
        if self.game.name == "hide_and_seek" and self.game.moves[0] == self.game.moves[1]:
            return self.words("hide_and_seek", first=names[0], second=names[1], moves=moves)
        if self.game.name == "public_goods":
            endowment, multiplier, _ = self.config.pot
            return self.words("public_goods", endowment=endowment, multiplier=f"{multiplier:g}", moves=moves)
        told = []
        for profile in self.game.profiles():
            deeds = self._deeds([own[move] for own, move in zip(self.game.moves, profile, strict=True)])
            told.append(self.words("profile", deeds=deeds, gains=self._gains(self.game.payoff(profile))))
        return "\n".join(told)

    def _talk(self, number: int) -> Asking[None]:
        """All speak at once, and then hear each other."""
        replies = yield [player.ask("talk", round=number) for player in self.players]
        for player, reply in zip(self.players, replies, strict=True):
            said = None
            if reply.failed:
                self.unanswered += 1
            else:
                self._open()
                said = self.say(player.name, reply, to=self.players).number
            self.record(GameSpeech(player.name, number, said))

    def _round(self, number: int) -> Asking[None]:
        """All move at once; then all are told, unless it was the last round."""
        asked = [
            PickQuestion(player, Choice(moves), number, {"moves": ", ".join(moves)})
            for player, moves in zip(self.players, self.game.moves, strict=True)
        ]
        picked = yield from pick(self, "move", asked, self.config.samples)
        moved = [
            None if move is None else moves.index(move)
            for move, moves in zip(picked, self.game.moves, strict=True)
        ]
        complete = tuple(move for move in moved if move is not None)
        payoffs = self.game.payoff(complete) if len(complete) == len(moved) else None
        self.unanswered += moved.count(None)
        for position, (player, move) in enumerate(zip(self.players, moved, strict=True)):
            kind = self.game.cooperation
            cooperation = None if kind is None or move is None else kind[position][move]
            payoff = None if payoffs is None else payoffs[position]
            self.record(GamePayoff(player.name, number, payoff, cooperation))
            if cooperation is not None:
                self.cooperation.append(cooperation)
        self.payoffs += payoffs or []
        if number < self.config.rounds:
            self._announce(number, picked, payoffs)

    def _announce(self, number: int, picked: Sequence[str | None], payoffs: Sequence[float] | None) -> None:
        self._open()
        told: dict[str, Scalar] = {"round": number, "deeds": self._deeds(picked)}
        purpose = "no_result"
        if payoffs is not None:
            purpose, told["gains"] = "result", self._gains(payoffs)
        message = self.request(purpose, told)
        for player in self.players:
            player.heard.append(message)

    def _open(self) -> None:
        """Begin what is heard with a heading."""
        for player in self.players:
            if not player.heard:
                player.heard.append(self.request("heard", {}))

    def _deeds(self, picked: Sequence[str | None]) -> str:
        told = []
        for declared, move in zip(self.config.players, picked, strict=True):
            name = declared.name
            told.append(
                self.words("no_deed", name=name) if move is None else self.words("deed", name=name, move=move)
            )
        return _joined(told)

    def _gains(self, payoffs: Sequence[float]) -> str:
        named = zip(self.config.players, payoffs, strict=True)
        return _joined([self.words("gain", name=who.name, payoff=f"{payoff:.10g}") for who, payoff in named])

    def _outcome(self) -> dict[str, Scalar]:
        return {
            "game": self.game.name or "payoffs",
            "mean_payoff": fmean(self.payoffs) if self.payoffs else None,
            "cooperation": fmean(self.cooperation) if self.cooperation else None,
            "unanswered": self.unanswered,
        }


def _joined(words: Sequence[str], last: str = "and") -> str:
    """A list in words: "a, b and c"."""
    return f" {last} ".join([part for part in (", ".join(words[:-1]), words[-1]) if part])
