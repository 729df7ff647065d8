"""Bargaining over packages, walked branch by branch on replies made by hand, with numbers worked by hand."""

from __future__ import annotations

import json
from copy import deepcopy
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palaestra.agents.answers import Json
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios import package_bargaining
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.package_bargaining.config import PackageBargainingConfig
from palaestra.scenarios.package_bargaining.events import (
    Acceptance,
    PackageProposed,
    PackageUtility,
    Proposal,
    Reference,
)
from palaestra.scenarios.package_bargaining.packages import Measures, PackageStakes, gini, measures
from palaestra.scenarios.package_bargaining.rules import PackageBargaining
from support.rewards import rewards_of
from support.scripted_debates import events, failure, play_out, reply, text_of

READY = sorted((Path(package_bargaining.__file__).parent / "ready").glob("*.yaml"))

# Worth (Old, Art): ramp 3, 0; tree 1.25, 5; bench 1.75, 1.
# Affordable: nothing, each alone, ramp+bench (4.75, 1), tree+bench (3, 6).
SQUARE: dict[str, Any] = {
    "scenario": "package_bargaining",
    "matter": "a square",
    "criteria": {"access": "all can reach it", "beauty": "it pleases"},
    "items": [
        {"id": "ramp", "name": "a ramp", "cost": 3, "scores": {"access": 4, "beauty": 0}},
        {"id": "tree", "name": "a tree", "cost": 4, "scores": {"access": 0, "beauty": 5}},
        {"id": "bench", "name": "a bench", "cost": 2, "scores": {"access": 2, "beauty": 1}},
    ],
    "budget": 6,
    "stakeholders": [
        {"name": "Old", "persona": "Slow.", "weights": {"access": 3, "beauty": 1}},
        {"name": "Art", "persona": "Bright.", "weights": {"access": 0, "beauty": 8}},
    ],
    "mediator": {"name": "Chair", "persona": "Calm."},
}
STAKES = PackageStakes((3, 4, 2), 6, ((3, 1.25, 1.75), (0, 5, 1)))
RAMP, TREE, BENCH = range(3)


def bargaining(index: int = 0, **fields: Any) -> PackageBargaining:
    config = check(deepcopy(SQUARE) | fields, "test.yaml").config
    assert isinstance(config, PackageBargainingConfig)
    return PackageBargaining(config, index=index)


def words(other: str, said: dict[str, list[str]]) -> dict[str, str]:
    """One word about each item: that under which it is listed, or else `other`."""
    return {
        item: next((word for word, items in said.items() if item in items), other)
        for item in ("ramp", "tree", "bench")
    }


class Played:
    """An episode played on the mediator's `packages`, a list a round, None for a failure.

    Args:
        packages: the mediator's packages; the first item is essential, the others are useful.
        countering: the names of those who counter in each round; a name with ? fails to answer.
        said: a stakeholder's words with the items that it says them of, by its name, None for a failure.
        fields: of the file.
    """

    def __init__(
        self,
        packages: list[list[str] | None],
        countering: list[str] | None = None,
        said: dict[str, dict[str, list[str]] | None] | None = None,
        **fields: Any,
    ) -> None:
        self.episode = bargaining(**fields)

        def answer(call: Call) -> Reply:
            number = int(str(call.about["round"]))
            if call.purpose == "respond":
                against = (countering or [""] * number)[number - 1].split()
                if f"{call.agent}?" in against:
                    return failure("mumble")
                return reply("counter" if call.agent in against else "accept")
            value: dict[str, Any] | None = None
            if call.purpose == "propose":
                change = (said or {}).get(call.agent, {"want": ["ramp"]})
                if change is not None:
                    value = {"measures": words("leave out", change), "message": f"{call.agent}-{number}"}
            elif package := packages[number - 1]:
                ranks = words("out", {"essential": package[:1], "useful": package[1:]})
                value = {"measures": ranks, "unresolved": ["Art"], "rationale": f"because-{number}"}
            if value is None:
                return failure("mumble")
            return Reply(json.dumps(value), value=call.answer.parse(json.dumps(value)))

        self.calls = play_out(self.episode, answer)

    @property
    def outcome(self) -> dict[str, Any]:
        return self.episode.outcome

    def events(self, kind: type[Any]) -> list[Any]:
        return events(self.episode, kind)

    def asked(self) -> list[str]:
        calls = sorted((call for made in self.calls.values() for call in made), key=lambda call: call.index)
        return [f"{call.agent} {call.purpose} {call.about['round']}" for call in calls]


# The order of things and its end


def test_all_propose_then_the_mediator_then_all_respond() -> None:
    assert Played([["tree", "bench"]]).asked() == [
        "Old propose 1",
        "Art propose 1",
        "Chair mediate 1",
        "Old respond 1",
        "Art respond 1",
    ]


def test_it_ends_when_all_accept() -> None:
    outcome = Played([["tree", "bench"]]).outcome
    assert (outcome["agreement"], outcome["rounds"], outcome["accepted"]) == (True, 1, 2)


def test_those_who_counter_propose_again() -> None:
    played = Played([["ramp"], ["tree", "bench"]], ["Art", ""])
    assert played.asked()[5:] == [
        "Art propose 2",
        "Chair mediate 2",
        "Old respond 2",
        "Art respond 2",
    ]
    assert (played.outcome["agreement"], played.outcome["rounds"]) == (True, 2)


def test_it_ends_when_a_package_holds_the_same_items_as_the_one_before() -> None:
    outcome = Played([["tree", "bench"], ["bench", "tree"], ["ramp"]], ["Old", "Old", ""]).outcome
    assert (outcome["agreement"], outcome["rounds"], outcome["accepted"]) == (False, 2, 1)
    assert outcome["package"] == "bench,tree"


def test_who_is_asked_again_about_the_same_package_may_come_round() -> None:
    outcome = Played([["ramp"], ["ramp"]], ["Old Art", ""]).outcome
    assert (outcome["agreement"], outcome["rounds"]) == (True, 2)


def test_it_ends_after_the_last_round_with_the_last_package() -> None:
    played = Played([["ramp"], ["tree"], ["bench"]], ["Old Art", "Old Art", "Old Art"], rounds=3)
    assert (played.outcome["agreement"], played.outcome["rounds"], played.outcome["package"]) == (
        False,
        3,
        "bench",
    )
    assert "Old propose 4" not in played.asked()


# Measures of the outcome


def test_the_outcome_measures_the_last_package_and_the_best() -> None:
    played = Played([["ramp", "bench"]], designs={"green": ["tree"], "grey": ["bench", "ramp"]})
    outcome = played.outcome
    assert {name: outcome[name] for name in ("package", "cost", "total", "minimum")} == {
        "package": "ramp,bench",
        "cost": 5,
        "total": 5.75,
        "minimum": 1,
    }
    assert outcome["gini"] == pytest.approx(2 * 3.75 / (2 * 4 * 2.875))
    assert outcome["satisfaction"] == pytest.approx(1 / 6 + 0.2 * (1 - 1 / 6))
    assert (outcome["best_package"], outcome["best_total"], outcome["best_cost"]) == ("tree,bench", 9, 6)
    assert outcome["best_gini"] == pytest.approx(1 / 6)
    assert (outcome["base_design"], outcome["base_total"]) == ("green", 6.25)
    references = played.events(Reference)
    assert [(event.kind, event.name, event.items, event.total) for event in references] == [
        ("best", "", "tree,bench", 9),
        ("design", "green", "tree", 6.25),
        ("design", "grey", "bench,ramp", 5.75),
    ]


def test_every_stakeholders_utility_is_recorded_in_each_round() -> None:
    played = Played([["ramp"], ["tree", "bench"]], ["Art", ""])
    assert played.events(PackageUtility) == [
        PackageUtility("Old", 1, 3, 3 / 4.75),
        PackageUtility("Art", 1, 0, 0),
        PackageUtility("Old", 2, 3, 3 / 4.75),
        PackageUtility("Art", 2, 6, 1),
    ]


def test_a_stakeholder_is_rewarded_with_its_utility_of_the_last_package_and_the_mediator_with_the_sum() -> (
    None
):
    episode = Played([["ramp"], ["tree", "bench"]], ["Art", ""]).episode
    assert rewards_of(episode) == {"Old": 3, "Art": 6, "Chair": 9}
    assert rewards_of(Played([None, None], rounds=2).episode) == {"Old": 0, "Art": 0, "Chair": 0}


def test_without_designs_there_is_no_base() -> None:
    outcome = Played([["ramp"]]).outcome
    assert outcome["base_design"] is None
    assert outcome["base_total"] is None


# Packages over the budget


def test_a_package_over_the_budget_is_invalid_and_cut_in_its_order() -> None:
    played = Played([["tree", "ramp", "bench"]])
    found = played.events(PackageProposed)[0]
    assert (found.items, found.left_out, found.valid, found.cost) == ("tree,bench", "ramp", False, 6)
    assert played.outcome["invalid"] == 1
    shown = text_of(played.calls["respond"][0])
    assert "the package is tree, bench. It costs 6 of 6" in shown
    assert "cost too much: ramp" in shown


def test_a_package_of_nothing_that_fits_is_empty() -> None:
    outcome = Played([["tree"]], budget=3).outcome
    assert (outcome["package"], outcome["cost"], outcome["total"], outcome["gini"]) == ("", 0, 0, 0)


def test_a_package_within_the_budget_is_valid() -> None:
    played = Played([["bench", "ramp"]])
    found = played.events(PackageProposed)[0]
    assert (found.items, found.left_out, found.valid, found.unresolved) == ("bench,ramp", "", True, "Art")


def test_the_repair_takes_the_essential_items_first_then_those_first_in_the_file() -> None:
    assert Played([["bench", "ramp", "tree"]]).outcome["package"] == "bench,ramp"
    assert Played([["tree", "ramp", "bench"]]).outcome["package"] == "tree,bench"


def test_an_answer_has_one_word_about_each_item() -> None:
    played = Played([["ramp"]])
    for purpose, said in (("propose", "must have"), ("mediate", "essential")):
        answer = played.calls[purpose][0].answer
        assert isinstance(answer, Json)
        measures = answer.schema["properties"]["measures"]
        assert measures["required"] == ["ramp", "tree", "bench"]
        assert all(measures["properties"][item]["enum"][0] == said for item in measures["required"])
        if purpose == "mediate":
            assert answer.schema["properties"]["unresolved"]["items"]["enum"] == ["Old", "Art"]


def test_an_item_may_have_the_id_of_anything() -> None:
    items = deepcopy(SQUARE["items"])
    items[0]["id"], items[1]["id"] = "copy", "message"
    episode = bargaining(items=items)
    play_out(episode, lambda call: scripted_replies([call])[0])
    assert not episode.outcome["failures"]


# Proposals and responses


def test_a_proposal_is_recorded_with_its_cost_and_utility() -> None:
    played = Played(
        [["ramp"]], said={"Art": {"must have": ["tree"], "could give up": ["ramp"], "refuse": ["bench"]}}
    )
    assert played.events(Proposal)[1] == Proposal("Art", 1, "ramp,tree", "tree", "bench", "ramp", 7, False, 5)
    shown = text_of(played.calls["mediate"][0])
    assert "Art: We propose ramp, tree, cost 7. We insist on: tree. We refuse: bench." in shown
    assert "We would give up: ramp. Art-1" in shown


def test_a_response_counts_the_demands_of_the_last_proposal_that_are_not_met() -> None:
    said: dict[str, Any] = {"Art": {"must have": ["tree"], "refuse": ["ramp", "bench"]}}
    played = Played([["ramp", "bench"]], ["Art"], said, rounds=1)
    assert played.events(Acceptance) == [
        Acceptance("Old", 1, True, None, 0, 0),
        Acceptance("Art", 1, False, None, 1, 2),
    ]


def test_the_probability_of_accepting_is_recorded() -> None:
    episode = bargaining(rounds=1)

    def answer(call: Call) -> Reply:
        [made] = scripted_replies([call])
        return reply("counter", [0.25, 0.75]) if call.purpose == "respond" else made

    play_out(episode, answer)
    found = [event for _, event in episode.events if isinstance(event, Acceptance)]
    assert [(event.accepted, event.probability) for event in found] == [(False, 0.25)] * 2


# Replies that could not be parsed


def test_a_proposal_that_failed_is_read_by_nobody() -> None:
    played = Played([["ramp"]], said={"Art": None})
    assert played.events(Proposal)[1] == Proposal("Art", 1, None, None, None, None, None, None, None)
    assert "mumble" not in text_of(played.calls["mediate"][0])
    assert "Art: " not in text_of(played.calls["mediate"][0])
    assert played.outcome["failures"] == 1


def test_a_round_without_a_package_has_no_responses_and_the_mediator_is_asked_again() -> None:
    played = Played([None, ["tree", "bench"]], ["", ""])
    assert played.asked()[2:] == ["Chair mediate 1", "Chair mediate 2", "Old respond 2", "Art respond 2"]
    assert played.events(PackageProposed)[0].items is None
    assert (played.outcome["agreement"], played.outcome["failures"]) == (True, 1)


def test_without_any_package_nothing_is_measured_but_the_best() -> None:
    outcome = Played([None, None], rounds=2).outcome
    assert (outcome["agreement"], outcome["rounds"], outcome["accepted"]) == (False, 2, 0)
    for name in ("package", "cost", "total", "minimum", "gini", "satisfaction"):
        assert outcome[name] is None
    assert outcome["best_total"] == 9


def test_a_later_failure_of_the_mediator_leaves_the_package_before_it() -> None:
    outcome = Played([["ramp"], None], ["Art", ""], rounds=2).outcome
    assert (outcome["package"], outcome["agreement"], outcome["accepted"]) == ("ramp", False, 1)


def test_a_response_that_failed_is_no_acceptance() -> None:
    played = Played([["ramp"], ["tree"]], ["Art?", ""])
    assert played.events(Acceptance)[1].accepted is None
    assert "Art propose 2" in played.asked()
    assert played.outcome["failures"] == 1


# Who sees what


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


# Pure mathematics


def test_weights_are_scaled_to_sum_to_1_and_scores_add_up() -> None:
    assert bargaining().config.stakes() == STAKES
    assert STAKES.utilities((TREE, BENCH)) == [3, 6]
    assert STAKES.cost((TREE, BENCH)) == 6
    assert STAKES.best() == (TREE, BENCH)


def test_measures_by_hand() -> None:
    share = 3 / 4.75
    found = measures(STAKES, (TREE, BENCH))
    assert (found.cost, found.total, found.minimum) == (6, 9, 3)
    assert found.gini == pytest.approx((3 + 3) / (2 * 4 * 4.5))
    assert found.satisfaction == pytest.approx(share + 0.2 * (1 - share))
    assert measures(STAKES, ()) == Measures(0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([2, 2, 2], 0), ([0, 0], 0), ([0, 1], 1 / 2), ([0, 0, 0, 1], 3 / 4), ([1, 2, 3], 8 / 36)],
)
def test_gini_by_hand(values: list[float], expected: float) -> None:
    assert gini(values) == pytest.approx(expected)


def test_who_gets_the_same_from_all_packages_is_satisfied() -> None:
    stakes = PackageStakes((1, 1), 1, ((0, 0), (2, 1)))
    assert stakes.satisfaction((1,)) == [1, 0.5]


def test_of_equally_good_packages_the_cheapest_is_best() -> None:
    assert PackageStakes((3, 2, 2), 3, ((4, 4, 4),)).best() == (1,)
    assert PackageStakes((2, 0), 3, ((4, 0),)).best() == (0,)


def test_the_repair_keeps_what_fits_in_order() -> None:
    assert STAKES.repaired((TREE, RAMP, BENCH)) == (TREE, BENCH)
    assert STAKES.repaired((RAMP, TREE, BENCH)) == (RAMP, BENCH)
    assert STAKES.repaired((BENCH, BENCH)) == (BENCH,)


@st.composite
def cases(draw: st.DrawFn) -> tuple[PackageStakes, list[int]]:
    count = draw(st.integers(2, 7))
    costs = draw(st.lists(st.integers(0, 20), min_size=count, max_size=count))
    worth = st.lists(st.floats(0, 9), min_size=count, max_size=count).map(tuple)
    groups = draw(st.lists(worth, min_size=2, max_size=4))
    budget = draw(st.integers(min(costs), 40))
    package = draw(st.lists(st.integers(0, count - 1), max_size=10))
    return PackageStakes(tuple(costs), budget, tuple(groups)), package


@settings(max_examples=60)
@given(cases())
def test_a_repaired_package_is_affordable_keeps_the_order_and_is_measured_within_bounds(
    case: tuple[PackageStakes, list[int]],
) -> None:
    stakes, wanted = case
    package = stakes.repaired(wanted)
    assert stakes.cost(package) <= stakes.budget
    assert list(package) == [item for item in dict.fromkeys(wanted) if item in package]
    left_out = [item for item in wanted if item not in package]
    assert all(not stakes.affordable([*package, item]) for item in left_out)
    assert stakes.repaired(package) == package
    found = measures(stakes, package)
    assert 0 <= found.gini < 1
    assert 0 <= found.satisfaction <= 1
    assert found.minimum * len(stakes.worth) <= found.total + 1e-9


@settings(max_examples=60)
@given(cases())
def test_the_best_package_is_the_best_of_all(case: tuple[PackageStakes, list[int]]) -> None:
    stakes, _ = case
    items = range(len(stakes.costs))
    every = [package for size in range(len(items) + 1) for package in combinations(items, size)]
    totals = [sum(stakes.utilities(package)) for package in every if stakes.affordable(package)]
    best = stakes.best()
    assert stakes.affordable(best)
    assert sum(stakes.utilities(best)) == pytest.approx(max(totals), abs=1e-8)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8), st.floats(0.01, 100))
def test_gini_is_in_0_to_1_and_knows_no_unit(values: list[float], factor: float) -> None:
    assert 0 <= gini(values) < 1
    assert gini([factor * value for value in values]) == pytest.approx(gini(values), abs=1e-6)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), budget=st.integers(2, 9))
def test_no_package_is_ever_over_the_budget(seed: int, budget: int) -> None:
    episode = bargaining(seed, budget=budget)
    while episode.pending:
        episode.advance(scripted_replies(episode.pending))
    packages = [event for _, event in episode.events if isinstance(event, PackageProposed)]
    assert packages
    assert all(package.cost is not None and package.cost <= budget for package in packages)


# Files


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("budget", 1, "a budget of 1 buys nothing; the cheapest item costs 2"),
        ("items/1/id", "Ramp", "two items have the id 'Ramp'"),
        ("items/1/name", "a  RAMP", "two items have the name 'a  RAMP'"),
        ("items/1/id", "a ramp", "`items.1.id`"),
        ("items/0/cost", -1, "greater than or equal to 0"),
        ("items/0/scores/access", ..., "ramp lacks access"),
        ("items/0/scores/charm", 2, "there is no criterion 'charm'; the criteria are: access, beauty"),
        ("items/0/scores/access", -2, "greater than or equal to 0"),
        ("items", SQUARE["items"][:1], "at least 2"),
        ("stakeholders", SQUARE["stakeholders"][:1], "at least 2"),
        ("stakeholders/0/weights/beauty", ..., "Old lacks beauty"),
        ("stakeholders/0/weights", {"access": 0, "beauty": 0}, "Old gives weight to no criterion"),
        ("stakeholders/1/name", "old", "two agents are named"),
        ("mediator/name", "ART", "a stakeholder is named 'ART' too"),
        ("mediator/policy", "red", "no policy 'red'"),
        ("designs", {"green": ["tree", "lawn"]}, "there is no item 'lawn'; the items are: ramp, tree, bench"),
        ("designs", {"green": ["tree", "tree"]}, "tree is in green twice"),
        ("designs", {"rich": ["tree", "ramp"]}, "rich costs 7, over the budget of 6"),
    ],
)
def test_impossible_files_are_refused(path: str, value: Any, words: str) -> None:
    changed: Any = deepcopy(SQUARE)
    node = changed
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    for part in parents:
        node = node[part]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    with pytest.raises(BadInput) as error:
        check(changed, "test.yaml")
    assert words in str(error.value)


def test_a_refusal_points_at_the_place_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(READY[0].read_text().replace("loading]", "lawn]"))
    with pytest.raises(BadInput, match=r"bad\.yaml:\d+:\d+: there is no item 'lawn'"):
        load(path)


def test_a_file_that_says_nothing_plays_the_default_street() -> None:
    episode = PackageBargaining(respond=scripted_replies)
    while episode.running:
        episode.step()
    assert len(episode.groups) == 6
    assert len(episode.ids) == 8


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_file_plays_to_its_end(path: Path) -> None:
    scenario = load(path)
    for index in range(scenario.config.episodes):
        episode = scenario.rules(scenario.config, index=index)
        while episode.pending:
            episode.advance(scripted_replies(episode.pending))
        best, base = (episode.outcome[f"{which}_total"] for which in ("best", "base"))
        assert isinstance(best, float)
        assert isinstance(base, float)
        assert best >= base > 0


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
