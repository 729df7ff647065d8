"""Rows beside pairs: labels, rankings, texts, revisions and rollouts, against what the runs' tables say."""

from __future__ import annotations

from itertools import combinations
from math import fsum
from pathlib import Path

import orjson
import polars as pl
import pytest

from palaestra.agents.failures import BadInput
from palaestra.runs.exports.card import card
from palaestra.runs.exports.folder import export
from palaestra.runs.exports.options import ExportOptions
from palaestra.runs.record import log as run_log
from palaestra.runs.run import Run
from support.exported import Row
from support.exported import rows as rows_of
from support.exported_runs import DUEL, PEERS, QUESTIONS, TRIBE, Play, exported
from support.logs import rewrite


def test_answers_that_all_score_the_same_have_no_labels(played: Play) -> None:
    run = played(DUEL | {"check": {"least_words": 1}, "judging": "none"})
    assert all(row["label"] for row in exported(run, "kto")["kto"])
    flat = played(DUEL | {"score_basis": "sample"}, "flat")
    with pytest.raises(BadInput, match="the same score, so none is better"):
        exported(flattened(flat), "kto")


def flattened(run: Path) -> Path:
    """Rewrite the log so that every judge says 5."""
    records = [r | {"score": 5.0} if r.get("type") == "judgement" else r for r in run_log.read(run)]
    rewrite(run, records)
    return run


def test_the_ranked_row_of_an_n_way_contest_has_every_judge_s_every_score(played: Play) -> None:
    run = Run(played(DUEL | {"contest": "n_way", "weights": "uniform"}))
    judgements = {
        (row["contest"], row["judge"], row["contestant"]): row["score"]
        for row in run.table("judgement").iter_rows(named=True)
    }
    contest = {row["call"]: row["contest"] for row in run.table("answer").iter_rows(named=True)}
    rows = exported(run.folder, "ranked")["ranked"]
    assert len(rows) == len(QUESTIONS)
    for row in rows:
        assert row["rewards"] == sorted(row["rewards"], reverse=True)
        for judge, scores in zip(row["judges"], row["score_matrix"], strict=True):
            for agent, call, score in zip(row["agents"], row["calls"], scores, strict=True):
                expected = judgements.get((contest[call], judge, agent))
                assert score == (None if judge == agent else pytest.approx(expected))


def test_pairwise_contests_give_a_preference_matrix_whose_opposite_cells_sum_to_one(played: Play) -> None:
    rows = exported(played(DUEL | {"contest": "n_way", "judging": "pairwise"}), "ranked", "dpo")
    for row in rows["ranked"]:
        matrix = row["preference_matrix"]
        for i, j in combinations(range(len(matrix)), 2):
            assert matrix[i][j] + matrix[j][i] == pytest.approx(1)
    assert all(v["beside"] for row in rows["dpo"] for v in row["verdicts"])
    assert {v["of"] for row in rows["dpo"] for v in row["verdicts"]} == {"chosen", "rejected"}


def test_a_ranked_row_names_the_checkpoint_of_each_answer(played: Play) -> None:
    run = played(DUEL | {"contest": "n_way"})
    state = orjson.loads((run / "run.json").read_bytes())
    state["scenario"]["engines"]["default"] = {"kind": "vllm", "model": "model-a", "revision": "abc"}
    state["scenario"]["policies"]["ann"]["adapter"] = "adapters/ann-2"
    (run / "run.json").write_bytes(orjson.dumps(state))
    for row in exported(run, "ranked")["ranked"]:
        of = {policy: number for number, policy in enumerate(row["policies"])}
        assert row["adapters"][of["ann"]] == "adapters/ann-2"
        assert [row["adapters"][of[policy]] for policy in ("bo", "cem", "dee")] == [None] * 3
        assert (row["models"], row["revisions"]) == (["model-a"] * 4, ["abc"] * 4)


def cut_short(run: Path, *calls: int) -> Path:
    """Rewrite the log so that these answers end at their limit."""
    records = [
        r | {"finish": "length"} if r["record"] == "call" and r["call"] in calls else r
        for r in run_log.read(run)
    ]
    rewrite(run, records)
    return run


def test_answers_that_were_cut_are_told_on_the_card_and_left_out_where_whole_ones_are_wanted(
    played: Play,
) -> None:
    run = played(DUEL | {"contest": "n_way"})
    every = exported(run, "ranked", test_share=0)["ranked"]
    best = [row["calls"][0] for row in every]
    cut_short(run, *best)
    formats = ("dpo", "ranked", "kto", "sft")
    told = export([run], run.parent / "all", ExportOptions(formats, test_share=0))
    assert told.cut == dict.fromkeys(formats, len(QUESTIONS))
    card = (run.parent / "all" / "README.md").read_text()
    assert f"| `dpo` | {len(QUESTIONS)} | 0 | {len(QUESTIONS)} |" in card
    assert "⚠ cut_answers" in card
    for row in rows_of(run.parent / "all", "ranked"):
        assert row["finishes"] == ["length", "stop", "stop", "stop"]
    whole = export([run], run.parent / "whole", ExportOptions(formats, test_share=0, whole=True))
    assert whole.cut == dict.fromkeys(formats, 0)
    assert whole.left_out["questions"] == {"answers that were cut at their limit (--keep whole)": len(best)}
    assert [row["calls"] for row in rows_of(run.parent / "whole", "ranked")] == [
        row["calls"][1:] for row in every
    ]
    assert [len(row["scored"]) for row in rows_of(run.parent / "all", "dpo")] == [4] * len(QUESTIONS)


def test_kto_labels_are_the_scores_above_the_run_s_mean_or_a_threshold(played: Play) -> None:
    run = played(DUEL | {"contest": "n_way"})
    rows = exported(run, "kto")["kto"]
    mean = fsum(row["score"] for row in rows) / len(rows)
    assert len(rows) == 4 * len(QUESTIONS)
    assert all(row["label"] == (row["score"] > mean) for row in rows)
    assert all(row["label"] for row in exported(run, "kto", threshold=0.0)["kto"])


def test_sft_takes_all_free_answers_or_the_good_ones_of_some_authors(played: Play) -> None:
    run = played(DUEL)
    calls = Run(run).calls
    free = calls.filter(pl.col("options").is_null())
    assert len(exported(run, "sft")["sft"]) == free.height
    good = exported(run, "sft", at_least=5.0, policies=("ann", "bo"))["sft"]
    assert good
    assert all(row["score"] >= 5 and row["policy"] in ("ann", "bo") for row in good)


def test_whatever_tells_how_answers_ended_counts_those_that_were_cut(played: Play) -> None:
    """A revision stands in two of the three sets; a format whose rows don't tell it has no count."""
    run = played({"scenario": "peer_feedback", "questions": QUESTIONS[:1], "peers": PEERS})
    sets = exported(run, "revisions", test_share=0)["revisions"]
    revised = next(row["calls"][-1] for row in sets if row["set"] == "imitation")
    cut_short(run, revised)
    folder = run.parent / "cut"
    told = export([run], folder, ExportOptions(("revisions", "critiques"), test_share=0))
    found = [row for row in rows_of(folder, "revisions") if revised in row["calls"]]
    assert told.cut == {"revisions": len(found), "critiques": 0}
    for row in found:
        assert row["finishes"] == ["length" if call == revised else "stop" for call in row["calls"]]
    unknown = told.model_copy(update={"cut": {"critiques": 0}})
    assert f"| `revisions` | {len(sets)} | 0 | {len(found)} |" in card(told, "")
    assert f"| `revisions` | {len(sets)} | 0 | – |" in card(unknown, "")


def test_sft_takes_choices_only_where_their_purpose_is_named(played: Play) -> None:
    run = played(DUEL)
    calls = Run(run).calls
    assert "score" not in {row["purpose"] for row in exported(run, "sft")["sft"]}
    scores = exported(run, "sft", purposes=("score",))["sft"]
    assert len(scores) == calls.filter(purpose="score").height
    texts = dict(calls.select("call", "text").iter_rows())
    assert all(row["messages"][-1]["content"] == texts[row["call"]] for row in scores)


def test_sft_takes_a_revision_as_the_answer_to_the_question_where_that_is_asked(played: Play) -> None:
    run = played({"scenario": "peer_feedback", "questions": QUESTIONS, "peers": PEERS})
    sets = exported(run, "revisions")["revisions"]
    prompts = {call: row["prompt"] for row in sets if row["set"] == "imitation" for call in row["calls"]}
    for options in ({}, {"at_least": 0.0}):
        shown = {row["call"]: row for row in exported(run, "sft", **options)["sft"]}
        question = {row["call"]: row for row in exported(run, "sft", asked="question", **options)["sft"]}
        revisions = [call for call, row in shown.items() if row["purpose"] == "revise"]
        assert len(revisions) == len(PEERS)
        for call in revisions:
            assert "average" in shown[call]["messages"][-2]["content"]
            assert question[call]["messages"][:-1] == prompts[call]
            assert question[call]["messages"][-1] == shown[call]["messages"][-1]
            assert question[call]["prompt_id"] == shown[call]["prompt_id"]
        others = shown.keys() - set(revisions)
        assert all(shown[call]["messages"] == question[call]["messages"] for call in others)


def test_sft_takes_a_question_without_its_author_s_persona(played: Play) -> None:
    fighters = [fighter | {"persona": f"I am {fighter['name']}."} for fighter in TRIBE]
    rows = exported(played(DUEL | {"fighters": fighters}), "sft", asked="question", purposes=("answer",))
    assert rows["sft"]
    assert not any("I am" in m["content"] for row in rows["sft"] for m in row["messages"][:-1])


MATRIX = {
    "role and plan": ("imagine", "foresee", "cast", "plan", "profile"),
    "observe and act": ("react", "consequence"),
    "filter": ("plausible", "perceive"),
    "revised answers": ("revise",),
}


def test_matrix_s_sets_are_told_apart_by_purpose(played: Play) -> None:
    question = "May I take two of these pills?"
    run = Run(played({"scenario": "rehearsal", "questions": [question], "steps": 16}))
    purposes = tuple(purpose for names in MATRIX.values() for purpose in names)
    rows = exported(run.folder, "sft", asked="question", purposes=purposes)["sft"]
    for purpose in purposes:
        said = run.calls.filter(purpose=purpose)["text"].to_list()
        assert said
        found = sorted(row["messages"][-1]["content"] for row in rows if row["purpose"] == purpose)
        assert found == sorted(said)
    [revised] = [row for row in rows if row["purpose"] == "revise"]
    [first] = exported(run.folder, "sft", purposes=("answer",))["sft"]
    assert revised["messages"][:-1] == first["messages"][:-1]
    assert question in revised["messages"][-2]["content"]


def test_stable_alignment_s_three_sets_and_critiques(played: Play) -> None:
    run = Run(played({"scenario": "peer_feedback", "questions": QUESTIONS, "peers": PEERS, "rounds": 2}))
    rows = exported(run.folder, "revisions", "critiques", "dpo")
    by_set: dict[str, list[Row]] = {}
    for row in rows["revisions"]:
        by_set.setdefault(row["set"], []).append(row)
    drafts, feedback = run.table("draft"), run.table("feedback").drop_nulls("reason")
    assert len(by_set["imitation"]) == drafts.height
    assert len(by_set["self_critic"]) == feedback.height == len(rows["critiques"])
    assert {tuple(row["scores"]) for row in by_set["self_critic"]} == {(r,) for r in feedback["rating"]}
    better = (
        run.table("observation")
        .filter(criterion="alignment")
        .pivot("moment", index=["agent", "round"], values="score")
    )
    kept = better.filter((pl.col("after") > pl.col("before")) & (pl.col("after") > 4))
    assert sorted(row["scores"][0] for row in by_set.get("realignment", [])) == sorted(kept["after"])
    assert all(row["chosen_call"] != row["rejected_call"] for row in rows["dpo"])


def test_rollouts_hold_the_tokens_that_the_log_recorded(played: Play) -> None:
    run = played({"scenario": "debate", "motions": ["M."], "rounds": 1})
    with_tokens(run)
    out = run.parent / "rollouts"
    export([run], out, ExportOptions(("rollouts",)), encode=lambda _policy, prompt: [len(prompt), 7])
    recorded = Run(run)
    verdicts = dict(recorded.table("verdict").select("agent", "score").iter_rows())
    for row in rows_of(out, "rollouts"):
        assert row["completion_ids"] == [row["call"], 2]
        assert row["logprobs"] == [-0.5, -0.25]
        assert row["own"] == [False, False, True, True]
        score = verdicts.get(row["agent"])
        assert row["final_reward"] == (score and pytest.approx((score - 1) / 9))
        if row["purpose"] == "argue":
            assert row["reward"] == verdicts[row["agent"]]
    turns = [(row["trajectory"], row["turn"]) for row in rows_of(out, "rollouts")]
    assert len(set(turns)) == len(turns) == recorded.calls.height


def with_tokens(run: Path) -> None:
    """Rewrite the log as an engine that records tokens would have."""
    records = list(run_log.read(run))
    for record in records:
        if record["record"] == "call":
            record |= {"token_ids": [record["call"], 2], "logprobs": [-0.5, -0.25]}
    rewrite(run, records)


def test_rollouts_of_a_run_without_tokens_are_refused(played: Play) -> None:
    with pytest.raises(BadInput, match="record_tokens"):
        export([played(DUEL)], Path("never"), ExportOptions(("rollouts",)), encode=lambda _p, _m: [1])
