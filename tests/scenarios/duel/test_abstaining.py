"""A judge that prefers what it reads first, or second, in both orders: it counts half, or for nothing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.scenarios.core.load import check
from palaestra.scenarios.core.trajectory import Judged, Trajectory
from palaestra.scenarios.duel.config import DuelConfig
from palaestra.scenarios.duel.events import Comparison, Match
from palaestra.scenarios.duel.rules import Duel
from palaestra.scenarios.parts.abstaining import counting, flips
from palaestra.scenarios.parts.judging import Preference
from support.scripted_debates import events, play_out, reply

FIRST_READ = {"First": 0.9, "Last": 0.4, "Even": 0.5}
"""How probable it finds it that what it reads first is better, by judge; Fair prefers Ann by 0.7."""
FILE: dict[str, Any] = {
    "scenario": "duel",
    "judging": "pairwise",
    "ratings": "elo",
    "weights": "uniform",
    "abstain": "flips",
    "fighters": [{"name": "Ann"}, {"name": "Bo"}],
    "fighters_judge": False,
    "judges": [{"name": name, "persona": name} for name in ("First", "Last", "Even", "Fair")],
    "instructions": ["Name a colour.", "Name a river."],
}


def answer(call: Call) -> Reply:
    if call.purpose == "answer":
        return reply(f"I am {call.agent}.")
    fair = 0.7 if str(call.about["of"]).startswith("Ann") else 0.3
    first = FIRST_READ.get(call.agent, fair)
    return reply("first", [first, 1 - first])


def played(answering: Callable[[Call], Reply] = answer, **fields: Any) -> Duel:
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, DuelConfig)
    duel = Duel(config)
    play_out(duel, answering)
    return duel


def judged(duel: Duel) -> list[Judged]:
    told = tuple(event for _, event in duel.events)
    return list(Duel.judged(duel.config, Trajectory(0, 0, (), {}, told, duel.outcome)))


def of_ann(match: Match) -> float:
    score = match.first_score if match.first == "Ann" else match.second_score
    assert score is not None
    return score


@pytest.mark.parametrize(
    ("straight", "crossed", "flipped"),
    [
        ([0.9], [0.6], True),
        ([0.2], [0.4], True),
        ([0.9], [0.4], False),
        ([0.5], [0.9], False),
        ([0.5], [0.5], False),
        ([0.9], [], False),
        ([0.9, 0.2], [0.6], True),  # on average 0.55
        ([0.7, 0.2], [0.6], False),
    ],
)
def test_a_flip_is_the_same_place_in_both_orders(
    straight: list[float], crossed: list[float], flipped: bool
) -> None:
    assert flips(straight, crossed) is flipped
    assert flips(crossed, straight) is flipped


def test_a_judge_flips_on_one_criterion_and_counts_on_the_other() -> None:
    orders = (("Ann", "Bo"), ("Bo", "Ann"))
    flipped = [Preference("Kim", *order, "wit", 0.8, "probabilities") for order in orders]
    steady = [
        Preference("Kim", *order, "tact", better, "probabilities")
        for order, better in zip(orders, (0.8, 0.1), strict=True)
    ]
    assert counting([*flipped, *steady], "flips") == steady
    assert counting([*flipped, *steady], "never") == [*flipped, *steady]


def test_who_flips_counts_for_nothing_in_the_match_and_who_finds_both_equal_counts() -> None:
    for match in events(played(), Match):
        assert match.judges == 2
        assert of_ann(match) == pytest.approx((0.5 + 0.7) / 2)
    for match in events(played(abstain="never"), Match):
        assert match.judges == 4
        assert of_ann(match) == pytest.approx((0.5 + 0.5 + 0.5 + 0.7) / 4)


def test_a_match_of_which_all_judges_abstain_is_undecided_and_moves_no_rating() -> None:
    duel = played(judges=[{"name": "First"}, {"name": "Last"}])
    assert {(match.margin, match.judges) for match in events(duel, Match)} == {(None, 0)}
    assert duel.outcome["undecided"] == 2
    assert set(duel.ratings.values()) == {1000.0}
    assert all(answer.score is None and not each.scores for each in judged(duel) for answer in each.answers)


def test_what_is_exported_holds_those_who_count_and_the_log_all() -> None:
    duel = played()
    assert {told.judge for told in events(duel, Comparison)} == {"First", "Last", "Even", "Fair"}
    assert len(judged(duel)) == 2
    for each in judged(duel):
        assert {score.judge for score in each.scores} == {"Even", "Fair"}
        assert sorted(answer.score or 0 for answer in each.answers) == pytest.approx([0.4, 0.6])


def test_of_an_n_way_contest_a_judge_abstains_from_the_pairs_that_it_flips_on() -> None:
    def flips_on_cem(call: Call) -> Reply:
        if call.purpose == "compare" and "Cem" in str(call.about["of"]):
            return reply("first", [0.8, 0.2])
        return answer(call)

    fighters = [{"name": name} for name in ("Ann", "Bo", "Cem")]
    duel = played(flips_on_cem, contest="n_way", fighters=fighters, judges=[{"name": "Fair"}])
    counted = {(match.first, match.second): match.judges for match in events(duel, Match)}
    assert counted == {("Ann", "Bo"): 1, ("Ann", "Cem"): 0, ("Bo", "Cem"): 0}
    for each in judged(duel):  # a share over some would tell with whom one was compared
        assert [answer.score for answer in each.answers] == [None] * 3
        assert {(score.call, score.against) for score in each.scores} == {
            (one.call, other.call) for one, other in permutations(each.answers[:2])
        }


def test_where_no_two_are_read_nobody_can_abstain() -> None:
    with pytest.raises(BadInput, match=r"`judging: pointwise` has none.*leave `abstain` out"):
        check(FILE | {"judging": "pointwise"}, "test.yaml")
    with pytest.raises(BadInput, match="take `judging: pairwise`"):
        check({"scenario": "debate", "motions": ["Trees."], "abstain": "flips"}, "test.yaml")
