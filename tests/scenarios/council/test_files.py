"""The charter and the laws in a council's file, and what it can't say."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.calls import Call
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios import council
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.council.budget import Law
from palaestra.scenarios.council.motions import Motion
from support.episodes.council import VILLAGE, Played
from support.scripted_debates import play_out, settings_of, text_of

READY = sorted((Path(council.__file__).parent / "ready").glob("*.yaml"))


# The charter


def test_a_charter_is_a_text_that_members_and_mediator_read_but_not_the_labeller() -> None:
    played = Played(charter="No law may serve one person.", deliberation="mediated")
    for purpose, calls in played.calls.items():
        for call in calls:
            assert ("No law may serve one person." in text_of(call)) == (purpose != "label")


def test_the_constitution_is_a_prompt_and_without_a_charter_nothing_binds() -> None:
    prompts = {"constitution": "All bread is shared."}
    assert "All bread is shared." in text_of(
        Played(charter="constitutional", prompts=prompts).calls["speak"][0]
    )
    assert "bound by no charter" in text_of(Played(prompts=prompts).calls["speak"][0])


def test_a_charter_may_be_a_file_beside_the_scenario_which_a_resume_does_not_need(tmp_path: Path) -> None:
    (tmp_path / "laws").mkdir()
    (tmp_path / "laws" / "charter.txt").write_text("Bread first.\n", encoding="utf-8")
    path = tmp_path / "my.yaml"
    path.write_text(READY[0].read_text().replace("charter: constitutional", "charter: laws/charter.txt"))
    config = load(path).config
    assert settings_of(config)["charter"] == "Bread first."
    again = check(settings_of(config), str(tmp_path / "elsewhere" / "run.json")).config
    assert again == config


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("lost.txt", None, "`charter`: there is no file"),
        ("empty.md", " \n", "holds no charter but ''"),
        ("other.txt", "charter.txt", "holds no charter but 'charter.txt'"),
        ("word.txt", "none", "holds no charter but 'none'"),
        (".txt", None, "`charter`: there is no file"),
    ],
)
def test_a_charter_file_that_holds_none_is_refused_with_its_place(
    tmp_path: Path, name: str, text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    path = tmp_path / "my.yaml"
    path.write_text(READY[0].read_text().replace("charter: constitutional", f"charter: {name}"))
    with pytest.raises(BadInput) as error:
        load(path)
    assert words in str(error.value)
    assert f"{path}:10:1" in str(error.value)


def test_a_charter_is_not_read_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("Dear diary.")
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "link.txt").symlink_to(tmp_path / "diary.txt")
    for given in ("../diary.txt", str(tmp_path / "diary.txt"), "link.txt"):
        with pytest.raises(BadInput, match="outside the scenario file's folder; copy it there"):
            check(VILLAGE | {"charter": given}, str(tmp_path / "file" / "my.yaml"))


def test_a_charter_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(BadInput, match="UTF-8"):
        check(VILLAGE | {"charter": "binary.txt"}, str(tmp_path / "my.yaml"))


# Files


def with_member(**change: Any) -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = deepcopy(VILLAGE["members"])
    members[1] |= change
    return members


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"quorum": 0}, "a quorum of 0 is none; take 1 to 3, such as 2"),
    ({"quorum": 4}, "a quorum of 4 can't be met by 3 members; take 3 or less"),
    ({"quorum": None}, "`quorum`: input should be a valid integer"),
    ({"members": VILLAGE["members"][:2]}, "at least 3"),
    ({"members": with_member(name="ann")}, "two agents are named"),
    ({"members": with_member(group="miners")}, "no group 'miners'; the groups are: millers, monks"),
    ({"mediator": {"name": "Bo"}}, "two agents are named"),
    ({"labeller": {"name": "Bo"}}, "two agents are named"),
    ({"labeller": {"name": "L", "policy": "red"}}, "no policy 'red'"),
    ({"groups": ["millers", "monks", "Monks"]}, "'Monks' is in `groups` twice"),
    ({"laws": VILLAGE["laws"][:1]}, "at least 2"),
    ({"laws": [*VILLAGE["laws"], {"name": "A  Toll", "cost": 1}]}, "'A  Toll' is in `laws` twice"),
    ({"laws": [*VILLAGE["laws"], {"name": "x", "cost": 1, "effects": {"mice": 1}}]}, "no group 'mice'"),
    ({"charter": "missing.txt"}, "there is no file missing.txt"),
    ({"charter": "  "}, "it has no text; write `none` for no charter"),
    ({"voting_rule": "lottery"}, "`voting_rule`"),
]


@pytest.mark.parametrize(("changes", "words"), REFUSED, ids=[words[:30] for _, words in REFUSED])
def test_impossible_files_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as error:
        check(deepcopy(VILLAGE) | changes, "test.yaml")
    assert words in str(error.value)


def test_a_council_that_names_no_quorum_is_refused_at_its_place(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(READY[0].read_text().replace("quorum: 3\n", ""))
    with pytest.raises(BadInput, match=r"my\.yaml:\d+:\d+: `quorum` is missing"):
        load(path)
    path.write_text(READY[0].read_text().replace("quorum: 3\n", "quorum: 0\n"))
    with pytest.raises(BadInput, match=r"my\.yaml:9:1: a quorum of 0 is none"):
        load(path)


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_file_plays_to_its_end_with_few_calls(path: Path) -> None:
    scenario = load(path)
    for index in range(scenario.config.episodes):
        episode = scenario.rules(scenario.config, index=index)
        calls = [
            call
            for made in play_out(episode, lambda call: scripted_replies([call])[0]).values()
            for call in made
        ]
        assert len(calls) <= 150
        # 2,048 tokens hold the longest prompt and its answer, at 3 characters a token or more.
        assert max(len(text_of(call)) for call in calls) < 3 * 1900
        assert not episode.outcome["failures"]


def may_read(episode: Episode[Any], call: Call) -> set[str]:
    """Speeches reach the council or its mediator and the labeller, reasons of bills all of them."""
    config = episode.config
    members, labeller = {member.name for member in config.members}, config.labeller.name
    if call.purpose == "speak":
        hearers = {config.mediator.name} if config.deliberation == "mediated" else members
        return {*hearers, labeller}
    if call.purpose == "justify":
        return {*members, labeller}
    return members if call.purpose == "mediate" else set()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"deliberation": "mediated", "mediator": {"name": "Mo", "persona": "Calm."}, "charter": "Be good."},
        {"proposer": "turn", "stressor": "scarcity", "labeller": {"name": "Lu", "persona": "Strict."}},
    ],
    ids=["free", "mediated", "in turn"],
)
def test_the_contract(fields: dict[str, Any]) -> None:
    check_contract(
        VILLAGE | {"sessions": 2} | fields,
        may_read=may_read,
        secrets={("members", i, "agenda"): {name} for i, name in enumerate(("Ann", "Bo", "Cem"))},
        refused=REFUSED,
    )


def test_a_repeal_that_leaves_half_says_what_it_leaves() -> None:
    law = Law(name="a clinic", cost=10, effects={})
    assert Motion("repeal", law, 2.0, 1.0).told_with_size == "repeal a clinic, leaving size 1"
    assert Motion("repeal", law, 2.0, 0.0).told_with_size == "repeal a clinic"
    assert Motion("enact", law, 0.0, 1.0).told_with_size == "enact a clinic"
    assert Motion("enact", law, 0.0, 2.0).told_with_size == "enact a clinic, at size 2"
