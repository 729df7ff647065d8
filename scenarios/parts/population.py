"""People from a population in a scenario: where they come from, and who plays whom in an episode."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, Tag

from palaestra.agents.calls import Scalar
from palaestra.agents.declared import Problems
from palaestra.agents.failures import BadInput
from palaestra.agents.policy import Settings
from palaestra.agents.populations.files import (
    PEOPLE_SUFFIXES,
    hash_of,
    population_path,
    read_people,
    read_population,
)
from palaestra.agents.populations.spec import MOST_PEOPLE, NAME, RESERVED, Population

if TYPE_CHECKING:
    import polars as pl

DEFAULT_SIZE = 1000


class PeopleFile(Settings):
    """People that were drawn into a file, which must not change as long as runs use it."""

    file: Path = Field(description="Where it is.")
    sha256: str = Field(description="Hash of its content when the run began.")
    people: int = Field(ge=1, description="How many are in it.")


def _resolved(of: Any) -> Any:
    """What the name or path `of` names, so that a run holds all that it was played with."""
    if not isinstance(of, str):
        return of
    path = Path(of)
    if path.suffix in PEOPLE_SUFFIXES:
        people = read_people(path)
        return {"file": str(path.resolve()), "sha256": hash_of(path), "people": len(people)}
    try:
        path = population_path(of)
    except BadInput as error:
        raise ValueError(f"{error.args[0]}; {error.remedy}") from error
    return read_population(path)


def _source(of: Any) -> str:
    return "drawn" if isinstance(of, PeopleFile) or (isinstance(of, dict) and "file" in of) else "declared"


class PeopleDrawn(Settings):
    """Where a scenario's people come from."""

    of: Annotated[
        Annotated[Population, Tag("declared")] | Annotated[PeopleFile, Tag("drawn")],
        Discriminator(_source),
        BeforeValidator(_resolved, json_schema_input_type=str | Population),
    ] = Field(
        description="A ready population's name (`palaestra population list`); the path of a population file, "
        "or of people that were drawn, from the working directory; or a population written here."
    )
    size: int | None = Field(
        None, ge=1, le=MOST_PEOPLE, description="How many people there are. Default: 1000, or all of a file."
    )
    seed: int | None = Field(None, ge=0, description="Seed of the people. Default: 0. A file has its own.")

    def problems(self, players: int) -> Problems:
        """Fewer people than play, and fields that a people file has no use for."""
        if isinstance(self.of, PeopleFile):
            if self.seed is not None:
                yield ("seed",), "the people of a file are drawn already; leave out `seed`"
            if self.size is not None and self.size > self.of.people:
                yield ("size",), f"{self.of.file} holds {self.of.people} people, not {self.size}"
        if self.number < players:
            yield (), f"{players} agents without a persona can't be played by {self.number} people"

    @property
    def number(self) -> int:
        """How many people there are."""
        return self.size or (self.of.people if isinstance(self.of, PeopleFile) else DEFAULT_SIZE)

    @cached_property
    def people(self) -> pl.DataFrame:
        """All people, drawn or read once.

        Raises:
            BadInput: their file is gone, or has changed since the run began.
        """
        if isinstance(self.of, Population):
            from palaestra.agents.populations.draw import draw

            return draw(self.of, self.number, self.seed or 0)
        found = hash_of(self.of.file)
        if found != self.of.sha256:
            raise BadInput(
                f"{self.of.file} has changed: its SHA-256 is {found}, the run began with {self.of.sha256}",
                "Put the file back as it was, or begin a new run.",
            )
        return read_people(self.of.file).head(self.number)

    def choose(self, names: list[str], seed: int) -> list[Person]:
        """Draw a different person for each of the agents `names`."""
        rows = Random(seed).sample(range(self.number), len(names))
        return [
            _person(self.people.row(row, named=True), name) for row, name in zip(rows, names, strict=True)
        ]


class Person(Settings):
    """Somebody of a population, played by an agent.

    Attributes:
        agent: who plays.
        number: of the person in the population.
        text: the persona, with the agent's name where it uses a name.
        values: the attributes.
    """

    agent: str
    number: int
    text: str
    values: Mapping[str, Scalar]


def _person(row: dict[str, Any], agent: str) -> Person:
    text = row["wording"].replace("{" + NAME + "}", agent) if row.get("wording") else row["persona"]
    values = {name: value for name, value in row.items() if name not in RESERVED}
    return Person(agent=agent, number=row["person"], text=text, values=values)
