"""Exports: every format from scripted runs, against what the runs' own tables say."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from math import fsum
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_reply
from palaestra.runs.branches import branched, outcome_margin
from palaestra.runs.exports.described import Described
from palaestra.runs.exports.folder import export
from palaestra.runs.exports.format import FORMATS
from palaestra.runs.exports.options import ExportOptions
from palaestra.runs.exports.pairing import PairRule
from palaestra.runs.exports.samples import chat
from palaestra.runs.record import log as run_log
from palaestra.runs.run import Run
from palaestra.scenarios.core.load import check
from palaestra.sims.engines import scripted_engine
from palaestra.sims.playing import play
from palaestra.sims.playing.branch import branch, selection
from support.logs import rewrite

Play = Callable[..., Path]
Row = dict[str, Any]
SCRIPTED = {"engines": {"default": {"kind": "scripted"}}}
QUESTIONS = [f"Question {number}?" for number in range(12)]
TRIBE = [{"name": name, "policy": name.lower()} for name in ("Ann", "Bo", "Cem", "Dee")]
POLICIES: dict[str, Any] = {"policies": {name: {} for name in ("default", "ann", "bo", "cem", "dee")}}
DUEL = {"scenario": "duel", "fighters": TRIBE, "instructions": QUESTIONS, **POLICIES}


@pytest.fixture
def played(tmp_path: Path) -> Play:
    """Plays a scenario on the scripted engine; returns its run folder."""

    def start(scenario: dict[str, Any], name: str = "run") -> Path:
        return play.start(check(scenario | SCRIPTED, "test.yaml"), tmp_path / name, quiet=True)

    return start


def exported(run: Path, *formats: str, **options: Any) -> dict[str, list[Row]]:
    """The rows of each format, both splits together, each with its split."""
    out = run.parent / f"export-{'-'.join(formats)}-{len(list(run.parent.iterdir()))}"
    export([run], out, ExportOptions(formats, **options))
    return {name: rows_of(out, name) for name in formats}


def rows_of(folder: Path, name: str) -> list[Row]:
    rows = []
    for file in sorted((folder / name).glob("*.jsonl")):
        rows += [orjson.loads(line) | {"split": file.stem} for line in file.read_bytes().splitlines()]
    return rows


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


def test_one_question_is_in_one_split_whatever_personas_were_shown(played: Play) -> None:
    fighters = [fighter | {"persona": f"I am {fighter['name']}."} for fighter in TRIBE]
    rows = exported(played(DUEL | {"fighters": fighters}), "dpo", "kto", "sft", test_share=0.5)
    splits: dict[str, set[str]] = {}
    for row in (*rows["dpo"], *rows["kto"], *(r for r in rows["sft"] if r["purpose"] == "answer")):
        messages = row.get("prompt") or row["messages"]
        asked = next(q for q in QUESTIONS if q in messages[-1 if "prompt" in row else -2]["content"])
        splits.setdefault(asked, set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())


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


def test_a_run_is_named_once_and_equal_names_are_told_apart(played: Play) -> None:
    first, second = played(DUEL, "a/run"), played(DUEL | {"seed": 9}, "b/run")
    out = first.parent.parent / "both"
    export([first, second], out, ExportOptions(("dpo",)))
    assert len({row["run"] for row in rows_of(out, "dpo")}) == 2
    with pytest.raises(BadInput, match="named twice"):
        export([first, first], out.with_name("twice"), ExportOptions(("dpo",)))


def test_a_finished_run_keeps_the_model_that_played_it(played: Play) -> None:
    run = played(DUEL)
    before = (run / "run.json").read_text()
    play.resume(run, ["engines.default={kind: openai, model: gpt-foo}"], quiet=True)
    assert json.loads((run / "run.json").read_text())["scenario"] == json.loads(before)["scenario"]


def test_a_run_of_two_models_is_refused(played: Play) -> None:
    run = played(DUEL)
    state = json.loads((run / "run.json").read_text())
    state["sittings"] = [
        {"started": "", "engines": {"default": {"model": model}}} for model in ("small", "large")
    ]
    (run / "run.json").write_text(json.dumps(state))
    with pytest.raises(BadInput, match="several models in turn: large, small"):
        exported(run, "dpo")


def test_a_persona_is_left_out_of_a_pair_s_prompt(played: Play) -> None:
    fighters = [fighter | {"persona": f"I am {fighter['name']}."} for fighter in TRIBE]
    rows = exported(played(DUEL | {"fighters": fighters}), "dpo", "sft")
    assert all("I am" not in message["content"] for row in rows["dpo"] for message in row["prompt"])
    assert all(any("I am" in m["content"] for m in row["messages"]) for row in rows["sft"])


def test_no_prompt_is_in_two_splits_in_any_format(played: Play) -> None:
    rows = exported(played(DUEL | {"contest": "n_way"}), "dpo", "sft", "kto", "ranked", test_share=0.5)
    splits: dict[str, set[str]] = {}
    for row in (row for of_format in rows.values() for row in of_format):
        splits.setdefault(row["prompt_id"], set()).add(row["split"])
    assert {split for found in splits.values() for split in found} == {"train", "test"}
    assert all(len(found) == 1 for found in splits.values())


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


def test_a_check_makes_the_pairs_where_truth_is_asked_for(played: Play) -> None:
    run = played(DUEL | {"contest": "n_way", "check": {"most_words": 6}})
    passed = {row["call"]: row["passed"] for row in Run(run).table("answer").iter_rows(named=True)}
    rows = exported(run, "dpo", basis="truth", pairs=PairRule("all"))["dpo"]
    assert rows
    for row in rows:
        assert passed[row["chosen_call"]] is True
        assert passed[row["rejected_call"]] is False
        assert (row["truth_chosen"], row["truth_rejected"], row["basis"]) == (1, 0, "truth")


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


def test_a_panel_of_peers_pairs_its_best_candidate_with_its_worst(played: Play) -> None:
    run = Run(
        played({"scenario": "panel_of_peers", "instructions": QUESTIONS, "candidates": 2, "episodes": 3})
    )
    rows = exported(run.folder, "dpo")["dpo"]
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


def test_rows_have_exactly_the_columns_of_their_schema_and_parquet_holds_the_same(played: Play) -> None:
    formats = ("dpo", "reward", "kto", "sft", "ranked")
    peers = ("critiques", "revisions")
    for run, names in (
        (played(DUEL, "duel"), formats),
        (played({"scenario": "peer_feedback", "questions": QUESTIONS, "peers": PEERS}, "peers"), peers),
    ):
        rows = exported(run, *names)
        folder = run.parent / f"parquet-{run.name}"
        export([run], folder, ExportOptions(names, file_type="parquet"))
        for name in names:
            assert all(row.keys() - {"split"} == FORMATS[name].columns.keys() for row in rows[name])
            files = sorted((folder / name).glob("*.parquet"))
            tables = [row for file in files for row in pl.read_parquet(file).to_dicts()]
            assert tables == [{k: v for k, v in row.items() if k != "split"} for row in rows[name]]


def test_the_datasets_library_reads_the_folder_as_its_card_says(played: Play) -> None:
    from datasets import load_dataset

    run = played(DUEL)
    for file_type in ("jsonl", "parquet"):
        out = run.parent / file_type
        export([run], out, ExportOptions(("dpo", "ranked"), file_type=file_type, test_share=0.3))
        for name in ("dpo", "ranked"):
            loaded = load_dataset(str(out), name, cache_dir=str(run.parent / "cache"))
            counts = Described.read(out).formats[name]
            assert {split: len(loaded[split]) for split in loaded} == counts
            assert set(loaded["train"].column_names) == FORMATS[name].columns.keys()


def test_the_card_tells_counts_command_policies_and_quality(played: Play) -> None:
    run = played(DUEL)
    export([run], run.parent / "e", ExportOptions(("dpo",)), command="palaestra export run --to dpo")
    text = (run.parent / "e" / "README.md").read_text()
    assert "palaestra export run --to dpo" in text
    assert "| ann |" in text
    assert "pairs of" in text


@pytest.mark.parametrize(
    ("scenario", "remedy"),
    [
        ({"scenario": "social_deduction"}, "palaestra branch"),
        ({"scenario": "opinion_exchange", "topics": ["T."]}, "--to sft"),
    ],
)
def test_a_run_without_scores_makes_no_pairs_and_leaves_nothing_behind(
    played: Play, scenario: dict[str, Any], remedy: str
) -> None:
    run = played(scenario)
    before = sorted(run.parent.iterdir())
    with pytest.raises(BadInput) as refusal:
        export([run], run.parent / "e", ExportOptions(("dpo",)))
    assert remedy in str(refusal.value)
    assert sorted(run.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"formats": ("dpo",), "pairs": PairRule(margin=100)}, "margins that are too small: 12"),
        ({"formats": ("dpi",)}, "there is no format 'dpi'"),
        ({"formats": ()}, "no format is named"),
        ({"formats": ("revisions",)}, "peer_feedback"),
        ({"formats": ("dpo",), "policies": ("eve",)}, "no policy 'eve'"),
        ({"formats": ("sft",), "purposes": ("sing",)}, "no rows for 'sft'"),
        ({"formats": ("dpo",), "basis": "outcome"}, "choose --by panel"),
        ({"formats": ("dpo",), "basis": "truth"}, "no program says which answers are right"),
    ],
)
def test_bad_wishes_are_refused_and_leave_nothing_behind(
    played: Play, options: dict[str, Any], words: str
) -> None:
    run = played(DUEL)
    before = sorted(run.parent.iterdir())
    with pytest.raises(BadInput) as refusal:
        export([run], run.parent / "e", ExportOptions(**options))
    assert words in str(refusal.value)
    assert sorted(run.parent.iterdir()) == before


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


def test_an_export_is_never_written_over(played: Play) -> None:
    run = played(DUEL)
    out = run.parent / "e"
    export([run], out, ExportOptions(("sft",)))
    with pytest.raises(BadInput, match="exists already"):
        export([run], out, ExportOptions(("dpo",)))
    assert json.loads((out / "export.json").read_text())["formats"].keys() == {"sft"}


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
PEERS = [{"name": f"Peer {number}"} for number in range(9)]
