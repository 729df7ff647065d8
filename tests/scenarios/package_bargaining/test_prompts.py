"""Who sees what in bargaining over packages: weights and points are their owner's."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from palaestra.agents.calls import Call
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from support.episodes.package_bargaining import SQUARE, Played
from support.scripted_debates import text_of


@pytest.mark.parametrize("readers", ["mediator", "everyone"])
def test_proposals_are_read_by_whom_the_file_says_and_remembered_by_their_maker(readers: str) -> None:
    played = Played([["ramp"], ["tree"]], ["Old Art", ""], proposals=readers)
    for call in played.calls["mediate"]:
        assert "Old-1" in text_of(call)
        assert "Art-1" in text_of(call)
    for call in (*played.calls["respond"], *played.calls["propose"][2:]):
        other = "Art-1" if call.agent == "Old" else "Old-1"
        assert f"{call.agent}-1" in text_of(call)
        assert (other in text_of(call)) == (readers == "everyone")


def test_all_hear_the_package_its_rationale_and_who_accepted() -> None:
    played = Played([["ramp"], ["tree"]], ["Art", ""])
    for call in (*played.calls["respond"][2:], played.calls["mediate"][1]):
        assert "Chair: In round 1 the package is ramp. It costs 3 of 6" in text_of(call)
        assert "because-1" in text_of(call)
        assert "accepted by Old; not accepted by Art" in text_of(call)


def with_weights(**fields: Any) -> Played:
    groups = deepcopy(SQUARE["stakeholders"])
    groups[0]["weights"] = {"access": 913, "beauty": 271}
    groups[1]["weights"] = {"access": 433, "beauty": 827}
    return Played([["ramp"], ["tree"]], ["Old Art", ""], stakeholders=groups, **fields)


@pytest.mark.parametrize("layout", ["shared_prefix", "persona_first"])
def test_private_weights_and_points_are_only_in_their_owners_prompts(layout: str) -> None:
    played = with_weights(layout=layout)
    own = {"Old": ["913", "271", "3.08", "64 of 100"], "Art": ["433", "827", "3.28", "30 of 100"]}
    shown: dict[str, str] = {}
    for calls in played.calls.values():
        for call in calls:
            shown[call.agent] = shown.get(call.agent, "") + text_of(call)
    for agent, text in shown.items():
        for owner, numbers in own.items():
            for number in numbers:
                assert (number in text) == (agent == owner), (agent, number)


def test_public_weights_are_known_to_all_but_the_worth_of_items_only_to_each() -> None:
    for calls in with_weights(weights="public").calls.values():
        for call in calls:
            assert all(number in text_of(call) for number in ("913", "271", "433", "827"))
            assert ("What the measures are worth to you: ramp 3.08" in text_of(call)) == (call.agent == "Old")


def test_a_stakeholder_is_told_how_good_the_package_is_for_it() -> None:
    old, art = Played([["ramp", "bench"]]).calls["respond"]
    assert "100 of 100 points" in old.prompt[-1].text
    assert "17 of 100 points" in art.prompt[-1].text


def test_prompts_of_a_round_share_everything_up_to_the_persona() -> None:
    calls = Played([["ramp"], ["tree"]], ["Old Art", ""]).calls["respond"][2:]
    heads = []
    for call in calls:
        persona = next(i for i, message in enumerate(call.prompt) if "You speak for" in message.text)
        heads.append(call.prompt[:persona])
    assert heads[0] == heads[1]
    assert len(heads[0]) == 5  # rules, the heading, a package, the responses, a package


def may_read(episode: Episode[Any], call: Call) -> set[str]:
    """The mediator reads proposals, and everyone does if the file says so; all read the package."""
    config = episode.config
    everyone = {config.mediator.name, *(group.name for group in config.stakeholders)}
    if call.purpose == "propose":
        return everyone if config.proposals == "everyone" else {config.mediator.name}
    return everyone if call.purpose == "mediate" else set()


@pytest.mark.parametrize("fields", [{}, {"proposals": "everyone", "weights": "public"}])
def test_the_contract(fields: dict[str, Any]) -> None:
    check_contract(
        SQUARE | fields,
        may_read=may_read,
        refused=[
            ({"budget": 1}, "buys nothing"),
            ({"stakeholders": []}, "at least 2"),
            ({"mediator": {"name": "Old"}}, "a stakeholder is named 'Old' too"),
        ],
    )
