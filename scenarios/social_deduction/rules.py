"""The rules of hidden roles; the package's docstring is their summary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from mesa import DataCollector
from pydantic import BaseModel, Field, create_model

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Answer, Choice, Json, Text
from palaestra.agents.calls import Message, Question, Reply, Scalar
from palaestra.scenarios.core.episode import Asking, Episode, Play
from palaestra.scenarios.core.trajectory import Trajectory
from palaestra.scenarios.parts.judging import points
from palaestra.scenarios.social_deduction.config import SEER, Player, SocialDeductionConfig
from palaestra.scenarios.social_deduction.events import (
    Belief,
    DeductionSpeech,
    DeductionVote,
    Elimination,
    Inspection,
    Role,
)
from palaestra.scenarios.social_deduction.tally import Result, deal, plurality, winning_side

UNDECIDED = "undecided"
DEGREES = Choice(tuple(str(degree) for degree in range(11)))


@lru_cache(maxsize=64)
def thought_and_speech(words: int) -> type[BaseModel]:
    """A speech with what its speaker keeps to itself, with room for `words` words of 8 characters each."""
    room = (str, Field(min_length=1, max_length=8 * words))
    return create_model("ThoughtAndSpeech", thought=room, speech=room)


class Character(Agent):
    """A player.

    Attributes:
        role: a team's name, or "seer".
        minority: whether it is of the informed team.
        alive: whether it is still in the game.
    """

    role: str = ""
    minority: bool = False
    alive: bool = True


class SocialDeduction(Episode[SocialDeductionConfig]):
    """One game of hidden roles.

    Attributes:
        characters: all players, in the order of the file.
        round: the round being played, from 1; 0 before the first.
    """

    kind = "social_deduction"
    config_type = SocialDeductionConfig
    event_types = (Role, Belief, DeductionSpeech, DeductionVote, Elimination, Inspection)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = tuple(SocialDeductionConfig().shared_words())
    reward_unit = "win 0–1"

    @classmethod
    def rewards(cls, config: SocialDeductionConfig, trajectory: Trajectory) -> dict[str, float]:
        """1 to the players of the team that won, 0 to the others; 0.5 to all where nobody did."""
        winner = trajectory.outcome["winner"]
        if winner == UNDECIDED:
            return {role.player: 0.5 for role in trajectory.told(Role)}
        return {role.player: float(role.team == winner) for role in trajectory.told(Role)}

    def play(self) -> Play:
        """Rounds of a day and a night until a team has won."""
        self._gather()
        yield from self._introduce()
        winner = None
        while winner is None and self.round < self.config.max_rounds:
            self.round += 1
            yield from self._day()
            if self.living(minority=True):
                yield from self._night()
            winner = self._winner()
        return {
            "winner": winner or UNDECIDED,
            "rounds": self.round,
            "minority_survivors": len(self.living(minority=True)),
            "majority_survivors": len(self.living(minority=False)),
        }

    def living(self, minority: bool | None = None) -> list[Character]:
        """Who is still in the game, of both teams or of one."""
        return [c for c in self.characters if c.alive and minority in (None, c.minority)]

    # The cast

    def _gather(self) -> None:
        config = self.config
        self.topic = config.shared_words()
        self.round = 0
        self.morning = self.words("first_morning")
        roles = deal([player.role for player in config.players], config.deck(), self.random)
        minority = [p.name for p, role in zip(config.players, roles, strict=True) if self._is_minority(role)]
        rules = self.words("rules")
        if config.seer:
            rules = f"{rules}\n{self.words('rules_seer')}"
        self.characters = []
        for player, role in zip(config.players, roles, strict=True):
            self.characters.append(self._character(player, role, rules, minority))
            team = config.minority.name if self._is_minority(role) else config.majority.name
            enforced = player.role is not None
            self.record(Role(player.name, role, team, self._is_minority(role), enforced))
        self.datacollector = DataCollector(
            model_reporters={
                "round": "round",
                "minority": lambda episode: len(episode.living(minority=True)),
                "majority": lambda episode: len(episode.living(minority=False)),
            },
            agenttype_reporters={Character: {"name": "name", "role": "role", "alive": "alive"}},
        )

    def _character(self, player: Player, role: str, rules: str, minority: Sequence[str]) -> Character:
        """A player with its role; only a member of the minority is told who the others are."""
        about = [self.words("persona", name=player.name, persona=player.persona)]
        if player.trait:
            about.append(self.words("persona_trait", trait=player.trait))
        if role == SEER:
            about.append(self.words("role_seer"))
        elif not self._is_minority(role):
            about.append(self.words("role_majority"))
        elif len(minority) == 1:
            about.append(self.words("role_minority_alone"))
        else:
            partners = _listed(name for name in minority if name != player.name)
            about.append(self.words("role_minority", partners=partners))
        persona = "\n".join(about)
        character = Character(self, player.name, rules=rules, persona=persona, policy=player.policy)
        character.role, character.minority = role, self._is_minority(role)
        return character

    def _is_minority(self, role: str) -> bool:
        return role == self.config.minority.name

    def _introduce(self) -> Asking[None]:
        known = [player for player in self.config.players if player.trait]
        if not self.config.introduction or not known:
            return
        for player in known:
            self._announce(self.words("profile", name=player.name, trait=player.trait))
        yield from self._note("reflect", self.words("reflection_label"))

    # The day

    def _day(self) -> Asking[None]:
        topic = self.config.topics[(self.round - 1) % len(self.config.topics)]
        living = _listed(character.name for character in self.living())
        self._announce(self.words("day", round=self.round, morning=self.morning, living=living, topic=topic))
        yield from self._beliefs("before")
        yield from self._discuss(topic)
        yield from self._summarize("talk")
        yield from self._beliefs("after")
        yield from self._vote_out()
        yield from self._summarize("vote")

    def _discuss(self, topic: str) -> Asking[None]:
        for speaker in self.living():
            yield from self._talk([speaker], "discuss", 1, {"topic": topic})
        reaction = self.config.reactions[(self.round - 1) % len(self.config.reactions)]
        yield from self._talk(self.living(), "react", 2, {"reaction": reaction})

    def _vote_out(self) -> Asking[None]:
        living = self.living()
        result = yield from self._vote("day", "vote", living, living)
        if result is None:
            news = self.words("nobody_voted_out")
        else:
            role = self._eliminate("day", result)
            news = self.words("voted_out", player=result.name, role=role, votes=result.votes)
        self._announce(news)
        yield from self._talk(self.living(), "comment", 1, {"news": news})

    def _beliefs(self, moment: str) -> Asking[None]:
        if not self.config.elicit_beliefs:
            return
        pairs = [(one, other.name) for one in self.living() for other in self.living() if other is not one]
        replies = yield [
            one.ask(purpose, DEGREES, round=self.round, moment=moment, other=other)
            for purpose in ("suspect", "trust")
            for one, other in pairs
        ]
        told = [_share(reply) for reply in replies]
        for i, (one, other) in enumerate(pairs):
            self.record(Belief(self.round, moment, one.name, other, told[i], told[len(pairs) + i]))

    # The night

    def _night(self) -> Asking[None]:
        yield from self._inspect()
        minority, targets = self.living(minority=True), self.living(minority=False)
        if len(minority) > 1:
            candidates: dict[str, Scalar] = {"candidates": _listed(target.name for target in targets)}
            for speaker in minority:
                yield from self._talk([speaker], "plot", 1, candidates)
            yield from self._talk(minority, "conclude", 2, candidates)
        if len(targets) > 1:
            result = yield from self._vote("night", "kill", minority, targets)
        else:
            result = Result(targets[0].name, 0, False)
        self.morning = self.words("quiet_morning")
        if result is not None:
            self._eliminate("night", result)
            self.morning = self.words("sad_morning", player=result.name)

    def _inspect(self) -> Asking[None]:
        inspected = {event.target for _, event in self.events if isinstance(event, Inspection)}
        for seer in [character for character in self.living() if character.role == SEER]:
            names = [c.name for c in self.living() if c is not seer and c.name not in inspected]
            target: str | None = names[0] if len(names) == 1 else None
            if len(names) > 1:
                [reply] = yield [self._ask(seer, "inspect", _among(names), {"candidates": _listed(names)})]
                target = None if reply.failed else str(reply.value)
            if names:
                self._reveal(seer, target)

    def _reveal(self, seer: Character, target: str | None) -> None:
        """Tell the seer, and nobody else, the team of `target`."""
        if target is None:
            self.record(Inspection(self.round, seer.name, None, None, False))
            return
        team = self.config.minority if self._named(target).minority else self.config.majority
        seer.remember(self.words("finding", round=self.round, player=target, teams=team.plural))
        self.record(Inspection(self.round, seer.name, target, team.name, True))

    # Day and night

    def _talk(
        self, speakers: Sequence[Character], purpose: str, pass_number: int, about: dict[str, Scalar]
    ) -> Asking[None]:
        """Let `speakers` speak at once; then all hear it by day, and the minority alone by night."""
        night = purpose in ("plot", "conclude")
        thoughts = self.config.private_thoughts
        answer: Answer = Json(thought_and_speech(self.config.words)) if thoughts else Text()
        how: dict[str, Scalar] = {"how": self.words("how_with_thought" if thoughts else "how_plain")}
        replies = yield [self._ask(speaker, purpose, answer, how, **about) for speaker in speakers]
        phase = "night" if night else "elimination" if purpose == "comment" else "discussion"
        for speaker, reply in zip(speakers, replies, strict=True):
            label = self.words("night_label", name=speaker.name, round=self.round) if night else speaker.name
            said = self._speech(label, reply)
            for listener in self.living(minority=True) if night else self.living():
                if said is not None:
                    # What the minority hears at night stands with what is private, so that the
                    # public part of all prompts stays the same.
                    (listener.private if night else listener.heard).append(said)
            number = None if said is None else said.number
            self.record(DeductionSpeech(self.round, phase, pass_number, speaker.name, speaker.role, number))

    def _speech(self, label: str, reply: Reply) -> Message | None:
        """The part of a reply that others hear; None when there is none."""
        if reply.failed:
            return None
        if not isinstance(reply.value, dict):
            return self.message("user", reply.text, label, reply.call)
        speech = str(reply.value["speech"]).strip()
        return self.message("user", speech, label) if speech else None

    def _summarize(self, when: str) -> Asking[None]:
        if self.config.memory_summaries:
            yield from self._note(
                "summarize", self.words("note_label", round=self.round, when=when), when=when
            )

    def _note(self, purpose: str, label: str, **about: Scalar) -> Asking[None]:
        """Let everybody write what only they will read."""
        writers = self.living()
        replies = yield [self._ask(one, purpose, Text(), {}, **about) for one in writers]
        for writer, reply in zip(writers, replies, strict=True):
            if not reply.failed:
                writer.private.append(self.message("user", reply.text, label, reply.call))

    def _vote(
        self, when: str, purpose: str, voters: Sequence[Character], candidates: Sequence[Character]
    ) -> Asking[Result | None]:
        """A secret vote; nobody may name themselves."""
        questions = []
        for voter in voters:
            names = [candidate.name for candidate in candidates if candidate is not voter]
            questions.append(self._ask(voter, purpose, _among(names), {"candidates": _listed(names)}))
        replies = yield questions
        targets = [None if reply.failed else str(reply.value) for reply in replies]
        for voter, target in zip(voters, targets, strict=True):
            self.record(DeductionVote(self.round, when, voter.name, voter.role, target, target is not None))
        return plurality(targets)

    def _eliminate(self, when: str, result: Result) -> str:
        """Take somebody out of the game; return the role."""
        gone = self._named(result.name)
        gone.alive = False
        self.record(Elimination(self.round, when, gone.name, gone.role, result.votes, result.tie))
        return gone.role

    def _winner(self) -> str | None:
        side = winning_side(len(self.living(minority=True)), len(self.living(minority=False)))
        teams = {"minority": self.config.minority.name, "majority": self.config.majority.name}
        return None if side is None else teams[side]

    def _ask(
        self, one: Character, purpose: str, answer: Answer, fill: dict[str, Scalar], **about: Scalar
    ) -> Question:
        return one.ask(purpose, answer, fill, (), round=self.round, role=one.role, **about)

    def _announce(self, text: str) -> None:
        """Tell everybody who is still in the game."""
        message = self.message("user", text)
        for character in self.living():
            character.heard.append(message)

    def _named(self, name: str) -> Character:
        return next(character for character in self.characters if character.name == name)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _among(names: Sequence[str]) -> Choice:
    return Choice(tuple(names))


def _share(reply: Reply) -> float | None:
    """A degree of 0–10 as 0–1."""
    degree, _ = points(reply, scale=DEGREES)
    return None if degree is None else degree / 10
