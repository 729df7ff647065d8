"""The probability of every option, compared with what follows from walking token by token."""

from __future__ import annotations

from collections import Counter
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.sims.engines.option_tree import OptionTree, draw

END = 0
Options = list[tuple[int, ...]]

# Few tokens and short options, so that many share beginnings or are prefixes of one another.
OPTIONS = st.lists(st.lists(st.integers(1, 3), max_size=4).map(tuple), min_size=2, max_size=8, unique=True)


def logprob(path: tuple[int, ...], token: int, seed: int) -> float:
    """A made-up model: the log-probability of `token` after `path`."""
    return -(hash((path, token, seed)) % 1000) / 100


def by_brute_force(options: Options, seed: int) -> list[float]:
    """Walk each option to its end; at every token renormalise over all tokens that some option allows."""
    ended = [(*option, END) for option in options]
    found = []
    for option in ended:
        probability = 1.0
        for depth, token in enumerate(option):
            path = option[:depth]
            allowed = {other[depth] for other in ended if other[:depth] == path}
            total = sum(exp(logprob(path, t, seed)) for t in allowed)
            probability *= exp(logprob(path, token, seed)) / total
        found.append(probability)
    return found


def by_tree(options: Options, seed: int) -> list[float]:
    tree = OptionTree(options, END)
    return tree.probabilities([[logprob(fork.path, t, seed) for t in fork.children] for fork in tree.forks])


@given(OPTIONS, st.integers(0, 10**6))
def test_the_tree_agrees_with_brute_force(options: Options, seed: int) -> None:
    assert by_tree(options, seed) == pytest.approx(by_brute_force(options, seed), abs=1e-12)


@given(OPTIONS, st.integers(0, 10**6))
def test_whole_answers_weigh_the_product_of_their_tokens_to_the_end(options: Options, seed: int) -> None:
    tree = OptionTree(options, END, whole=True)
    told = [[logprob(fork.path, t, seed) for t in fork.children] for fork in tree.forks]
    whole = [
        exp(sum(logprob(option[:depth], token, seed) for depth, token in enumerate(option)))
        for option in ((*option, END) for option in options)
    ]
    assert tree.mass(told) == pytest.approx(min(sum(whole), 1))
    assert tree.probabilities(told) == pytest.approx([each / sum(whole) for each in whole])


def test_a_whole_answer_is_not_lifted_by_what_begins_it_and_goes_on_otherwise() -> None:
    """After the token 1 nearly all goes on otherwise: a constraint hides that, a whole answer shows it."""
    told = {((), 1): log(0.9), ((), 2): log(0.1), ((1,), END): log(0.01), ((2,), END): log(0.99)}
    for whole, expected in ((False, [0.9, 0.1]), (True, [0.009 / 0.108, 0.099 / 0.108])):
        tree = OptionTree([(1,), (2,)], END, whole)
        logprobs = [[told[fork.path, token] for token in fork.children] for fork in tree.forks]
        assert tree.probabilities(logprobs) == pytest.approx(expected)


def test_whole_answers_of_hardly_any_probability_are_told_apart() -> None:
    tree = OptionTree([(1,), (2,)], END, whole=True)
    assert tree.probabilities([[-900.0, -900.0 + log(3)], [-900.0], [-900.0]]) == pytest.approx([0.25, 0.75])


@given(OPTIONS, st.integers(0, 10**6))
def test_probabilities_sum_to_one(options: Options, seed: int) -> None:
    assert sum(by_tree(options, seed)) == pytest.approx(1)


@given(OPTIONS, st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_the_order_of_options_does_not_matter(options: Options, seed: int, random: object) -> None:
    known = dict(zip(options, by_tree(options, seed), strict=True))
    turned = options[::-1]
    assert by_tree(turned, seed) == pytest.approx([known[option] for option in turned])


@given(OPTIONS)
def test_the_model_is_asked_only_where_options_part(options: Options) -> None:
    forks = OptionTree(options, END).forks
    assert len(forks) < len(options)
    assert len({fork.path for fork in forks}) == len(forks)
    for fork in forks:
        assert len(fork.children) > 1
        assert list(fork.children) == sorted(fork.children)


def test_options_that_part_at_their_first_token_need_one_fork() -> None:
    tree = OptionTree([(5,), (6, 7), (8,)], END)
    assert [(fork.path, fork.children) for fork in tree.forks] == [((), (5, 6, 8))]
    assert tree.probabilities([[log(0.2), log(0.2), log(0.1)]]) == pytest.approx([0.4, 0.4, 0.2])


def test_an_option_that_begins_another_ends_or_goes_on() -> None:
    tree = OptionTree([(1,), (1, 9), (2,)], END)
    shares = {(): [log(0.6), log(0.4)], (1,): [log(0.75), log(0.25)]}
    found = tree.probabilities([shares[fork.path] for fork in tree.forks])
    assert found == pytest.approx([0.45, 0.15, 0.4])


def test_probabilities_too_small_for_a_float_are_still_compared() -> None:
    tree = OptionTree([(1,), (2,)], END)
    assert tree.probabilities([[-2000.0, -2000.0]]) == pytest.approx([0.5, 0.5])


def test_options_of_the_same_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match="the same tokens"):
        OptionTree([(1, 2), (1, 2)], END)


def test_temperature_zero_takes_the_likeliest_and_the_first_of_equals() -> None:
    assert {draw([0.2, 0.5, 0.3], 0, seed) for seed in range(20)} == {1}
    assert draw([0.4, 0.2, 0.4], 0, 1) == 0


def test_a_draw_depends_on_its_seed_alone() -> None:
    drawn = [draw([0.5, 0.5], 1, seed) for seed in range(50)]
    assert drawn == [draw([0.5, 0.5], 1, seed) for seed in range(50)]
    assert set(drawn) == {0, 1}


@pytest.mark.parametrize(("temperature", "share"), [(0.5, 0.9), (1, 0.75), (2, 0.634), (1e9, 0.5)])
def test_temperature_sharpens_or_flattens(temperature: float, share: float) -> None:
    """With p = 3/4 and 1/4 the odds are 3 to the power of one over the temperature."""
    counts = Counter(draw([0.75, 0.25], temperature, seed) for seed in range(4000))
    assert counts[0] / 4000 == pytest.approx(share, abs=0.03)


def test_a_temperature_close_to_zero_takes_the_likeliest() -> None:
    assert {draw([0.2, 0.5, 0.3], 1e-6, seed) for seed in range(50)} == {1}


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=10).filter(any), st.floats(0, 5), st.integers(0, 2**63 - 1)
)
def test_a_draw_is_an_option_that_is_possible(weights: list[float], temperature: float, seed: int) -> None:
    index = draw(weights, temperature, seed)
    assert weights[index] > 0
