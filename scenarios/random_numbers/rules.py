"""The rules of random-number tests; the package's docstring is their summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice
from palaestra.scenarios.core.episode import Asking, Episode, Play
from palaestra.scenarios.parts.picking import Pick, PickQuestion, Probability, pick
from palaestra.scenarios.random_numbers.config import RandomNumbersConfig


class RandomNumbers(Episode[RandomNumbersConfig]):
    """One test of all players."""

    kind = "random_numbers"
    config_type = RandomNumbersConfig
    event_types = (Pick, Probability)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = ("low", "high", "draws")

    def play(self) -> Play:
        """Draw after draw, or all at once."""
        config = self.config
        self.topic = {"low": config.low, "high": config.high, "draws": config.draws}
        rules = self.words("rules")
        self.players = [self.seat(Agent, declared, rules) for declared in config.players]
        self.drawn: dict[str, list[str]] = {player.name: [] for player in self.players}
        draws = range(1, config.draws + 1)
        for together in [draws] if config.asked == "independently" else [[draw] for draw in draws]:
            yield from self._draw(together)
        drawn = self.drawn.values()
        numbers = sum(map(len, drawn))
        return {
            "numbers": numbers,
            "distinct": sum(len(set(own)) for own in drawn),
            "unanswered": len(self.players) * config.draws - numbers,
        }

    def _draw(self, draws: Sequence[int]) -> Asking[None]:
        range_ = Choice(self.config.numbers)
        questions = [
            PickQuestion(player, range_, draw, {"before": self._before(player.name, draw)})
            for draw in draws
            for player in self.players
        ]
        picked = yield from pick(self, "draw", questions, self.config.samples)
        for question, number in zip(questions, picked, strict=True):
            if number is not None:
                self.drawn[question.agent.name].append(number)

    def _before(self, player: str, draw: int) -> str:
        """What a player is told of earlier draws."""
        if self.config.asked == "independently":
            return ""
        own = self.drawn[player]
        if self.config.asked == "without_history" or not own:
            return self.words("number", round=draw)
        return self.words("history", round=draw, numbers=", ".join(own))
