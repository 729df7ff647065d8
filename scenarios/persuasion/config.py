"""The fields of a persuasion's scenario file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from palaestra.agents.policy import Settings
from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig, name_problems

Problems = Iterator[tuple[Location, str]]
Phrase = Annotated[str, Field(min_length=1, max_length=160, pattern=r"^\S(.*\S)?$")]
NONE = "none"
LETTERS = "ABCDEFGH"


class MentalState(Settings):
    """What the persuadee thinks of doing something; what is left out is generated."""

    content: Phrase | None = Field(
        None, description="What would be done, beginning with a verb: watch a film. No secret."
    )
    belief: Phrase | None = Field(
        None,
        description="One thing that the persuadee believes about it; completes `believes that`. For "
        "`preventive` what speaks for it, for `generative` an objection.",
    )
    desire: Phrase | None = Field(
        None, description="One thing that the persuadee wants from it; completes `wants to`."
    )
    other_beliefs: list[Phrase] = Field(
        [], description="Beliefs that are not true of the persuadee, among which the true one is guessed."
    )
    other_desires: list[Phrase] = Field([], description="Desires that are not true of the persuadee.")

    def told(self, part: str) -> tuple[str | None, list[str]]:
        """The true statement of a part ("belief" or "desire"), and those that are not true."""
        return (self.belief, self.other_beliefs) if part == "belief" else (self.desire, self.other_desires)

    def problems(self) -> Problems:
        """Statements that are alike, and untrue ones without a true one."""
        for part in ("belief", "desire"):
            truth, others = self.told(part)
            place = f"other_{part}s"
            if others and truth is None:
                yield (place,), f"there is no true {part} among them; give `{part}` too, or leave these out"
            for position, other in enumerate(others):
                if truth is not None and alike(other) == alike(truth):
                    yield (place, position), f"{other!r} is the true {part}; say something else here"
                elif alike(other) in map(alike, others[:position]):
                    yield (place, position), f"{other!r} is there twice"


class Situation(Settings):
    """What two people talk about; an episode plays one."""

    background: str = Field(
        min_length=1, pattern=r"\S", description="Who is where and wants what, by their names; known to all."
    )
    goal: str = Field(
        min_length=1,
        pattern=r"\S",
        description="What the persuader is after: persuade Karl to watch a film.",
    )
    preventive: MentalState | Literal["none"] | None = Field(
        None,
        description="What the persuadee wants to do instead, or `none`. Default: generated, as is whether "
        "there is any.",
    )
    generative: MentalState = Field(
        MentalState(), description="What the persuader wants the persuadee to do. Default: generated."
    )

    def states(self) -> dict[str, MentalState]:
        """The states of mind that the file tells something of, by name."""
        rival = self.preventive
        known = {"preventive": rival} if isinstance(rival, MentalState) else {}
        return {**known, "generative": self.generative}


class PersuasionConfig(ScenarioConfig):
    """One tries to persuade another, and neither knows the other's mind."""

    scenario: Literal["persuasion"] = "persuasion"
    situations: list[Situation] = Field(
        min_length=1, description="What is talked about; episode i takes situation i modulo their number."
    )
    persuader: Participant = Field(Participant(name="Mona"), description="Who persuades.")
    persuadee: Participant = Field(Participant(name="Karl"), description="Who is to be persuaded.")
    observer: Participant | None = Field(
        None, description="Who knows the persuadee's mind and corrects the persuader. Default: nobody."
    )
    writer: Participant = Field(
        Participant(name="Writer"),
        description="Who generates what the situations leave out, before anybody talks.",
    )
    form: Literal["script", "free"] = Field(
        "script",
        description="The published script of four exchanges (three without `preventive`), "
        "or `exchanges` of them in which each says what it likes.",
    )
    exchanges: int = Field(3, ge=2, description="With `form: free`: how often each speaks.")
    options: int = Field(
        4, ge=2, le=len(LETTERS), description="Among how many statements the persuader guesses the true one."
    )
    words: int = Field(30, ge=5, description="Length of a speech that the prompts ask for, words.")

    @property
    def aside(self) -> str:
        """The name under which the persuader's guesses among statements are asked."""
        return f"{self.persuader.name} (aside)"

    def cast(self) -> Iterator[tuple[str, Participant]]:
        """All who take part, each with its field."""
        for field in ("persuader", "persuadee", "observer", "writer"):
            if (member := getattr(self, field)) is not None:
                yield field, member

    def problems(self) -> Problems:
        """Names that collide, statements that can't be told apart, and a writer who can't vary."""
        names = {field: [member] for field, member in self.cast()}
        aside = {"aside": [Participant(name=self.aside)]}
        for (field, *_), message in name_problems(**aside, **names):
            yield (field, "name"), message
        for position, situation in enumerate(self.situations):
            for state, told in situation.states().items():
                for location, message in told.problems():
                    yield ("situations", position, state, *location), message
        policy = self.policies.get(self.writer.policy)
        if policy is not None and policy.temperature == 0 and any(map(self._leaves_out, self.situations)):
            yield (
                ("writer", "policy"),
                "at temperature 0 all statements that are generated would be the same; name a policy with "
                "a higher one, or give every belief and desire with its others",
            )

    def _leaves_out(self, situation: Situation) -> bool:
        """Whether statements of `situation` are generated."""
        told = [state.told(part) for state in situation.states().values() for part in ("belief", "desire")]
        lacking = any(truth is None or len(others) < self.options - 1 for truth, others in told)
        return situation.preventive is None or lacking


def alike(statement: str) -> str:
    """What two statements share that say the same: the words, whatever their case."""
    return " ".join(statement.casefold().replace(".", " ").split())
