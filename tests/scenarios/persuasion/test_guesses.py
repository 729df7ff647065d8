"""What the persuader predicts and guesses of a mind, and how right it is."""

from __future__ import annotations

import pytest

from palaestra.scenarios.persuasion.events import Guess, Leak, Prediction
from support.episodes.persuasion import OTHERS, TRUTHS, WALK, Played
from support.scripted_debates import reply, text_of


def test_a_prediction_is_taken_without_the_beginning_that_it_completes() -> None:
    said = {"predict preventive desire": "Ned wants to  fly away.", "revise preventive desire": '"fly home"'}
    told = Played(said).events(Prediction)
    assert told[1] == Prediction(1, "preventive", "desire", "before", "fly away")
    assert told[3] == Prediction(1, "preventive", "desire", "after", "fly home")


def test_a_guess_is_scored_by_the_program() -> None:
    chosen: dict[tuple[str, str], set[bool]] = {}
    for letter in "AB":
        played = Played({"guess": letter})
        for guess in played.events(Guess):
            assert guess.correct == (guess.choice in TRUTHS)
            assert guess.choice in (*TRUTHS, "shoes are new", "parks are quiet", *OTHERS, "seats are hard")
            assert guess.options == 2
            chosen.setdefault((guess.state, guess.part), set()).add(guess.choice in TRUTHS)
    assert all(found == {True, False} for found in chosen.values())
    assert len(chosen) == 4


def test_the_probability_of_the_truth_is_recorded() -> None:
    for guess in Played({"guess": reply("A", [0.75, 0.25])}).events(Guess):
        assert guess.probability == (0.75 if guess.correct else 0.25)


def test_a_slots_statements_keep_their_order_through_an_episode_and_change_between_episodes() -> None:
    orders = set()
    for index in range(8):
        played = Played(index=index)
        shown = {(call.about["state"], call.about["part"]): set[str]() for call in played.calls["guess"]}
        for call in played.calls["guess"]:
            lines = [line for line in call.prompt[-1].text.split("\n") if line[:2] in ("A.", "B.")]
            shown[call.about["state"], call.about["part"]].add(" ".join(lines))
        assert all(len(lines) == 1 for lines in shown.values())
        orders.add(min(shown["generative", "desire"]))
    assert len(orders) == 2


def test_who_knows_nothing_is_right_as_often_as_chance() -> None:
    right = []
    for index in range(150):
        played = Played({"guess": "A"}, index=index, options=3, situations=[WALK | {"preventive": "none"}])
        right += [guess.correct for guess in played.events(Guess) if guess.part == "belief"]
    assert len(right) == 450
    assert sum(right) / len(right) == pytest.approx(1 / 3, abs=3 * (2 / 9 / 150) ** 0.5)


def test_guesses_before_and_after_tell_whether_the_observer_had_spoken() -> None:
    told = [(g.moment, g.corrected) for g in Played().events(Guess) if g.state == "generative"]
    assert told == [("first", False)] * 2 + [("before", False), ("after", True)] * 2
    free = [g for g in Played(form="free").events(Guess) if (g.state, g.part) == ("generative", "belief")]
    assert [(g.exchange, g.moment, g.corrected) for g in free] == [
        (0, "first", False),
        (1, "before", False),
        (1, "after", True),
        (2, "before", True),
        (2, "after", True),
    ]


def test_a_guess_that_failed_is_no_guess() -> None:
    played = Played({"guess": None})
    assert all((g.choice, g.correct, g.probability) == (None, None, None) for g in played.events(Guess))
    assert played.outcome["guessed_right"] is None
    assert played.outcome["unanswered"] == 4 + 2 * 4


def test_a_prediction_that_failed_is_not_corrected_but_guessed_without() -> None:
    played = Played({"predict generative belief": None})
    assert Prediction(2, "generative", "belief", "before", None) in played.events(Prediction)
    about = [(leak.state, leak.part) for leak in played.events(Leak)]
    assert about == [("preventive", "belief"), ("preventive", "desire"), ("generative", "desire")]
    moments = [g.moment for g in played.events(Guess) if (g.state, g.part) == ("generative", "belief")]
    assert moments == ["first", "before"]


def test_what_the_persuader_thinks_is_told_by_what_it_is_about() -> None:
    slots = [(state, part) for state in ("preventive", "generative") for part in ("belief", "desire")]
    played = Played({f"revise {state} {part}": f"{state} {part}" for state, part in slots})
    told = text_of(played.calls["satisfy"][0]).split("\n")
    walk = "you guess: Ned believes that preventive belief. Ned wants to preventive desire."
    film = "you guess: Ned believes that generative belief. Ned wants to generative desire."
    assert f"About the idea to go for a walk, {walk}" in told
    assert f"About the idea to see a film, {film}" in told


def test_the_persuader_speaks_on_what_it_thinks_last() -> None:
    played = Played({"predict generative belief": "OLD", "revise generative belief": "NEW"})
    [answer] = played.calls["answer"]
    assert "Ned believes that NEW." in text_of(answer)
    assert "OLD" not in text_of(answer)
