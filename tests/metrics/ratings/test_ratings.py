"""Ratings: SPARTA against sequences worked by hand, Elo and Bradley–Terry against other libraries."""

from __future__ import annotations

import math
from random import Random

import evalica
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import binom

from palaestra.metrics.ratings.bradley_terry import bradley_terry, match_contests, match_games
from palaestra.metrics.ratings.elo import elo, expected_score, update_elo
from palaestra.metrics.ratings.sparta import Reputation, SpartaConstants, SpartaRatings


def near(value: float) -> object:
    return pytest.approx(value, abs=1e-9)


def tribe(**ratings: float) -> SpartaRatings:
    return SpartaRatings({name: Reputation(rating) for name, rating in ratings.items()})


# SPARTA


def test_a_first_duel_of_equals_moves_by_the_smallest_step() -> None:
    ratings = tribe(a=100, b=100)
    changes = ratings.update("a", "b", 1.0)
    # K = 10·0.9^0.1 = 9.895192582062145, tanh(0.5) = 0.46211715726000973, g = ε = 0.01, S = 20.
    assert changes[0] == near(9.895192582062145 * 0.46211715726000973 * 0.01 / 20)
    assert changes[0] == near(0.002286369133281)
    # b's g sees a's new rating, but the gap is still below ε.
    assert changes[1] == near(-0.002286369133281)
    assert ratings.reputations["a"].deviation == 0.5, "one change is no deviation yet"


def test_the_second_fighters_gap_uses_the_firsts_new_rating() -> None:
    ratings = tribe(a=101, b=100)
    first, second = ratings.update("a", "b", 4.0)
    k_tanh = 9.895192582062145 * 0.46211715726000973
    # c = √0.5, so z/√2 is the difference of the ratings itself: erf(1) = 0.8427007929497149.
    assert first == near(k_tanh * 4 * 0.8427007929497149 / 20)
    assert first == near(0.770690032636811)
    # For b the difference is 1.770690032636811.
    assert second == near(-k_tanh * 4 * math.erf(1 + first) / 20)
    assert abs(second) > abs(first), "the order matters"


def test_the_order_of_a_pair_changes_its_result() -> None:
    one, other = tribe(a=101, b=100), tribe(a=101, b=100)
    one.update("a", "b", 4.0)
    other.update("b", "a", -4.0)
    assert one.reputations["a"].rating != other.reputations["a"].rating


def test_the_deviation_is_that_of_the_recorded_changes_once_there_are_two() -> None:
    ratings = SpartaRatings({"a": Reputation(150, 2.0), "b": Reputation(100, 2.0)})
    ratings.update("a", "b", 9.0)
    assert ratings.reputations["a"].deviation == 2.0
    # Both gaps are 1 to the last bit: K·9·tanh(2)/20 with tanh(2) = 0.9640275800758169.
    step_1 = 10 * 0.9**0.1 * 9 * 0.9640275800758169 / 20
    assert ratings.reputations["a"].rating == near(150 + step_1)
    ratings.update("a", "b", -2.0)
    step_2 = -(10 * 0.9**0.2) * 2 * 0.9640275800758169 / 20
    assert ratings.reputations["a"].rating == near(150 + step_1 + step_2)
    # The population deviation of two numbers is half their distance.
    assert ratings.reputations["a"].deviation == near((step_1 - step_2) / 2)
    assert ratings.reputations["b"].deviation == near((step_1 - step_2) / 2)
    ratings.update("b", "a", 1.0)
    step_3 = 10 * 0.9**0.3 * math.tanh((step_1 - step_2) / 2) / 20
    assert ratings.reputations["b"].rating == near(100 - step_1 - step_2 + step_3)


def test_the_deviation_never_falls_below_its_floor() -> None:
    ratings = tribe(a=100, b=100)
    for _ in range(2):
        ratings.update("a", "b", 0.0)
    assert ratings.reputations["a"].deviation == 0.1


def test_a_rating_is_clipped_at_10_and_the_clipped_change_is_recorded() -> None:
    ratings = SpartaRatings({"a": Reputation(10.5, 3.0), "b": Reputation(60, 3.0)})
    first, second = ratings.update("a", "b", -9.0)
    assert first == near(-0.5)
    assert ratings.reputations["a"].rating == 10.0
    assert second == near(10 * 0.9**0.1 * 9 * math.tanh(3.0) / 20)
    assert list(ratings.reputations["a"].changes) == [near(-0.5)]


def test_k_reaches_its_floor_after_66_updates_and_starts_anew_with_an_iteration() -> None:
    def step(updates: int) -> float:
        ratings = tribe(a=100, b=100)
        ratings.updates = updates - 1
        return ratings.update("a", "b", 1.0)[0] / (0.46211715726000973 * 0.01 / 20)

    assert step(65) > 5
    assert step(66) == near(5.0)
    ratings = tribe(a=100, b=100)
    ratings.update("a", "b", 1.0)
    ratings.restart_decay()
    assert ratings.updates == 0


def test_only_the_last_changes_count_for_the_deviation() -> None:
    constants = SpartaConstants(window=2, scale=1)
    ratings = SpartaRatings({"a": Reputation(150, 2.0), "b": Reputation(100, 2.0)}, constants)
    changes = [ratings.update("a", "b", margin)[0] for margin in (9.0, -4.0, 1.0)]
    assert list(ratings.reputations["a"].changes) == changes[1:]
    assert ratings.reputations["a"].deviation == near(abs(changes[2] - changes[1]) / 2)


# Elo


def test_elo_by_hand() -> None:
    assert expected_score(1400, 1000) == near(10 / 11)
    ratings = {"a": 1400.0, "b": 1000.0}
    assert update_elo(ratings, "b", "a", 1.0) == near(32 * 10 / 11)
    assert ratings == {"a": near(1400 - 320 / 11), "b": near(1000 + 320 / 11)}


def test_elo_refuses_what_is_no_score() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        update_elo({}, "a", "b", 1.5)


def random_games(seed: int, players: int, count: int) -> list[tuple[str, str, float]]:
    random = Random(seed)
    names = [f"p{i}" for i in range(players)]
    games = []
    for _ in range(count):
        first, second = random.sample(names, 2)
        chance = 1 / (1 + math.exp((names.index(second) - names.index(first)) / 3))
        games.append((first, second, random.choices([0.5, float(random.random() < chance)], [1, 4])[0]))
    return games


WINNERS = {1.0: evalica.Winner.X, 0.0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}


@pytest.mark.parametrize("seed", range(5))
def test_elo_agrees_with_evalica(seed: int) -> None:
    games = random_games(seed, players=6, count=300)
    xs, ys, scores = zip(*games, strict=True)
    theirs = evalica.elo(xs, ys, [WINNERS[score] for score in scores], k=32).scores
    ours = elo(games)
    assert {name: ours[name] for name in theirs.index} == {n: near(v) for n, v in theirs.items()}


# Bradley–Terry


@pytest.mark.parametrize("seed", range(5))
def test_bradley_terry_is_the_maximum_of_the_likelihood(seed: int) -> None:
    games = random_games(seed, players=5, count=400)
    table = bradley_terry(games, resamples=0)
    names = table["name"].to_list()

    def loss(strengths: np.ndarray) -> float:
        own = dict(zip(names, strengths, strict=True))
        return sum(
            score * math.log1p(math.exp(own[b] - own[a]))
            + (1 - score) * math.log1p(math.exp(own[a] - own[b]))
            for a, b, score in games
        ) + float(strengths.sum() ** 2)

    best = minimize(loss, np.zeros(len(names)), tol=1e-12).x
    assert table["strength"].to_list() == pytest.approx((best - best.mean()).tolist(), abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_bradley_terry_agrees_with_evalica(seed: int) -> None:
    games = random_games(seed, players=5, count=400)
    xs, ys, scores = zip(*games, strict=True)
    winners = [WINNERS[score] for score in scores]
    theirs = evalica.bradley_terry(xs, ys, winners, tolerance=1e-12, limit=10_000).scores
    logs = np.log(theirs)
    logs -= logs.mean()
    ours = bradley_terry(games, resamples=0)
    assert dict(ours.select("name", "strength").rows()) == {
        name: pytest.approx(value, abs=1e-6) for name, value in logs.items()
    }


def test_bradley_terry_does_not_depend_on_the_order_of_the_games() -> None:
    games = random_games(3, players=4, count=100)
    shuffled = Random(0).sample(games, len(games))
    one, other = (bradley_terry(g, resamples=0).sort("name") for g in (games, shuffled))
    assert one["strength"].to_list() == pytest.approx(other["strength"].to_list(), abs=1e-6)


def mean_width(table: pl.DataFrame) -> float:
    width = (table["high"] - table["low"]).mean()
    assert isinstance(width, float)
    return width


def test_intervals_hold_the_strength_and_shrink_with_more_games() -> None:
    few, many = (bradley_terry(random_games(1, 4, n), resamples=200, prior=0.5) for n in (60, 1500))
    for table in (few, many):
        assert table.filter(pl.col("strength").is_between("low", "high")).height == 4
    assert mean_width(many) < mean_width(few)


def test_a_field_without_a_maximum_is_refused_and_a_prior_mends_it() -> None:
    games = [("a", "b", 1.0), ("b", "c", 1.0)]
    with pytest.raises(ValueError, match="prior"):
        bradley_terry(games)
    assert bradley_terry(games, prior=1, resamples=0)["name"].to_list() == ["a", "b", "c"]


def test_a_prior_is_so_many_virtual_ties_of_every_pair() -> None:
    """Three wins and one virtual tie are 3.5 against 0.5: log-odds of log 7."""
    strong, weak = bradley_terry([("a", "b", 1.0)] * 3, prior=1, resamples=0)["strength"]
    assert strong - weak == near(math.log(7))


def test_intervals_of_many_games_are_those_of_the_share_that_was_won() -> None:
    """Of 100 games, half of them won, wins are binomial; each has half of the log-odds."""
    games = [("a", "b", float(number % 2)) for number in range(100)]
    table = bradley_terry(games, confidence=0.9)
    fewest = binom.ppf(0.05, 100, 0.5)
    expected = math.log(fewest / (100 - fewest)) / 2
    assert table["low"].to_list() == pytest.approx([expected] * 2, abs=0.025)
    assert table["high"].to_list() == pytest.approx([-expected] * 2, abs=0.025)


def test_strengths_need_a_game() -> None:
    with pytest.raises(ValueError, match="at least one game"):
        bradley_terry([])


def test_games_of_a_match_table_are_the_decided_ones() -> None:
    matches = pl.DataFrame({"first": list("abc"), "second": list("bca"), "margin": [2.0, None, 0.0]})
    assert match_games(matches) == [("a", "b", 1.0), ("c", "a", 0.5)]


@given(st.floats(10, 500), st.floats(10, 500), st.floats(0.1, 30), st.floats(0.1, 30), st.floats(-9, 9))
def test_the_better_scored_never_loses_rating(r: float, s: float, u: float, v: float, margin: float) -> None:
    ratings = SpartaRatings({"a": Reputation(r, u), "b": Reputation(s, v)})
    first, second = ratings.update("a", "b", margin)
    assert first * margin >= 0
    assert second * margin <= 0
    assert all(reputation.rating >= 10 for reputation in ratings.reputations.values())


def test_games_of_one_contest_tell_as_much_as_one() -> None:
    games = random_games(3, 4, 60)
    once = bradley_terry(games, prior=0.5).sort("name")
    four = [game for game in games for _ in range(4)]
    numbers = [number for number in range(60) for _ in range(4)]
    told = bradley_terry(four, prior=0.5, contests=numbers).sort("name")
    alone = bradley_terry(four, prior=0.5, contests=list(range(240))).sort("name")
    widths = [(table["high"] - table["low"]).to_numpy() for table in (once, told, alone)]
    assert widths[1] == pytest.approx(widths[0], rel=0.25)
    assert (widths[1] > 1.6 * widths[2]).all()


def test_contests_of_a_run_are_told_with_their_games() -> None:
    matches = pl.DataFrame(
        {
            "episode": [0, 0, 0, 1],
            "contest": [0, 0, 1, 0],
            "first": list("abca"),
            "second": list("bcab"),
            "margin": [1.0, None, -1.0, 0.0],
        }
    )
    assert match_games(matches) == [("a", "b", 1.0), ("c", "a", 0.0), ("a", "b", 0.5)]
    assert match_contests(matches) == [1, 2, 3]
