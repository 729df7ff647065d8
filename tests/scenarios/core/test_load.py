"""A scenario file is read as it is written, and overrides change it as they are typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from palaestra.agents.engines.scripted import ScriptedEngine
from palaestra.scenarios.core import ready_made
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.core.registry import SCENARIOS
from palaestra.scenarios.debate.config import DebateConfig
from palaestra.scenarios.debate.rules import Debate
from support.scenario_files import GOOD, Write, refused
from support.scripted_debates import settings_of


def test_a_good_file_is_a_scenario(write: Write) -> None:
    found = load(write(GOOD))
    assert isinstance(found.config, DebateConfig)
    assert found.rules is Debate
    assert found.file.endswith("file.yaml")
    assert found.config.engines == {"default": ScriptedEngine()}


def test_a_configuration_written_out_and_read_again_is_the_same(write: Write) -> None:
    config = load(write(GOOD)).config
    assert DebateConfig.model_validate(settings_of(config)) == config


READY = {name: ready_made.find(name) for kind in SCENARIOS for name, _ in ready_made.ready_made(kind)}


@pytest.mark.parametrize("path", READY.values(), ids=READY)
def test_a_ready_made_file_with_all_its_defaults_written_out_is_the_same_scenario(path: Path) -> None:
    config = load(path).config
    assert check(config.model_dump(mode="json"), str(path)).config == config


def test_a_graph_of_edges_with_all_its_defaults_written_out_is_the_same(write: Write) -> None:
    config = load(write(GOOD), ["hearing={edges: [[Ann, Bo]]}"]).config
    assert check(config.model_dump(mode="json"), "run.json").config == config


@pytest.mark.parametrize("word", ["no", "yes", "on", "off", "y", "No", "ON"])
def test_words_that_old_yaml_took_for_booleans_stay_text(word: str, write: Write) -> None:
    config = load(write(GOOD.replace("Cities should plant more trees.", word))).config
    assert isinstance(config, DebateConfig)
    assert config.motions == [word]


def test_text_beyond_ascii_is_read_as_it_is(write: Write) -> None:
    config = load(write(GOOD.replace("Cities", "Städte 都市 🏙"))).config
    assert isinstance(config, DebateConfig)
    assert config.motions == ["Städte 都市 🏙 should plant more trees."]


def test_a_date_is_a_text(write: Write) -> None:
    assert load(write(f"{GOOD}title: 2020-99-99\n")).config.title == "2020-99-99"
    assert load(write(GOOD), ["title=2020-02-02"]).config.title == "2020-02-02"


@pytest.mark.parametrize(
    ("setting", "read"),
    [
        ("rounds=5", lambda config: config.rounds == 5),
        ("seed=7", lambda config: config.seed == 7),
        ("debaters.1.name=Ben", lambda config: config.debaters[1].name == "Ben"),
        ("engines.default.delay=0.5", lambda config: config.engines["default"].delay == 0.5),
        ("judges=[]", lambda config: config.judges == []),
        ("motions=[no, a = b]", lambda config: config.motions == ["no", "a = b"]),
        ("hearing.graph=ring", lambda config: config.hearing.graph == "ring"),
        ("policies.default.temperature=0", lambda config: config.policies["default"].temperature == 0),
    ],
)
def test_an_override_sets_a_field(setting: str, read: Callable[[DebateConfig], bool], write: Write) -> None:
    config = load(write(GOOD), [setting]).config
    assert isinstance(config, DebateConfig)
    assert read(config)


def test_the_last_override_of_a_field_wins(write: Write) -> None:
    config = load(write(GOOD), ["rounds=5", "rounds=6"]).config
    assert isinstance(config, DebateConfig)
    assert config.rounds == 6


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("rounds", "this is no key=value"),
        ("=5", "this is no key=value"),
        ("rounds=[", "this is not YAML"),
        ("debaters.7.name=Ben", "there is no item 7"),
        ("debaters.2={name: Cem}", "there is no item 2"),
        ("debaters.first.name=Ben", "there is no item first"),
        ("scenario.kind=debate", "no mapping or list"),
        ("rounds=zero", "`rounds`"),
        ("debaters.1.name=Ann", "two agents are named 'Ann'"),
        ("roundz=5", "unknown field `roundz`; did you mean `rounds`?"),
        ("engines.default.dellay=5", "unknown field `dellay`; did you mean `delay`?"),
        ("panel=9", "a panel of 9"),
        ("scenario=debat", "'debate'"),
        ("hearing.graph=rin", "'ring'"),
        ("prompts.argu=Speak", "no prompt named 'argu'"),
        ("engines.default.kind=scriptd", "'scriptd'"),
        ("policies.default.normalise=token", "normalise"),
    ],
)
def test_a_wrong_override_is_told_as_it_was_given(setting: str, words: str, write: Write) -> None:
    message = refused(write(GOOD), setting)
    assert f"--set {setting}" in message
    assert words in message


def test_an_override_makes_a_wrong_file_right(write: Write) -> None:
    config = load(write(GOOD + "rounds: none\n"), ["rounds=2"]).config
    assert isinstance(config, DebateConfig)
    assert config.rounds == 2
