"""The rules of the knight–knave–spy debate; the package's docstring is their summary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean

from mesa import DataCollector

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Json, Text
from palaestra.agents.calls import Reply, Scalar
from palaestra.scenarios.core.episode import Asking, Episode, Play
from palaestra.scenarios.core.trajectory import Trajectory
from palaestra.scenarios.knights_knaves.answers import ROLE, agreements, discussion_form, order_form
from palaestra.scenarios.knights_knaves.config import KnightsKnavesConfig
from palaestra.scenarios.knights_knaves.events import Agreement, Consensus, Puzzle, PuzzleAnswer
from palaestra.scenarios.knights_knaves.puzzles import NAMES, draw_puzzle, solutions
from palaestra.scenarios.knights_knaves.scoring import (
    Answers,
    changes,
    initial_accuracy,
    overturn_rate,
    plurality,
    strict_majority,
)
from palaestra.scenarios.knights_knaves.statements import ROLES, listed
from palaestra.scenarios.parts.judging import POINTS


class PuzzleDebater(Agent):
    """One of those who solve the puzzle.

    Attributes:
        roles: the role that it last gave each player.
        confidence: 1–10, in its first answers; None until told.
    """

    roles: dict[str, str]
    confidence: int | None = None

    def solution(self, players: Iterable[str]) -> str:
        """Its last answers in words: "Vic: knight, Uma: unknown"."""
        return ", ".join(f"{player}: {self.roles.get(player, 'unknown')}" for player in players)


class KnightsKnaves(Episode[KnightsKnavesConfig]):
    """One debate on one puzzle."""

    kind = "knights_knaves"
    config_type = KnightsKnavesConfig
    event_types = (Puzzle, PuzzleAnswer, Agreement, Consensus)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = ("puzzle", "players", "words")
    reward_unit = "share of roles right 0–1"

    @classmethod
    def rewards(cls, config: KnightsKnavesConfig, trajectory: Trajectory) -> dict[str, float]:
        """To each debater what of its final solution is right, to the supervisor what of the team's is.

        A missing answer is not right.
        """
        right: dict[str, list[bool]] = {}
        for told in trajectory.told(PuzzleAnswer):
            if told.moment == "final":
                right.setdefault(told.agent, []).append(bool(told.correct))
        if config.supervisor is not None:
            decided = (told for told in trajectory.told(Consensus) if told.moment == "final")
            right[config.supervisor.name] = [bool(told.correct) for told in decided]
        return {name: fmean(answers) for name, answers in right.items()}

    def play(self) -> Play:
        """Independent answers, a debate on each player, final answers, the team's decision."""
        self._gather()
        initial = yield from self._propose()
        order = yield from self._order()
        for player in order:
            yield from self._discuss(player)
        final = yield from self._ask_roles("conclude", "final")
        decided = yield from self._decide(final)
        return self._outcome(order, initial, final, decided)

    def _gather(self) -> None:
        config = self.config
        if config.puzzles:
            (self.puzzle,) = self.cycled(config.puzzles)
        else:
            names = self.random.sample(NAMES, config.players)
            self.puzzle = draw_puzzle(self.random, names, config.spies, config.hints)
        puzzle = self.puzzle
        self.solution = solutions(puzzle)[0]
        self.topic = {"puzzle": puzzle.text, "players": listed(puzzle.players), "words": config.words}
        told = ", ".join(f"{player}: {role}" for player, role in self.solution.items())
        size = len(puzzle.players), puzzle.spies, len(puzzle.hints)
        self.record(Puzzle(*size, puzzle.text, told, puzzle.model_dump_json(exclude_defaults=True)))

        self.debaters = []
        rules = self.words("debater_rules")
        for declared in config.debaters:
            debater = self.seat(PuzzleDebater, declared, rules)
            debater.roles = {}
            self.debaters.append(debater)
        self.supervisor: Agent | None = None
        if config.supervisor is not None:
            self.supervisor = self.seat(Agent, config.supervisor, self.words("supervisor_rules"))
        self.audience = [*self.debaters, *([self.supervisor] if self.supervisor else [])]
        self.datacollector = DataCollector(
            model_reporters={"answers": lambda m: sum(isinstance(e, PuzzleAnswer) for _, e in m.events)},
            agenttype_reporters={PuzzleDebater: {"name": "name", "confidence": "confidence"}},
        )

    def _propose(self) -> Asking[dict[str, dict[str, str | None]]]:
        """First answers: roles, confidence and an explanation, each made without the others'."""
        if self.config.think:
            thoughts = yield [debater.ask("think") for debater in self.debaters]
            for debater, thought in zip(self.debaters, thoughts, strict=True):
                if not thought.failed:
                    debater.private.append(
                        self.message("user", thought.text, "Your own reasoning", thought.call)
                    )
        players = self.puzzle.players
        asked = [(debater, player) for debater in self.debaters for player in players]
        roles = yield [debater.ask("propose", ROLE, player=player) for debater, player in asked]
        for (debater, player), reply in zip(asked, roles, strict=True):
            if not reply.failed:
                debater.roles[player] = str(reply.value)
        told = yield [
            debater.ask(purpose, kind, {"solution": debater.solution(players)})
            for purpose, kind in (("confidence", POINTS), ("explain", Text()))
            for debater in self.debaters
        ]
        size = len(self.debaters)
        for debater, confidence, explanation in zip(self.debaters, told[:size], told[size:], strict=True):
            debater.confidence = None if confidence.failed else int(str(confidence.value))
            if not explanation.failed:
                self.say(debater.name, explanation, to=self.audience)
        return self._record_answers("initial", asked, roles)

    def _order(self) -> Asking[list[str]]:
        """The order in which the players are debated."""
        players = self.puzzle.players
        if self.config.order == "given":
            return list(players)
        chooser = self.supervisor or self.debaters[0]
        (reply,) = yield [chooser.ask("order", Json(order_form(players)))]
        named = reply.value["order"] if isinstance(reply.value, dict) else []
        return list(dict.fromkeys([*named, *players]))

    def _discuss(self, player: str) -> Asking[None]:
        """The rounds on one player, then everybody's adjusted solution and what it shows of the player."""
        self._announce("opening", player=player, roles=self._shown(player))
        for number in range(1, self.config.depth + 1):
            yield from self._round(player, number)
        adjusted = yield from self._ask_roles("adjust", "adjusted", discussed=player)
        votes = [said[player] for said in adjusted.values()]
        role = strict_majority(votes)
        self._record_consensus(player, "discussion", votes, role, "majority" if role else "nobody")
        self._announce("majority" if role else "no_majority", player=player, role=role)

    def _round(self, player: str, number: int) -> Asking[None]:
        asked = [(debater, player) for debater in self.debaters]
        roles = yield [debater.ask("answer", ROLE, player=player, round=number) for debater in self.debaters]
        self._record_answers("discussion", asked, roles, player, number)
        names = [debater.name for debater in self.debaters]
        replies = yield [
            debater.ask(
                "discuss",
                Json(discussion_form(tuple(name for name in names if name != debater.name))),
                {"role": debater.roles.get(player, "unknown")},
                player=player,
                round=number,
            )
            for debater in self.debaters
        ]
        for debater, reply in zip(self.debaters, replies, strict=True):
            if isinstance(reply.value, dict):
                if said := reply.value["reasoning"].strip():
                    message = self.message("user", said, debater.name)
                    for listener in self.audience:
                        listener.heard.append(message)
                for other, agrees in agreements(reply.value["agree_with"], reply.value["disagree_with"]):
                    self.record(Agreement(debater.name, player, number, other, agrees))
        self._announce("round_over", player=player, round=number, roles=self._shown(player))

    def _ask_roles(
        self, purpose: str, moment: str, discussed: str | None = None
    ) -> Asking[dict[str, dict[str, str | None]]]:
        """Everybody's full solution."""
        players = self.puzzle.players
        about: dict[str, Scalar] = {} if discussed is None else {"discussed": discussed}
        asked = [(debater, player) for debater in self.debaters for player in players]
        replies = yield [
            debater.ask(purpose, ROLE, {"solution": debater.solution(players)}, (), **about, player=player)
            for debater, player in asked
        ]
        return self._record_answers(moment, asked, replies, discussed)

    def _record_answers(
        self,
        moment: str,
        asked: Sequence[tuple[PuzzleDebater, str]],
        replies: Sequence[Reply],
        discussed: str | None = None,
        number: int | None = None,
    ) -> dict[str, dict[str, str | None]]:
        given: dict[str, dict[str, str | None]] = {}
        for (debater, player), reply in zip(asked, replies, strict=True):
            truth = self.solution[player]
            role = None if reply.failed else str(reply.value)
            known = None if reply.failed else reply.probabilities
            probability = known[ROLES.index(truth)] if known else None
            confidence = debater.confidence if moment == "initial" else None
            correct = None if role is None else role == truth
            self.record(
                PuzzleAnswer(
                    debater.name, moment, player, discussed, number, role, correct, probability, confidence
                )
            )
            given.setdefault(debater.name, {})[player] = role
            if role is not None:
                debater.roles[player] = role
        return given

    def _decide(self, final: Answers) -> Asking[dict[str, str | None]]:
        """The team's role for each player: a strict majority's, the supervisor's, or a plurality's."""
        votes = {player: [said[player] for said in final.values()] for player in self.puzzle.players}
        majority = {player: strict_majority(given) for player, given in votes.items()}
        rulings: dict[str, str] = {}
        if self.supervisor is not None:
            asked = [player for player in votes if majority[player] is None]
            last = {
                p: ", ".join(f"{name}: {said[p] or 'no answer'}" for name, said in final.items())
                for p in asked
            }
            replies = yield [self.supervisor.ask("decide", ROLE, {"votes": last[p]}, player=p) for p in asked]
            given = zip(asked, replies, strict=True)
            rulings = {player: str(reply.value) for player, reply in given if not reply.failed}
        decided = {}
        for player, cast in votes.items():
            ways = (
                ("majority", majority[player]),
                ("supervisor", rulings.get(player)),
                ("plurality", plurality(cast)),
            )
            by, role = next((way for way in ways if way[1]), ("nobody", None))
            self._record_consensus(player, "final", cast, role, by)
            decided[player] = role
        return decided

    def _record_consensus(
        self, player: str, moment: str, votes: Sequence[str | None], role: str | None, by: str
    ) -> None:
        given = sum(vote is not None for vote in votes)
        correct = None if role is None else role == self.solution[player]
        self.record(Consensus(player, moment, role, votes.count(role) if role else 0, given, by, correct))

    def _announce(self, purpose: str, **fill: Scalar) -> None:
        message = self.request(purpose, fill)
        for listener in self.audience:
            listener.heard.append(message)

    def _shown(self, player: str) -> str:
        """What everybody sees of everybody's answer: the role for `player`, and the confidence."""
        shown = []
        for debater in self.debaters:
            sure = ""
            if self.config.show_confidence and debater.confidence is not None:
                sure = f" (confidence {debater.confidence} of 10)"
            shown.append(f"{debater.name} says {debater.roles.get(player, 'nothing')}{sure}")
        return ", ".join(shown)

    def _outcome(
        self, order: Sequence[str], initial: Answers, final: Answers, decided: dict[str, str | None]
    ) -> dict[str, Scalar]:
        right = sum(decided[player] == role for player, role in self.solution.items())
        change = changes(initial, final, self.solution)
        pressed = changes(initial, final, self.solution, under_pressure=True)
        return {
            "puzzle": self.puzzle.text.replace("\n", " "),
            "solution": ", ".join(f"{player}: {role}" for player, role in self.solution.items()),
            "decided": ", ".join(f"{player}: {role or 'undecided'}" for player, role in decided.items()),
            "order": ", ".join(order),
            "team_accuracy": right / len(self.solution),
            "exact": right == len(self.solution),
            "undecided": sum(role is None for role in decided.values()),
            "initial_accuracy": initial_accuracy(initial, self.solution),
            "correct_to_correct": change.kept,
            "correct_to_wrong": change.corrupted,
            "wrong_to_correct": change.corrected,
            "wrong_to_wrong": change.missed,
            "correction_rate": change.correction_rate,
            "corruption_rate": change.corruption_rate,
            "correction_under_pressure": pressed.correction_rate,
            "overturn_rate": overturn_rate(initial, decided, self.solution),
        }
