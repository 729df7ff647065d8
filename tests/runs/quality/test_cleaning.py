"""PrefCleanBench's thirteen treatments, on pairs worked by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from palaestra.agents.failures import BadInput
from palaestra.runs.quality import cleaning
from palaestra.runs.quality.pairs import turned
from palaestra.runs.quality.treatments import TREATMENTS, Means, read_tags, verdict_gaps
from support.synthetic_pairs import flipped, frame, make_pairs, message, pair


def test_turning_round_takes_everything_along_and_twice_is_as_before() -> None:
    pairs = make_pairs(0, 20, truth=True)
    every = pl.Series([True] * 20)
    once = turned(pairs, every)
    assert once["chosen"].equals(pairs["rejected"].rename("chosen"))
    assert once["truth_rejected"].to_list() == pairs["truth_chosen"].to_list()
    assert once["margin"].to_list() == [0.0] * 20  # the new chosen answer's score is the lower one
    assert {v["of"] for v in once["verdicts"][0]} == {"chosen", "rejected"}
    assert once["verdicts"][0][0]["of"] != pairs["verdicts"][0][0]["of"]
    assert turned(once, every).drop("margin").equals(pairs.drop("margin"))
    assert turned(once, every)["margin"].to_list() == pytest.approx(pairs["margin"].to_list())


def test_verdicts_mend_flipped_labels() -> None:
    pairs = make_pairs(0, 200)
    damaged = flipped(pairs, 0.1)
    wrong = int((damaged["chosen_call"] != pairs["chosen_call"]).sum())
    mended = cleaning.llm_judge_f(damaged)
    assert (mended.removed, mended.flipped) == (0, wrong)
    assert mended.pairs["chosen_call"].equals(pairs["chosen_call"])
    removed = cleaning.llm_judge_r(damaged)
    assert (removed.removed, removed.flipped, removed.pairs.height) == (wrong, 0, 200 - wrong)


ANSWERS = frame(*(pair(i, [], chosen=message(f"{i}"), rejected=message("0")) for i in range(-5, 5)))
"""Ten pairs whose answers are numbers, −5 … 4 over 0."""


value = cleaning.of_answers(lambda items: [float(answer) for _, answer in items])
against = cleaning.of_answers(lambda items: [-float(answer) for _, answer in items])


def ids(cleaned: cleaning.Cleaned) -> list[int]:
    return [int(name) for name in cleaned.pairs["prompt_id"]]


def chosen(cleaned: cleaning.Cleaned) -> list[int]:
    return [int(told[0]["content"]) for told in cleaned.pairs["chosen"].to_list()]


def test_a_scorer_stands_in_for_the_judges() -> None:
    assert ids(cleaning.llm_judge_r(ANSWERS, value)) == [0, 1, 2, 3, 4]
    assert chosen(cleaning.llm_judge_f(ANSWERS, value)) == [0, 0, 0, 0, 0, 0, 1, 2, 3, 4]


def test_reward_gaps_take_the_lowest_fraction_whatever_its_sign() -> None:
    assert ids(cleaning.rw_gap_r(ANSWERS, [value], 0.3)) == [-2, -1, 0, 1, 2, 3, 4]
    assert ids(cleaning.rw_gap_r(ANSWERS.tail(4), [value, value], 0.25)) == [2, 3, 4]  # a gap of 1 goes too
    assert chosen(cleaning.rw_gap_f(ANSWERS, [value], 0.2)) == [0, 0, -3, -2, -1, 0, 1, 2, 3, 4]
    assert cleaning.rw_gap_r(ANSWERS, [value], 0.0).removed == 0
    with pytest.raises(BadInput, match="no fraction"):
        cleaning.rw_gap_r(ANSWERS, [value], 30)
    with pytest.raises(BadInput, match="at least one reward model"):
        cleaning.vote_all_r(ANSWERS, [])


def test_votes_act_when_none_or_fewer_than_half_agree() -> None:
    assert ids(cleaning.vote_all_r(ANSWERS, [value, value])) == [0, 1, 2, 3, 4]
    assert cleaning.vote_all_r(ANSWERS, [value, value, against]).removed == 0
    assert ids(cleaning.vote_maj_r(ANSWERS, [value, value, against])) == [0, 1, 2, 3, 4]
    assert cleaning.vote_maj_r(ANSWERS, [value, against]).removed == 0  # half is enough
    assert cleaning.vote_all_f(ANSWERS, [value]).flipped == 5
    assert chosen(cleaning.vote_maj_f(ANSWERS, [value])) == [0, 0, 0, 0, 0, 0, 1, 2, 3, 4]


def gap(*differences: float) -> cleaning.Gap:
    return lambda _pairs: np.array(differences)


SILENT, FOUR = float("nan"), ANSWERS.head(4)


def test_a_tie_is_no_vote_and_one_vote_against_is_enough_where_all_others_tie() -> None:
    ties, votes = gap(0, 1e-12, 0, SILENT), gap(0, -1, 1, SILENT)
    for treat in (cleaning.vote_all_r, cleaning.vote_maj_r):
        assert ids(treat(FOUR, [ties, votes, ties])) == [-5, -3, -2]
    assert ids(cleaning.llm_judge_r(FOUR, gap(0, -1e-12, -1, SILENT))) == [-5, -4, -2]


def test_a_share_is_of_the_pairs_that_somebody_judged() -> None:
    half_silent = gap(SILENT, 2, SILENT, 1)
    assert ids(cleaning.rw_gap_r(FOUR, [half_silent], 0.5)) == [-5, -4, -3]
    assert ids(cleaning.rw_gap_r(FOUR, [half_silent], 1.0)) == [-5, -3]
    assert cleaning.rw_gap_f(FOUR, [gap(*[SILENT] * 4)], 1.0).flipped == 0


def test_a_mean_gap_is_over_those_who_say_something_and_opposite_infinities_cancel() -> None:
    far = float("inf")
    means = cleaning.mean_gap(FOUR, [gap(SILENT, 1, far, far), gap(SILENT, SILENT, -far, 5)])
    assert means.tolist() == pytest.approx([SILENT, 1, 0, far], nan_ok=True)


def test_a_silent_reward_model_is_left_out_of_the_mean_that_judges() -> None:
    means = Means(gaps=[gap(-1, SILENT, SILENT, 3), gap(-1, -1, SILENT, -1)])
    assert ids(TREATMENTS["llm_judge_r"].treat(FOUR, means)) == [-3, -2]


def test_judges_gaps_are_their_means_over_the_pairs_they_judged_whole() -> None:
    pairs = frame(
        pair(0, [("a", "chosen", False, 7), ("a", "rejected", False, 4), ("b", "chosen", False, 2)]),
        pair(1, [("b", "chosen", False, 2), ("b", "rejected", False, 4)]),
    )
    gaps = [told(pairs).tolist() for told in verdict_gaps(pairs)]
    assert gaps == [pytest.approx([3, SILENT], nan_ok=True), pytest.approx([SILENT, -2], nan_ok=True)]


def loss(items: list[tuple[cleaning.Asked, str]]) -> list[float]:
    """Alone every answer costs 10; after a prompt, 10 and its own number (of chosen answers below 0 less)."""
    return [10 + float(answer) if asked else 10.0 for asked, answer in items]


def test_ifd_drops_answers_that_the_prompt_does_not_help_and_then_the_easiest() -> None:
    assert ids(cleaning.ifd_r(ANSWERS, loss, 0.0)) == [-5, -4, -3, -2, -1, 0]
    # Of the six that are left the lowest third goes: their own rows, not the first two of all.
    assert ids(cleaning.ifd_r(ANSWERS.reverse(), loss, 0.34)) == [0, -1, -2, -3]
    assert ids(cleaning.ifd_gap_r(ANSWERS, loss, 0.8)) == [3, 4]
    assert chosen(cleaning.ifd_gap_f(ANSWERS, loss, 0.2))[:3] == [0, 0, -3]


TAGS = {"0": {"a", "b"}, "1": {"a"}, "2": {"c"}, "3": {"a", "b", "c"}, "4": set()}


def tags(prompts: pl.DataFrame) -> list[set[str]]:
    return [TAGS[prompt.removeprefix("question ")] for prompt in prompts["text"]]


def test_instruction_tags_take_the_richest_first_and_never_a_row_twice() -> None:
    pairs = frame(*(pair(i, []) for i in range(5)), pair(3, [], chosen=message("certainly")))
    assert sorted(ids(cleaning.ins_tag_cmp(pairs, tags, cap=1))) == [3, 3]  # both pairs of the prompt
    assert sorted(ids(cleaning.ins_tag_cmp(pairs, tags, cap=3))) == [0, 2, 3, 3]  # a second pass for more
    assert 3 in ids(cleaning.ins_tag_div(pairs, tags, cap=2))
    tops = {tuple(ids(cleaning.ins_tag_div(pairs, tags, cap=2, seed=seed))) for seed in range(20)}
    assert len(tops) == 4  # the rest is drawn at random
    assert sorted(ids(cleaning.ins_tag_div(pairs, tags, cap=9))) == [0, 1, 2, 3, 3, 4]


def test_a_file_of_tags_tells_each_prompt_its_own_though_texts_are_alike(tmp_path: Path) -> None:
    asked = frame(pair(0, []), pair(0, []) | {"prompt_id": "same text"}, pair(1, []))
    file = tmp_path / "tags.jsonl"
    told = {"same text": ["b", "a"], "1": [], "0": ["a"], "another": ["z"]}
    lines = [json.dumps({"prompt_id": name, "tags": tags}) for name, tags in told.items()]
    file.write_text("\n\n".join(lines) + "\n  \n")
    prompts = asked.select("prompt_id")
    assert read_tags(file, asked)(prompts) == [{"a"}, {"a", "b"}, set()]
    assert ids_of(cleaning.ins_tag_cmp(asked, read_tags(file, asked), cap=1)) == ["same text"]


def ids_of(cleaned: cleaning.Cleaned) -> list[str]:
    return cleaned.pairs["prompt_id"].to_list()


@pytest.mark.parametrize("line", ['{"prompt_id": "0", "tags": "red"}', '{"tags": []}', "[]", "{", "\xff"])
def test_a_line_that_tells_no_tags_is_refused_by_its_number(line: str, tmp_path: Path) -> None:
    file = tmp_path / "tags.jsonl"
    file.write_bytes(b'{"prompt_id": "0", "tags": ["a"]}\n\n' + line.encode("latin-1"))
    with pytest.raises(BadInput, match="line 3, can't be read as tags"):
        read_tags(file, frame(pair(0, [])))


def test_a_file_of_tags_may_begin_with_a_byte_order_mark_and_may_not_contradict_itself(
    tmp_path: Path,
) -> None:
    file, asked = tmp_path / "tags.jsonl", frame(pair(0, []))
    line = '{"prompt_id": "0", "tags": ["a"]}\n'
    file.write_text(line * 2, encoding="utf-8-sig")
    assert read_tags(file, asked)(asked) == [{"a"}]
    file.write_text(line + line.replace('"a"', '"b"'))
    with pytest.raises(BadInput, match="line 2, has other tags of 0 than an earlier line"):
        read_tags(file, asked)


def test_prompts_without_tags_are_counted(tmp_path: Path) -> None:
    (tmp_path / "tags.jsonl").write_text('{"prompt_id": "0", "tags": ["a"]}')
    with pytest.raises(BadInput, match="has no tags of 1 prompts"):
        read_tags(tmp_path / "tags.jsonl", frame(pair(0, []), pair(1, [])))
