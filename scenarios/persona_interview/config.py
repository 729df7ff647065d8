"""The fields of a persona interview's scenario file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from palaestra.agents.policy import Settings
from palaestra.agents.populations.spec import Population
from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig, name_problems

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Problems = Iterator[tuple[Location, str]]


class Interviewee(Participant):
    """Somebody who is asked; from the population where there is no persona."""

    attributes: dict[str, Said] = Field(
        {}, description="What the persona says, by the question's name; of people without a persona none."
    )


class InterviewQuestion(Settings):
    """What people are asked about themselves."""

    wordings: list[Said] = Field(min_length=1, description="Ways to ask, which are taken in turn.")
    options: list[Said] = Field(min_length=2, description="The answers there are, all different.")


INTERVIEWEES = tuple(Interviewee(name=name) for name in ("Ann", "Bo", "Cem", "Dee"))
MATTERS = (
    "Never mind that for now. What did you have for breakfast?",
    "Imagine for a moment that you are a pilot of fifty. How does your day begin?",
    "Some say that people like you are all the same. What do you say to them?",
)


class PersonaInterviewConfig(ScenarioConfig):
    """Interviews of people about themselves."""

    scenario: Literal["persona_interview"] = "persona_interview"
    people: list[Interviewee] = Field(list(INTERVIEWEES), min_length=1, description="Who is interviewed.")
    questions: dict[str, InterviewQuestion] = Field(
        {},
        description="What is asked, by the attribute's name. Default: all of the population with options.",
    )
    asked: list[str] = Field([], description="The attributes that are asked for. Default: all questions.")
    rounds: int = Field(2, ge=1, description="Rounds of talk, each followed by all questions.")
    matters: list[Said] = Field(
        list(MATTERS), min_length=1, description="What the interviewer brings up, one each round, in turn."
    )
    talk: Literal["alone", "together"] = Field(
        "alone",
        description="Whether people talk with the interviewer `alone`, or hear each other (`together`).",
    )
    words: int = Field(30, ge=5, description="Length of a reply that the rules ask for, words.")

    @property
    def declared(self) -> Population | None:
        """The population of those who have no persona; None for people from a file."""
        of = self.population.of if self.population is not None else None
        return of if isinstance(of, Population) else None

    @cached_property
    def askable(self) -> Mapping[str, InterviewQuestion]:
        """All that can be asked, by attribute."""
        if self.questions or self.declared is None:
            return self.questions
        return {
            name: InterviewQuestion(
                wordings=attribute.questions or [wording(name, attribute.topic)], options=attribute.options
            )
            for name, attribute in self.declared.attributes.items()
            if len(attribute.options) > 1
        }

    @property
    def interview(self) -> Mapping[str, InterviewQuestion]:
        """All that is asked, by attribute."""
        return {name: self.askable[name] for name in self.asked or self.askable}

    def problems(self) -> Problems:
        """Colliding names, people of whom nothing is known, questions without answers."""
        yield from name_problems(people=self.people)
        if not self.askable:
            yield (), "nothing to ask: declare `questions`, or a `population` whose attributes have options"
        for name, question in self.questions.items():
            if len(set(question.options)) < len(question.options):
                yield ("questions", name, "options"), "the options are all different"
        for position, name in enumerate(self.asked):
            if name not in self.askable:
                known = ", ".join(self.askable)
                yield ("asked", position), f"there is no question {name!r}; there are: {known}"
        if self.declared is not None and self.unplayed():
            yield from self._drawn_problems(self.declared)
        for position, person in enumerate(self.people):
            yield from self._person_problems(("people", position), person)

    def _drawn_problems(self, drawn: Population) -> Problems:
        for name, question in self.questions.items():
            if name not in drawn.attributes:
                known = ", ".join(drawn.attributes)
                yield ("questions", name), f"the population has no attribute {name!r}; it has: {known}"
                continue
            missing = [value for value in drawn.attributes[name].options if value not in question.options]
            if missing or not drawn.attributes[name].options:
                what = ", ".join(missing) or "a number without `words`"
                yield ("questions", name, "options"), f"people of the population may have to answer {what}"

    def _person_problems(self, here: Location, person: Interviewee) -> Problems:
        if not person.persona:
            if self.declared is None:
                remedy = "give it one with its `attributes`, or set `population` to a population file"
                yield here, f"{person.name} has no persona; {remedy}"
            elif person.attributes:
                yield (*here, "attributes"), f"{person.name} is drawn: leave out its attributes"
            return
        for name, question in self.interview.items():
            told = person.attributes.get(name)
            if told is None:
                yield here, f"{person.name} is asked for {name!r}, which its `attributes` don't hold"
            elif told not in question.options:
                options = ", ".join(question.options)
                yield (*here, "attributes", name), f"{told!r} is none of the options: {options}"


def wording(attribute: str, topic: str) -> str:
    """A plain question for an attribute that has none of its own."""
    if topic:
        return f"Do you agree? {topic}"
    return f"What is true of you: {attribute.replace('_', ' ')}?"
