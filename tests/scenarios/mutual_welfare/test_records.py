"""What is recorded and rewarded of answers in mutual welfare."""

from __future__ import annotations

import pytest

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.mutual_welfare.blocks import from_json
from palaestra.scenarios.mutual_welfare.correctness import bleu
from palaestra.scenarios.mutual_welfare.events import (
    Correctness,
    MutualWelfareFound,
    WelfareAnswer,
    WelfarePayoff,
)
from palaestra.scenarios.mutual_welfare.payoffs import CELLS
from palaestra.scenarios.mutual_welfare.rewards import rewards, terms
from support.episodes.mutual_welfare import STAKES, VAGUE, answering, four, welfare
from support.rewards import rewards_of
from support.scripted_debates import events, play_out, reply


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
