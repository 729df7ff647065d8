"""What any scenario file declares, whatever its rules: agents, wherever they stand, and their policies."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field, ValidationError

from palaestra.agents.declared import Location, Problems
from palaestra.agents.failures import BadInput
from palaestra.agents.policy import Settings
from palaestra.scenarios.core.config import Participant, ScenarioConfig
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.core.ready_made import find, ready_made
from palaestra.scenarios.core.registry import SCENARIOS


class Team(Settings):
    captain: Participant
    crew: tuple[Participant, ...] = ()


class Regatta(ScenarioConfig):
    """A stranger's file: agents in all sorts of places, and problems that know nothing of ours."""

    teams: dict[str, Team]
    judges: list[Participant] = Field([])
    starter: Participant | None = None

    def problems(self) -> Problems:
        if not self.judges:
            yield ("judges",), "somebody must watch"


def regatta(**fields: Any) -> dict[str, Any]:
    red = {"captain": {"name": "Ann"}, "crew": [{"name": "Bo"}, {"name": "Cem"}]}
    return {"scenario": "regatta", "teams": {"red": red}, "judges": [{"name": "Kim"}], **fields}


def put(data: Any, place: Location, value: object) -> None:
    for part in place[:-1]:
        data = data[part]
    data[place[-1]] = value


def told(data: dict[str, Any]) -> tuple[Location, str]:
    """Where the first problem of a regatta is, and what is wrong."""
    with pytest.raises(ValidationError) as caught:
        Regatta.model_validate(data)
    context = caught.value.errors()[0]["ctx"]
    return context["location"], context["message"]


def test_agents_are_found_in_the_order_of_the_fields_wherever_they_stand() -> None:
    config = Regatta.model_validate(regatta(starter={"name": "Sid"}))
    assert [(place, agent.name) for place, agent in config.declared_agents()] == [
        (("teams", "red", "captain"), "Ann"),
        (("teams", "red", "crew", 0), "Bo"),
        (("teams", "red", "crew", 1), "Cem"),
        (("judges", 0), "Kim"),
        (("starter",), "Sid"),
    ]


@pytest.mark.parametrize(
    "place", [("teams", "red", "captain"), ("teams", "red", "crew", 1), ("judges", 0), ("starter",)]
)
def test_a_policy_that_there_is_not_is_refused_where_an_agent_names_it(place: Location) -> None:
    data = regatta(starter={"name": "Sid"})
    put(data, (*place, "policy"), "clever")
    assert told(data) == ((*place, "policy"), "no policy 'clever'; the policies are: default")


def test_problems_of_the_rules_come_after_those_of_any_file() -> None:
    assert told(regatta(judges=[])) == (("judges",), "somebody must watch")
    place, _ = told(regatta(judges=[], policies={"default": {"engine": "none"}}))
    assert place == ("policies", "default", "engine")


def test_agents_everywhere_are_given_personas() -> None:
    people = {"Ann": "A sailor.", "Cem": "A cook.", "Kim": "A captain."}
    config = Regatta.model_validate(regatta()).with_personas(people)
    assert {agent.name: agent.persona for _, agent in config.declared_agents()} == people | {"Bo": ""}
    assert config.unplayed() == ["Bo"]
    assert isinstance(config.teams["red"].crew, tuple)


@pytest.mark.parametrize("kind", [*SCENARIOS])
def test_no_scenario_takes_an_agent_whose_policy_there_is_not(kind: str) -> None:
    for name, _ in ready_made(kind):
        scenario = load(find(name))
        for place, _ in scenario.config.declared_agents():
            data = scenario.config.model_dump(mode="json")
            put(data, (*place, "policy"), "clever")
            with pytest.raises(BadInput, match="no policy 'clever'; the policies are: "):
                check(data, "file.yaml")
