"""The payoff block and the other blocks of an answer: how they are read and what both rules select."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.agents.answers import Json
from palaestra.scenarios.mutual_welfare.blocks import answer_form, from_json, from_tags
from palaestra.scenarios.mutual_welfare.payoffs import (
    CELLS,
    PayoffPair,
    actions,
    by_product,
    by_sum,
    pareto_cells,
)
from palaestra.scenarios.mutual_welfare.rewards import terms
from support.episodes.mutual_welfare import PAYOFFS, block, four, tagged

ORDERED = ("DQ_DA", "DQ_CQ", "DQ_AQ", "VQ_DA", "VQ_CQ", "VQ_AQ")


# The payoff block and the two rules


def test_the_six_cells() -> None:
    assert CELLS == ORDERED


def test_a_cell_is_efficient_where_no_other_is_as_good_for_both_and_better_for_one() -> None:
    assert pareto_cells(PAYOFFS) == ("VQ_CQ", "VQ_AQ")
    assert pareto_cells(dict.fromkeys(CELLS, PayoffPair(1, 1))) == CELLS


def test_of_equal_sums_the_users_payoff_decides() -> None:
    assert by_sum(PAYOFFS) == ("VQ_CQ",)


def test_the_product_is_another_rule() -> None:
    assert by_product(PAYOFFS) == ("VQ_AQ",)


def test_cells_of_the_same_payoffs_are_all_selected() -> None:
    twice = dict(PAYOFFS) | {"DQ_AQ": PayoffPair(3, 5)}
    assert by_sum(twice) == ("DQ_AQ", "VQ_CQ")
    assert actions(by_sum(twice)) == {"AQ", "CQ"}


def test_the_product_takes_two_large_losses_for_a_gain() -> None:
    losses = dict(PAYOFFS) | {"DQ_DA": PayoffPair(-5, -5)}
    assert by_product(losses) == ("DQ_DA",)
    assert by_sum(losses) == ("VQ_CQ",)


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=6, max_size=6))
def test_the_largest_sum_is_efficient_and_never_below_another(stakes: list[tuple[int, int]]) -> None:
    payoffs = {cell: PayoffPair(*pair) for cell, pair in zip(CELLS, stakes, strict=True)}
    selected = by_sum(payoffs)
    assert set(selected) <= set(pareto_cells(payoffs))
    assert {sum(payoffs[cell]) for cell in selected} == {max(map(sum, stakes))}


# The four blocks


def test_json_reads_as_the_same_blocks_between_tags() -> None:
    blocks = from_json(four())
    assert (blocks.response, blocks.payoffs, blocks.cell) == ("It is 42.", PAYOFFS, "VQ_CQ")
    assert blocks.valid
    assert blocks.in_order
    assert from_tags(blocks.output) == blocks
    assert blocks.output == f"{blocks.before}<response>It is 42.</response>"


def test_the_analysis_chooses_the_cell_that_it_names_last() -> None:
    assert from_tags(tagged()).cell == "VQ_CQ"
    assert from_tags(tagged(analyze="I answer.")).cell is None


@pytest.mark.parametrize(
    "payoff",
    [
        "",
        "DQ_DA is good",
        json.dumps({cell: stakes for cell, stakes in block().items() if cell != "DQ_DA"}),
        json.dumps(block() | {"XQ_DA": {"LLM": 1, "user": 1}}),
        json.dumps(block() | {"DQ_DA": {"LLM": 1}}),
        json.dumps(block() | {"DQ_DA": {"LLM": 6, "user": 1}}),
        json.dumps(block() | {"DQ_DA": {"LLM": 1.5, "user": 1}}),
        json.dumps(block() | {"DQ_DA": {"LLM": "1", "user": 1}}),
    ],
)
def test_a_payoff_block_that_is_not_six_cells_of_whole_numbers_is_not_valid(payoff: str) -> None:
    blocks = from_tags(tagged(payoff))
    assert blocks.payoffs is None
    assert not blocks.valid
    assert blocks.in_order, "the block is there"
    assert terms(blocks) is None


def test_text_around_the_blocks_costs_the_format_and_not_the_answer() -> None:
    blocks = from_tags(tagged(tail=" Bye."))
    assert blocks.valid
    assert not blocks.in_order
    found = terms(blocks)
    assert found is not None
    assert found.format == 0


def test_tags_that_come_twice_cost_the_format() -> None:
    assert from_tags(tagged()).in_order
    assert not from_tags(tagged(tail=" junk </response>")).in_order
    assert not from_tags(f"<thinking>x</thinking> junk {tagged()}").in_order


def test_a_blank_response_is_none_in_json_too() -> None:
    assert not from_json(four() | {"response": "  "}).valid


def test_an_answer_without_a_response_is_not_valid() -> None:
    assert not from_tags(tagged().replace("It is 42.", " ")).valid
    assert not from_tags("I don't know.").valid


def test_the_json_form_holds_exactly_these_cells_and_is_bounded() -> None:
    form = Json(answer_form(30))
    assert tuple(form.schema["properties"]) == ("thinking", "payoff", "analyze", "response")
    assert tuple(form.schema["properties"]["payoff"]["properties"]) == CELLS
    assert form.max_characters < 1300, "it must fit in a context of 2,048 tokens beside its prompt"
    assert form.parse(json.dumps(four())) == four()
