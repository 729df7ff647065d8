"""Feedback, before against after, on worked tables."""

from __future__ import annotations

import pytest
from scipy.stats import pearsonr

from palaestra.metrics.families.feedback import (
    alignment_gain,
    engagement_gain,
    observed,
    observer_agreement,
    panel_reward,
    paper_acceptance,
    rebuttal_gain,
    reviewer_convergence,
    self_preference,
)
from support.metric_tables import by_episode, number, table

OBSERVATION = table(
    "episode agent round moment criterion score",
    (0, "Ann", 1, "before", "alignment", 3.0),
    (0, "Ann", 1, "after", "alignment", 5.0),
    (0, "Ann", 1, "before", "engagement", 6.0),
    (0, "Ann", 1, "after", "engagement", 5.5),
    (0, "Bo", 1, "before", "alignment", 4.0),
    (0, "Bo", 1, "after", "alignment", None),
    (0, "Ann", 2, "before", "alignment", 5.0),
    (0, "Ann", 2, "after", "alignment", 4.0),
    (1, "Ann", 1, "before", "alignment", 2.0),
    (1, "Ann", 1, "after", "alignment", 6.0),
    (1, "Bo", 1, "before", "alignment", None),
)


def test_gains_are_of_answers_rated_before_and_after() -> None:
    assert (0, "Ann", 2, "alignment", 5.0, 4.0) in observed(OBSERVATION).rows()
    assert by_episode(alignment_gain, observation=OBSERVATION) == {0: (2 - 1) / 2, 1: 4.0}
    assert by_episode(engagement_gain, observation=OBSERVATION) == {0: -0.5}


def test_peers_agree_with_the_observer_as_their_mean_ratings_correlate() -> None:
    feedback = table(
        "episode author peer round rating",
        (0, "Ann", "Bo", 1, 4.0),
        (0, "Ann", "Cem", 1, 5.0),
        (0, "Bo", "Ann", 1, 3.0),
        (0, "Bo", "Cem", 1, None),
        (0, "Ann", "Bo", 2, 7.0),
        (1, "Ann", "Bo", 1, 1.0),
        (1, "Bo", "Ann", 1, 7.0),  # the observer could not be understood
    )
    r = pearsonr([(4 + 5) / 2, 3, 7, 1], [3, 4, 5, 2]).statistic
    assert number(observer_agreement, observation=OBSERVATION, feedback=feedback) == pytest.approx(r)


REWARD = table(
    "episode author reward own others",
    (0, "Ann", 0.5, 0.75, 0.25),
    (0, "Bo", None, None, 0.5),
    (0, "Cem", 0.25, 0.5, None),
    (1, "Ann", 1.0, 0.75, 1.0),
)


def test_rewards_and_the_preference_for_ones_own() -> None:
    assert by_episode(panel_reward, panel_reward=REWARD) == {0: (0.5 + 0.25) / 2, 1: 1.0}
    assert by_episode(self_preference, panel_reward=REWARD) == {0: 0.5, 1: -0.25}


SCORES = table(
    "episode reviewer moment criterion score",
    (0, "Kim", "before", "overall", 2.0),
    (0, "Kim", "before", "soundness", 4.0),
    (0, "Lund", "before", "overall", 8.0),
    (0, "Mora", "before", "overall", 9.0),
    (0, "Kim", "after", "overall", 4.0),
    (0, "Lund", "after", "overall", 6.0),
    (0, "Mora", "after", "overall", None),
    (1, "Kim", "before", "overall", 5.0),
    (1, "Kim", "after", "overall", 6.0),
)


def test_a_rebuttal_moves_and_brings_together_those_who_scored_twice() -> None:
    assert by_episode(rebuttal_gain, review_score=SCORES) == {0: (2 - 2) / 2, 1: 1.0}
    # SDs of (2, 8) and (4, 6); a reviewer alone converges with nobody.
    assert by_episode(reviewer_convergence, review_score=SCORES) == {0: 3 - 1}


def test_acceptance_is_the_chairs_probability() -> None:
    assert number(paper_acceptance, decision=table("episode accept", (0, 0.25), (1, None), (2, 0.75))) == 0.5
