"""Exploitability, equilibrium, cooperation and predictability: by hand, and of players who are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log, log2
from random import Random

import numpy as np
import pytest

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.metrics.bounds import Numbers
from palaestra.metrics.comparison import level
from palaestra.metrics.families.games import (
    chi_square,
    cooperation_rate,
    equilibrium_distance,
    exploitability,
    guessing_chance,
    habit_predictability,
    mean_payoff,
    pick_entropy,
    predictability,
    repeats,
    repetition_rate,
)
from palaestra.metrics.metric import Metric, Tables, Unmeasurable
from palaestra.scenarios.normal_form_game.games import hide_and_seek, public_goods, two_player_game
from support.metric_tables import by_episode, number, play, ready_made, table
from support.played import games, likely, picked

UNIFORM = (1 / 3, 1 / 3, 1 / 3)
BIASED = (0.5, 0.3, 0.2)
# Against 50/30/20, rock wins 0.2 − 0.3, paper 0.5 − 0.2 and scissors 0.3 − 0.5 a round.
BEST_REPLY = 0.3


# Exploitability, by hand


def test_a_best_reply_to_a_known_distribution_wins_what_the_payoffs_say() -> None:
    rps = games(two_player_game("rock_paper_scissors").payoffs, 4)
    same = likely(*[{"Ann": [BIASED], "Bo": [BIASED]}] * 4)
    assert number(exploitability, game=rps, probability=same) == pytest.approx(BEST_REPLY)
    one = likely(*[{"Ann": [BIASED], "Bo": [UNIFORM]}] * 4)
    assert number(exploitability, game=rps, probability=one) == pytest.approx(BEST_REPLY / 2)


def test_rounds_of_an_episode_are_averaged() -> None:
    rps = games(two_player_game("rock_paper_scissors").payoffs, 2)
    told = likely(*[{"Ann": [(1.0, 0.0, 0.0), (0.0, 0.6, 0.4)], "Bo": [BIASED, BIASED]}] * 2)
    assert number(exploitability, game=rps, probability=told) == pytest.approx(BEST_REPLY)


def test_who_hides_is_found_where_it_hides_most_and_who_seeks_is_fled_where_it_looks_least() -> None:
    told = likely(*[{"Ann": [(0.7, 0.2, 0.1)], "Bo": [(0.5, 0.4, 0.1)]}] * 2)
    found = number(exploitability, game=games(hide_and_seek(3).payoffs, 2), probability=told)
    assert found == pytest.approx(((0.7 - 1 / 3) + (1 / 3 - 0.1)) / 2)


def test_the_reply_is_chosen_on_other_episodes_than_those_on_which_it_is_tried() -> None:
    rps = games(two_player_game("rock_paper_scissors").payoffs, 2)
    # Rock would win against the second episode and ties in the first; paper the other way round loses.
    told = likely({"Ann": [(1, 0, 0)], "Bo": [(1, 0, 0)]}, {"Ann": [(0, 0, 1)], "Bo": [(0, 0, 1)]})
    assert number(exploitability, game=rps, probability=told) == (0 - 1) / 2
    assert by_episode(exploitability, game=rps, probability=told) == {0: None, 1: None}


def test_a_missing_move_is_no_part_of_a_distribution() -> None:
    rps = games(two_player_game("rock_paper_scissors").payoffs, 3)
    told = likely(*[{"Ann": [BIASED], "Bo": [BIASED]}] * 2, {"Ann": [BIASED]})
    assert number(exploitability, game=rps, probability=told) == pytest.approx(BEST_REPLY)


@pytest.mark.parametrize("payoffs", [two_player_game("chicken").payoffs, public_goods(3, 10, 1.6, 2).payoffs])
def test_games_without_a_constant_sum_have_no_exploitability(payoffs: Numbers) -> None:
    told = likely({"Ann": [(0.5, 0.5)], "Bo": [(0.5, 0.5)]})
    with pytest.raises(Unmeasurable, match="no episode has an occasion"):
        number(exploitability, game=games(payoffs, 1), probability=told)


# Equilibrium, by hand


def test_the_distance_is_to_the_nearest_equilibrium() -> None:
    hunt = games(two_player_game("stag_hunt").payoffs, 1)
    for own, expected in (((0.9, 0.1), 0.1), ((0.2, 0.8), 0.2), ((0.45, 0.55), 0.05)):
        told = likely({"Ann": [own], "Bo": [own]})
        assert number(equilibrium_distance, game=hunt, probability=told) == pytest.approx(expected)


def test_the_distance_is_of_mean_distributions_over_rounds_and_episodes() -> None:
    dilemma = games(two_player_game("prisoners_dilemma").payoffs, 2)
    told = likely(
        {"Ann": [(0.2, 0.8), (0, 1)], "Bo": [(0, 1)] * 2}, {"Ann": [(1, 0)] * 2, "Bo": [(0, 1)] * 2}
    )
    # Ann defects in 1.8 of 4 rounds; Bo always.
    assert number(equilibrium_distance, game=dilemma, probability=told) == pytest.approx((2.2 / 4 + 0) / 2)
    assert by_episode(equilibrium_distance, game=dilemma, probability=told) == pytest.approx(
        {0: (0.2 / 2 + 0) / 2, 1: (1 + 0) / 2}
    )


def test_of_three_players_the_nearest_pure_equilibrium_counts() -> None:
    pot = games(public_goods(3, 10, 1.6, 2).payoffs, 1, ("Ann", "Bo", "Cem"))
    told = likely({"Ann": [(0.7, 0.3)], "Bo": [(1, 0)], "Cem": [(0.1, 0.9)]})
    assert number(equilibrium_distance, game=pot, probability=told) == pytest.approx((0.3 + 0 + 0.9) / 3)


# Payoffs, cooperation and randomness, by hand


def test_cooperation_and_payoffs_leave_out_what_is_missing() -> None:
    payoff = table(
        "episode agent round payoff cooperation",
        (0, "Ann", 1, 3.0, 1.0),
        (0, "Bo", 1, 5.0, 0.5),
        (0, "Ann", 2, None, None),
        (1, "Ann", 1, 1.0, 0.0),
    )
    assert number(cooperation_rate, payoff=payoff) == (1 + 0.5 + 0) / 3
    assert number(mean_payoff, payoff=payoff) == ((3 + 5) / 2 + 1) / 2


def test_chi_square_is_of_each_players_counts_over_all_episodes() -> None:
    pick = picked(2, {"Ann": [0, 0, 0, 0, 1], "Bo": [0, 1, None]}, {"Ann": [0, 0, 0, 1, 1], "Bo": [1, 0]})
    # Ann has 7 and 3 of 10, expected 5 each; Bo 2 and 2.
    assert number(chi_square, pick=pick) == pytest.approx((2 * (7 - 5) ** 2 / 5 + 0) / 2)


def test_two_players_who_are_sure_of_different_things_are_not_random_together() -> None:
    pick = picked(2, {"Ann": [0] * 6, "Bo": [1] * 6})
    assert number(chi_square, pick=pick) == pytest.approx(6)
    sure = likely({"Ann": [(1, 0)] * 6, "Bo": [(0, 1)] * 6})
    assert number(pick_entropy, pick=pick, probability=sure) == 0


def test_entropy_is_of_mean_distributions_and_a_share_of_the_most_possible() -> None:
    pick = picked(4, {"Ann": [0, 1], "Bo": [0, 0]})
    told = likely({"Ann": [(1, 0, 0, 0), (0.5, 0.5, 0, 0)], "Bo": [(0.25,) * 4] * 2})
    ann = -(0.75 * log2(0.75) + 0.25 * log2(0.25)) / 2
    assert number(pick_entropy, pick=pick, probability=told) == pytest.approx((ann + 1) / 2)


def test_repetitions_are_of_neighbouring_picks_and_repeats_of_all_in_an_episode() -> None:
    pick = picked(5, {"Ann": [3, 3, 1, 3, None, 3]}, {"Ann": [2, 4], "Bo": [0, 0]})
    # Pairs: 3–3, 3–1, 1–3; 2–4; 0–0. What follows a missing pick follows nothing.
    assert number(repetition_rate, pick=pick) == 2 / 5
    assert by_episode(repeats, pick=pick) == {0: 3, 1: (0 + 1) / 2}


def test_habits_are_learnt_in_other_episodes() -> None:
    pick = picked(2, {"Ann": [0, 1, 0, 1]}, {"Ann": [0, 1, 1, 0]})
    # The second shows 0→1, 1→1, 1→0: of the first 0→1, 1→0 (a draw), 0→1 are guessed.
    # The first shows 0→1 twice and 1→0: of the second 0→1 and 1→0 are guessed, 1→1 isn't.
    assert number(predictability, pick=pick) == pytest.approx((2.5 + 2) / 6)
    # Both have 1 most often among 1, 0, 1 and 1, 1, 0.
    assert number(habit_predictability, pick=pick) == pytest.approx((2 + 2) / 6)
    assert number(guessing_chance, pick=pick) == 1 / 2


def test_what_was_never_seen_is_guessed_by_chance_and_one_episode_alone_shows_no_habit() -> None:
    pick = picked(4, {"Ann": [0, 1]}, {"Ann": [2, 3]})
    assert number(predictability, pick=pick) == 1 / 4
    with pytest.raises(Unmeasurable):
        number(predictability, pick=picked(4, {"Ann": [0, 1, 0, 1]}))


def test_habits_of_one_player_tell_nothing_of_another() -> None:
    pick = picked(2, {"Ann": [0, 0, 0]}, {"Bo": [0, 0, 0]})
    with pytest.raises(Unmeasurable):
        number(predictability, pick=pick)


# Players of known habits, through the rules


class Player:
    """Answers that are drawn from `shares`, whatever happened; with `tells`, with their probabilities."""

    def __init__(self, shares: Sequence[float], seed: int, *, tells: bool = False) -> None:
        self.shares = list(shares)
        self.random = Random(seed)
        self.tells = tells

    def respond(self, calls: list[Call]) -> list[Reply]:
        replies = []
        for call in calls:
            assert isinstance(call.answer, Choice)
            text = self.random.choices(call.answer.options, self.shares)[0]
            replies.append(Reply(text, value=text, probabilities=tuple(self.shares) if self.tells else None))
        return replies


def rock_paper_scissors(shares: Sequence[float], episodes: int, seed: int, *, tells: bool = False) -> Tables:
    return play(ready_made("rock-paper-scissors"), episodes, Player(shares, seed, tells=tells).respond)


def holds(measure: Metric, tables: Tables, value: float) -> bool:
    told = level(measure, tables)
    assert told.low is not None
    assert told.high is not None
    return told.low <= value <= told.high


def test_uniform_players_cannot_be_exploited() -> None:
    tables = rock_paper_scissors(UNIFORM, 40, seed=1)
    assert tables["pick"]["basis"].unique().to_list() == ["sample"]
    assert holds(exploitability, tables, 0)
    assert not holds(exploitability, tables, BEST_REPLY)


def test_players_of_50_30_20_are_exploited_by_what_paper_wins() -> None:
    tables = rock_paper_scissors(BIASED, 40, seed=2)
    assert holds(exploitability, tables, BEST_REPLY)
    assert not holds(exploitability, tables, 0)
    assert number(equilibrium_distance, **tables) == pytest.approx((1 / 6 + 1 / 30 + 2 / 15) / 2, abs=0.05)


def test_from_probabilities_the_numbers_are_exact() -> None:
    uniform = rock_paper_scissors(UNIFORM, 12, seed=3, tells=True)
    biased = rock_paper_scissors(BIASED, 12, seed=3, tells=True)
    assert biased["pick"]["basis"].unique().to_list() == ["probabilities"]
    assert number(exploitability, **uniform) == pytest.approx(0)
    assert number(exploitability, **biased) == pytest.approx(BEST_REPLY)
    assert number(equilibrium_distance, **biased) == pytest.approx((1 / 6 + 1 / 30 + 2 / 15) / 2)
    assert number(pick_entropy, **biased) == pytest.approx(-sum(p * log(p) for p in BIASED) / log(3))


def test_the_interval_of_uniform_players_holds_0_about_95_times_in_100() -> None:
    rps = games(two_player_game("rock_paper_scissors").payoffs, 30)
    held, values = 0, []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        drawn = np.eye(3)[rng.integers(0, 3, (30, 2, 5))]
        told = likely(*({"Ann": own[0], "Bo": own[1]} for own in drawn))
        found = level(exploitability, {"game": rps, "probability": told})
        assert found.value is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0 <= found.high
        values.append(found.value)
    assert held >= 51
    # 300 moves of variance 2/3 a round; 60 such means.
    assert abs(np.mean(values)) < 4 * (2 / 3 / 300 / 60) ** 0.5


def test_the_next_number_of_a_player_who_counts_is_guessed_as_often_as_it_counts() -> None:
    numbers = ready_made("random-numbers", "low=0", "high=5", "draws=12")

    class Counting(Player):
        """Goes one up from its last number in seven draws of ten, else draws any."""

        def __init__(self, shares: Sequence[float], seed: int) -> None:
            super().__init__(shares, seed)
            self.last: dict[str, int] = {}

        def respond(self, calls: list[Call]) -> list[Reply]:
            replies = super().respond(calls)
            for position, call in enumerate(calls):
                if call.about["round"] != 1 and self.random.random() < 0.7:
                    next_up = str((self.last[call.agent] + 1) % 6)
                    replies[position] = replace(replies[position], text=next_up, value=next_up)
                self.last[call.agent] = int(replies[position].text)
            return replies

    tables = play(numbers, 40, Counting([1 / 6] * 6, seed=4).respond)
    planted = 0.7 + 0.3 / 6
    assert number(predictability, **tables) == pytest.approx(planted, abs=0.05)
    assert "aren't independent" in level(predictability, tables).note
    assert number(habit_predictability, **tables) == pytest.approx(1 / 6, abs=0.06)
    assert number(guessing_chance, **tables) == pytest.approx(1 / 6)
    assert number(repetition_rate, **tables) == pytest.approx(0.3 / 6, abs=0.03)


def test_independent_uniform_numbers_have_the_chi_square_that_chance_gives() -> None:
    numbers = ready_made("random-numbers", "asked=independently")
    found = []
    for seed in range(20):
        tables = play(numbers, 4, Player([1 / 11] * 11, seed).respond)
        statistic = number(chi_square, **tables)
        assert statistic is not None
        found.append(statistic)
    # χ² of 10 degrees of freedom has mean 10 and variance 20; two players, 20 runs.
    assert np.mean(found) == pytest.approx(10, abs=3 * (20 / 40) ** 0.5)
    biased = play(numbers, 4, Player([2, *[1] * 10], 5).respond)
    sure = play(numbers, 4, Player([1, *[0] * 10], 5).respond)
    # All of 40 draws are the same: 40 · 10.
    assert number(chi_square, **sure) == pytest.approx(400)
    # One number is twice as likely as any other: 10 + 40 · (11 · (4 + 10) / 12² − 1) or so.
    assert level(chi_square, biased).value == pytest.approx(12.8, abs=3 * (20 / 2) ** 0.5)
    assert by_episode(repeats, **sure) == dict.fromkeys(range(4), 9)


def test_a_player_who_cooperates_in_three_rounds_of_ten_is_found_to() -> None:
    dilemma = ready_made("prisoners-dilemma", "talk=false")
    tables = play(dilemma, 40, Player([0.3, 0.7], seed=6).respond)
    assert holds(cooperation_rate, tables, 0.3)
    assert not holds(cooperation_rate, tables, 0.5)
    # Per round: 3 · 0.09 + (0 + 5) · 0.21 + 1 · 0.49.
    assert holds(mean_payoff, tables, 0.27 + 1.05 + 0.49)
