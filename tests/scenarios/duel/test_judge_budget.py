"""A budget of judging goes to the matches whose fighters are rated closest; the others stay unjudged."""

from __future__ import annotations

from math import ceil
from random import Random
from typing import Any

import pytest

from palaestra.agents.calls import Call, Message, Reply
from palaestra.agents.failures import BadInput
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check
from palaestra.scenarios.core.trajectory import Trajectory
from palaestra.scenarios.duel.config import DuelConfig
from palaestra.scenarios.duel.contest import Contest
from palaestra.scenarios.duel.events import Comparison, DuelAnswer, DuelJudgement, Match, Rating
from palaestra.scenarios.duel.matchmaking import left_unjudged
from palaestra.scenarios.duel.rules import Duel
from support.scripted_debates import events, failure, play_out, reply

RATINGS = {"Ann": 100.0, "Bo": 130.0, "Cem": 210.0, "Dee": 400.0}
FILE: dict[str, Any] = {
    "scenario": "duel",
    "fighters": [{"name": name, "rating": rating} for name, rating in RATINGS.items()],
    "fighters_judge": False,
    "judges": [{"name": "Kim"}, {"name": "Lund", "persona": "Strict."}],
    "instructions": [f"Name {number} rivers." for number in range(20)],
    "matchmaking": {"random": 1},
    "judge_budget": 0.3,
}


def duel(**fields: Any) -> Duel:
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, DuelConfig)
    return Duel(config)


def answer(call: Call) -> Reply:
    if call.purpose == "answer":
        return reply(f"I am {call.agent}.")
    return reply("first" if call.purpose == "compare" else str(4 + len(str(call.about["of"]))))


def gap(match: Match, ratings: dict[str, float]) -> float:
    return abs(ratings[match.first] - ratings[match.second])


@pytest.mark.parametrize("budget", [0.01, 0.3, 0.5, 0.9])
def test_the_matches_with_the_smallest_gaps_are_judged_and_calls_fall_in_proportion(budget: float) -> None:
    played = duel(judge_budget=budget)
    made = play_out(played, answer)
    matches = events(played, Match)
    judged = [match for match in matches if match.margin is not None]
    spared = [match for match in matches if match.margin is None]
    assert len(judged) == ceil(budget * 20)
    assert max(gap(match, RATINGS) for match in judged) <= min(gap(match, RATINGS) for match in spared)
    assert len(made["answer"]) == 2 * 20
    assert len(made["score"]) == 2 * 2 * len(judged)
    assert {told.contest for told in events(played, DuelJudgement)} == {match.contest for match in judged}


def test_the_gaps_are_those_at_the_start_of_each_iteration() -> None:
    played = duel(iterations=3, sparta={"least_gap": 1.0, "initial_k": 400, "least_k": 400})
    play_out(played, answer)
    contests = {told.contest: told.iteration for told in events(played, DuelAnswer)}
    ratings, seen = dict(RATINGS), []
    for iteration in (1, 2, 3):
        matches = [match for match in events(played, Match) if contests[match.contest] == iteration]
        gaps = {
            kind: [gap(match, ratings) for match in matches if (match.margin is None) == kind]
            for kind in (True, False)
        }
        assert len(gaps[False]) == 6
        assert max(gaps[False]) <= min(gaps[True])
        seen.append(dict(ratings))
        ratings |= {
            told.fighter: told.rating for told in events(played, Rating) if told.iteration == iteration
        }
    assert seen[0] != seen[1] != seen[2]


def test_what_is_unjudged_moves_no_rating_trains_nothing_and_is_counted_apart_from_the_undecided() -> None:
    def kim_fails(call: Call) -> Reply:
        return failure("Well") if call.purpose == "score" and call.about["contest"] == first else answer(call)

    played = duel()
    play_out(played, answer)
    spared = {match.contest for match in events(played, Match) if match.margin is None}
    assert not spared & {told.contest for told in events(played, Rating)}
    assert (played.outcome["unjudged"], played.outcome["undecided"]) == (14, 0)
    told = tuple(event for _, event in played.events)
    judged = Duel.judged(played.config, Trajectory(0, 0, (), {}, told, played.outcome))
    assert sum(all(entry.score is None for entry in each.answers) for each in judged) == 14
    first = next(match.contest for match in events(played, Match) if match.margin is not None)
    again = duel()
    play_out(again, kim_fails)
    assert (again.outcome["unjudged"], again.outcome["undecided"]) == (14, 1)


def test_of_equal_gaps_the_seed_takes_some() -> None:
    equal: dict[str, Any] = {"fighters": [{"name": name} for name in RATINGS]}

    def judged(seed: int) -> list[int]:
        played = duel(seed=seed, **equal)
        play_out(played, answer)
        return [match.contest for match in events(played, Match) if match.margin is not None]

    assert judged(1) == judged(1)
    taken = [judged(seed) for seed in range(60)]
    assert all(len(contests) == 6 for contests in taken)
    assert {contest for contests in taken for contest in contests} == set(range(20))


def test_of_an_n_way_contest_single_pairs_are_left_out_where_pairs_are_what_is_judged() -> None:
    played = duel(contest="n_way", judging="pairwise", instructions=["Name a river."], judge_budget=0.5)
    made = play_out(played, answer)
    judged = {(match.first, match.second) for match in events(played, Match) if match.margin is not None}
    assert judged == {("Ann", "Bo"), ("Bo", "Cem"), ("Ann", "Cem")}
    assert {frozenset((told.first, told.second)) for told in events(played, Comparison)} == set(
        map(frozenset, judged)
    )
    assert len(made["compare"]) == 3 * 2 * 2


def test_matches_without_two_answers_are_neither_judged_nor_a_part_of_the_whole() -> None:
    said = Message(0, "user", "A river.")
    contests = [Contest(number, "?", ("a", "b"), {"a": said, "b": said}) for number in range(4)]
    contests += [Contest(number, "?", ("a", "b"), {"a": said}) for number in (4, 5)]
    spared = left_unjudged(contests, {"a": 1.0, "b": 2.0}, 0.5, Random(1))
    assert len(spared) == 2
    assert len(left_unjudged(contests, {"a": 1.0, "b": 2.0}, 1e-12, Random(1))) == 3  # one at least is judged
    assert all(contest.number < 4 for contest, _ in spared)


def test_the_whole_budget_draws_nothing_and_spares_nothing() -> None:
    random = Random(1)
    state = random.getstate()
    said = Message(0, "user", "A river.")
    assert left_unjudged([Contest(0, "?", ("a", "b"), {"a": said, "b": said})], {}, 1, random) == []
    assert random.getstate() == state


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"contest": "n_way"}, "once for all of its matches.*`judging: pairwise` or `contest: duel`"),
        ({"contest": "n_way", "judging": "claims"}, "once for all of its matches"),
        ({"judging": "none", "check": {"most_words": 3}}, "no judge is asked"),
        ({"judge_budget": 0}, "judge_budget"),
        ({"judge_budget": 1.5}, "judge_budget"),
    ],
)
def test_budgets_that_would_save_nothing_are_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        check(FILE | fields, "test.yaml")


def judges_read_answers(episode: Episode[Any], call: Call) -> set[str]:
    assert isinstance(episode, Duel)
    return set(episode.judges) if call.purpose == "answer" else set()


def test_the_contract_is_kept() -> None:
    check_contract(FILE | {"iterations": 2, "judge_budget": 0.5}, may_read=judges_read_answers, episodes=1)
