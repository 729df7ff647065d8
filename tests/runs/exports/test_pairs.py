"""Pairs from scripted runs: the better answer is chosen, by the margin that the runs' own tables have."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import fsum

import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_reply
from palaestra.runs.branches import branched, outcome_margin
from palaestra.runs.exports.folder import export
from palaestra.runs.exports.options import ExportOptions
from palaestra.runs.exports.pairing import PairRule, pairs
from palaestra.runs.exports.samples import Response, Sample, chat
from palaestra.runs.run import Run
from palaestra.runs.transcript import transcript
from palaestra.scenarios.core.trajectory import JudgeScore, Turn
from palaestra.sims.engines import scripted_engine
from palaestra.sims.playing.branch import branch, selection
from support.exported import Row
from support.exported_runs import DUEL, QUESTIONS, TRIBE, Play, exported


def panel_score(row: Row, side: str) -> float:
    """Σ w·value / Σ w over the verdicts on one answer."""
    verdicts = [v for v in row["verdicts"] if v["of"] == side and not v["beside"]]
    return fsum(v["weight"] * v["value"] for v in verdicts) / fsum(v["weight"] for v in verdicts)


def test_the_chosen_answer_of_a_duel_has_the_higher_panel_score_under_the_final_ratings(played: Play) -> None:
    run = Run(played(DUEL))
    last = dict(run.table("rating").sort("event").select("fighter", "rating").iter_rows())
    rows = exported(run.folder, "dpo")["dpo"]
    assert len(rows) == len(QUESTIONS)
    for row in rows:
        assert row["margin"] > 0
        assert row["margin"] == pytest.approx(row["score_chosen"] - row["score_rejected"])
        assert row["score_chosen"] == pytest.approx(panel_score(row, "chosen"))
        assert row["score_rejected"] == pytest.approx(panel_score(row, "rejected"))
        assert all(v["weight"] == pytest.approx(last[v["judge"]]) for v in row["verdicts"])


def test_a_pair_s_texts_and_prompt_are_those_of_its_calls(played: Play) -> None:
    run = Run(played(DUEL))
    texts = {call["call"]: call["text"] for call in run.calls.iter_rows(named=True)}
    for row in exported(run.folder, "dpo")["dpo"]:
        for side in ("chosen", "rejected"):
            assert row[side] == [{"role": "assistant", "content": texts[row[f"{side}_call"]]}]
            assert [(m["role"], m["content"]) for m in row["prompt"]] == run.prompt(0, row[f"{side}_call"])


def test_two_answers_that_no_judge_compared_make_no_pair(played: Play) -> None:
    file = DUEL | {"contest": "n_way", "judging": "pairwise", "judge_budget": 0.5}
    run = Run(played(file | {"judges": [{"name": "Kim", "persona": "Strict."}], "fighters_judge": False}))
    judged = run.table("match").drop_nulls("margin").height
    rows = exported(run.folder, "dpo", pairs=PairRule("all"))["dpo"]
    assert judged == 6 * len(QUESTIONS) / 2
    assert 0 < len(rows) <= judged
    assert all({verdict["judge"] for verdict in row["verdicts"]} == {"Kim"} for row in rows)


def answered(call: int) -> Turn:
    return Turn(
        call=call,
        step=1,
        agent=f"Agent {call}",
        purpose="answer",
        about={},
        policy="default",
        seed=0,
        prompt=(),
        answer={"kind": "text"},
        text=f"Answer {call}.",
        probabilities=None,
        finish="stop",
        failed=False,
    )


def told(*said: tuple[int, int, float], weight: float = 1.0) -> Sample:
    """Three answers, 1 to 3; of each two that are told, how probably the first is better."""
    turns = {call: answered(call) for call in (1, 2, 3)}
    scores = tuple(JudgeScore("Kim", one, p, against=two, weight=weight) for one, two, p in said)
    shares = {1: 0.9, 2: 0.5, 3: 0.1}
    responses = tuple(Response(turn, 0, shares[call]) for call, turn in turns.items())
    return Sample("run", "duel", 0, turns, (), responses, scores, "probability 0–1", "panel")


BOTH = [(1, 2, 0.6), (2, 1, 0.4)]


@pytest.mark.parametrize(
    ("sample", "extremes", "every"),
    [
        (told(*BOTH, (2, 3, 0.9), (3, 2, 0.1)), [(2, 3)], [(1, 2), (2, 3)]),
        (told(*BOTH, (2, 3, 0.9), (3, 2, 0.1), (1, 3, 0.7), (3, 1, 0.3)), [(1, 3)], [(1, 2), (1, 3), (2, 3)]),
        (told(*BOTH, (3, 1, 0.9)), [(1, 2)], [(1, 2)]),  # 3 is better than 1, in one order only
        (told(*BOTH, weight=0), [], []),
    ],
)
def test_only_answers_that_judges_compared_in_both_orders_make_a_pair(
    sample: Sample, extremes: list[tuple[int, int]], every: list[tuple[int, int]]
) -> None:
    """The best and the worst of all where all were compared; else those farthest apart of the compared."""
    for rule, wanted in ((PairRule(), extremes), (PairRule("all"), every)):
        left_out = Counter[str]()
        found = [(pair.chosen.turn.call, pair.rejected.turn.call) for pair in pairs(sample, rule, left_out)]
        assert found == wanted
        missing = 3 - len(every)
        assert sum(left_out.values()) == (0 if rule.take == "extremes" and wanted else missing)


def test_a_harsh_judge_does_not_lift_its_own_answers(played: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an n-way contest nobody judges its own answer, so Dee's are judged by the mild ones alone."""
    monkeypatch.setattr(scripted_engine, "scripted_reply", one_harsh_judge)
    run = Run(played(DUEL | {"contest": "n_way", "weights": "uniform"}))
    rows = exported(run.folder, "ranked", "kto", threshold=0.0)
    for row in rows["ranked"]:
        assert row["rewards"] == pytest.approx([row["rewards"][0]] * 4)
    with pytest.raises(BadInput, match="ties: 72"):
        exported(run.folder, "dpo", pairs=PairRule("all"))


def one_harsh_judge(call: Call, **_attempt: object) -> Reply:
    reply = scripted_reply(call)
    if call.purpose == "score":
        return replace(reply, text="1" if call.agent == "Dee" else "7", probabilities=None)
    return reply


def test_pairs_of_an_n_way_contest_have_the_margins_of_its_matches(played: Play) -> None:
    run = Run(played(DUEL | {"contest": "n_way", "weights": "uniform"}))
    calls = {
        (row["contest"], row["fighter"]): row["call"] for row in run.table("answer").iter_rows(named=True)
    }
    matches = {
        frozenset((calls[row["contest"], row["first"]], calls[row["contest"], row["second"]])): row["margin"]
        for row in run.table("match").iter_rows(named=True)
    }
    rows = exported(run.folder, "dpo", pairs=PairRule("all"))["dpo"]
    assert len(rows) == len(matches)
    for row in rows:
        assert row["margin"] == pytest.approx(
            abs(matches[frozenset((row["chosen_call"], row["rejected_call"]))])
        )
        assert row["score_chosen"] == pytest.approx(panel_score(row, "chosen"))


def test_a_persona_is_left_out_of_a_pair_s_prompt(played: Play) -> None:
    fighters = [fighter | {"persona": f"I am {fighter['name']}."} for fighter in TRIBE]
    rows = exported(played(DUEL | {"fighters": fighters}), "dpo", "sft")
    assert all("I am" not in message["content"] for row in rows["dpo"] for message in row["prompt"])
    assert all(any("I am" in m["content"] for m in row["messages"]) for row in rows["sft"])


def test_all_pairs_of_a_question_are_taken_on_demand(played: Play) -> None:
    run = played(DUEL | {"contest": "n_way"})
    assert len(exported(run, "dpo")["dpo"]) == len(QUESTIONS)
    assert len(exported(run, "dpo", pairs=PairRule("all"))["dpo"]) == 6 * len(QUESTIONS)


def test_margin_and_floor_leave_pairs_out_and_say_how_many(played: Play) -> None:
    run = played(DUEL)
    every = exported(run, "dpo")["dpo"]
    limit = sorted(row["margin"] for row in every)[6]
    out = run.parent / "strict"
    described = export([run], out, ExportOptions(("dpo",), pairs=PairRule(margin=limit)))
    kept = [row for row in every if row["margin"] >= limit]
    assert described.formats["dpo"] == {
        split: sum(row["split"] == split for row in kept) for split in {row["split"] for row in kept}
    }
    assert described.left_out["dpo"] == {"margins that are too small": len(every) - len(kept)}


def test_a_panel_of_peers_exports_the_pairs_that_its_floor_and_margin_keep(played: Play) -> None:
    asked = {"scenario": "panel_of_peers", "instructions": QUESTIONS, "episodes": 12, "candidates": 2}
    run = Run(played(asked | {"floor": 0.55, "margin": 0.12}))
    pairs = run.table("pair")
    kept = pairs.filter("kept")
    assert 0 < kept.height < pairs.height
    rows = exported(run.folder, "dpo")["dpo"]
    assert sorted(row["episode"] for row in rows) == sorted(kept["episode"])
    margins = dict(kept.select("episode", "margin").iter_rows())
    assert all(row["margin"] == pytest.approx(margins[row["episode"]]) for row in rows)
    every = exported(run.folder, "dpo", pairs=PairRule(margin=0, floor=0))["dpo"]
    assert len(every) == pairs.height
    with pytest.raises(BadInput, match="margins that are too small"):
        exported(played(asked, "as-published"), "dpo")


def test_a_check_makes_the_pairs_where_truth_is_asked_for(played: Play) -> None:
    run = played(DUEL | {"contest": "n_way", "check": {"most_words": 6}})
    passed = {row["call"]: row["passed"] for row in Run(run).table("answer").iter_rows(named=True)}
    rows = exported(run, "dpo", basis="truth", pairs=PairRule("all"))["dpo"]
    assert rows
    for row in rows:
        assert passed[row["chosen_call"]] is True
        assert passed[row["rejected_call"]] is False
        assert (row["truth_chosen"], row["truth_rejected"], row["basis"]) == (1, 0, "truth")


def test_a_rehearsal_s_two_answers_are_a_pair_and_its_consequences_critiques(played: Play) -> None:
    run = Run(played({"scenario": "rehearsal", "questions": QUESTIONS, "episodes": 6, "roles": 2}))
    rows = exported(run.folder, "dpo", "critiques")
    preference = dict(run.episodes.select("episode", "preference").iter_rows())
    assert {row["episode"] for row in rows["dpo"]} == {e for e, share in preference.items() if share != 0.5}
    for row in rows["dpo"]:
        share = preference[row["episode"]]
        assert (row["chosen_call"] > row["rejected_call"]) == (share > 0.5)
        assert row["margin"] == pytest.approx(abs(2 * share - 1))
    assert len(rows["critiques"]) == run.table("consequence")["message"].count()


def test_a_panel_of_peers_pairs_its_best_candidate_with_its_worst(played: Play) -> None:
    run = Run(
        played({"scenario": "panel_of_peers", "instructions": QUESTIONS, "candidates": 2, "episodes": 3})
    )
    rows = exported(run.folder, "dpo", pairs=PairRule(margin=0, floor=0))["dpo"]
    pairs = run.table("pair")
    assert sorted(row["margin"] for row in rows) == pytest.approx(sorted(pairs["margin"]))


def test_answers_of_mutual_welfare_make_pairs_that_keep_both_rewards(played: Play) -> None:
    questions = [{"text": text, "kind": "ambiguity"} for text in QUESTIONS[:3]]
    agents = [{"name": "Ann"}, {"name": "Bo"}]
    scenario = {"scenario": "mutual_welfare", "questions": questions, "agents": agents, "episodes": 3}
    run = Run(played(scenario | {"candidates": 2}))
    worth = {(row["episode"], row["call"]): row for row in run.table("welfare").iter_rows(named=True)}
    rows = exported(run.folder, "dpo", "ranked")
    assert len(rows["dpo"]) == len(rows["ranked"]) == 3
    for row in rows["dpo"]:
        assert row["unit"] == "mutual welfare 0–1"
        kept = {(v["of"], v["criterion"]): v["value"] for v in row["verdicts"]}
        for side in ("chosen", "rejected"):
            told = worth[row["episode"], row[f"{side}_call"]]
            assert row[f"score_{side}"] == pytest.approx(told["mutual"])
            assert kept[side, ""] == pytest.approx((kept[side, "user"] * kept[side, "LLM"]) ** 0.5)
            assert (kept[side, "user"], kept[side, "LLM"]) == (told["user"], told["llm"])
    assert all(len(row["responses"]) == 4 for row in rows["ranked"])


def test_simultaneous_speeches_for_one_side_are_compared_and_sequential_ones_are_not(played: Play) -> None:
    debate = {"scenario": "debate", "motions": ["Bicycles are better than cars."], "rounds": 2}
    run = Run(played(debate | {"speaking": "simultaneous"}, "one"))
    stances = dict(run.table("verdict").select("agent", "stance").iter_rows())
    rows = exported(run.folder, "dpo")["dpo"]
    assert len(rows) == 4
    assert all(stances[row["chosen_agent"]] == stances[row["rejected_agent"]] for row in rows)
    with pytest.raises(BadInput, match="fewer than two scored answers"):
        exported(played(debate | {"speaking": "sequential"}, "other"), "dpo")


def test_a_branch_run_makes_pairs_of_one_prompt_with_the_margins_of_its_outcomes(played: Play) -> None:
    run = played(CAR)
    chosen = selection(["purpose=offer", "purpose=say"])
    branched_run = branch(run, run.parent / "branched", chosen, answers=2, repeats=3, quiet=True)
    calls = {(call.episode, call.call): call for call in branched(branched_run)}
    rows = exported(branched_run, "dpo", pairs=PairRule("all"))["dpo"]
    assert rows
    for row in rows:
        call = calls[row["episode"], row["chosen_call"]]
        assert row["chosen_call"] == row["rejected_call"]
        assert row["prompt"] == chat(call.prompt)
        rewards = {answer.text: answer.rewards for answer in call.answers}
        texts = [row[side][0]["content"] for side in ("chosen", "rejected")]
        margin, error = outcome_margin(*(rewards[text] for text in texts))
        assert (row["margin"], row["margin_se"]) == pytest.approx((margin, error))
        assert (row["basis"], row["unit"]) == ("outcome", "utility beyond no deal")
    with pytest.raises(BadInput, match="repeat turns of the run"):
        exported(branched_run, "sft")


CAR = {
    "scenario": "negotiation",
    "episodes": 3,
    "matter": "the price of a car.",
    "issues": [{"name": "price", "low": 4000, "high": 7000, "step": 250}],
    "parties": [
        {"name": "Vera", "wants": {"price": "high"}, "limit": 4800},
        {"name": "Tom", "wants": {"price": "low"}, "limit": 6100},
    ],
}


def test_scores_by_likelihood_are_nats_in_pairs_and_tables(played: Play) -> None:
    run = Run(played(DUEL | {"judging": "likelihood", "weights": "uniform"}))
    weighed = run.calls.filter(purpose="weigh")
    texts = dict(run.calls.select("call", "text").iter_rows())
    assert set(weighed["weighed"]) <= set(texts.values())
    assert run.calls.filter(purpose="answer")["weighed"].null_count() == 2 * len(QUESTIONS)
    assert set(weighed["output_tokens"]) == {0}
    assert "nats a token over" in "\n".join(transcript(run, 0))
    first = weighed.row(0, named=True)
    assert run.prompt(0, first["call"])[-1] == ("assistant", first["weighed"])
    for row in exported(run.folder, "dpo")["dpo"]:
        assert row["unit"] == "nats a token"
        assert row["score_rejected"] < row["score_chosen"] <= 0
        assert row["score_chosen"] == pytest.approx(panel_score(row, "chosen"))
        assert row["prompt"][-1]["role"] == "user"
