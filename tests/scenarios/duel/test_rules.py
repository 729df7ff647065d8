"""Duels: matchmaking, blind judging, weighted results, ratings and handicaps, walked by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios import duel as package
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.duel.config import DuelConfig
from palaestra.scenarios.duel.events import Comparison, DuelAnswer, DuelJudgement, Match, Rating
from palaestra.scenarios.duel.matchmaking import handicaps, matchmake
from palaestra.scenarios.duel.rules import Duel
from support.scripted_debates import events, failure, play_out, reply

FILE: dict[str, Any] = {
    "scenario": "duel",
    "fighters": [{"name": "Ann"}, {"name": "Bo"}, {"name": "Cem"}, {"name": "Dee"}],
    "instructions": ["Name a colour.", "Name a river.", "Name a city.", "Name a tree."],
}
KIM = {"name": "Kim", "persona": "Strict."}
READY = sorted((Path(package.__file__).parent / "ready").glob("*.yaml"))


def duel(index: int = 0, **fields: Any) -> Duel:
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, DuelConfig)
    return Duel(config, index=index)


def scoring(points: dict[str, int], default: int = 5) -> Any:
    """Answers for a duel: every text tells its author, every score is its author's `points`."""

    def answer(call: Call) -> Reply:
        if call.purpose == "answer":
            return reply(f"I am {call.agent}.")
        if call.purpose == "compare":
            first, second = str(call.about["of"]).split(", ")
            better = points.get(first, default) >= points.get(second, default)
            return reply("first" if better else "second")
        return reply(str(points.get(str(call.about["of"]), default)))

    return answer


# Matchmaking


@given(st.integers(0, 40), st.integers(2, 7), st.integers(0, 99))
def test_everyone_is_first_once_in_each_full_block_and_nobody_meets_itself(
    count: int, fighters: int, seed: int
) -> None:
    ratings = {f"p{i}": 100.0 + i for i in range(fighters)}
    pairs = matchmake(count, ratings, Random(seed), chance=0.2, nearest=3)
    assert len(pairs) == count
    assert all(first != second for first, second in pairs)
    for block in range(count // fighters):
        firsts = [first for first, _ in pairs[block * fighters : (block + 1) * fighters]]
        assert sorted(firsts) == sorted(ratings)


def test_opponents_are_among_the_nearest_ratings_unless_chance_draws_from_all() -> None:
    ratings = {"a": 100.0, "b": 101.0, "c": 103.0, "d": 110.0, "e": 200.0}
    near = {"a": {"b", "c"}, "b": {"a", "c"}, "c": {"a", "b"}, "d": {"b", "c"}, "e": {"c", "d"}}
    pairs = matchmake(200, ratings, Random(1), chance=0, nearest=2)
    assert all(second in near[first] for first, second in pairs)
    drawn = matchmake(2000, ratings, Random(1), chance=1, nearest=2)
    assert len(set(drawn)) == 20


def test_dynamic_handicaps_begin_after_two_iterations_with_one_of_the_lowest() -> None:
    assert handicaps("dynamic", []) == {}
    assert handicaps("dynamic", [["a", "b", "c"]]) == {}
    assert handicaps("dynamic", [["a", "b", "c"], ["c", "a", "b"]]) == {"c": 0.0}
    assert handicaps("dynamic", [["a", "b"], ["c"], ["c", "a", "b"]]) == {"c": 0.0, "a": 0.1}


def test_static_handicaps_stay_with_who_once_got_them() -> None:
    past = [["b", "a", "c"], ["a", "b", "c"], ["a", "c", "b"], ["b", "a", "c"]]
    assert handicaps("static", past) == {"a": 0.0, "c": 0.1, "b": 0.2}
    assert handicaps("static", past[:1]) == {}
    assert handicaps("none", past) == {}


def test_from_the_ninth_iteration_on_the_eighths_handicaps_are_kept() -> None:
    names = list("abcdefgh")
    past = [names] * 7
    assert handicaps("dynamic", past) == pytest.approx({name: i / 10 for i, name in enumerate("abcdef")})
    assert handicaps("dynamic", [*past, names[::-1]]) == handicaps("dynamic", past)
    assert handicaps("static", [*past, names[::-1]]) == handicaps("static", past)


# A tournament


def test_a_duels_judges_are_all_who_do_not_fight_in_it() -> None:
    played = duel()
    play_out(played, scoring({}))
    for contest in range(4):
        fighters = {answer.fighter for answer in events(played, DuelAnswer) if answer.contest == contest}
        judges = {judged.judge for judged in events(played, DuelJudgement) if judged.contest == contest}
        assert len(fighters) == 2
        assert judges == {"Ann", "Bo", "Cem", "Dee"} - fighters


def test_a_judge_reads_the_instruction_and_one_answer_and_no_name() -> None:
    def answer(call: Call) -> Reply:
        return reply("A fine answer.") if call.purpose == "answer" else reply("5")

    made = play_out(duel(), answer)
    for call in made["score"]:
        prompt = "\n".join(message.body for message in call.prompt)
        assert prompt.count("A fine answer.") == 1
        assert not any(name in prompt for name in ("Ann", "Bo", "Cem", "Dee"))
        assert sum(instruction in prompt for instruction in FILE["instructions"]) == 1


def test_all_answers_are_asked_in_one_exchange_and_all_judgements_in_the_next() -> None:
    played = duel(iterations=2)
    play_out(played, scoring({}))
    assert played.steps == 4


def test_the_result_is_weighted_by_the_judges_reputations() -> None:
    fighters = [
        {"name": "Ann"},
        {"name": "Bo"},
        {"name": "Cem", "rating": 300},
        {"name": "Dee", "rating": 100},
    ]
    played = duel(fighters=fighters, instructions=["Name a colour."], seed=0)

    def answer(call: Call) -> Reply:
        if call.purpose == "answer":
            return reply(f"I am {call.agent}.")
        return reply({"Cem": "9", "Dee": "1"}.get(call.agent, "5"))

    play_out(played, answer)
    (match,) = events(played, Match)
    judges = {judged.judge for judged in events(played, DuelJudgement)}
    weights = {"Ann": 100, "Bo": 100, "Cem": 300, "Dee": 100}
    scores = {"Ann": 5, "Bo": 5, "Cem": 9, "Dee": 1}
    expected = sum(weights[j] * scores[j] for j in judges) / sum(weights[j] for j in judges)
    assert match.first_score == pytest.approx(expected)
    assert match.margin == 0
    assert match.judges == 2


def test_the_better_scored_gain_rating_and_every_change_is_recorded() -> None:
    played = duel(iterations=3, sparta={"least_gap": 1.0})
    play_out(played, scoring({"Ann": 9, "Bo": 2}))
    assert played.outcome["leader"] == "Ann"
    assert min(played.ratings, key=lambda name: played.ratings[name]) == "Bo"
    told = dict.fromkeys(played.ratings, 0.0)
    for rating in events(played, Rating):
        told[rating.fighter] += rating.change
    for name, rating_now in played.ratings.items():
        assert rating_now == pytest.approx(100 + told[name])


def test_frozen_ratings_stay_and_matches_are_still_told() -> None:
    played = duel(freeze_ratings=True)
    play_out(played, scoring({"Ann": 9}))
    assert set(played.ratings.values()) == {100.0}
    assert len(events(played, Match)) == 4


def test_a_handicapped_fighters_scores_shrink_from_the_third_iteration_on() -> None:
    played = duel(iterations=3, handicaps="dynamic", sparta={"least_gap": 1.0})
    play_out(played, scoring({"Bo": 2}))
    of_bo: dict[bool, set[float | None]] = {False: set(), True: set()}
    for m in events(played, Match):
        if "Bo" in (m.first, m.second):
            of_bo[m.contest >= 8].add(m.first_score if m.first == "Bo" else m.second_score)
    assert of_bo == {False: {2.0}, True: {0.0}}


def test_a_judge_who_cannot_be_understood_is_left_out_and_counted() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose == "answer":
            return reply(f"I am {call.agent}.")
        return failure("no idea") if call.agent == "Dee" else reply("7")

    played = duel()
    play_out(played, answer)
    of_dee = [judged for judged in events(played, DuelJudgement) if judged.judge == "Dee"]
    assert {judged.basis for judged in of_dee} == {"failed"}
    left_out = {judged.contest for judged in of_dee}
    without = [match for match in events(played, Match) if match.contest in left_out]
    assert {(match.judges, match.first_score) for match in without} == {(1, 7.0)}
    assert played.outcome["failures"] == len(of_dee)
    assert all(match.margin == 0 for match in events(played, Match))


def test_a_match_without_a_usable_answer_is_undecided_and_moves_nothing() -> None:
    def answer(call: Call) -> Reply:
        return failure("") if call.purpose == "answer" else reply("7")

    played = duel()
    made = play_out(played, answer)
    assert "score" not in made
    assert played.outcome["undecided"] == 4
    assert played.outcome["ties"] is None
    assert set(played.ratings.values()) == {100.0}


def test_repeated_judgements_are_averaged() -> None:
    said = Counter[tuple[str, str]]()

    def answer(call: Call) -> Reply:
        if call.purpose == "answer":
            return reply(f"I am {call.agent}.")
        key = call.agent, f"{call.about['contest']} {call.about['of']}"
        said[key] += 1
        return reply(str(2 * said[key]))

    played = duel(judgements=3)
    play_out(played, answer)
    assert {m.first_score for m in events(played, Match)} == {4.0}


def test_a_score_is_an_expectation_or_a_sample() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose == "answer":
            return reply(f"I am {call.agent}.")
        assert isinstance(call.answer, Choice)
        return reply("10", [0.5] + [0.0] * 8 + [0.5])

    expected, sampled = duel(), duel(score_basis="sample")
    play_out(expected, answer)
    play_out(sampled, answer)
    assert {m.first_score for m in events(expected, Match)} == {5.5}
    assert {m.first_score for m in events(sampled, Match)} == {10.0}


# Pairwise judging, n-way contests, Elo


def test_a_pair_is_compared_in_both_orders_and_a_judge_who_always_takes_the_first_says_nothing() -> None:
    def answer(call: Call) -> Reply:
        return reply(f"I am {call.agent}.") if call.purpose == "answer" else reply("first")

    played = duel(judging="pairwise", ratings="elo")
    play_out(played, answer)
    orders = Counter((c.contest, c.judge, frozenset((c.first, c.second))) for c in events(played, Comparison))
    assert set(orders.values()) == {2}
    assert {match.first_score for match in events(played, Match)} == {0.5}
    assert set(played.ratings.values()) == {1000.0}


def in_order(match: Match) -> tuple[str, str]:
    """Winner and loser."""
    assert match.margin is not None
    return (match.first, match.second) if match.margin > 0 else (match.second, match.first)


def test_elo_moves_by_k_times_the_surprise() -> None:
    played = duel(judging="pairwise", ratings="elo", instructions=["Name a colour."])
    play_out(played, scoring({"Ann": 9, "Bo": 8, "Cem": 7, "Dee": 6}))
    (match,) = events(played, Match)
    winner, _ = in_order(match)
    assert played.ratings[winner] == pytest.approx(1016)
    assert sum(played.ratings.values()) == pytest.approx(4000)


def test_an_n_way_contest_asks_all_and_keeps_the_complete_score_matrix() -> None:
    played = duel(contest="n_way", instructions=["Name a colour."], judges=[{"name": "Kim"}])
    play_out(played, scoring({}))
    assert len(events(played, DuelAnswer)) == 4
    cells = {(judged.judge, judged.contestant) for judged in events(played, DuelJudgement)}
    names = ["Ann", "Bo", "Cem", "Dee"]
    assert cells == {(j, c) for j in [*names, "Kim"] for c in names if j != c}
    assert len(events(played, Match)) == 6
    assert all(match.judges == 3 for match in events(played, Match))


def test_cycles_stay_visible() -> None:
    beats = {("Ann", "Bo"), ("Bo", "Cem"), ("Cem", "Ann")}

    def answer(call: Call) -> Reply:
        if call.purpose == "answer":
            return reply(f"I am {call.agent}.")
        first, second = str(call.about["of"]).split(", ")
        return reply("first" if (first, second) in beats else "second")

    three = FILE["fighters"][:3]
    played = duel(
        contest="n_way",
        judging="pairwise",
        fighters=three,
        judges=[{"name": "Kim"}],
        instructions=["Name a tree."],
    )
    play_out(played, answer)
    won = {in_order(match) for match in events(played, Match)}
    assert won == beats


# The file


REFUSED = [
    ({"fighters": FILE["fighters"][:2]}, "a tribe has 3 or more"),
    ({"fighters": [*FILE["fighters"], {"name": "ann"}]}, "two agents are named"),
    ({"fighters_judge": False}, "nobody judges"),
    ({"judging": "pairwise", "handicaps": "static"}, "handicaps scale points"),
    ({"matches": 9}, "9 matches need as many instructions"),
    ({"instructions": ["  "]}, "an instruction is empty"),
    ({"fighters": [{"name": "Ann", "rating": 5}, *FILE["fighters"][1:]]}, "SPARTA's ratings are 10 or more"),
    ({"sparta": {"decay": 0}}, "sparta.decay"),
]


def judges_read_answers(episode: Episode[Any], call: Call) -> set[str]:
    """Whoever judges may read an answer: never one who fights in the same contest."""
    assert isinstance(episode, Duel)
    if call.purpose != "answer":
        return set()
    return {name for name in episode.judges if episode.config.contest == "n_way" or name != call.agent}


@pytest.mark.parametrize(
    "fields",
    [
        {"iterations": 2, "handicaps": "static"},
        {"iterations": 2, "check": {"most_words": 6}},
        {
            "judging": "pairwise",
            "ratings": "elo",
            "weights": "elo",
            "judges": [{"name": "Kim", "persona": "Strict."}],
        },
        {
            "contest": "n_way",
            "fighters": [{"name": n, "persona": f"{n} is wise."} for n in ("Ann", "Bo", "Cem")],
        },
    ],
)
def test_the_contract_is_kept(fields: dict[str, Any]) -> None:
    check_contract(FILE | fields, may_read=judges_read_answers, episodes=2)


def test_bad_casts_are_refused() -> None:
    check_contract(FILE, may_read=judges_read_answers, refused=REFUSED, episodes=1)


def test_two_fighters_can_duel_before_an_outside_judge() -> None:
    played = duel(fighters=FILE["fighters"][:2], judges=[{"name": "Kim"}])
    play_out(played, scoring({"Bo": 9}))
    assert played.outcome["leader"] == "Bo"


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_file_plays_to_its_end(path: Path) -> None:
    scenario = load(path)
    episode = scenario.rules(scenario.config)
    while episode.pending:
        episode.advance(scripted_replies(episode.pending))
    assert episode.outcome["undecided"] == 0


def test_what_is_refused_names_its_place(tmp_path: Path) -> None:
    ready = next(file for file in READY if file.stem == "n-way").read_text()
    text = ready.replace("judges:", "fighters_judge: false\njurors:")
    (tmp_path / "file.yaml").write_text(text.replace("scenario: duel\n", "scenario: duel\nmatches: 99\n"))
    with pytest.raises(BadInput, match=r"file\.yaml:\d+:1: unknown field `jurors`"):
        load(tmp_path / "file.yaml")
