"""Doubly-efficient debate on random computations: the trees, the protocol, and the published guarantee."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from math import ceil, log
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from palaestra.scenarios.bernoulli_debate.protocol import (
    Alice,
    AliceStrategy,
    Bob,
    BobStrategy,
    Constants,
    TreeCheck,
    TreeGame,
    TreeStep,
    planned_challenge,
    planned_lies,
    play_game,
    samples,
    verify,
)
from palaestra.scenarios.bernoulli_debate.rules import BernoulliDebate, honest_side
from palaestra.scenarios.bernoulli_debate.trees import Tree, draw_tree, memory_of
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.load import check, load

GAMES = 2000
FILE: dict[str, Any] = {"scenario": "bernoulli_debate", "steps": 8, "lipschitz": 2}
READY = Path(__file__).parents[2] / "scenarios" / "bernoulli_debate" / "ready"
Oracle = Callable[[Sequence[int]], float]


def final(oracle: Oracle, steps: int) -> float:
    """P(last bit = 1) by going through all transcripts."""
    total = 0.0
    for bits in product((0, 1), repeat=steps):
        weight = 1.0
        for position, bit in enumerate(bits):
            chance = oracle(bits[:position])
            weight *= chance if bit else 1 - chance
        total += weight * bits[-1]
    return total


def played(alice: AliceStrategy, bob: BobStrategy, **fields: Any) -> list[BernoulliDebate]:
    """Finished games of one matchup."""
    config: Any = check(FILE | {"matchups": [{"alice": alice, "bob": bob}]} | fields, "test.yaml").config
    episodes = [BernoulliDebate(config, index=index) for index in range(fields.get("episodes", 1))]
    for episode in episodes:
        assert episode.pending == []
        assert not episode.running
    return episodes


def game(alice: AliceStrategy, bob: BobStrategy, tree: Tree, seed: int = 0, drift: float = 0.0) -> TreeGame:
    """One game on a given tree, with lies of 1."""
    random = default_rng(seed)
    constants = Constants(tree.steps, 1.0)
    lies = planned_lies(alice, tree.steps, drift, 1.0, random)
    challenge = planned_challenge(bob, tree.steps, random)
    teller = Alice(alice, tree, constants, random, lies)
    return play_game(tree, constants, teller, Bob(bob, constants, random, challenge), random)


# Trees


def test_a_tree_by_hand() -> None:
    # Bit 0 is 1 with .4; bit 1 copies its opposite with .5, else is 1 with .2/.5.
    tree = Tree(0.5, (0.4, 0.2), (False, True))
    assert tree.chance([]) == 0.4
    assert tree.chance([0]) == pytest.approx(0.7)
    assert tree.chance([1]) == pytest.approx(0.2)
    assert tree.answer() == pytest.approx(0.4 * 0.2 + 0.6 * 0.7)
    assert [tree.direction(step) for step in (0, 1)] == [-1, 1]


def test_the_memory_is_that_of_the_geometric_sum() -> None:
    assert memory_of(1, 5) == 0
    assert memory_of(5, 5) == pytest.approx(1)
    assert memory_of(1.75, 3) == pytest.approx(0.5)


trees = st.builds(
    lambda steps, part, answer, seed: (
        draw_tree(default_rng(seed), steps, 1 + part * (steps - 1), answer),
        1 + part * (steps - 1),
        answer,
    ),
    st.integers(1, 6),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(0, 10**6),
)


@given(trees)
@settings(deadline=None, max_examples=60)
def test_a_drawn_tree_has_the_answer_asked_for_and_chances_between_0_and_1(
    drawn: tuple[Tree, float, float],
) -> None:
    tree, _, answer = drawn
    for steps in range(tree.steps):
        for bits in product((0, 1), repeat=steps):
            assert 0 <= tree.chance(bits) <= 1
    assert tree.answer() == pytest.approx(answer, abs=1e-9)
    assert final(tree.chance, tree.steps) == pytest.approx(answer, abs=1e-9)


@given(trees, st.floats(0, 0.3), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_no_change_of_the_chances_by_up_to_e_moves_the_answer_by_more_than_k_e(
    drawn: tuple[Tree, float, float], error: float, random: Any
) -> None:
    tree, lipschitz, answer = drawn
    changed = {
        bits: min(
            max(tree.chance(bits) + random.choice((-error, error, random.uniform(-error, error))), 0), 1
        )
        for steps in range(tree.steps)
        for bits in product((0, 1), repeat=steps)
    }
    moved = abs(final(lambda bits: changed[tuple(bits)], tree.steps) - answer)
    assert moved <= lipschitz * error + 1e-9


def test_moving_every_chance_in_its_direction_reaches_k_e() -> None:
    tree = Tree(0.5, (0.5, 0.25, 0.25, 0.25), (False, True, False, True))
    moved = final(lambda bits: tree.chance(bits) + 0.1 * tree.direction(len(bits)), 4)
    assert moved - tree.answer() == pytest.approx(0.1 * (1 + 0.5 + 0.25 + 0.125))


# The protocol


def test_the_number_of_samples_is_that_of_hoeffding() -> None:
    assert samples(0.01, 0.01) == ceil(log(200) / 0.0002) == 26492
    assert samples(0.5, 1.0) == 2


def test_the_constants_are_the_published_ones_and_in_their_order() -> None:
    constants = Constants(steps=10, lipschitz=2)
    assert (constants.c, constants.s, constants.b) == pytest.approx((0.005, 0.01, 0.025))
    assert constants.failure == pytest.approx(0.001)
    assert constants.vera_failure == 0.01


def test_who_is_accepted_to_the_end_wins_by_the_last_bit() -> None:
    for last, winner in ((1.0, "alice"), (0.0, "bob")):
        finished = game("honest", "never", Tree(0.0, (0.5, 0.5, last), (False,) * 3))
        assert finished.winner == winner
        assert finished.check is None
        assert len(finished.events) == 3
        assert finished.queries["vera"] == 0


def test_bits_are_tossed_from_what_alice_stated_and_not_from_the_oracle() -> None:
    finished = game("late_lie", "never", Tree(0.0, (0.5, 0.0), (False, False)))
    assert finished.winner == "alice"
    last = finished.events[-1]
    assert isinstance(last, TreeStep)
    assert (last.chance, last.stated, last.bit) == (0.0, 1.0, 1)


def test_a_challenge_ends_the_game_with_veras_verdict() -> None:
    finished = game("honest", "first", Tree(0.0, (0.5, 0.5), (False, False)))
    step, verdict = finished.events
    assert isinstance(step, TreeStep)
    assert isinstance(verdict, TreeCheck)
    assert (step.number, step.challenged, step.bit, step.estimate) == (1, True, None, None)
    assert (verdict.number, verdict.accepted, finished.winner) == (1, True, "alice")
    assert finished.queries == {"alice": samples(0.01, 0.005), "bob": 0, "vera": samples(0.005, 0.01)}


def test_an_honest_bob_challenges_a_lie_and_vera_rejects_it() -> None:
    finished = game("late_lie", "honest", Tree(0.0, (0.5, 0.2), (False, False)))
    assert finished.winner == "bob"
    assert finished.check is not None
    assert (finished.check.number, finished.check.accepted) == (2, False)
    assert finished.queries["alice"] == 0
    assert finished.queries["bob"] == 2 * samples(0.015, 0.005)


def test_a_drift_goes_each_steps_own_way() -> None:
    tree = Tree(0.5, (0.5, 0.25, 0.25), (False, True, True))
    steps = [event for event in game("drift", "never", tree, drift=0.1).events if isinstance(event, TreeStep)]
    assert [step.stated - step.chance for step in steps] == pytest.approx([0.1, -0.1, 0.1])


def test_what_the_strategies_plan() -> None:
    random = default_rng(0)
    assert planned_lies("honest", 3, 0.1, 0.5, random) == {}
    assert planned_lies("drift", 3, 0.1, 0.5, random) == {0: 0.1, 1: 0.1, 2: 0.1}
    assert planned_lies("late_lie", 3, 0.1, 0.5, random) == {2: 0.5}
    big = [planned_lies("big_lie", 3, 0.1, 0.5, random) for _ in range(50)]
    assert {step for lies in big for step in lies} == {0, 1, 2}
    assert all(list(lies.values()) == [0.5] for lies in big)
    assert [planned_challenge(bob, 3, random) for bob in ("honest", "never", "first", "last")] == [
        None,
        None,
        0,
        2,
    ]
    assert {planned_challenge("random", 3, random) for _ in range(50)} == {0, 1, 2}


@pytest.mark.parametrize(("shift", "accepted"), [(0.0, True), (1.0, True), (2.0, False), (5.0, False)])
def test_vera_accepts_what_is_off_by_c_and_rejects_what_is_off_by_s_almost_always(
    shift: float, accepted: bool
) -> None:
    constants, random = Constants(10, 2.0), default_rng(1)
    verdicts = [verify(0, 0.5, 0.5 + shift * constants.c, constants, random)[0].accepted for _ in range(500)]
    assert fmean(verdict == accepted for verdict in verdicts) >= 1 - constants.vera_failure


@pytest.mark.parametrize(("shift", "accepted"), [(0.0, True), (2.0, True), (5.0, False), (9.0, False)])
def test_bob_accepts_what_is_off_by_s_and_challenges_what_is_off_by_b_almost_always(
    shift: float, accepted: bool
) -> None:
    constants = Constants(10, 2.0)
    bob = Bob("honest", constants, default_rng(1))
    verdicts = [bob.accepts(0, 0.5, 0.5 + shift * constants.c) for _ in range(2000)]
    assert fmean(verdict == accepted for verdict in verdicts) >= 1 - constants.failure


# The guarantee


def published_bounds(steps: int, lipschitz: float) -> dict[str, float]:
    """The published bounds of the mean number of queries of each party; `steps` is t + 1."""
    each = lipschitz**2 * log(200 * steps)
    return {
        "alice": steps * (5000 * each + 1),
        "bob": steps * (20000 / 9 * each + 1),
        "vera": 106000 * lipschitz**2 + 1,
    }


def check_guarantee(alice: AliceStrategy, bob: BobStrategy, games: int = GAMES, **fields: Any) -> None:
    """The honest side wins 3/5 of the games on the hardest trees, and nobody asks more than was promised."""
    episodes = played(alice, bob, episodes=games, **fields)
    outcomes = [episode.outcome for episode in episodes]
    assert all(outcome["truth"] == outcome["honest_side"] for outcome in outcomes)
    assert fmean(bool(outcome["honest_won"]) for outcome in outcomes) >= 3 / 5
    config = episodes[0].config
    for party, bound in published_bounds(config.steps, config.lipschitz).items():
        assert fmean(float(str(outcome[f"{party}_queries"])) for outcome in outcomes) <= bound


@pytest.mark.parametrize("bob", ["never", "first", "random", "last"])
def test_an_honest_alice_who_is_right_beats_a_bob_who_challenges(bob: BobStrategy) -> None:
    check_guarantee("honest", bob)


@pytest.mark.parametrize("alice", ["drift", "big_lie", "late_lie"])
def test_an_honest_bob_who_is_right_beats_an_alice_with_lies_of_the_kind(alice: AliceStrategy) -> None:
    check_guarantee(alice, "honest")


@pytest.mark.parametrize("shift", [1.0, 3.0, 4.0])
def test_no_size_of_drift_beats_an_honest_bob(shift: float) -> None:
    check_guarantee("drift", "honest", games=1000, shift=shift)


@pytest.mark.parametrize(("steps", "lipschitz"), [(1, 1.0), (4, 4.0), (15, 6.0)])
def test_the_guarantee_holds_for_other_trees(steps: int, lipschitz: float) -> None:
    check_guarantee("drift", "honest", games=500, steps=steps, lipschitz=lipschitz)
    check_guarantee("honest", "never", games=500, steps=steps, lipschitz=lipschitz)


def test_what_vera_does_is_the_same_however_long_the_computation_is() -> None:
    short, long = (played("honest", "last", steps=steps)[0].outcome for steps in (2, 200))
    assert short["vera_queries"] == long["vera_queries"] == samples(0.0025, 0.01)


# The episode


def test_an_episode_is_over_before_its_first_call_and_tells_what_happened() -> None:
    (episode,) = played("honest", "last")
    assert {"honest_side": "alice", "truth": "alice", "alice": "honest", "bob": "last"}.items() <= (
        episode.outcome.items()
    )
    assert episode.outcome["winner"] == ("alice" if episode.outcome["accepted"] else "bob")
    assert episode.outcome["challenged_step"] == 8
    assert [type(event) for _, event in episode.events] == [TreeStep] * 8 + [TreeCheck]
    assert episode.tree.answer() == pytest.approx(2 / 3)


def test_without_challenge_there_is_no_verdict() -> None:
    (episode,) = played("honest", "never")
    assert (episode.outcome["challenged_step"], episode.outcome["accepted"]) == (None, None)
    assert episode.outcome["vera_queries"] == 0


def test_only_one_honest_side_can_have_won_as_such() -> None:
    assert [honest_side(a, b) for a, b in product((True, False), repeat=2)] == [
        "both",
        "alice",
        "bob",
        "neither",
    ]
    for episodes in (played("honest", "honest", episodes=20), played("drift", "never", episodes=20)):
        assert {episode.outcome["honest_won"] for episode in episodes} == {None}
        assert {episode.outcome["truth"] for episode in episodes} == {"alice", "bob"}


def test_matchups_take_turns_and_trees_differ() -> None:
    config: Any = check(FILE, "test.yaml").config
    episodes = [BernoulliDebate(config, index=index) for index in range(12)]
    assert all(not episode.pending for episode in episodes)
    told = [(episode.outcome["alice"], episode.outcome["bob"]) for episode in episodes]
    assert told[:6] == told[6:]
    assert len(set(told[:6])) == 6
    assert len({episode.tree for episode in episodes}) == 12


def test_it_keeps_the_contract() -> None:
    check_contract(
        FILE,
        may_read=lambda _episode, _call: (),
        refused=[
            ({"lipschitz": 9}, "9.0 is more than a computation of 8 steps"),
            ({"lipschitz": 0.5}, "lipschitz"),
            ({"confidence": 0.6}, "confidence"),
            ({"matchups": [{"alice": "sly"}]}, "alice"),
            ({"matchups": []}, "matchups"),
        ],
    )


@pytest.mark.parametrize("file", sorted(READY.glob("*.yaml")), ids=lambda file: file.stem)
def test_the_ready_made_file_plays_to_its_end(file: Path) -> None:
    scenario = load(file)
    pairs = set()
    for index in range(scenario.config.episodes):
        episode = scenario.rules(scenario.config, index=index)
        assert not episode.pending
        pairs.add((episode.outcome["alice"], episode.outcome["bob"]))
    assert len(pairs) == 7
