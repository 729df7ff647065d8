"""People of a population play the agents without a persona, in any scenario."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.agent import Agent
from palaestra.agents.calls import turns
from palaestra.agents.failures import BadInput
from palaestra.agents.populations.draw import draw
from palaestra.agents.populations.files import write_people
from palaestra.agents.populations.spec import Population
from palaestra.agents.scripted import scripted_replies
from palaestra.runs.record import log as run_log
from palaestra.runs.record.trajectories import trajectories
from palaestra.runs.run import Run
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode, Persona
from palaestra.scenarios.core.load import Scenario, check, load
from palaestra.scenarios.core.registry import SCENARIOS
from palaestra.sims.playing.play import resume, start
from support.metric_tables import play
from support.scripted_debates import settings_of
from support.towns import TOWN

WHO = {
    "population": "numbers",
    "names": ["Nobody"],
    "attributes": {
        "number": {"whole": True, "uniform": {"low": 10_000, "high": 99_999}},
        "mood": {"shares": {"calm": 0.5, "worried": 0.5}},
    },
    "persona": "QP{number}X known to {name}.",
}
"""People whose texts are easy to tell apart."""
READY = [
    file
    for name in SCENARIOS
    for file in sorted((SCENARIOS[name].prompts_file.parent / "ready").glob("*.yaml"))
]
DEBATE: dict[str, Any] = {
    "scenario": "debate",
    "motions": ["Cities should plant more trees."],
    "engines": {"default": {"kind": "scripted"}},
    "debaters": [
        {"name": "Ann", "stance": "for"},
        {"name": "Bo", "stance": "against", "persona": "A judge."},
    ],
    "judges": [{"name": "Kim"}],
    "rounds": 1,
    "episodes": 3,
    "population": {"of": TOWN, "size": 40, "seed": 5},
}


def debate(**fields: Any) -> Scenario:
    return check(deepcopy(DEBATE) | fields, "test.yaml")


def episode(scenario: Scenario, index: int = 0) -> Episode[Any]:
    return scenario.rules(scenario.config, index=index)


def told(played: Episode[Any]) -> list[Persona]:
    return [event for _, event in played.events if isinstance(event, Persona)]


def people_file(folder: Path, name: str = "people.parquet", size: int = 40) -> Path:
    write_people(draw(Population.model_validate(TOWN), size, 5), folder / name)
    return folder / name


def test_who_has_no_persona_plays_somebody_and_is_told_with_its_own_name() -> None:
    played = episode(debate())
    ann, kim = told(played)
    assert (ann.agent, kim.agent) == ("Ann", "Kim")
    assert ann.text.startswith("Ann is ")
    assert "{" not in ann.text
    people = draw(Population.model_validate(TOWN), 40, 5)
    row = people.row(ann.person, named=True)
    assert ann.text == row["wording"].replace("{name}", "Ann")
    assert json.loads(ann.attributes) == {name: row[name] for name in TOWN["attributes"]}
    assert [debater.persona for debater in played.config.debaters] == [ann.text, "A judge."]


def test_episodes_draw_without_replacement_each_by_its_own_seed() -> None:
    everybody = debate(population={"of": TOWN, "size": 2})
    assert {event.person for event in told(episode(everybody))} == {0, 1}

    def drawn(scenario: Scenario) -> list[tuple[int, ...]]:
        return [tuple(event.person for event in told(episode(scenario, index))) for index in range(20)]

    first = drawn(debate())
    assert len(set(first)) > 15
    assert drawn(debate()) == first
    assert drawn(debate(seed=9)) != first


def test_people_leave_the_chance_of_the_rules_alone() -> None:
    with_people, without = episode(debate()), episode(debate(population=None))
    assert with_people.random.getstate() == without.random.getstate()


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_in_every_ready_scenario_a_persona_is_read_by_its_agent_and_nobody_else(path: Path) -> None:
    everything = ["asked=[]"] if path.stem == "persona-interview" else []
    scenario = load(path, [f"population={json.dumps({'of': WHO, 'size': 60})}", *everything])
    played = scenario.rules(scenario.config, index=0)
    texts = {event.text.split()[0]: event.agent for event in told(played)}
    assert list(texts.values()) == scenario.config.unplayed()
    read, asked = set(), set()
    while played.pending:
        for call in played.pending:
            asked.add(call.agent)
            prompt = "\n".join(text for _, text in turns(call.prompt))
            found = {agent for text, agent in texts.items() if text in prompt}
            assert found <= {call.agent}
            read |= found
        played.advance(scripted_replies(played.pending))
    assert read == asked & set(texts.values())


def test_a_scenario_with_people_keeps_the_contract() -> None:
    check_contract(
        deepcopy(DEBATE),
        may_read=lambda played, call: (
            {agent.name for agent in played.agents if isinstance(agent, Agent)}
            if call.purpose == "argue"
            else {call.agent}
        ),
        refused=[
            ({"population": {"of": "townsfok"}}, "Did you mean 'townsfolk'?"),
            (
                {"population": {"of": TOWN, "size": 1}},
                "2 agents without a persona can't be played by 1 people",
            ),
            ({"population": {"of": TOWN | {"persona": "{x}"}}}, "there is no attribute 'x'"),
            ({"population": {"of": TOWN, "size": 0}}, "population.size"),
            ({"population": {"size": 3}}, "`of` is missing"),
        ],
    )


def test_a_wrong_population_written_in_a_scenario_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "scenario: debate\nmotions: [Trees.]\npopulation:\n  of:\n    population: town\n    persona: Me.\n"
        "    attributes:\n      job: {shares: {nurse: 0.5}}\n"
    )
    with pytest.raises(BadInput, match=r"mine\.yaml:8:13: shares sum to 1; these sum to 0\.5"):
        load(path)


def test_a_wrong_population_file_is_told_with_its_own_line(tmp_path: Path) -> None:
    path = tmp_path / "town.yaml"
    path.write_text("population: town\npersona: Me.\nattributes:\n  job: {shares: {nurse: 0.5}}\n")
    with pytest.raises(BadInput, match=r"town\.yaml:4:9: shares sum to 1"):
        debate(population={"of": str(path)})


def test_the_resolved_scenario_holds_the_whole_population_and_reads_back() -> None:
    scenario = debate(population={"of": "citizens", "size": 30})
    data = settings_of(scenario.config)
    assert data["population"]["of"]["attributes"]["home"]["shares"]["in a suburb"] == 0.45
    again = check(json.loads(json.dumps(data)), "again.yaml")
    assert told(episode(again)) == told(episode(scenario))


def test_a_people_file_is_recorded_with_its_hash_and_gives_the_same_people(tmp_path: Path) -> None:
    drawn = told(episode(debate()))
    for name in ("people.parquet", "people.jsonl"):
        scenario = debate(population={"of": str(people_file(tmp_path, name))})
        of = settings_of(scenario.config)["population"]["of"]
        assert of["file"] == str(tmp_path / name)
        assert (len(of["sha256"]), of["people"]) == (64, 40)
        assert told(episode(scenario)) == drawn
        assert told(episode(check(settings_of(scenario.config), "again.yaml"))) == drawn


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"seed": 1}, "drawn already; leave out `seed`"),
        ({"size": 41}, "holds 40 people, not 41"),
        ({"size": 1}, "can't be played by 1 people"),
    ],
)
def test_a_people_file_has_its_seed_and_no_more_people_than_it_has(
    tmp_path: Path, fields: dict[str, int], said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        debate(population={"of": str(people_file(tmp_path))} | fields)


def test_a_people_file_that_is_not_there_or_no_people_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="there is no file"):
        debate(population={"of": str(tmp_path / "none.parquet")})
    (tmp_path / "odd.jsonl").write_text('{"person": 1}\n')
    with pytest.raises(BadInput, match="not everybody has a `persona`"):
        debate(population={"of": str(tmp_path / "odd.jsonl")})
    (tmp_path / "odd.parquet").write_text("no parquet")
    with pytest.raises(BadInput, match="can't be read"):
        debate(population={"of": str(tmp_path / "odd.parquet")})


def test_a_run_keeps_who_played_whom_in_a_table_and_in_trajectories(tmp_path: Path) -> None:
    run = Run(start(debate(), tmp_path / "run", quiet=True))
    table = run.table("persona")
    assert table.columns == ["episode", "event", "step", "agent", "person", "text", "attributes"]
    assert table["agent"].to_list() == ["Ann", "Kim"] * 3
    [first, *_] = trajectories(run_log.read(run.folder), SCENARIOS["debate"].event_types)
    assert [event.agent for event in first.told(Persona)] == ["Ann", "Kim"]
    assert "persona" not in play(debate(population=None), 1)


def test_a_run_goes_on_with_its_people_and_not_with_others(tmp_path: Path) -> None:
    people = people_file(tmp_path)
    folder = start(debate(population={"of": str(people)}), tmp_path / "run", quiet=True)
    before = (folder / "run.json").read_bytes()
    resume(folder, ["episodes=4"], quiet=True)
    assert Run(folder).table("persona")["episode"].n_unique() == 4
    people.unlink()
    write_people(draw(Population.model_validate(TOWN), 40, 6), people)
    state = (folder / "run.json").read_bytes()
    with pytest.raises(BadInput, match=r"people\.parquet has changed: its SHA-256 is"):
        resume(folder, ["episodes=5"], quiet=True)
    assert (folder / "run.json").read_bytes() == state != before
    assert Run(folder).table("persona")["episode"].n_unique() == 4, "what was played can be read"


def test_the_schema_takes_a_name() -> None:
    schema = SCENARIOS["debate"].config_type.model_json_schema()
    of = schema["$defs"]["PeopleDrawn"]["properties"]["of"]
    assert {"type": "string"} in of["anyOf"]
