"""The rules of a panel of peers, on replies made by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import palaestra.scenarios.panel_of_peers
from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.panel_of_peers.config import RUBRIC, PanelOfPeersConfig
from palaestra.scenarios.panel_of_peers.events import AnswerPair, Candidate, PanelReward, PeerScore
from palaestra.scenarios.panel_of_peers.rewards import (
    agreement,
    best_and_worst,
    correlation,
    is_kept,
    normalised,
    panel_reward,
)
from palaestra.scenarios.panel_of_peers.rules import SCALE, PanelOfPeers
from support.scripted_debates import events, failure, plain_reply, play_out, reply, text_of

READY = sorted((Path(palaestra.scenarios.panel_of_peers.__file__).parent / "ready").glob("*.yaml"))
FILE: dict[str, Any] = {
    "scenario": "panel_of_peers",
    "engines": {"default": {"kind": "scripted"}},
    "instructions": ["Say hello.", "Say goodbye."],
    "peers": [
        {"name": "Ann", "persona": "A nurse."},
        {"name": "Bo", "persona": "A baker."},
        {"name": "Cem", "persona": "A poet."},
    ],
    "candidates": 1,
    "rubric": {"clarity": "it is plain."},
}


def panel(index: int = 0, **fields: Any) -> PanelOfPeers:
    """A small panel that waits for its replies."""
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, PanelOfPeersConfig)
    return PanelOfPeers(config, index=index)


def scores(table: dict[tuple[str, int], str | None]) -> Callable[[Call], Reply]:
    """Answers with given scores by judge and candidate; None is a reply that can't be parsed."""

    def answer(call: Call) -> Reply:
        if call.purpose != "score":
            return plain_reply(call)
        number = call.about["candidate"]
        assert isinstance(number, int)
        score = table[call.agent, number]
        return failure("mumble") if score is None else reply(score)

    return answer


# Candidates 0, 1 and 2 are Ann's, Bo's and Cem's.
BY_HAND: dict[tuple[str, int], str | None] = {
    ("Ann", 0): "5",
    ("Bo", 0): "5",
    ("Cem", 0): "5",
    ("Ann", 1): "3",
    ("Bo", 1): "5",
    ("Cem", 1): "1",
    ("Ann", 2): "1",
    ("Bo", 2): "1",
    ("Cem", 2): "4",
}


# The order of things, and who sees what


def test_all_candidates_are_written_at_once_and_then_all_are_judged_at_once() -> None:
    episode = panel(candidates=2, rubric=RUBRIC)
    exchanges = []
    while episode.pending:
        exchanges.append(Counter(call.purpose for call in episode.pending))
        episode.advance([plain_reply(call) for call in episode.pending])
    assert exchanges == [Counter(answer=6), Counter(score=6 * 3 * 5)]


def test_every_peer_scores_every_candidate_on_every_criterion_its_own_too() -> None:
    episode = panel(candidates=2, rubric={"clarity": "it is plain.", "wit": "it is funny."})
    play_out(episode)
    asked = [(e.judge, e.candidate, e.criterion) for e in events(episode, PeerScore)]
    assert sorted(asked) == sorted(
        (judge, candidate, criterion)
        for judge in ("Ann", "Bo", "Cem")
        for candidate in range(6)
        for criterion in ("clarity", "wit")
    )
    for event in events(episode, PeerScore):
        assert event.own == (event.judge == event.author)


def test_a_judge_reads_one_candidate_and_not_whose_it_is() -> None:
    for call in play_out(panel(candidates=2))["score"]:
        shown = text_of(call)
        assert [m.body for m in call.prompt if m.label] == [f"Answer: speech-{call.about['candidate']}"]
        assert shown.count("speech-") == 1
        for name in ("Ann", "Bo", "Cem"):
            assert name not in shown


def test_an_author_reads_no_other_candidate() -> None:
    assert not any("speech-" in text_of(call) for call in play_out(panel(candidates=3))["answer"])


def test_a_judgement_is_the_same_question_to_all_but_for_the_persona() -> None:
    calls = [call for call in play_out(panel())["score"] if call.about["candidate"] == 1]
    assert len({call.prompt[-1] for call in calls}) == 1
    assert [call.prompt[2].text for call in calls] == [
        "About you: A nurse.",
        "About you: A baker.",
        "About you: A poet.",
    ]


def test_a_score_is_asked_as_one_of_five_and_names_the_criterion() -> None:
    call = play_out(panel())["score"][0]
    assert call.answer is SCALE
    assert SCALE.options == ("1", "2", "3", "4", "5")
    assert "clarity, that is, it is plain." in call.prompt[-1].text


def test_instructions_take_turns_over_the_episodes() -> None:
    for index, prompt in ((0, 0), (1, 1), (2, 0)):
        episode = panel(index)
        play_out(episode)
        assert episode.outcome["instruction"] == FILE["instructions"][prompt]
        assert {event.prompt for _, event in episode.events if isinstance(event, Candidate)} == {prompt}


def test_the_published_size_is_the_default() -> None:
    config = PanelOfPeersConfig(instructions=["Say hello."])
    assert (config.candidates, config.floor, config.margin, config.self_scores) == (15, 0.85, 0.75, "include")
    assert list(config.rubric) == ["helpfulness", "correctness", "detail", "coherence", "complexity"]


# Rewards by hand


def test_the_panels_reward_is_the_mean_over_all_judges_the_author_included() -> None:
    episode = panel()
    play_out(episode, scores(BY_HAND))
    assert [(e.author, e.reward, e.own, e.others) for e in events(episode, PanelReward)] == [
        ("Ann", 1.0, 1.0, 1.0),
        ("Bo", 0.5, 1.0, 0.25),  # (0.5 + 1 + 0) / 3 with Bo's own, (0.5 + 0) / 2 without
        ("Cem", 0.25, 0.75, 0.0),
    ]


def test_self_scores_can_be_left_out() -> None:
    episode = panel(self_scores="exclude")
    play_out(episode, scores(BY_HAND))
    assert [e.reward for e in events(episode, PanelReward)] == [1.0, 0.25, 0.0]
    assert [e.own for e in events(episode, PanelReward)] == [1.0, 1.0, 0.75]


def test_self_preference_is_what_authors_give_themselves_beyond_what_others_give() -> None:
    episode = panel()
    play_out(episode, scores(BY_HAND))
    assert episode.outcome["self_preference"] == (0 + 0.75 + 0.75) / 3


def test_the_best_and_the_worst_make_a_pair_that_is_kept_at_exactly_the_margin() -> None:
    episode = panel()
    made = play_out(episode, scores(BY_HAND))
    (pair,) = events(episode, AnswerPair)
    assert (pair.chosen, pair.chosen_author, pair.rejected, pair.rejected_author) == (0, "Ann", 2, "Cem")
    assert (pair.chosen_reward, pair.rejected_reward, pair.margin, pair.kept) == (1.0, 0.25, 0.75, True)
    assert episode.messages[pair.chosen_message].source == made["answer"][0].index
    assert episode.messages[pair.rejected_message].source == made["answer"][2].index
    assert (episode.outcome["pairs_kept"], episode.outcome["margin"]) == (1, 0.75)
    assert (episode.outcome["mean_reward"], episode.outcome["best_reward"]) == (1.75 / 3, 1.0)


@pytest.mark.parametrize(
    "fields", [{"margin": 0.76}, {"floor": 1.0, "self_scores": "exclude", "margin": 0.5}]
)
def test_a_pair_below_floor_or_margin_is_recorded_and_not_kept(fields: dict[str, Any]) -> None:
    episode = panel(**fields)
    table = BY_HAND | {("Cem", 0): "4"} if "floor" in fields else BY_HAND
    play_out(episode, scores(table))
    (pair,) = events(episode, AnswerPair)
    assert not pair.kept
    assert episode.outcome["pairs_kept"] == 0


def test_equal_candidates_make_no_pair() -> None:
    episode = panel(floor=0, margin=0)
    play_out(episode)  # everybody always gives 1
    assert not events(episode, AnswerPair)
    assert (episode.outcome["pairs_kept"], episode.outcome["margin"]) == (0, None)


def test_a_score_is_the_expectation_over_the_options_where_probabilities_are_known() -> None:
    def answer(call: Call) -> Reply:
        return reply("5", [0.5, 0, 0, 0, 0.5]) if call.purpose == "score" else plain_reply(call)

    episode = panel()
    play_out(episode, answer)
    assert {(e.score, e.basis) for e in events(episode, PeerScore)} == {(3.0, "probabilities")}
    assert episode.outcome["mean_reward"] == 0.5
    episode = panel(score_basis="sample")
    play_out(episode, answer)
    assert {(e.score, e.basis) for e in events(episode, PeerScore)} == {(5.0, "sample")}


def test_a_judges_reward_is_the_mean_over_the_criteria() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose != "score":
            return plain_reply(call)
        return reply("5" if call.about["criterion"] == "wit" else "2")

    episode = panel(rubric={"clarity": "it is plain.", "wit": "it is funny."})
    play_out(episode, answer)
    assert {e.reward for e in events(episode, PanelReward)} == {(1.0 + 0.25) / 2}


# Replies that could not be parsed


def test_a_score_that_failed_is_left_out_and_counted() -> None:
    episode = panel()
    play_out(episode, scores(BY_HAND | {("Cem", 1): None}))
    assert events(episode, PanelReward)[1].reward == 0.75  # (0.5 + 1) / 2
    assert [(e.score, e.basis) for e in events(episode, PeerScore) if e.basis == "failed"] == [
        (None, "failed")
    ]
    assert episode.outcome["failures"] == 1


def test_a_candidate_that_nobody_could_rate_has_no_reward_and_is_in_no_pair() -> None:
    episode = panel()
    table = BY_HAND | {(judge, 2): None for judge in ("Ann", "Bo", "Cem")}
    play_out(episode, scores(table))
    assert events(episode, PanelReward)[2].reward is None
    assert events(episode, AnswerPair)[0].rejected == 1


def test_a_candidate_that_only_its_author_rated_counts_only_where_self_scores_do() -> None:
    table = BY_HAND | {("Ann", 2): None, ("Bo", 2): None}
    for mode, reward in (("include", 0.75), ("exclude", None)):
        episode = panel(self_scores=mode)
        play_out(episode, scores(table))
        assert events(episode, PanelReward)[2].reward == reward


def test_an_answer_that_failed_is_not_judged() -> None:
    def answer(call: Call) -> Reply:
        return failure("") if call.purpose == "answer" and call.agent == "Bo" else plain_reply(call)

    episode = panel()
    made = play_out(episode, answer)
    assert {call.about["author"] for call in made["score"]} == {"Ann", "Cem"}
    assert [event.message is None for event in events(episode, Candidate)] == [False, True, False]


def test_where_nothing_was_said_there_is_an_outcome_without_rewards() -> None:
    episode = panel()
    play_out(episode, lambda call: failure(""))
    assert episode.outcome == {
        "instruction": "Say hello.",
        "mean_reward": None,
        "best_reward": None,
        "worst_reward": None,
        "pairs_kept": 0,
        "margin": None,
        "agreement": None,
        "self_preference": None,
        "failures": 3,
    }


# The arithmetic


def test_one_to_five_is_nought_to_one() -> None:
    assert [normalised(score) for score in (1, 2, 3, 4, 5)] == [0, 0.25, 0.5, 0.75, 1]


def test_a_reward_is_the_mean_of_what_is_known() -> None:
    assert panel_reward([1.0, None, 0.5]) == 0.75
    assert panel_reward([None]) is None


def test_of_equals_the_earlier_is_best_or_worst() -> None:
    assert best_and_worst({3: 0.5, 4: 0.9, 5: 0.9, 6: 0.5}) == (4, 3)
    assert best_and_worst({3: 0.5, 4: 0.5}) is None
    assert best_and_worst({}) is None


def test_rounding_errors_lose_no_pair() -> None:
    assert is_kept(0.82, 0.01, 0.8, 0.81)  # 0.82 − 0.01 is 0.8099999999999999
    assert is_kept(0.85, 0.1, 0.85, 0.75)
    assert not is_kept(0.849, 0.0, 0.85, 0.75)
    assert not is_kept(0.9, 0.16, 0.85, 0.75)


def test_a_correlation_by_hand() -> None:
    assert correlation([1, 2, 3], [2, 4, 6]) == pytest.approx(1)
    assert correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    # Off the means: (−1, 0, 1) and (−1, 2, −1): 0 / (√2 · √6).
    assert correlation([1, 2, 3], [1, 4, 1]) == pytest.approx(0)
    assert correlation([1, 2], [1, 2]) is None
    assert correlation([1, 1, 1], [1, 2, 3]) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=12))
def test_a_correlation_lies_between_minus_one_and_one(points: list[tuple[float, float]]) -> None:
    r = correlation([x for x, _ in points], [y for _, y in points])
    assert r is None or -1 - 1e-6 <= r <= 1 + 1e-6


def test_agreement_is_the_mean_over_pairs_of_judges_on_the_candidates_that_both_rated() -> None:
    table = {
        "Ann": {0: 0.0, 1: 0.5, 2: 1.0},
        "Bo": {0: 0.1, 1: 0.2, 2: 0.3, 3: 0.0},
        "Cem": {0: 1.0, 1: 0.5, 2: 0.0},
    }
    assert agreement(table) == pytest.approx((1 - 1 - 1) / 3)
    assert agreement({**table, "Dee": {0: 0.3}}) == pytest.approx(-1 / 3)
    assert agreement({"Ann": {0: 1.0}}) is None


def test_the_outcome_tells_how_far_judges_agree() -> None:
    episode = panel()
    table: dict[tuple[str, int], str | None] = {}
    for judge, row in (("Ann", "135"), ("Bo", "234"), ("Cem", "531")):
        table |= {(judge, number): score for number, score in enumerate(row)}
    play_out(episode, scores(table))
    assert episode.outcome["agreement"] == pytest.approx(-1 / 3)


# The contract, and the ready-made files


def may_read(episode: Episode[Any], call: Call) -> set[str]:
    """All peers judge all answers; what a judge said is nobody's."""
    return {"Ann", "Bo", "Cem"} if call.purpose == "answer" else set()


@pytest.mark.parametrize("layout", ["shared_prefix", "persona_first"])
def test_the_contract(layout: str) -> None:
    check_contract(
        FILE | {"candidates": 2, "layout": layout},
        may_read=may_read,
        refused=[
            ({"peers": FILE["peers"][:2]}, "a panel needs 3 peers or more, not 2"),
            ({"peers": [*FILE["peers"], {"name": " ann "}]}, "two agents are named"),
            ({"peers": [*FILE["peers"], {"name": "Dee", "policy": "nobody"}]}, "no policy 'nobody'"),
            ({"instructions": []}, "instructions"),
            ({"instructions": ["Say hello.", "  "]}, "an instruction is empty"),
            ({"candidates": 0}, "candidates"),
            ({"floor": 1.2}, "floor"),
            ({"margin": -0.1}, "margin"),
            ({"rubric": {}}, "rubric"),
        ],
    )


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_made_file_plays_to_its_end(path: Path) -> None:
    found = load(path)
    for index in range(found.config.episodes):
        episode = found.rules(found.config, index=index, respond=scripted_replies)
        while episode.running:
            episode.step()
        assert events(episode, AnswerPair)
        assert episode.outcome["failures"] == 0
