"""DEBATE's utterance metrics on messages whose words are counted by hand, and on a record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from palaestra.metrics.families.speech import tfidf
from palaestra.metrics.families.utterances import (
    human_on_topic_rate,
    human_tweet_sd_change,
    human_tweet_shift,
    on_topic_rate,
    pairs,
    predicted_rouge_l,
    predicted_similarity,
    predictions,
    rouge_l,
    said,
    semantic_utterances,
    similarity,
    tweet_sd_change,
    tweet_shift,
    utterance_length_gap,
    utterance_length_lead,
    utterance_rouge_l,
    utterance_similarity,
    utterance_stance_gap,
)
from palaestra.metrics.metric import Metric, Unmeasurable
from palaestra.runs.measures import metrics
from support.metric_tables import number, play, ready_made, table

TEXTS = {
    0: "Trees cool the city.",  # the record's tweet of Ann
    1: "Trees cool it.",  # its prediction
    2: "I like trees.",  # the record: two messages of Ann in a chat
    3: "Trees need water, a lot of it.",
    4: "I like cars.",  # predictions of both
    5: "Well.",
    6: "Never.",  # Bo's tweet, which nobody predicted
}
MESSAGES = table("episode message text", *((0, number, text) for number, text in TEXTS.items()))
TWEET = table("episode agent round message human", (0, "Ann", 1, 1, 0), (0, "Bo", 1, None, 6))
UTTERANCE = table("episode speaker round message human", (0, "Ann", 1, 4, 2), (0, "Ann", 1, 5, 3))
SAID = {"tweet": TWEET, "utterance": UTTERANCE, "messages": MESSAGES}
RATED = table(
    "episode agent round kind source message stance expected on_topic",
    (0, "Ann", 1, "tweet", "human", 0, 1.5, None, True),
    (0, "Ann", 1, "tweet", "model", 1, 2.5, 2.0, True),
    (0, "Ann", 1, "utterance", "human", 2, 0.5, None, True),
    (0, "Ann", 1, "utterance", "human", 3, 2.5, None, False),
    (0, "Ann", 1, "utterance", "model", 4, -1.5, None, True),
    (0, "Ann", 1, "utterance", "model", 5, 0.5, None, None),
    (0, "Bo", 1, "tweet", "human", 6, -2.5, None, True),
)
TABLES = SAID | {"message_stance": RATED.clear()}


@pytest.mark.parametrize(
    ("text", "reference", "value"),
    [
        ("Trees cool it.", "Trees cool the city.", 2 * 2 / (3 + 4)),
        ("the city cools", "Cools the city!", 2 * 2 / 6),
        ("a b a", "a a b", 2 * 2 / 6),
        ("same", "SAME.", 1.0),
        ("one", "two", 0.0),
        ("...", "two", 0.0),
    ],
)
def test_rouge_l_of_short_texts(text: str, reference: str, value: float) -> None:
    assert rouge_l(text, reference) == pytest.approx(value)
    assert rouge_l(reference, text) == pytest.approx(value)


def test_each_message_of_a_model_meets_all_of_the_same_person_and_round_and_kind() -> None:
    every = said(**SAID)
    assert pairs(every, RATED.clear()).select("message", "human").rows() == [
        (1, 0),
        (4, 2),
        (4, 3),
        (5, 2),
        (5, 3),
    ]
    assert predictions(every).select("message", "human").rows() == [(1, 0), (4, 2), (5, 3)]
    on_topic = pairs(every, RATED).select("message", "human").rows()
    assert on_topic == [(1, 0), (4, 2), (5, 2)]  # what couldn't be rated counts


def test_lengths_are_of_words_and_averaged_within_a_message_first() -> None:
    # Ann's tweet: 4 − 3. Her first message: (3 − 3, 7 − 3). Her second: (3 − 1, 7 − 1).
    assert number(utterance_length_lead, **TABLES) == pytest.approx((1 + 2 + 4) / 3)
    assert number(utterance_length_gap, **TABLES) == pytest.approx((1 + 2 + 4) / 3)
    longer = MESSAGES.with_columns(
        pl.when(pl.col("message") == 1).then(pl.lit("a b c d e f")).otherwise("text").alias("text")
    )
    assert number(utterance_length_lead, **TABLES | {"messages": longer}) == pytest.approx((-2 + 2 + 4) / 3)
    assert number(utterance_length_gap, **TABLES | {"messages": longer}) == pytest.approx((2 + 2 + 4) / 3)


def test_rouge_l_is_of_the_round_and_of_the_very_message() -> None:
    tweet, of_first = 4 / 7, 2 * 2 / 6
    assert number(utterance_rouge_l, **TABLES) == pytest.approx((tweet + of_first / 2 + 0) / 3)
    assert number(predicted_rouge_l, **TABLES) == pytest.approx((tweet + of_first + 0) / 3)


def test_similarity_is_one_of_the_same_words_and_nought_of_others() -> None:
    same = MESSAGES.with_columns(
        pl.when(pl.col("message") == 1).then(pl.lit("The city cool TREES")).otherwise("text").alias("text")
    )
    only_tweet = TABLES | {"utterance": UTTERANCE.clear(), "messages": same}
    assert number(utterance_similarity, **only_tweet) == pytest.approx(1)
    assert number(predicted_similarity, **only_tweet) == pytest.approx(1)
    found = number(utterance_similarity, **TABLES)
    assert found is not None
    assert 0 < found < 1


def test_each_text_is_embedded_once_however_often_it_is_compared() -> None:
    seen: list[str] = []

    def embed(texts: Sequence[str], episodes: Sequence[int]) -> NDArray[np.float64]:
        seen.extend(texts)
        return np.array([[1.0, 0.0] if "trees" in text.lower() else [0.6, 0.8] for text in texts])

    twice = MESSAGES.with_columns(
        text=pl.when(pl.col("message") == 5).then(pl.lit(TEXTS[4])).otherwise("text")
    )
    compared = pairs(said(TWEET, UTTERANCE, twice), RATED.clear())
    # A tweet on trees against one on trees; twice the message on cars against two on trees.
    assert similarity(compared, embed)["value"].to_list() == pytest.approx([1, 0.6, 0.6])
    assert sorted(seen) == sorted({TEXTS[number] for number in (0, 1, 2, 3, 4)})


def test_only_what_is_on_topic_counts_in_any_comparison() -> None:
    """Message 3, the longer of those that both messages of Ann's chat are compared with, is off topic."""
    rated = SAID | {"message_stance": RATED}
    assert number(utterance_length_lead, **rated) == pytest.approx((1 + 0 + 2) / 3)
    assert number(utterance_length_gap, **rated) == pytest.approx((1 + 0 + 2) / 3)
    assert number(utterance_rouge_l, **rated) == pytest.approx((4 / 7 + 4 / 6 + 0) / 3)
    without = UTTERANCE.with_columns(human=pl.when(pl.col("human") != 3).then("human"))
    assert number(utterance_similarity, **rated) == number(
        utterance_similarity, **TABLES | {"utterance": without}
    )
    by_meaning, by_message = semantic_utterances(tfidf, "words")
    assert number(by_meaning, **rated) == number(utterance_similarity, **rated)
    assert number(by_message, **SAID) == number(predicted_similarity, **SAID)  # whatever its topic


def test_stances_are_compared_on_topic_by_their_expectation_where_it_is_known() -> None:
    # |2 − 1.5|, |−1.5 − 0.5|, |0.5 − 0.5|; message 3 is off topic.
    gap = number(utterance_stance_gap, **SAID, message_stance=RATED)
    assert gap == pytest.approx((0.5 + 2 + 0) / 3)
    assert number(on_topic_rate, message_stance=RATED) == 1.0  # of two that could be rated
    assert number(human_on_topic_rate, message_stance=RATED) == 3 / 4


def test_tweets_shift_and_converge_from_the_first_round_to_the_last() -> None:
    rows = [
        (0, agent, when, "tweet", source, message, stance, None, True)
        for message, (agent, when, source, stance) in enumerate(
            [
                ("Ann", 1, "model", -2.5),
                ("Bo", 1, "model", 2.5),
                ("Ann", 2, "model", 2.5),
                ("Bo", 2, "model", 2.5),
                ("Ann", 3, "model", 0.5),
                ("Bo", 3, "model", 1.5),
                ("Ann", 1, "human", 0.5),
                ("Ann", 3, "human", -0.5),
            ]
        )
    ]
    rated = table("episode agent round kind source message stance expected on_topic", *rows)
    assert number(tweet_shift, message_stance=rated) == 1.0
    assert number(tweet_sd_change, message_stance=rated) == pytest.approx(0.5 - 2.5)
    assert number(human_tweet_shift, message_stance=rated) == -1.0
    assert number(human_tweet_sd_change, message_stance=rated) == 0.0


def told(metric: Metric, tables: dict[str, pl.DataFrame]) -> float | None:
    """None where the run had no occasion for it."""
    try:
        return number(metric, **tables)
    except Unmeasurable:
        return None


@pytest.mark.parametrize("rated", [False, True])
@pytest.mark.parametrize("mode", ["next_message", "simulate_talk", "simulate_all"])
def test_a_record_gives_numbers_in_every_mode(mode: str, rated: bool) -> None:
    settings = [f"mode={mode}", *([] if rated else ["rater=null"])]
    tables = play(ready_made("debate-next-message", *settings), 2)
    known = [m for m in metrics().values() if m.written.split(":")[0].endswith("utterances.py")]
    assert len(known) == 13
    values = {metric.name: told(metric, tables) for metric in known}
    compared = {"utterance_similarity", "utterance_rouge_l", "utterance_length_lead", "utterance_length_gap"}
    assert all(values[name] is not None for name in compared)
    predicted = [values[name] for name in ("predicted_similarity", "predicted_rouge_l")]
    assert all((value is not None) == (mode == "next_message") for value in predicted)
    by_rater = {"utterance_stance_gap", "on_topic_rate", "human_on_topic_rate", "human_tweet_shift"}
    assert all((values[name] is not None) == rated for name in by_rater)
    assert (values["tweet_shift"] is not None) == (rated and mode != "simulate_talk")


def test_the_rater_reads_each_message_once_without_its_author() -> None:
    tables = play(ready_made("debate-next-message"), 1)
    every = said(tables["tweet"], tables["utterance"], tables["messages"])
    rated = tables["message_stance"]
    assert sorted(rated["message"]) == sorted(every["message"])
    calls = tables["calls"].filter(agent="Rater")
    assert calls.height == 2 * every.height
