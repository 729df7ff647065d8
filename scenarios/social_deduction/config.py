"""The fields of a scenario file of hidden roles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field, field_validator

from palaestra.agents.calls import Scalar
from palaestra.agents.policy import Settings
from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig, name_problems

SEER = "seer"


class Team(Settings):
    """The words for one of the two sides."""

    name: str = Field("faithful", pattern=r"\S", description="What one of them is called; also their role.")
    plural: str = Field("faithful", pattern=r"\S", description="What several of them are called.")


class Minority(Team):
    """The informed side."""

    name: str = Field("traitor", pattern=r"\S", description="What one of them is called; also their role.")
    plural: str = Field("traitors", pattern=r"\S", description="What several of them are called.")
    size: int = Field(3, ge=1, description="How many of the players they are.")


class Player(Participant):
    """One of those who play."""

    trait: str = Field(
        "", description="An enforced trait, after 'known to be'; told to all where `introduction` is true."
    )
    role: str | None = Field(
        None, description="An enforced role: a team's name or `seer`. Default: dealt anew for each episode."
    )


CAST = (
    Player(name="Ann", trait="honest and blunt", persona="A nurse who has worked nights for twenty years."),
    Player(name="Bo", trait="charming", persona="A shopkeeper who knows everybody's business."),
    Player(name="Cem", trait="analytical", persona="A student of engineering who trusts numbers."),
    Player(name="Dee", trait="cautious", persona="A retired judge who has heard many lies."),
    Player(name="Eli", trait="quiet", persona="A gardener who watches more than he talks."),
    Player(name="Fay", trait="ambitious", persona="A lawyer who hates to lose."),
    Player(name="Gus", trait="loyal", persona="A carpenter who never broke his word."),
    Player(name="Hana", trait="suspicious", persona="A detective on leave."),
    Player(name="Ivo", trait="cheerful", persona="A cook who makes friends quickly."),
    Player(name="Jun", trait="impulsive", persona="A musician who decides by feeling."),
)
TOPICS = (
    "Which player do you suspect most, and why?",
    "Which player do you trust most, and why?",
    "What did somebody say or do that did not fit?",
    "Who has been too quiet or too loud?",
    "Why should the others trust you?",
    "Which player should be voted out today, and why?",
)
REACTIONS = (
    "With which player do you agree, and with which not?",
    "Which speech of today convinced you least?",
    "Answer what was said about you, or about somebody you trust.",
    "What would you ask one of the others?",
    "Has the talk of today changed whom you suspect?",
)


class SocialDeductionConfig(ScenarioConfig):
    """A game of hidden roles."""

    scenario: Literal["social_deduction"] = "social_deduction"
    game: str = Field(
        "The Traitors", pattern=r"\S", description="The game's name, as the players are told it."
    )
    minority: Minority = Field(Minority(), description="The informed side: its words and its size.")
    majority: Team = Field(Team(), description="The uninformed side: its words. It is all other players.")
    seer: bool = Field(False, description="One of the majority learns a living player's team each night.")
    players: list[Player] = Field(
        list(CAST), min_length=3, description="Who plays, in the order in which they talk and vote."
    )
    introduction: bool = Field(
        True,
        description="Begin with traits told to all and private impressions; needs a player with a trait.",
    )
    topics: list[str] = Field(
        list(TOPICS), min_length=1, description="Topics of the talk; day d takes topic d modulo their number."
    )
    reactions: list[str] = Field(
        list(REACTIONS),
        min_length=1,
        description="What pass 2 of the talk asks; they rotate as the topics do.",
    )
    max_rounds: int = Field(10, ge=1, description="Days and nights after which the game is undecided.")
    words: int = Field(30, ge=5, le=500, description="Length of a speech that the prompts ask for, words.")
    private_thoughts: bool = Field(
        False, description="Ask for a private thought with each speech; only the speech is heard."
    )
    memory_summaries: bool = Field(
        True, description="Let each player note privately what matters, after each day's talk and its vote."
    )
    elicit_beliefs: bool = Field(
        False,
        description="Ask for suspicion and trust of each living other, before and after each day's talk.",
    )

    @field_validator("topics", "reactions")
    @classmethod
    def _not_blank(cls, texts: list[str]) -> list[str]:
        if any(not text.strip() for text in texts):
            raise ValueError("a text is empty")
        return texts

    def problems(self) -> Iterator[tuple[Location, str]]:
        """Impossible names, sizes and enforced roles."""
        yield from name_problems(players=self.players)
        yield from self._size_problems()
        yield from self._role_problems()

    def deck(self) -> list[str]:
        """The roles that are dealt, one for each player."""
        seers = [SEER] * self.seer
        others = len(self.players) - self.minority.size - len(seers)
        return [self.minority.name] * self.minority.size + seers + [self.majority.name] * others

    def shared_words(self) -> dict[str, Scalar]:
        """What every prompt may use."""
        return {
            "game": self.game,
            "players": ", ".join(player.name for player in self.players),
            "player_count": len(self.players),
            "minority": self.minority.name,
            "minorities": self.minority.plural,
            "minority_size": self.minority.size,
            "majority": self.majority.name,
            "majorities": self.majority.plural,
            "max_rounds": self.max_rounds,
            "words": self.words,
        }

    def _size_problems(self) -> Iterator[tuple[Location, str]]:
        size, players = self.minority.size, len(self.players)
        if 2 * size >= players:
            yield (
                ("minority", "size"),
                f"{size} of {players} players is no minority; lower it below {players / 2:g} or add players",
            )
        elif self.seer and 2 * size + 1 >= players:
            yield (
                ("seer",),
                f"beside the seer there must be more {self.majority.plural} than {self.minority.plural}, "
                f"and {players} players leave {players - size - 1} and {size}",
            )

    def _role_problems(self) -> Iterator[tuple[Location, str]]:
        words = [self.minority.name, self.majority.name, SEER, "undecided"]
        if len({word.strip().casefold() for word in words}) < len(words):
            yield ("minority", "name"), f"the roles need different names, not {', '.join(words)}"
            return
        if self.minority.plural.strip().casefold() == self.majority.plural.strip().casefold():
            yield ("minority", "plural"), f"both teams are called {self.minority.plural!r}"
        left = self.deck()
        for position, player in enumerate(self.players):
            if player.role is None:
                continue
            if player.role in left:
                left.remove(player.role)
            elif player.role in self.deck():
                count = self.deck().count(player.role)
                yield (
                    ("players", position, "role"),
                    f"only {count} of the {len(self.players)} players can be {player.role}",
                )
            else:
                known = ", ".join(dict.fromkeys(self.deck()))
                yield ("players", position, "role"), f"no role {player.role!r}; the roles are: {known}"
