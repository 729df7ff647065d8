"""Persuasion walked on replies made by hand: who is asked what, who reads what, what is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios import persuasion
from palaestra.scenarios.core.config import Location
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.persuasion.config import PersuasionConfig
from palaestra.scenarios.persuasion.events import (
    Guess,
    HiddenState,
    Leak,
    PersuasionSpeech,
    Prediction,
    Strategy,
    Willingness,
)
from palaestra.scenarios.persuasion.leaks import leaked
from palaestra.scenarios.persuasion.mind import clause, distinct
from palaestra.scenarios.persuasion.rules import Persuasion
from support.rewards import rewards_of
from support.scripted_debates import events, failure, play_out, reply, text_of

READY = sorted((Path(persuasion.__file__).parent / "ready").glob("*.yaml"))
ASIDE = "Mia (aside)"

WALK: dict[str, Any] = {
    "background": "Mia and Ned have a free day.",
    "goal": "persuade Ned to see a film",
    "preventive": {
        "content": "go for a walk",
        "belief": "sunshine will return",
        "other_beliefs": ["shoes are new", "parks are quiet"],
        "desire": "breathe deeply",
        "other_desires": ["gather mushrooms"],
    },
    "generative": {
        "content": "see a film",
        "belief": "cinemas smell bad",
        "other_beliefs": ["tickets are expensive", "seats are hard"],
        "desire": "laugh loudly",
        "other_desires": ["eat popcorn"],
    },
}
FILE: dict[str, Any] = {
    "scenario": "persuasion",
    "situations": [WALK],
    "persuader": {"name": "Mia", "persona": "Likes films."},
    "persuadee": {"name": "Ned", "persona": "Likes air."},
    "observer": {"name": "Ola", "persona": "Knows minds."},
    "writer": {"name": "Wim", "persona": "Makes up minds."},
    "options": 2,
}
BARE: dict[str, Any] = {"background": WALK["background"], "goal": WALK["goal"]}
WITHOUT: dict[str, Any] = WALK | {"preventive": "none"}
TRUTHS = ("sunshine will return", "breathe deeply", "cinemas smell bad", "laugh loudly")
OTHERS = ("shoes are new", "gather mushrooms", "tickets are expensive", "eat popcorn")


class Played:
    """An episode whose texts are "purpose-index" and whose choices are the first option.

    `said` replaces replies: by purpose, or by purpose and belief or desire ("guess preventive belief");
    a list has one for each call, None is a failure.
    """

    def __init__(self, said: Mapping[str, Any] | None = None, index: int = 0, **fields: Any) -> None:
        config = check(deepcopy(FILE) | fields, "test.yaml").config
        assert isinstance(config, PersuasionConfig)
        self.episode = Persuasion(config, index=index)
        self.said: dict[str, Any] = deepcopy(dict(said or {}))
        self.calls = play_out(self.episode, self._answer)

    def _answer(self, call: Call) -> Reply:
        slot = f"{call.purpose} {call.about.get('state')} {call.about.get('part')}"
        key = slot if slot in self.said else call.purpose
        if key not in self.said:
            first = call.answer.options[0] if isinstance(call.answer, Choice) else None
            return reply(first or f"{call.purpose}-{call.index}")
        told = self.said[key]
        text = told.pop(0) if isinstance(told, list) else told
        if isinstance(text, Reply):
            return text
        return failure("mumble") if text is None else reply(text)

    @property
    def outcome(self) -> dict[str, Any]:
        return self.episode.outcome

    def events(self, kind: type[Any]) -> list[Any]:
        return events(self.episode, kind)

    def asked(self) -> list[tuple[str, str]]:
        calls = sorted((call for made in self.calls.values() for call in made), key=lambda call: call.index)
        return [(call.agent, call.purpose) for call in calls]

    def shown_to(self, agent: str) -> str:
        return "\n".join(text_of(c) for made in self.calls.values() for c in made if c.agent == agent)


# The script


def mind_read(times: int = 1) -> list[tuple[str, str]]:
    """The calls on `times` predictions made at once."""
    order = [("Mia", "predict"), (ASIDE, "guess"), ("Ola", "correct"), ("Mia", "revise"), (ASIDE, "guess")]
    return [call for call in order for _ in range(times)]


def test_the_script_has_four_exchanges_with_predictions_after_three() -> None:
    assert Played().asked() == [
        ("Ned", "willingness"),
        *[(ASIDE, "guess")] * 4,
        *[("Mia", "open"), ("Ned", "reveal"), *mind_read(2)],
        *[("Mia", "strategy"), ("Mia", "attack"), ("Ned", "object"), *mind_read()],
        *[("Mia", "answer"), ("Ned", "doubt"), *mind_read()],
        *[("Mia", "satisfy"), ("Ned", "willingness"), ("Ned", "agree")],
    ]


def test_where_preventive_is_none_there_are_three_and_no_strategy() -> None:
    played = Played(situations=[WITHOUT])
    assert played.asked() == [
        ("Ned", "willingness"),
        *[(ASIDE, "guess")] * 2,
        *[("Mia", "request"), ("Ned", "object"), *mind_read()],
        *[("Mia", "answer"), ("Ned", "doubt"), *mind_read()],
        *[("Mia", "satisfy"), ("Ned", "willingness"), ("Ned", "agree")],
    ]
    assert (played.outcome["exchanges"], played.outcome["preventive"]) == (3, None)


def test_without_an_observer_nothing_is_corrected() -> None:
    played = Played(observer=None)
    assert not {"correct", "revise"} & set(played.calls)
    assert played.events(Leak) == []
    assert {guess.moment for guess in played.events(Guess)} == {"first", "before"}


def test_freely_all_is_predicted_after_each_exchange_but_the_last() -> None:
    played = Played(form="free", exchanges=3, observer=None)
    assert played.asked() == [
        ("Ned", "willingness"),
        *[(ASIDE, "guess")] * 4,
        *[("Mia", "persuade"), ("Ned", "reply"), *[("Mia", "predict")] * 4, *[(ASIDE, "guess")] * 4] * 2,
        *[("Mia", "persuade"), ("Ned", "willingness"), ("Ned", "reply")],
    ]
    assert [speech.move for speech in played.events(PersuasionSpeech)] == ["persuade", "reply"] * 3


def test_an_episode_plays_the_next_situation() -> None:
    assert Played(index=1, situations=[WALK, WITHOUT]).outcome["exchanges"] == 3
    assert Played(index=2, situations=[WALK, WITHOUT]).outcome["exchanges"] == 4


def test_the_persuadee_voices_what_the_script_says() -> None:
    played = Played()
    voiced = {"reveal": TRUTHS[:2], "object": TRUTHS[2:3], "doubt": TRUTHS[3:], "agree": ()}
    for purpose, truths in voiced.items():
        [call] = played.calls[purpose]
        request = call.prompt[-1].text
        assert [truth for truth in TRUTHS if truth in request] == list(truths)


@pytest.mark.parametrize(
    ("choice", "point", "words"),
    [
        (
            "refute belief",
            "belief",
            "wrong, and speak of nothing else: Ned believes that mud",
        ),
        ("divert desire", "desire", "see a film is as good or better for this, and speak of nothing else: "),
    ],
)
def test_the_attack_is_on_one_point_of_what_the_persuader_thinks(choice: str, point: str, words: str) -> None:
    played = Played({"strategy": choice, "revise preventive belief": "mud"})
    [attack] = played.calls["attack"]
    assert words in text_of(attack)
    assert played.events(Strategy) == [Strategy(2, point, choice.split()[0])]


def test_a_point_that_could_not_be_predicted_is_named_only() -> None:
    played = Played({"predict preventive belief": None, "strategy": "refute belief"})
    assert "nothing else: the belief of Ned" in text_of(played.calls["attack"][0])


def test_a_strategy_that_failed_leaves_the_attack_without_an_aim() -> None:
    played = Played({"strategy": None})
    assert played.events(Strategy) == [Strategy(2, None, None)]
    assert "nothing else" not in text_of(played.calls["attack"][0])
    assert played.outcome["unanswered"] == 1


# Willingness


def test_willingness_is_the_expectation_and_its_change_the_persuaders_reward() -> None:
    before = reply("1", [0.5, 0, 0.5, 0, 0, 0, 0])
    played = Played({"willingness": [before, "6"]})
    assert played.events(Willingness) == [
        Willingness("Ned", "before", 2.0, "probabilities"),
        Willingness("Ned", "after", 6.0, "sample"),
    ]
    assert (played.outcome["willingness_before"], played.outcome["change"]) == (2, 4)
    assert rewards_of(played.episode) == {"Mia": 4}


def test_willingness_that_failed_is_missing_and_pays_nothing() -> None:
    played = Played({"willingness": ["4", None]})
    assert played.events(Willingness)[1] == Willingness("Ned", "after", None, "failed")
    assert (played.outcome["willingness_after"], played.outcome["change"]) == (None, None)
    assert rewards_of(played.episode) == {}


def test_willingness_is_asked_before_the_script_makes_the_persuadee_agree() -> None:
    played = Played({"agree": "YIELDED"})
    assert "YIELDED" not in played.shown_to("Ned")
    assert played.calls["willingness"][1].index < played.calls["agree"][0].index
    assert "satisfy-" in text_of(played.calls["willingness"][1])


# Predictions and guesses


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


# Generation


def generated(said: Mapping[str, Any] | None = None, **fields: Any) -> Played:
    """Of a situation that only tells background and goal; each statement is another one."""
    told = {"preventive_content": "Ned wants to sleep.", "generative_content": "Mia wants Ned to see a film"}
    bare: dict[str, Any] = {"situations": [BARE], "options": 3}
    return Played(told | dict(said or {}), **bare | fields)


def test_what_the_file_leaves_out_is_asked_of_the_writer_from_background_and_goal() -> None:
    played = generated()
    writing = [purpose for agent, purpose in played.asked() if agent == "Wim"]
    assert writing == [
        "preventive_exists",
        *["preventive_content", "generative_content"],
        *["preventive_belief"] * 3,
        *["preventive_desire"] * 3,
        *["generative_belief"] * 3,
        *["generative_desire"] * 3,
    ]
    shown = played.shown_to("Wim")
    assert BARE["background"] in shown
    assert BARE["goal"] in shown
    assert "hesitate to see a film?" in shown
    assert "want to sleep?" in shown
    found = {(h.state, h.part): (h.text, h.source, h.others) for h in played.events(HiddenState)}
    assert found["preventive", "content"] == ("sleep", "generated", 0)
    assert found["generative", "content"] == ("see a film", "generated", 0)
    first = played.calls["preventive_belief"][0].index
    assert found["preventive", "belief"] == (f"preventive_belief-{first}", "generated", 2)


def test_statements_beside_the_truth_answer_the_same_question() -> None:
    prompts = {text_of(call) for call in generated().calls["generative_belief"]}
    assert len(prompts) == 1


def test_statements_that_say_the_same_count_once_and_a_lone_truth_is_not_guessed() -> None:
    played = generated(
        {"generative_belief": ["It is far.", "it is  far", "it is dear"], "generative_desire": "rest"}
    )
    found = {(h.state, h.part): (h.text, h.others) for h in played.events(HiddenState)}
    assert found["generative", "belief"] == ("It is far", 1)
    assert found["generative", "desire"] == ("rest", 0)
    guessed = {(guess.state, guess.part, guess.options) for guess in played.events(Guess)}
    assert ("generative", "belief", 2) in guessed
    assert "desire" not in {part for state, part, _ in guessed if state == "generative"}
    assert ("generative", "desire") in {(told.state, told.part) for told in played.events(Prediction)}


def test_the_writer_may_find_nothing_that_the_persuadee_wants_instead() -> None:
    played = generated({"preventive_exists": "no"})
    assert played.outcome["exchanges"] == 3
    assert played.events(HiddenState)[0] == HiddenState("preventive", "content", None, "none", 0)
    assert "preventive_content" not in played.calls


def test_only_what_is_missing_is_generated() -> None:
    situation = deepcopy(WALK)
    del situation["generative"]["desire"], situation["generative"]["other_desires"]
    played = Played(situations=[situation])
    assert [purpose for agent, purpose in played.asked() if agent == "Wim"] == ["generative_desire"] * 2
    assert "Wim" not in [agent for agent, _ in Played().asked()]


def test_a_true_statement_that_is_generated_is_told_to_the_persuadee_and_the_others_are_not() -> None:
    said = {"generative_belief": ["TRUE", "OTHER", "ANOTHER"]}
    played = generated(said)
    for agent in ("Ned", "Ola"):
        assert "TRUE" in played.shown_to(agent)
        assert "OTHER" not in played.shown_to(agent)
    assert "TRUE" not in played.shown_to("Mia")
    assert "OTHER" not in played.shown_to("Mia")


@pytest.mark.parametrize(
    ("said", "sources", "unanswered"),
    [
        ({"preventive_exists": None}, ["failed"] * 3 + ["generated"] * 3, 1),
        ({"preventive_content": None}, ["failed"] * 3 + ["generated"] * 3, 1),
        ({"generative_content": None}, ["generated"] * 3 + ["failed"] + ["generated"] * 2, 1),
        ({"generative_belief": [None, None, None]}, ["generated"] * 4 + ["failed", "generated"], 3),
    ],
)
def test_what_could_not_be_generated_is_recorded_and_played_without(
    said: dict[str, Any], sources: list[str], unanswered: int
) -> None:
    played = generated(said)
    assert [hidden.source for hidden in played.events(HiddenState)] == sources
    assert all((h.text is None) == (h.source == "failed") for h in played.events(HiddenState))
    assert played.outcome["unanswered"] == unanswered


def test_without_a_name_for_it_the_goal_stands_for_what_would_be_done() -> None:
    assert "Mia wants Ned to persuade Ned to see a film." in generated({"generative_content": None}).shown_to(
        "Ned"
    )


def test_statements_are_alike_whatever_their_case_and_the_first_is_kept() -> None:
    assert distinct(["It is far", "cheap", "it is  far.", "Cheap"]) == ["It is far", "cheap"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ned wants to rest.", "rest"),
        ("NED WANTS TO rest", "rest"),
        ("rest", "rest"),
        ('"."', None),
        ("Ned wants to", None),
    ],
)
def test_a_clause_has_no_beginning_and_no_end(text: str, found: str | None) -> None:
    assert clause(text, ("Ned wants to",)) == found


# Files


def changed(path: str, value: Any) -> dict[str, Any]:
    """The file with another value at `path`."""
    file: dict[str, Any] = deepcopy(FILE)
    node: Any = file
    *parents, last = [int(part) if part.isdecimal() else part for part in path.split("/")]
    for part in parents:
        node = node[part]
    node[last] = value
    return file


COLD = {"default": {"temperature": 0}}


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (changed("persuadee/name", "mia"), "two agents are named"),
        (changed("observer/name", "Mia (aside)"), "two agents are named 'Mia (aside)'"),
        (changed("writer/policy", "red"), "no policy 'red'"),
        (changed("situations", []), "at least 1"),
        (changed("situations/0/preventive/other_beliefs/1", "Sunshine will return."), "is the true belief"),
        (changed("situations/0/generative/other_desires", ["fly", "Fly"]), "'Fly' is there twice"),
        (changed("situations/0/generative/belief", None), "there is no true belief among them"),
        (changed("situations/0/preventive", "maybe"), "situations.0.preventive"),
        (changed("situations/0/generative/belief", " two"), "situations.0.generative.belief"),
        (changed("options", 9), "less than or equal to 8"),
        (changed("exchanges", 1), "greater than or equal to 2"),
        (changed("situations", [BARE]) | {"policies": COLD}, "name a policy with a higher one"),
        (FILE | {"options": 3, "policies": COLD}, "at temperature 0 all statements"),
    ],
)
def test_impossible_files_are_refused(file: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as error:
        check(file, "test.yaml")
    assert words in str(error.value)


def test_temperature_0_is_fine_where_all_is_told() -> None:
    check(FILE | {"policies": COLD}, "test.yaml")


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_file_plays_to_its_end_in_a_few_calls(path: Path) -> None:
    scenario = load(path)
    for index in range(scenario.config.episodes):
        episode = scenario.rules(scenario.config, index=index)
        calls = play_out(episode, lambda call: scripted_replies([call])[0])
        assert sum(map(len, calls.values())) <= 80
        assert episode.outcome["unanswered"] == 0
        assert rewards_of(episode).keys() == {episode.config.persuader.name}


# The contract: sentinels prove who can read what


def may_read(episode: Episode[Any], call: Call) -> set[str]:
    """Talk is for all; predictions go to the observer, corrections to the persuader; the mind to neither."""
    everyone = {"Mia", "Ned", "Ola", ASIDE}
    if call.purpose in ("predict", "revise", "correct"):
        return {"Mia", "Ola", ASIDE} if call.purpose == "predict" else {"Mia", ASIDE}
    if call.purpose == "agree":
        return set()  # it ends the talk, nobody is asked after it
    if call.purpose.endswith("_content"):
        return everyone
    if call.agent == "Wim":
        return {"Ned", "Ola", ASIDE}
    return everyone


HIDDEN: dict[Location, set[str]] = {
    ("situations", 0, state, place): names
    for state in ("preventive", "generative")
    for place, names in {"belief": {"Ned", "Ola", ASIDE}, "desire": {"Ned", "Ola", ASIDE}}.items()
}
UNTRUE: dict[Location, set[str]] = {
    ("situations", 0, state, place, 0): {ASIDE}
    for state in ("preventive", "generative")
    for place in ("other_beliefs", "other_desires")
}


@pytest.mark.parametrize("fields", [{}, {"form": "free"}, {"layout": "persona_first"}])
def test_the_contract_with_a_mind_that_is_given(fields: dict[str, Any]) -> None:
    check_contract(
        FILE | fields,
        may_read=may_read,
        secrets={**HIDDEN, **UNTRUE},
        refused=[
            ({"persuadee": {"name": "Mia"}}, "two agents are named 'Mia'"),
            ({"situations": []}, "at least 1"),
            ({"situations": [BARE], "policies": COLD}, "at temperature 0"),
        ],
    )


@pytest.mark.parametrize("form", ["script", "free"])
def test_the_contract_with_a_mind_that_is_generated(form: str) -> None:
    check_contract(FILE | {"situations": [BARE], "form": form, "options": 4}, may_read=may_read)
