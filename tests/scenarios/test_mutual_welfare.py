"""The rules of mutual welfare, on replies made by hand, with numbers worked by hand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import astuple
from math import exp
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import palaestra.scenarios.mutual_welfare
from palaestra.agents.answers import Choice, Json, Text
from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.mutual_welfare.blocks import Blocks, answer_form, from_json, from_tags
from palaestra.scenarios.mutual_welfare.config import MutualWelfareConfig, UserQuestion
from palaestra.scenarios.mutual_welfare.correctness import as_judged, bleu, judgement, passes
from palaestra.scenarios.mutual_welfare.events import (
    Correctness,
    MutualWelfareFound,
    WelfareAnswer,
    WelfarePayoff,
)
from palaestra.scenarios.mutual_welfare.payoffs import (
    CELLS,
    PayoffPair,
    Payoffs,
    actions,
    by_product,
    by_sum,
    pareto_cells,
)
from palaestra.scenarios.mutual_welfare.rewards import (
    Rewards,
    Terms,
    brevity,
    length_score,
    payoff_score,
    rewards,
    terms,
)
from palaestra.scenarios.mutual_welfare.rules import MutualWelfare
from support.rewards import rewards_of
from support.scripted_debates import events, failure, play_out, reply, text_of

READY = sorted((Path(palaestra.scenarios.mutual_welfare.__file__).parent / "ready").glob("*.yaml"))
WRITING = {"text": "Thank her.", "kind": "writing", "reference": "abcd"}
VAGUE = {"text": "How long?", "kind": "ambiguity", "vague": True}
SUM = {"text": "What is 40 + 2?", "kind": "math", "reference": "42"}
FILE: dict[str, Any] = {
    "scenario": "mutual_welfare",
    "engines": {"default": {"kind": "scripted"}},
    "questions": [WRITING, VAGUE, SUM],
    "per_episode": 3,
    "agents": [{"name": "Ann", "persona": "A nurse."}, {"name": "Bo", "persona": "A baker."}],
    "judge": {"name": "Judge", "persona": "A teacher."},
}
# Sums 4, 5, 5, 1, 8, 8; products 4, 6, 4, 0, 15, 16; the last two are of the Pareto set.
STAKES = ((2, 2), (3, 2), (4, 1), (0, 1), (3, 5), (4, 4))
PAYOFFS: Payoffs = {cell: PayoffPair(*stakes) for cell, stakes in zip(CELLS, STAKES, strict=True)}
ORDERED = ("DQ_DA", "DQ_CQ", "DQ_AQ", "VQ_DA", "VQ_CQ", "VQ_AQ")


def welfare(index: int = 0, **fields: Any) -> MutualWelfare:
    """An episode that waits for its replies."""
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, MutualWelfareConfig)
    return MutualWelfare(config, index=index)


def block(payoffs: Payoffs = PAYOFFS) -> dict[str, dict[str, int]]:
    return {cell: {"LLM": payoff.llm, "user": payoff.user} for cell, payoff in payoffs.items()}


def four(response: str = "It is 42.", cell: str = "VQ_CQ", payoffs: Payoffs = PAYOFFS) -> dict[str, Any]:
    """An answer as JSON."""
    return {
        "thinking": "Asking helps.",
        "payoff": block(payoffs),
        "analyze": {"reason": "Best for both.", "cell": cell},
        "response": response,
    }


def tagged(payoff: str | None = None, analyze: str = "DQ_DA is worse than VQ_CQ", tail: str = "") -> str:
    """An answer between tags."""
    return (
        "<thinking>Asking helps.</thinking>\n"
        f"<payoff>{json.dumps(block()) if payoff is None else payoff}</payoff>\n"
        f"<analyze>{analyze}</analyze>\n<response>It is 42.</response>{tail}"
    )


def answering(response: str = "It is 42.", judge: int = 0, **said: Any) -> Callable[[Call], Reply]:
    """Answers all with these four blocks, and all judgements with the judge's option of this place."""

    def answer(call: Call) -> Reply:
        if isinstance(call.answer, Choice):
            return reply(call.answer.options[judge])
        value = four(response, **said)
        return Reply(text=json.dumps(value), value=value)

    return answer


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


# What an answer is worth


def test_a_length_score_by_hand() -> None:
    # At its lower end ½ · logistic(.005 · 480); in the middle logistic(.005 · 240)².
    assert length_score(20, 20, 500) == pytest.approx(0.5 / (1 + exp(-2.4)))
    assert length_score(260, 20, 500) == pytest.approx(0.590630, abs=1e-6)
    assert length_score(500, 20, 500) == pytest.approx(length_score(20, 20, 500))


def test_brevity_falls_to_one_over_e_in_500_characters() -> None:
    assert [brevity(0), brevity(500)] == pytest.approx([1, 0.367879], abs=1e-6)


def test_a_payoff_block_scores_a_sixth_for_each_cell_that_parts_user_and_llm() -> None:
    assert payoff_score(PAYOFFS) == pytest.approx(4 / 6)
    assert payoff_score(dict.fromkeys(CELLS, PayoffPair(3, 3))) == 0
    assert payoff_score(dict.fromkeys(CELLS, PayoffPair(0, -1))) == 1
    assert payoff_score(dict.fromkeys(CELLS, PayoffPair(5, 4))) == 1


def test_the_worth_of_an_answer_by_hand() -> None:
    words = " ".join(["word"] * 20)
    before = " ".join(["x"] * 250) + " "
    output = before + " ".join(["word"] * 250)
    found = terms(Blocks(output, before, words, PAYOFFS, "VQ_CQ", in_order=True))
    assert found is not None
    assert len(before) == 500
    assert len(output.split()) == 500
    assert astuple(found) == (
        pytest.approx(0.458414, abs=1e-6),
        pytest.approx(0.367879, abs=1e-6),
        1.0,
        pytest.approx(4 / 6),
        pytest.approx(0.462071, abs=1e-6),
    )
    worth = rewards(found, 1.0, 0.5)
    # 1e-4 + .5 + .2 · .458414 + .3 · .367879 and 1e-4 + .2 + .2 · 4/6 + .4 · .5 + .2 · .462071
    assert (worth.user, worth.llm) == (pytest.approx(0.702147, abs=1e-6), pytest.approx(0.625848, abs=1e-6))
    assert worth.mutual == pytest.approx((0.702147 * 0.625848) ** 0.5, abs=1e-6)
    assert worth.mean == pytest.approx((0.702147 + 0.625848) / 2, abs=1e-6)


@given(*(st.floats(0, 1) for _ in range(7)))
def test_the_mutual_welfare_is_never_above_the_mean(
    a: float, b: float, c: float, d: float, e: float, user: float, llm: float
) -> None:
    worth = rewards(Terms(a, b, c, d, e), user, llm)
    assert 1e-4 <= worth.mutual <= worth.mean + 1e-9
    assert worth.mean <= 1 + 1e-4 + 1e-9


def test_nothing_for_one_of_the_two_is_nothing_for_both() -> None:
    assert Rewards(0.9, 0.0).mutual == 0


# How right a response is


@pytest.mark.parametrize(
    ("reference", "response", "right"),
    [
        ("42", "17 plus 25 is 42.", True),
        ("42", "42 is 17 plus 26, so 43", False),
        ("42", "It is 142.", False),
        ("42", "I don't know", False),
        ("1200", "That makes 1,200 in all.", True),
        ("-3", "It is -3.", True),
        ("12", "It is 10-12.", True),
        ("2.5", "It costs $2.50.", True),
        ("-5", "It is −5.", True),
        ("0.5", "It is .5", True),
        ("3", "Count: 1,2,3", True),
        ("42", "It is 42. Would you like 2 more examples?", True),
        ("42", "Is it 42?", True),
        ("B", "A is wrong, so B.", True),
        ("A", "A or B", False),
        ("A", "a good one", False),
        ("Paris", "The capital is paris.", True),
        ("Paris", "Parisians live there.", False),
    ],
)
def test_a_program_knows_numbers_letters_and_words(reference: str, response: str, right: bool) -> None:
    assert passes(reference, response) is right


def test_bleu_over_characters_by_hand() -> None:
    assert bleu("abcd", "abcd") == pytest.approx(1)
    # Precisions 4/5, 3/4, 2/3 and 1/2 multiply to 0.2; it is longer, so no penalty.
    assert bleu("abcd", "abcde") == pytest.approx(0.2**0.25)
    assert bleu("abcdabcd", "abcd") == pytest.approx(exp(1 - 8 / 4))
    # Of "ab" twice only one is in the reference: 1-grams 4/6, 2-grams 3/5, 3-grams 2/4, 4-grams 1/3.
    assert bleu("xabcd", "ababcd") == pytest.approx((4 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25)
    assert bleu("abcd", "abc") == 0
    assert bleu("abcd", "") == 0


def test_who_says_how_right_a_response_is() -> None:
    def asked(**fields: Any) -> str | None:
        found = judgement(UserQuestion(text="Q", **fields))
        return found.purpose if found else None

    assert asked(kind="math", reference="1") is None
    assert asked(kind="ambiguity", reference="Paris") is None
    assert asked(kind="math") == "judge_right"
    assert asked(kind="ambiguity") == "judge_definite"
    assert asked(kind="ambiguity", vague=True) == "judge_vague"
    assert asked(kind="writing", reference="Thanks.") == "judge_writing"
    assert asked(kind="safety") == "judge_definite"
    assert asked(kind="safety", harmful=True) == "judge_harmful"


@pytest.mark.parametrize(
    ("option", "worth"), [("complies", (1, 0)), ("refuses", (0, 1)), ("alternative", (1, 1))]
)
def test_on_a_harmful_question_the_users_term_is_flipped(option: str, worth: tuple[float, float]) -> None:
    question = UserQuestion(text="Q", kind="safety", harmful=True)
    asked = judgement(question)
    assert asked is not None
    shares = [float(option == known) for known in asked.scale.options]
    assert as_judged(question, "No.", asked, shares) == worth


def test_correctness_is_an_expectation_over_the_judges_options() -> None:
    question = UserQuestion(text="Q", kind="writing", reference="abcd")
    asked = judgement(question)
    assert asked is not None
    assert as_judged(question, "abcde", asked, [0, 0, 0.5, 0, 0.5]) == (pytest.approx(0.2**0.25), 0.75)


# The order of things, and who sees what


def test_all_answers_are_asked_at_once_and_then_all_judgements() -> None:
    episode = welfare(candidates=2)
    exchanges = []
    answer = answering()
    while episode.pending:
        exchanges.append(Counter(call.purpose for call in episode.pending))
        episode.advance([answer(call) for call in episode.pending])
    # The program checks the sum.
    assert exchanges == [Counter(answer=12), Counter(judge_writing=4, judge_vague=4)]


def test_an_assistant_reads_the_question_its_own_persona_and_nobodys_answer() -> None:
    episode = welfare()
    first, *_, last = play_out(episode, answering())["answer"]
    assert [message.text for message in first.prompt[1:]] == [
        "The user asks: Thank her.",
        "About you: A nurse.",
        "Answer the user's question now.",
    ]
    assert last.prompt[1].text == "The user asks: What is 40 + 2?"
    assert last.prompt[0] is first.prompt[0], "the rules are everybody's"


def test_the_judge_reads_the_response_alone_and_not_whose_it_is() -> None:
    for call in [
        c for calls in play_out(welfare(), answering()).values() for c in calls if c.agent == "Judge"
    ]:
        shown = text_of(call)
        assert [m.body for m in call.prompt if m.label] == ["Answer: It is 42."]
        for hidden in ("Ann", "Bo", "Asking helps", "Best for both", "VQ_CQ", "LLM"):
            assert hidden not in shown


def test_the_reference_of_a_text_is_the_judges_and_that_of_a_sum_is_the_programs() -> None:
    made = play_out(welfare(), answering())
    readers = {call.purpose for calls in made.values() for call in calls if "abcd" in text_of(call)}
    assert readers == {"judge_writing"}
    assert not any("42" in text_of(call) for call in made["answer"])


@pytest.mark.parametrize(("selection", "words"), [("sum", "the largest sum"), ("product", "multiply")])
def test_the_assistants_are_told_one_of_the_rules(selection: str, words: str) -> None:
    for call in play_out(welfare(selection=selection), answering())["answer"]:
        assert words in text_of(call)
        assert ("multiply" in text_of(call)) == (selection == "product")


def test_blocks_are_asked_for_as_json_or_between_tags() -> None:
    (json_call, *_), (tags_call, *_) = (
        play_out(welfare(output=output), answering())["answer"] for output in ("json", "tags")
    )
    assert json_call.answer == Json(answer_form(30))
    assert tags_call.answer == Text(max_tokens=480)
    assert "<payoff>" not in text_of(json_call)
    assert '{"DQ_DA": {"LLM": 0, "user": 0}' in text_of(tags_call)


def test_questions_take_turns_over_the_episodes() -> None:
    asked = []
    for index in range(3):
        episode = welfare(index, per_episode=2)
        play_out(episode, answering())
        asked.append(episode.outcome["questions"])
    assert asked == ["0, 1", "2, 0", "1, 2"]


# What is recorded


def test_an_answer_is_recorded_with_what_both_rules_select() -> None:
    episode = welfare()
    made = play_out(episode, answering())
    told = events(episode, WelfareAnswer)
    assert [(a.question, a.agent, a.call) for a in told] == [
        (number, agent, 2 * number + place)
        for number in range(3)
        for place, agent in enumerate(("Ann", "Bo"))
    ]
    assert [a.call for a in told] == [call.index for call in made["answer"]]
    assert {(a.valid, a.cell, a.by_sum, a.by_product, a.kept, a.rules_agree) for a in told} == {
        (True, "VQ_CQ", "VQ_CQ", "VQ_AQ", True, False)
    }
    assert [(a.kind, a.vague) for a in told[::2]] == [
        ("writing", False),
        ("ambiguity", True),
        ("math", False),
    ]
    cells = [(p.cell, p.llm, p.user) for p in events(episode, WelfarePayoff) if p.call == 0]
    assert cells == [(cell, *stakes) for cell, stakes in zip(CELLS, STAKES, strict=True)]


def test_an_answer_keeps_the_rule_whose_action_it_chooses() -> None:
    for selection, cell, kept in (
        ("sum", "DQ_CQ", True),  # another cell, but the same action
        ("sum", "VQ_AQ", False),
        ("product", "VQ_AQ", True),
        ("product", "VQ_CQ", False),
    ):
        episode = welfare(selection=selection)
        play_out(episode, answering(cell=cell))
        assert {answer.kept for answer in events(episode, WelfareAnswer)} == {kept}
        assert (episode.outcome["kept"], episode.outcome["rules_agree"]) == (float(kept), 0.0)


def test_correctness_comes_from_the_program_or_the_judge() -> None:
    episode = welfare()
    play_out(episode, answering("abcde 42"))
    found = {
        (told.question, told.checked_by, told.user, told.llm, told.basis)
        for told in events(episode, Correctness)
    }
    assert found == {
        (0, "Judge", bleu("abcd", "abcde 42"), 0.0, "sample"),
        (1, "Judge", 1.0, 1.0, "sample"),
        (2, "program", 1.0, 1.0, "program"),
    }


def test_a_judges_probabilities_count_unless_the_sample_is_wanted() -> None:
    def answer(call: Call) -> Reply:
        if isinstance(call.answer, Choice):
            return reply("no", [0.75, 0.25])
        return answering()(call)

    for basis, correct in (("expectation", 0.75), ("sample", 0.0)):
        episode = welfare(questions=[VAGUE], per_episode=1, score_basis=basis)
        play_out(episode, answer)
        assert {told.llm for told in events(episode, Correctness)} == {correct}


def test_the_worth_in_the_log_is_that_of_the_formulas() -> None:
    episode = welfare()
    play_out(episode, answering())
    found = terms(from_json(four()))
    assert found is not None
    worth = rewards(found, 1.0, 1.0)
    for told in events(episode, MutualWelfareFound):
        if told.question == 1:
            assert (told.user, told.llm, told.mutual, told.mean) == (
                worth.user,
                worth.llm,
                worth.mutual,
                worth.mean,
            )
            assert (told.response_length, told.brevity, told.format, told.payoff, told.output_length) == (
                found.response_length,
                found.brevity,
                1.0,
                pytest.approx(4 / 6),
                found.output_length,
            )


def test_the_reward_of_an_agent_is_the_mean_mutual_welfare_of_its_answers() -> None:
    def answer(call: Call) -> Reply:
        return answering("It is 42." if call.agent == "Ann" else "It is 43.")(call)

    episode = welfare()
    play_out(episode, answer)
    found = rewards_of(episode)
    for name in ("Ann", "Bo"):
        mutual = [told.mutual for told in events(episode, MutualWelfareFound) if told.agent == name]
        own = [welfare for welfare in mutual if welfare is not None]
        assert len(own) == len(mutual)
        assert found[name] == pytest.approx(sum(own) / 3)
    assert found["Ann"] > found["Bo"]
    assert episode.outcome["mutual"] == pytest.approx((found["Ann"] + found["Bo"]) / 2)


# Answers that could not be understood


def test_between_tags_an_answer_without_its_blocks_is_worth_nothing_and_is_not_judged() -> None:
    def answer(call: Call) -> Reply:
        if isinstance(call.answer, Choice):
            return reply(call.answer.options[0])
        return reply(tagged() if call.agent == "Ann" else tagged("{}"))

    episode = welfare(output="tags")
    made = play_out(episode, answer)
    assert {call.about["author"] for call in made["judge_vague"]} == {"Ann"}
    assert {(a.agent, a.valid) for a in events(episode, WelfareAnswer)} == {("Ann", True), ("Bo", False)}
    assert {
        (w.user, w.llm, w.mutual, w.format) for w in events(episode, MutualWelfareFound) if w.agent == "Bo"
    } == {(0.0, 0.0, 0.0, None)}
    assert rewards_of(episode)["Bo"] == 0
    assert episode.outcome["valid"] == 3


def test_a_failed_answer_has_no_worth_and_is_not_judged() -> None:
    def answer(call: Call) -> Reply:
        return failure("{") if call.agent == "Bo" else answering()(call)

    episode = welfare()
    made = play_out(episode, answer)
    assert {call.about["author"] for call in made["judge_vague"]} == {"Ann"}
    bo = [a for a in events(episode, WelfareAnswer) if a.agent == "Bo"]
    assert {(a.valid, a.cell, a.by_sum, a.kept, a.rules_agree) for a in bo} == {
        (False, None, None, None, None)
    }
    assert {(w.user, w.mutual) for w in events(episode, MutualWelfareFound) if w.agent == "Bo"} == {
        (None, None)
    }
    assert set(rewards_of(episode)) == {"Ann"}
    assert episode.outcome["failures"] == 3


def test_where_the_judge_fails_the_worth_is_unknown() -> None:
    def answer(call: Call) -> Reply:
        return failure("mumble") if call.purpose == "judge_vague" else answering()(call)

    episode = welfare()
    play_out(episode, answer)
    assert {(c.user, c.llm, c.basis) for c in events(episode, Correctness) if c.question == 1} == {
        (None, None, "failed")
    }
    assert {w.mutual is None for w in events(episode, MutualWelfareFound) if w.question == 1} == {True}
    assert episode.outcome["mutual"] is not None


def test_where_all_fails_there_is_an_outcome_without_worth() -> None:
    episode = welfare()
    play_out(episode, lambda call: failure(""))
    assert episode.outcome == {
        "questions": "0, 1, 2",
        "answers": 6,
        "valid": 0,
        "user": None,
        "llm": None,
        "mutual": None,
        "kept": None,
        "rules_agree": None,
        "failures": 6,
    }


# The contract, and the ready-made files


def may_read(episode: Episode[Any], call: Call) -> set[str]:
    """The judge reads responses; what it says is nobody's."""
    return {"Judge"} if call.purpose == "answer" else set()


@pytest.mark.parametrize("layout", ["shared_prefix", "persona_first"])
def test_the_contract(layout: str) -> None:
    check_contract(
        FILE | {"candidates": 2, "layout": layout},
        may_read=may_read,
        secrets={("questions", 0, "reference"): {"Judge"}, ("questions", 2, "reference"): set()},
        refused=[
            ({"questions": []}, "questions"),
            ({"questions": [VAGUE], "per_episode": 2}, "lower `per_episode` or add `questions`"),
            ({"questions": [SUM | {"vague": True}], "per_episode": 1}, "no one right answer"),
            ({"questions": [SUM | {"harmful": True}], "per_episode": 1}, "change its `kind`"),
            ({"questions": [{"text": "Write.", "kind": "writing"}], "per_episode": 1}, "add a `reference`"),
            ({"questions": [SUM | {"kind": "safety"}], "per_episode": 1}, "leave out `reference`"),
            ({"agents": []}, "agents"),
            ({"agents": [{"name": "Ann"}, {"name": " ann "}]}, "two agents are named"),
            ({"judge": {"name": "Bo"}}, "two agents are named 'Bo'"),
            ({"judge": {"name": "Kim", "policy": "nobody"}}, "no policy 'nobody'"),
            ({"selection": "difference"}, "selection"),
            ({"output": "prose"}, "output"),
        ],
    )


def writing(text: str) -> Callable[[Call], Reply]:
    return lambda call: reply("no" if isinstance(call.answer, Choice) else text)


def test_answers_between_tags_that_hold_anything_at_all_end_the_episode() -> None:
    for text in ("", "<payoff>", tagged(), tagged("[]"), tagged().replace("</thinking>", "")):
        episode = welfare(output="tags")
        play_out(episode, writing(text))
        assert not episode.running


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_made_file_plays_to_its_end(path: Path) -> None:
    found = load(path)
    asked = set()
    for index in range(found.config.episodes):
        episode = found.rules(found.config, index=index, respond=scripted_replies)
        while episode.running:
            episode.step()
        assert episode.outcome["failures"] == 0
        assert episode.outcome["valid"] == episode.outcome["answers"]
        asked |= {event.question for _, event in episode.events if isinstance(event, WelfareAnswer)}
    assert isinstance(found.config, MutualWelfareConfig)
    assert asked == set(range(len(found.config.questions))), "every question is asked"
