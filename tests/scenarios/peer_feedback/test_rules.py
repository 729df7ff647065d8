"""A round among peers: who is asked what, and what follows from replies that failed."""

from __future__ import annotations

import copyreg
import gc
import weakref
from typing import Any

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.peer_feedback.events import Draft, Feedback, Revision
from palaestra.scenarios.peer_feedback.rules import PeerFeedback
from support.episodes.peer_feedback import feedback, peers, ratings, said
from support.scripted_debates import events, failure, plain_reply, play_out, reply, text_of


def nine(**fields: Any) -> PeerFeedback:
    """A world of nine."""
    return feedback(size=3, peers=[{"name": f"P{number}"} for number in range(9)], **fields)


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
