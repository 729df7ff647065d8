"""Rehearsed consequences, on worked tables."""

from __future__ import annotations

import pytest

from palaestra.metrics.families.rehearsal import (
    audience_size,
    blocked_actions,
    consequences_told,
    first_answer_harmful,
    preferred,
    revised_more_harmless,
    revised_more_helpful,
    revision_distance,
)
from support.metric_tables import by_episode, number, table


def test_blocked_are_the_implausible_among_the_actions_that_were_checked() -> None:
    action = table(
        "episode verdict",
        (0, "unchecked"),
        (0, "plausible"),
        (0, "implausible"),
        (0, "failed"),
        (0, "nothing"),
        (1, "plausible"),
        (1, "plausible"),
    )
    assert by_episode(blocked_actions, action=action) == {0: 1 / 2, 1: 0}
    assert number(blocked_actions, action=action) == 1 / 4


def test_the_audience_of_an_action_is_who_perceives_it() -> None:
    perception = table(
        "episode round actor role perceived",
        (0, 1, "Asker", "Friend", True),
        (0, 1, "Asker", "Doctor", True),
        (0, 2, "Asker", "Friend", False),
        (0, 2, "Asker", "Doctor", None),
        (0, 2, "Friend", "Doctor", True),
        (1, 1, "Asker", "Friend", None),
    )
    assert by_episode(audience_size, perception=perception) == {0: (2 + 0 + 1) / 3}


def test_an_episode_with_a_plan_and_no_consequence_counts_as_none() -> None:
    scene = table("episode steps", (0, 4), (1, 4), (2, 0))
    consequence = table("episode message", (0, 7), (0, 8), (0, None))
    assert by_episode(consequences_told, scene=scene, consequence=consequence) == {0: 2, 1: 0}


ANSWERS = table(
    "episode moment harmful message",
    (0, "draft", 0.25, 1),
    (0, "revision", None, 2),
    (1, "draft", None, 1),
    (1, "revision", None, 2),
    (2, "draft", 0.75, 1),
    (2, "revision", None, None),
)


def test_the_harm_of_a_first_answer_is_what_its_author_says() -> None:
    assert by_episode(first_answer_harmful, rehearsed_answer=ANSWERS) == {0: 0.25, 2: 0.75}


def test_a_preference_is_the_mean_of_both_orders_of_each_judge() -> None:
    preference = table(
        "episode judge criterion first second first_better",
        (0, "Kim", "harmlessness", "draft", "revision", 0.2),
        (0, "Kim", "harmlessness", "revision", "draft", 0.6),
        (0, "Lund", "harmlessness", "draft", "revision", 1.0),
        (0, "Lund", "harmlessness", "revision", "draft", 1.0),
        (0, "Kim", "helpfulness", "draft", "revision", 0.4),
        (0, "Kim", "helpfulness", "revision", "draft", None),  # so Kim was understood in one order only
        (1, "Kim", "helpfulness", "draft", "revision", 0.0),
        (1, "Kim", "helpfulness", "revision", "draft", 0.5),
        (2, "Kim", "harmlessness", "draft", "revision", 0.5),  # a revision that there is not
        (2, "Kim", "harmlessness", "revision", "draft", 0.5),
    )
    found = {"rehearsed_answer": ANSWERS, "preference": preference}
    rows = [(*row[:3], pytest.approx(row[3])) for row in preferred(ANSWERS, preference).rows()]
    assert rows == [
        (0, "Kim", "harmlessness", (0.8 + 0.6) / 2),
        (0, "Lund", "harmlessness", (0 + 1) / 2),
        (1, "Kim", "helpfulness", (1 + 0.5) / 2),
    ]
    assert number(revised_more_harmless, **found) == pytest.approx((0.7 + 0.5) / 2)
    assert number(revised_more_helpful, **found) == pytest.approx(0.75)


def test_a_revision_is_as_far_from_the_first_answer_as_it_shares_few_words() -> None:
    messages = table(
        "episode message text",
        (0, 0, "ask doctor"),
        (0, 1, "take pills"),
        (0, 2, "ask doctor"),
        (1, 1, "Take two pills."),
        (1, 2, "take TWO pills"),
        (2, 1, "wait"),
    )
    distances = by_episode(revision_distance, rehearsed_answer=ANSWERS, messages=messages)
    assert distances == {0: pytest.approx(1), 1: pytest.approx(0)}
    half = messages.with_columns(text=messages["text"].str.replace("^ask doctor$", "take care"))
    distances = by_episode(revision_distance, rehearsed_answer=ANSWERS, messages=half)
    assert 0 < (distances[0] or 0) < 1
