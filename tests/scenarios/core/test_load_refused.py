"""A scenario file that is wrong is told with its place, what is wrong, and what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from palaestra.scenarios.core.load import MOST_TOLD
from support.scenario_files import GOOD, Write, refused


def test_a_password_in_an_address_is_not_repeated(write: Write) -> None:
    openai = "{kind: openai, model: m, url: 'http://bob:secret@host/v1'}"
    message = refused(write(GOOD), f"engines.big={openai}")
    said, _, rest = message.partition(": `engines.big.url`: ")
    assert said.startswith("--set engines.big=")
    assert "no names or passwords" in rest
    assert "secret" not in rest


def test_of_many_problems_the_first_are_told(write: Write) -> None:
    wrong = ", ".join(map(str, range(MOST_TOLD + 30)))
    said = refused(write(f"scenario: debate\nmotions: [{wrong}]\n")).splitlines()
    assert len(said) == MOST_TOLD + 2
    assert said[-2] == "… and 30 more"


def test_edges_and_a_named_graph_exclude_each_other(write: Write) -> None:
    assert "leave out `graph`" in refused(write(GOOD), "hearing={graph: ring, edges: [[Ann, Bo]]}")


# Every wrong file: what replaces what, the place that is told, and words that must be in the message.
WRONG = [
    pytest.param(
        "scenario: debate", "scenario: debat", "1:1", ["'debat'", "'debate'"], id="unknown scenario"
    ),
    pytest.param("scenario: debate\n", "", "1:1", ["`scenario` is missing"], id="no scenario"),
    pytest.param(
        "motions:\n  - Cities should plant more trees.\n",
        "",
        "1:1",
        ["`motions` is missing"],
        id="no motions",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\nmotionz: [x]",
        "2:1",
        ["unknown field `motionz`", "`motions`"],
        id="unknown field",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\nxyzzy: 1",
        "2:1",
        ["unknown field `xyzzy`", "fields here: ", "motions", "rounds"],
        id="unknown field like no other",
    ),
    pytest.param(
        "{name: Ann, stance: for}",
        "{name: Ann, stanse: for}",
        "5:17",
        ["unknown field `stanse`", "`stance`"],
        id="unknown field of a debater",
    ),
    pytest.param(
        "delay: 0",
        "dellay: 0",
        "10:5",
        ["unknown field `dellay`", "`delay`"],
        id="unknown field of an engine",
    ),
    pytest.param(
        "{name: Ann, stance: for}",
        "{name: Ann, stance: fore}",
        "5:17",
        ["`debaters.0.stance`", "'for'", "'against'", "'undecided'", "not 'fore'"],
        id="unknown stance",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\nrounds: three",
        "2:1",
        ["`rounds`", "valid integer", "not 'three'"],
        id="text for a number",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\nrounds: 0",
        "2:1",
        ["`rounds`", "greater than or equal to 1", "not 0"],
        id="too small",
    ),
    pytest.param(
        "  - Cities should plant more trees.",
        "  - 7",
        "3:5",
        ["`motions.0`", "valid string", "not 7"],
        id="number for text",
    ),
    pytest.param(
        "  - Cities should plant more trees.",
        "  - ' '",
        "2:1",
        ["`motions`: a motion is empty"],
        id="blank motion",
    ),
    pytest.param(
        "motions:\n  - Cities should plant more trees.",
        "motions: []",
        "2:1",
        ["`motions`", "at least 1"],
        id="none",
    ),
    pytest.param(
        "  - {name: Bo, stance: against}\n", "", "4:1", ["`debaters`", "at least 2"], id="one debater alone"
    ),
    pytest.param(
        "{name: Bo, stance: against}",
        "{stance: against}",
        "6:5",
        ["`name` is missing"],
        id="nameless debater",
    ),
    pytest.param(
        "{name: Bo, stance: against}",
        "{name: Ann, stance: against}",
        "6:6",
        ["two agents are named 'Ann'"],
        id="the same debater twice",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\njudges: [{name: Kim}, {name: Bo}]",
        "2:24",
        ["two agents are named 'Bo'"],
        id="a judge named like a debater",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\npanel: 4",
        "2:1",
        ["a panel of 4", "3 judges", "lower `panel` or add to `judges`"],
        id="panel larger than judges",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\njudges: []\npanel: 1",
        "3:1",
        ["a panel of 1", "0 judges"],
        id="panel without judges",
    ),
    pytest.param(
        "{name: Bo, stance: against}",
        "{name: Bo, policy: clever}",
        "6:16",
        ["no policy 'clever'", "the policies are: default"],
        id="unknown policy of a debater",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\njudges:\n  - name: Kim\n    policy: clever",
        "4:5",
        ["no policy 'clever'", "the policies are: default"],
        id="unknown policy of a judge",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\npolicies:\n  default:\n    engine: defalt",
        "4:5",
        ["no engine 'defalt'", "the engines are: default"],
        id="unknown engine",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\npolicies:\n  default: {adapter: somewhere}",
        "3:13",
        ["adapters need an engine of kind vllm"],
        id="adapter without vllm",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\npolicies:\n  default: {think: native}",
        "3:13",
        ["an engine of kind scripted has no thoughts of its own", "`think: scratchpad`"],
        id="thoughts of a script",
    ),
    pytest.param(
        "kind: scripted",
        "kind: scriptd",
        "9:5",
        ["'scriptd'", "'scripted'"],
        id="unknown kind of engine",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\nhearing:\n  graph: smal_world",
        "3:3",
        ["no generator 'smal_world'", "'small_world'"],
        id="unknown graph",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\nhearing:\n  graph: small_world\n  options: {k: 1}",
        "3:3",
        ["small_world can't be built over 2 agents"],
        id="graph with an option missing",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\nhearing:\n  graph: density",
        "3:3",
        ["density"],
        id="a function of NetworkX that makes no graph",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\nhearing:\n  edges:\n    - [Ann, Boo]",
        "4:13",
        ["no agent is named 'Boo'", "did you mean 'Bo'?"],
        id="edge to nobody",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\nhearing:\n  edges:\n    - [Xerxes, Bo]",
        "4:8",
        ["no agent is named 'Xerxes'", "the cast is Ann, Bo"],
        id="edge from nobody",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\nhearing: {edges: []}",
        "2:1",
        ["Ann would neither hear anyone nor be heard"],
        id="isolated agent",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\nhearing: {edges: [[Ann, Bo], [Ann, Ann]], grap: ring}",
        "2:43",
        ["unknown field `grap`", "`graph`"],
        id="unknown field of hearing",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\nprompts:\n  argu: Speak.",
        "3:3",
        ["no prompt named 'argu'", "argue"],
        id="unknown prompt",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\nprompts:\n  argue: Speak, {nam}.",
        "3:3",
        ["prompt 'argue' uses nam", "Its variables are: ", "round"],
        id="unknown variable of a prompt",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\nprompts:\n  argue: Speak, {round.",
        "3:3",
        ["prompt 'argue'", "Write {{ and }} for literal braces."],
        id="open brace in a prompt",
    ),
    pytest.param(
        "scenario: debate",
        "scenario: debate\nprompts:\n  argue: '{round:s}'",
        "3:3",
        ["prompt 'argue'"],
        id="format that does not fit a variable",
    ),
    pytest.param("motions:", "motions: [", "3:3", ["this is not YAML"], id="open bracket"),
    pytest.param("motions:", "motions:\nmotions:", "3:1", ["this is not YAML", "duplicate"], id="key twice"),
    pytest.param("motions:", "\tmotions:", "2:1", ["this is not YAML"], id="tab"),
    pytest.param("motions:", "motions: *no", "2:10", ["this is not YAML", "alias"], id="alias of nothing"),
]


@pytest.mark.parametrize(("old", "new", "place", "words"), WRONG)
def test_a_wrong_file_is_refused_with_its_place_and_what_is_wrong(
    old: str, new: str, place: str, words: list[str], write: Write
) -> None:
    assert old in GOOD
    path = write(GOOD.replace(old, new, 1))
    message = refused(path)
    assert message.startswith(f"{path}:{place}: ")
    for word in words:
        assert word in message


def test_all_problems_of_a_file_are_told_at_once(write: Write) -> None:
    message = refused(
        write(GOOD.replace("scenario: debate", "scenario: debate\nroundz: 1\nseed: x\nlive: 0"))
    )
    assert ":2:1: " in message
    assert ":3:1: " in message
    assert ":4:1: " in message


def test_the_remedy_names_the_command_that_lists_all_fields(write: Write) -> None:
    assert "palaestra schema debate" in refused(write(GOOD + "roundz: 1\n"))


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- b\n", "just text\n", "7\n"])
def test_a_file_that_is_no_mapping_is_refused(text: str, write: Write) -> None:
    assert ":1:1: a scenario file is a mapping" in refused(write(text))


def test_a_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    message = refused(tmp_path / "nowhere.yaml")
    assert "there is no file" in message
    assert "palaestra scenarios" in message


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "can't be read" in refused(tmp_path)


def test_bytes_that_are_no_utf8_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file.yaml").write_bytes(b"scenario: \xff\xfe")
    assert "can't be read" in refused(tmp_path / "file.yaml")
