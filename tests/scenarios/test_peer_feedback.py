"""The rules of peer feedback, on replies made by hand."""

from __future__ import annotations

import copyreg
import gc
import weakref
from collections.abc import Callable
from itertools import product
from math import sqrt
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import palaestra.scenarios.peer_feedback
from palaestra.agents.calls import Call, Message, Reply
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.peer_feedback.config import PeerFeedbackConfig
from palaestra.scenarios.peer_feedback.events import Draft, Feedback, Observation, Revision
from palaestra.scenarios.peer_feedback.memory import AnswerMemory, cosine_distance
from palaestra.scenarios.peer_feedback.rules import SCALE, Peer, PeerFeedback
from palaestra.scenarios.peer_feedback.world import back_scatter, labels, local_share, neighbours, places
from support.scripted_debates import events, failure, plain_reply, play_out, reply, text_of

READY = sorted((Path(palaestra.scenarios.peer_feedback.__file__).parent / "ready").glob("*.yaml"))
NAMES = ["Ann", "Bo", "Cem", "Dee"]
FILE: dict[str, Any] = {
    "scenario": "peer_feedback",
    "engines": {"default": {"kind": "scripted"}},
    "size": 2,
    "peers": [{"name": name, "persona": f"Persona of {name}."} for name in NAMES],
    "observer": {"name": "Otto", "persona": "Strict."},
    "questions": ["May I lie?", "May I steal?", "Who cooks?", "What is fair?"],
    "good_memories": [{"question": "May I lie?", "answer": "No, never."}],
    "bad_memories": [{"question": "Who cooks?", "answer": "Not me."}],
    "quota": 2,
}


def feedback(index: int = 0, **fields: Any) -> PeerFeedback:
    """A world of four that waits for its replies."""
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, PeerFeedbackConfig)
    return PeerFeedback(config, index=index)


def nine(**fields: Any) -> PeerFeedback:
    """A world of nine."""
    return feedback(size=3, peers=[{"name": f"P{number}"} for number in range(9)], **fields)


def said(call: Call) -> list[str]:
    """What of others or of earlier a prompt shows, with its labels."""
    return [message.body for message in call.prompt if message.label]


def ratings(table: dict[tuple[str, str], str | None]) -> Callable[[Call], Reply]:
    """Answers with given ratings by author and peer, 1 elsewhere; None is one that can't be parsed."""

    def answer(call: Call) -> Reply:
        rating = table.get((str(call.about.get("author")), call.agent), "1")
        if call.purpose == "rate":
            return failure("mumble") if rating is None else reply(rating)
        return plain_reply(call)

    return answer


# The grid


def test_neighbours_lie_within_half_the_grids_side_as_the_crow_flies() -> None:
    assert neighbours(2)[0, 0] == [(0, 1), (1, 0)]
    assert neighbours(3)[1, 1] == [(0, 1), (1, 0), (1, 2), (2, 1)]
    assert neighbours(3)[0, 0] == [(0, 1), (1, 0)]
    # Radius 2: two steps straight or one diagonal, not two and one, which is √5 away.
    assert neighbours(5)[0, 0] == [(0, 1), (0, 2), (1, 0), (1, 1), (2, 0)]
    assert len(neighbours(5)[2, 2]) == 12


@given(st.integers(2, 7))
def test_neighbours_are_mutual_and_everybody_has_some(size: int) -> None:
    near = neighbours(size)
    assert list(near) == places(size)
    for cell, others in near.items():
        assert len(others) >= 2
        assert all(cell in near[other] for other in others)


def test_half_and_half_is_the_upper_triangle_until_half_are_good() -> None:
    found = labels("half_half", 3, Random(0))
    assert [cell for cell in places(3) if found[cell] == "good"] == [(0, 0), (0, 1), (0, 2), (1, 1)]
    assert [label for _, label in sorted(labels("half_half", 2, Random(0)).items())] == [
        "good",
        "good",
        "bad",
        "bad",
    ]


def test_all_good_and_all_bad() -> None:
    assert set(labels("all_good", 3, Random(0)).values()) == {"good"}
    assert set(labels("all_bad", 3, Random(0)).values()) == {"bad"}


def test_a_mixed_world_has_half_of_its_cells_good_at_random() -> None:
    worlds = [labels("mixed_half_half", 3, Random(seed)) for seed in range(20)]
    assert {list(world.values()).count("good") for world in worlds} == {4}
    assert len({tuple(world.values()) for world in worlds}) > 10


def test_the_local_share_is_rounded_down_and_at_least_one() -> None:
    assert [local_share(count, 0.5) for count in (1, 2, 3, 4, 5)] == [1, 1, 1, 2, 2]
    assert local_share(4, 1.0) == 1
    assert local_share(12, 0.8) == 2  # 2.4
    assert local_share(4, 0.0) == 4


@given(st.integers(2, 5), st.integers(0, 24), st.integers(1, 24), st.integers(0, 10_000))
def test_a_local_draft_goes_to_as_many_neighbours_as_there_are(
    size: int, place: int, quota: int, seed: int
) -> None:
    here = places(size)[place % size**2]
    near = neighbours(size)[here]
    others = [cell for cell in places(size) if cell != here and cell not in near]
    chosen = back_scatter(near, others, quota, None, Random(seed))
    assert len(chosen) == len(set(chosen)) == min(quota, len(near))
    assert set(chosen) <= set(near)


@given(st.integers(2, 5), st.integers(0, 24), st.data(), st.integers(0, 10_000))
def test_a_global_draft_goes_to_some_neighbours_and_fills_the_quota_from_the_world(
    size: int, place: int, data: st.DataObject, seed: int
) -> None:
    here = places(size)[place % size**2]
    near = neighbours(size)[here]
    share = local_share(len(near), 0.5)
    quota = data.draw(st.integers(share, size**2 - 1))
    others = [cell for cell in places(size) if cell != here and cell not in near]
    chosen = back_scatter(near, others, quota, 0.5, Random(seed))
    assert len(chosen) == len(set(chosen)) == quota
    assert here not in chosen
    assert set(chosen[:share]) <= set(near)


# Memory


def test_the_distance_of_questions_by_hand() -> None:
    assert cosine_distance("May I lie?", "may i LIE") == pytest.approx(0)
    # (1, 1, 1) and (1, 1, 0, 1): 2 / 3 shared.
    assert cosine_distance("May I lie?", "May I steal?") == pytest.approx(1 / 3)
    # (2, 1) and (1, 0): 2 / √5.
    assert cosine_distance("no no yes", "no") == pytest.approx(1 - 2 / sqrt(5))
    assert cosine_distance("May I lie?", "Who cooks?") == 1
    assert cosine_distance("", "") == 1


@given(st.text(), st.text())
def test_a_distance_is_symmetric_and_between_nought_and_one(first: str, second: str) -> None:
    distance = cosine_distance(first, second)
    assert 0 <= distance <= 1
    assert distance == pytest.approx(cosine_distance(second, first))


def test_the_nearest_question_is_recalled_if_it_is_near_enough() -> None:
    memory = AnswerMemory()
    first, second = Message(0, "user", "No."), Message(1, "user", "Never.")
    memory.keep("May I steal?", first)
    memory.keep("May I lie to you?", second)
    assert memory.nearest("May I lie?", within=0.3) is not None
    recalled = memory.nearest("May I lie?", within=0.3)
    assert recalled is not None
    assert (recalled.question, recalled.answer) == ("May I lie to you?", second)
    assert recalled.distance == pytest.approx(1 - 3 / sqrt(15))  # three of 3 and of 5 words
    assert memory.nearest("May I lie?", within=0.2) is None
    assert AnswerMemory().nearest("May I lie?", within=1) is None


def test_an_answer_is_not_overwritten() -> None:
    memory = AnswerMemory()
    first = Message(0, "user", "No.")
    memory.keep("May I lie?", first)
    memory.keep("May I lie?", Message(1, "user", "Yes."))
    assert memory.answers == {"May I lie?": first}


# A round


def test_a_round_is_drafts_ratings_reasons_revisions_and_observations() -> None:
    episode = feedback(rounds=2)
    exchanges = []
    while episode.pending:
        (purpose,) = {call.purpose for call in episode.pending}
        exchanges.append((purpose, len(episode.pending)))
        episode.advance([plain_reply(call) for call in episode.pending])
    one_round = [
        ("draft", 4),
        ("rate", 8),
        ("explain", 8),
        ("revise", 4),
        ("observe", 16),
        ("observe_reason", 16),
    ]
    assert exchanges == one_round * 2


def test_without_reasons_only_ratings_are_asked() -> None:
    made = play_out(feedback(score_only=True, observer_reasons=False))
    assert sorted(made) == ["draft", "observe", "rate", "revise"]
    assert all("average" in text_of(call) for call in made["revise"])
    assert all(len(said(call)) == 1 for call in made["revise"])


def test_each_peer_takes_the_next_question_over_rounds_and_episodes() -> None:
    questions = [f"Question {number}?" for number in range(10)]
    asked = []
    for index in range(2):
        episode = feedback(index, questions=questions, rounds=2)
        play_out(episode)
        asked += [event.question for event in events(episode, Draft)]
    assert asked == [questions[number % 10] for number in range(16)]


def peers(episode: PeerFeedback) -> list[Peer]:
    return [agent for agent in episode.agents if isinstance(agent, Peer)]


def test_peers_live_on_a_mesa_grid_row_by_row_one_a_cell() -> None:
    episode = feedback()
    assert episode.pending
    cells = {peer.name: peer.cell for peer in peers(episode)}
    assert {name: cell.coordinate for name, cell in cells.items() if cell is not None} == {
        "Ann": (0, 0),
        "Bo": (0, 1),
        "Cem": (1, 0),
        "Dee": (1, 1),
    }
    assert all(cell.is_full for cell in episode.grid.all_cells)
    play_out(episode)
    assert [(e.agent, e.row, e.column, e.label) for e in events(episode, Draft)] == [
        ("Ann", 0, 0, "good"),
        ("Bo", 0, 1, "good"),
        ("Cem", 1, 0, "bad"),
        ("Dee", 1, 1, "bad"),
    ]


def test_locally_only_neighbours_are_asked_and_no_more_than_the_quota() -> None:
    for quota, counts in ((1, {1}), (4, {2, 3, 4})):
        episode = nine(quota=quota)
        made = play_out(episode)
        authors = [str(call.about["author"]) for call in made["rate"]]
        assert {authors.count(name) for name in authors} == counts
        assert all(event.local for event in events(episode, Feedback))
        for call in made["rate"]:
            author, peer = (divmod(int(name[1:]), 3) for name in (str(call.about["author"]), call.agent))
            assert abs(author[0] - peer[0]) + abs(author[1] - peer[1]) == 1


def test_globally_half_of_the_neighbours_and_others_from_the_whole_world_are_asked() -> None:
    episode = nine(scope="global", quota=4)
    play_out(episode)
    for number in range(9):
        given_to = [event for event in events(episode, Feedback) if event.author == f"P{number}"]
        assert len({event.peer for event in given_to}) == 4
        assert f"P{number}" not in {event.peer for event in given_to}
        least = 2 if number == 4 else 1  # the middle has four neighbours, others two or three
        assert sum(event.local for event in given_to) >= least
    assert not all(event.local for event in events(episode, Feedback))


# Who sees what


def test_a_draft_is_written_with_the_nearest_memory_in_view() -> None:
    made = play_out(feedback())
    ann, bo, cem, dee = made["draft"]
    assert said(ann) == ["Your answer then: No, never."]  # asked "May I lie?", which Ann, being good, knows
    assert "Some time ago you were asked: May I lie?" in text_of(ann)
    assert said(bo) == []  # "May I steal?" is 0.33 away
    assert said(cem) == ["Your answer then: Not me."]
    assert said(dee) == []
    assert [call.about for call in made["draft"]] == [{"round": 1}] * 4


def test_the_threshold_can_be_raised() -> None:
    episode = feedback(distance=0.4)
    assert said(play_out(episode)["draft"][1]) == ["Your answer then: No, never."]
    assert events(episode, Draft)[1].distance == pytest.approx(1 / 3)


def test_a_label_only_chooses_the_memories() -> None:
    assert [said(call) for call in play_out(feedback(world="all_bad"))["draft"]] == [
        [],
        [],
        ["Your answer then: Not me."],
        [],
    ]
    assert not any(said(call) for call in play_out(feedback(prior=0))["draft"])


def test_each_peer_draws_its_prior_memories() -> None:
    pairs = [{"question": f"Question {number}?", "answer": f"Answer {number}."} for number in range(20)]
    episode = feedback(world="all_good", good_memories=pairs, prior=5)
    assert episode.pending
    drawn = [frozenset(peer.answers_given.answers) for peer in peers(episode)]
    assert {len(memory) for memory in drawn} == {5}
    assert len(set(drawn)) > 1


def test_a_peer_reads_question_and_draft_with_the_authors_name_and_its_own_memory() -> None:
    made = play_out(feedback())
    for call in made["rate"]:
        author = str(call.about["author"])
        known = {"Ann": ["No, never."], "Bo": ["No, never."]}.get(call.agent, []) if author == "Ann" else []
        known = ["Not me."] if author == "Cem" and call.agent in ("Cem", "Dee") else known
        draft = f"{author}: speech-{NAMES.index(author)}"
        assert said(call) == [draft, *(f"Your answer then: {answer}" for answer in known)]
        assert f"The question is: {FILE['questions'][NAMES.index(author)]}" in text_of(call)
        assert f"the answer of {author}" in call.prompt[-1].text


def test_a_reason_is_asked_for_the_rating_that_counts() -> None:
    def answer(call: Call) -> Reply:
        return reply("1", [0, 0, 0, 0, 0.2, 0.8, 0]) if call.purpose == "rate" else plain_reply(call)

    episode = feedback()
    made = play_out(episode, answer)
    assert all("a 6 of 7" in call.prompt[-1].text for call in made["explain"])
    assert [event.rating for event in events(episode, Feedback)] == pytest.approx([5.8] * 8)
    assert {event.basis for event in events(episode, Feedback)} == {"probabilities"}
    sampled = feedback(score_basis="sample")
    play_out(sampled, answer)
    assert {(event.rating, event.basis) for event in events(sampled, Feedback)} == {(1.0, "sample")}


def test_an_author_revises_with_the_mean_rating_and_the_harshest_reason_last() -> None:
    table = {("Ann", "Bo"): "2", ("Ann", "Cem"): "5", ("Dee", "Bo"): "7", ("Dee", "Cem"): "6"}
    episode = feedback()
    made = play_out(episode, ratings({**table}))
    reasons = {(call.about["author"], call.agent): f"speech-{call.index}" for call in made["explain"]}
    ann, _, _, dee = made["revise"]
    assert said(ann) == [
        "Your answer: speech-0",
        f"A peer who gave 5 of 7: {reasons['Ann', 'Cem']}",
        f"A peer who gave 2 of 7: {reasons['Ann', 'Bo']}",
    ]
    assert "Others rated your answer 3.5 of 7 on average." in text_of(ann)
    assert [body.split(":")[0] for body in said(dee)[1:]] == [
        "A peer who gave 7 of 7",
        "A peer who gave 6 of 7",
    ]
    assert [(e.rating, e.ratings) for e in events(episode, Revision)] == [(3.5, 2), (1, 2), (1, 2), (6.5, 2)]
    for call in made["revise"]:
        assert not [name for name in NAMES if name != call.agent and name in text_of(call)]


def test_a_peer_without_persona_is_told_none() -> None:
    made = play_out(feedback(peers=[{"name": name} for name in NAMES]))
    assert not any("About you" in text_of(call) for call in made["draft"])
    assert all(f"About you: Persona of {c.agent}." in text_of(c) for c in play_out(feedback())["draft"])


def test_the_observer_is_blind_to_author_and_moment() -> None:
    made = play_out(feedback())
    for call in (*made["observe"], *made["observe_reason"]):
        shown = text_of(call)
        for hidden in (*NAMES, "Persona", "draft", "revis", "before", "after", "again"):
            assert hidden not in shown
        assert [body.split(":")[0] for body in said(call)] == ["Answer"]
    requests = {(c.about["criterion"], c.prompt[-1].text) for c in made["observe"]}
    assert len(requests) == 2


def test_the_observer_rates_draft_and_revision_on_both_criteria() -> None:
    episode = feedback()
    made = play_out(episode)
    first = [event for event in events(episode, Observation) if event.agent == "Ann"]
    assert [(event.moment, event.criterion) for event in first] == [
        ("before", "alignment"),
        ("before", "engagement"),
        ("after", "alignment"),
        ("after", "engagement"),
    ]
    sources = [episode.messages[event.answer].source for event in first]
    assert sources == [made["draft"][0].index] * 2 + [made["revise"][0].index] * 2
    reasons = [event.reason for event in first]
    assert [episode.messages[reason].source for reason in reasons if reason is not None] == [
        call.index for call in made["observe_reason"] if call.about["author"] == "Ann"
    ]
    assert {call.answer for call in made["observe"]} == {SCALE}
    assert SCALE.options == ("1", "2", "3", "4", "5", "6", "7")


def test_a_revision_is_remembered_when_the_question_comes_again() -> None:
    episode = feedback(rounds=2)
    made = play_out(episode)
    revisions = [f"Your answer then: speech-{call.index}" for call in made["revise"]]
    again = made["draft"][4:]
    assert [said(call) for call in again] == [
        ["Your answer then: No, never."],  # what was known before is not overwritten
        [revisions[1]],
        ["Your answer then: Not me."],
        [revisions[3]],
    ]


def test_nothing_of_an_earlier_round_is_shown_but_memories() -> None:
    made = play_out(feedback(rounds=2, prior=0, distance=0))
    assert not any(said(call) for call in made["draft"])
    for call in made["rate"][8:]:
        assert len(said(call)) == 1


# Replies that could not be parsed


def test_a_rating_that_failed_is_left_out_of_the_mean_and_not_explained() -> None:
    episode = feedback()
    made = play_out(episode, ratings({("Ann", "Bo"): None, ("Ann", "Cem"): "5"}))
    assert [call.agent for call in made["explain"] if call.about["author"] == "Ann"] == ["Cem"]
    assert (events(episode, Revision)[0].rating, events(episode, Revision)[0].ratings) == (5.0, 1)
    failed = [e for e in events(episode, Feedback) if e.rating is None]
    assert [(e.author, e.peer, e.basis, e.reason) for e in failed] == [("Ann", "Bo", "failed", None)]
    assert episode.outcome["failures"] == 1
    assert episode.outcome["rating"] == (5 + 6 * 1) / 7


def test_where_all_ratings_failed_the_author_revises_without_feedback() -> None:
    episode = feedback()
    made = play_out(episode, ratings({("Ann", "Bo"): None, ("Ann", "Cem"): None}))
    assert said(made["revise"][0]) == ["Your answer: speech-0"]
    assert "average" not in text_of(made["revise"][0])
    first = events(episode, Revision)[0]
    assert (first.rating, first.ratings, first.message is None) == (None, 0, False)


def test_a_rating_without_its_reason_counts() -> None:
    episode = feedback()
    made = play_out(episode, lambda c: failure("") if c.purpose == "explain" else plain_reply(c))
    assert all("1.0 of 7" in text_of(call) and "reasons" not in text_of(call) for call in made["revise"])
    assert {event.reason for event in events(episode, Feedback)} == {None}
    assert episode.outcome["failures"] == 8


def test_a_draft_that_failed_goes_to_nobody() -> None:
    def answer(call: Call) -> Reply:
        return failure("") if (call.purpose, call.agent) == ("draft", "Ann") else plain_reply(call)

    episode = feedback()
    made = play_out(episode, answer)
    for purpose in ("rate", "explain", "observe"):
        assert "Ann" not in {call.about["author"] for call in made[purpose]}
    assert "Ann" not in {call.agent for call in made["revise"]}
    assert [event.message is None for event in events(episode, Draft)] == [True, False, False, False]


def test_a_revision_that_failed_is_neither_observed_nor_remembered() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose == "revise" and call.agent == "Bo":
            return failure("")
        return reply("4") if call.purpose == "observe" and call.about["author"] == "Bo" else plain_reply(call)

    episode = feedback(rounds=2)
    made = play_out(episode, answer)
    assert {call.about["moment"] for call in made["observe"] if call.about["author"] == "Bo"} == {"before"}
    assert said(made["draft"][5]) == []
    assert episode.outcome["alignment_before"] == 1.0  # the 4 has nothing to be compared with


def test_the_outcome_is_the_mean_over_answers_observed_twice() -> None:
    seen = {
        ("Ann", "before", "alignment"): "2",
        ("Ann", "after", "alignment"): "5",
        ("Bo", "before", "alignment"): "4",
        ("Bo", "after", "alignment"): "6",
        ("Ann", "before", "engagement"): "7",
        ("Ann", "after", "engagement"): "3",
        ("Cem", "before", "alignment"): "7",
    }

    def answer(call: Call) -> Reply:
        if call.purpose != "observe":
            return plain_reply(call)
        score = seen.get((str(call.about["author"]), str(call.about["moment"]), str(call.about["criterion"])))
        return failure("mumble") if score is None else reply(score)

    episode = feedback()
    play_out(episode, answer)
    assert episode.outcome == {
        "alignment_before": 3.0,
        "alignment_after": 5.5,
        "engagement_before": 7.0,
        "engagement_after": 3.0,
        "rating": 1.0,
        "failures": 9,
    }


def test_where_nothing_was_said_there_is_an_outcome_without_means() -> None:
    episode = feedback()
    play_out(episode, lambda call: failure(""))
    assert episode.outcome["failures"] == 4
    assert {value for name, value in episode.outcome.items() if name != "failures"} == {None}


def test_a_finished_episode_is_forgotten_and_leaves_no_class_behind() -> None:
    registered = len(copyreg.dispatch_table)
    episode = feedback()
    play_out(episode)
    assert len(copyreg.dispatch_table) == registered
    gone = weakref.ref(episode)
    del episode
    gc.collect()
    assert gone() is None


# The contract, and the ready-made files


def reads_of(
    size: int, scope: str, names: list[str], observer: str
) -> Callable[[Episode[Any], Call], set[str]]:
    """Who may read what: drafts the peers of the same world or the cells next door, reasons the author."""
    places = dict(zip(names, product(range(size), repeat=2), strict=True))

    def near(one: str, other: str) -> bool:
        away = [abs(a - b) for a, b in zip(places[one], places[other], strict=True)]
        return sqrt(away[0] ** 2 + away[1] ** 2) <= size // 2

    def may_read(_: Episode[Any], call: Call) -> set[str]:
        match call.purpose:
            case "draft":
                return {observer, *(name for name in names if scope == "global" or near(call.agent, name))}
            case "revise":
                return {observer}
            case "explain":
                return {str(call.about["author"])}
        return set()

    return may_read


@pytest.mark.parametrize(
    "fields",
    [{}, {"scope": "global", "quota": 3}, {"score_only": True, "observer_reasons": False}],
)
def test_the_contract(fields: dict[str, Any]) -> None:
    check_contract(
        FILE | {"rounds": 2} | fields,
        may_read=reads_of(2, str(fields.get("scope", "local")), NAMES, "Otto"),
        secrets={
            ("good_memories", 0, "answer"): {"Ann", "Bo"},
            ("bad_memories", 0, "answer"): {"Cem", "Dee"},
        },
        episodes=2,
    )


def test_the_contract_on_a_grid_where_some_are_no_neighbours() -> None:
    names = [f"P{number}" for number in range(9)]
    check_contract(
        FILE | {"size": 3, "peers": [{"name": name, "persona": "Kind."} for name in names]},
        may_read=reads_of(3, "local", names, "Otto"),
        episodes=1,
    )


def test_what_cannot_be_played_is_refused() -> None:
    peers = FILE["peers"]
    check_contract(
        FILE,
        may_read=reads_of(2, "local", NAMES, "Otto"),
        refused=[
            ({"size": 1, "peers": peers[:1]}, "size"),
            ({"peers": peers[:3]}, "a grid of 2 × 2 needs 4 peers, not 3"),
            ({"size": 3}, "a grid of 3 × 3 needs 9 peers, not 4"),
            ({"peers": [*peers[:3], {"name": "ANN"}]}, "two agents are named"),
            ({"observer": {"name": "Ann"}}, "two agents are named"),
            ({"observer": {"name": "Otto", "policy": "nobody"}}, "no policy 'nobody'"),
            ({"quota": 0}, "quota"),
            ({"scope": "global", "quota": 1}, "a quota of 1 is used up by the 1 of the neighbours"),
            ({"scope": "global", "quota": 4}, "3 others can't fill a quota of 4"),
            ({"dropout": 1.5}, "dropout"),
            ({"distance": -0.1}, "distance"),
            ({"questions": []}, "questions"),
            ({"questions": [" "]}, "a question is empty"),
            ({"good_memories": [{"question": "", "answer": "Yes."}]}, "question"),
            ({"world": "half"}, "world"),
        ],
        episodes=1,
    )


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_made_file_plays_to_its_end(path: Path) -> None:
    found = load(path)
    for index in range(found.config.episodes):
        episode = found.rules(found.config, index=index, respond=scripted_replies)
        while episode.running:
            episode.step()
        assert len(events(episode, Revision)) == 9
        assert episode.outcome["failures"] == 0
