"""The double blind of persuasion: who reads what, and what leaks through corrections."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.scenarios.persuasion.events import Guess, Leak, PersuasionSpeech
from palaestra.scenarios.persuasion.leaks import leaked
from support.episodes.persuasion import ASIDE, OTHERS, TRUTHS, Played
from support.scripted_debates import text_of

# Leaks


def test_every_correction_is_a_leak_with_the_words_of_the_truth_that_it_gives_away() -> None:
    said = {
        "correct preventive belief": "Think of SUNSHINE that returns.",
        "correct preventive desire": "It is right, but CINEMAS smell.",
        "correct generative belief": None,
        "correct generative desire": "We laugh.",
    }
    played = Played(said)
    assert played.events(Leak) == [
        Leak(1, "preventive", "belief", "Think of SUNSHINE that returns.", 3, 1, 0),
        Leak(1, "preventive", "desire", "It is right, but CINEMAS smell.", 2, 0, 2),
        Leak(2, "generative", "belief", None, 0, 0, 0),
        Leak(3, "generative", "desire", "We laugh.", 2, 1, 0),
    ]
    assert (played.outcome["corrections"], played.outcome["leaks"]) == (3, 3)


def test_a_correction_that_failed_leaks_nothing_and_nothing_is_revised() -> None:
    played = Played({"correct": None})
    assert [(leak.text, leak.leaked_words) for leak in played.events(Leak)] == [(None, 0)] * 4
    assert "revise" not in played.calls
    assert {guess.moment for guess in played.events(Guess)} == {"first", "before"}
    assert (played.outcome["corrections"], played.outcome["leaks"]) == (0, 0)


def test_what_the_persuader_has_heard_or_thought_of_does_not_leak() -> None:
    said = {"reveal": "The sunshine!", "predict preventive belief": "it will", "correct": " ".join(TRUTHS)}
    first = Played(said).events(Leak)[0]
    assert (first.truth_words, first.leaked_words) == (1, 1)


@pytest.mark.parametrize(
    ("truth", "correction", "known", "found"),
    [
        ("the bus is late", "The BUS is LATE!", [], (1, 1)),
        ("cinemas smell bad", "cinemas, smell", ["They smell."], (1, 1)),
        ("cinemas smell bad", "they stink", [], (2, 0)),
        ("cinemas smell bad", "cinemas smell", ["cinemas", "smell"], (0, 0)),
        ("to be or", "to be", [], (0, 0)),
    ],
)
def test_leaked_words_by_hand(truth: str, correction: str, known: list[str], found: tuple[int, int]) -> None:
    assert leaked(truth, correction, known) == found


@given(st.text(max_size=40), st.text(max_size=40), st.lists(st.text(max_size=20), max_size=3))
def test_no_more_leaks_than_there_is(truth: str, correction: str, known: list[str]) -> None:
    words, told = leaked(truth, correction, known)
    assert 0 <= told <= words
    assert leaked(truth, truth, known) == (words, words)
    assert leaked(truth, correction, [*known, truth]) == (0, 0)


# The double blind


@pytest.mark.parametrize("form", ["script", "free"])
@pytest.mark.parametrize("layout", ["shared_prefix", "persona_first"])
def test_the_persuader_never_reads_a_statement_that_is_guessed_among(form: str, layout: str) -> None:
    played = Played(form=form, layout=layout)
    for hidden in (*TRUTHS, *OTHERS):
        assert hidden not in played.shown_to("Mia")
    for truth in TRUTHS:
        assert truth in played.shown_to("Ned")
        assert truth in played.shown_to("Ola")
        assert truth in played.shown_to(ASIDE)
    for other in OTHERS:
        assert other not in played.shown_to("Ned") + played.shown_to("Ola")


def test_the_persuadee_never_reads_what_the_persuader_plans() -> None:
    said = {"predict": "PLAN", "revise": "PLAN", "correct": "PLAN", "strategy": "refute belief"}
    played = Played(said)
    assert "PLAN" not in played.shown_to("Ned")
    assert "refute" not in played.shown_to("Ned")
    assert "PLAN" in played.shown_to("Mia")


def test_all_read_what_would_be_done_and_share_the_prompts_beginning() -> None:
    played = Played()
    heads = {tuple(m.number for m in played.calls[p][-1].prompt[:3]) for p in ("attack", "object", "correct")}
    assert len(heads) == 1
    for agent in ("Mia", "Ned", "Ola", ASIDE):
        assert "Ned wants to go for a walk. Mia wants Ned to see a film." in played.shown_to(agent)


def test_a_speech_that_failed_is_heard_by_nobody() -> None:
    played = Played({"reveal": None})
    assert played.events(PersuasionSpeech)[1] == PersuasionSpeech("Ned", 1, "reveal", None)
    assert "mumble" not in "".join(map(played.shown_to, ("Mia", "Ned", "Ola", ASIDE)))


def test_who_guesses_aside_hears_what_the_persuader_hears_and_has_noted() -> None:
    played = Played({"revise preventive belief": "NOTED", "correct": "CORRECTED"})
    last = played.calls["guess"][-1]
    assert all(f"{purpose}-" in text_of(last) for purpose in ("open", "reveal", "attack", "object", "doubt"))
    assert "Ned believes that NOTED." in text_of(last)
    assert "An observer tells you: CORRECTED" in text_of(last)
    before = next(call for call in played.calls["guess"] if call.about["moment"] == "before")
    assert "CORRECTED" not in text_of(before)
