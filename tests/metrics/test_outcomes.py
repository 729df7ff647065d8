"""Summaries on worked tables."""

from __future__ import annotations

import polars as pl

from palaestra.metrics.outcomes import calls_by_purpose, outcome_summary


def test_texts_are_counted_and_numbers_averaged_over_ended_episodes() -> None:
    episodes = pl.DataFrame(
        {
            "episode": [0, 1, 2, 3],
            "seed": [1, 2, 3, 4],
            "ended": [True, True, True, False],
            "steps": [5, 5, 5, None],
            "winner": ["for", "against", "for", None],
            "margin": [0.5, None, 0.2, None],
        }
    )
    assert outcome_summary(episodes).rows() == [
        ("winner", "for", 2),
        ("winner", "against", 1),
        ("margin", "mean 0.35", 2),
    ]


def test_no_ended_episode_gives_an_empty_summary() -> None:
    episodes = pl.DataFrame({"episode": [0], "seed": [1], "ended": [False], "steps": [None]})
    assert outcome_summary(episodes).is_empty()


def test_calls_are_summed_by_purpose() -> None:
    calls = pl.DataFrame(
        {
            "purpose": ["argue", "argue", "score", "score", "score", "score", "plan"],
            "text": ["Yes.", "", "7", "8", "9", "", "{}"],
            "options": [None, None, *[["7", "8", "9"]] * 4, None],
            "probabilities": [None, None, [0.5, 0.3, 0.2], None, None, None, None],
            "mass": [None, None, 0.5, None, None, None, None],
            "plain": [False, False, False, False, True, False, True],
            "failed": [False, True, False, False, False, True, False],
            "prompt_tokens": [100, 300, 0, 0, 0, 0, 8],
            "cached_tokens": [0, 100, 0, 0, 0, 0, 0],
            "output_tokens": [10, 20, 1, 1, 1, 1, 2],
        }
    )
    assert calls_by_purpose(calls).rows() == [
        ("argue", 2, 1, "", None, 200.0, 15.0, 0.25),
        ("score", 4, 1, "1 probabilities, 1 samples, 1 words", 0.5, 0.0, 1.0, None),
        ("plan", 1, 0, "words", None, 8.0, 2.0, 0.0),
    ]


def test_texts_that_hardly_repeat_are_counted() -> None:
    episodes = pl.DataFrame({"ended": [True] * 9, "puzzle": [f"puzzle {i}" for i in range(9)]})
    assert outcome_summary(episodes).rows() == [("puzzle", "9 different", 9)]
