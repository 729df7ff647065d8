"""The rules of a persona interview, on replies made by hand."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

import palaestra.scenarios.persona_interview
from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.persona_interview.config import PersonaInterviewConfig
from palaestra.scenarios.persona_interview.events import Answered, Chatted
from palaestra.scenarios.persona_interview.rules import PersonaInterview
from support.rewards import rewards_of
from support.scripted_debates import events, failure, plain_reply, play_out, reply, text_of

READY = sorted((Path(palaestra.scenarios.persona_interview.__file__).parent / "ready").glob("*.yaml"))
FILE: dict[str, Any] = {
    "scenario": "persona_interview",
    "engines": {"default": {"kind": "scripted"}},
    "rounds": 2,
    "matters": ["Breakfast?", "Weather?"],
    "questions": {
        "job": {"wordings": ["Your job?", "What do you do?"], "options": ["nurse", "cook", "pilot"]},
        "mood": {"wordings": ["How are you?"], "options": ["calm", "worried"]},
    },
    "people": [
        {"name": "Ann", "persona": "A calm nurse.", "attributes": {"job": "nurse", "mood": "calm"}},
        {"name": "Bo", "persona": "A worried cook.", "attributes": {"job": "cook", "mood": "worried"}},
    ],
}
DECLARED = {
    (person["name"], key): value for person in FILE["people"] for key, value in person["attributes"].items()
}


def interview(index: int = 0, **fields: Any) -> PersonaInterview:
    """A small interview that waits for its replies."""
    config = check(deepcopy(FILE) | fields, "test.yaml").config
    assert isinstance(config, PersonaInterviewConfig)
    return PersonaInterview(config, index=index)


def faithful(call: Call, but: Callable[[Call], Reply | None] = lambda _call: None) -> Reply:
    """What the persona says, but where `but` answers."""
    other = but(call)
    if other is not None:
        return other
    if call.purpose == "question":
        return reply(DECLARED[call.agent, str(call.about["attribute"])])
    return plain_reply(call)


def test_everybody_is_asked_everything_before_the_talk_and_after_each_round() -> None:
    played = interview()
    calls = play_out(played, faithful)
    assert {purpose: len(made) for purpose, made in calls.items()} == {"question": 12, "chat": 4}
    asked = {(call.agent, call.about["attribute"], call.about["round"]) for call in calls["question"]}
    assert len(asked) == 12
    assert {number for _, _, number in asked} == {0, 1, 2}


def test_questions_come_in_other_words_and_another_order_of_questions_and_options() -> None:
    orders, options = set(), set()
    for index in range(10):
        calls = play_out(interview(index), faithful)["question"]
        for call in calls:
            job = call.about["attribute"] == "job"
            wording = (
                ["Your job?", "What do you do?"][int(str(call.about["round"])) % 2] if job else "How are you?"
            )
            assert wording in text_of(call)
            assert isinstance(call.answer, Choice)
            assert f"Answer with one of: {', '.join(call.answer.options)}." in text_of(call)
            if job:
                options.add(call.answer.options)
        orders.add(tuple(call.about["attribute"] for call in calls if call.agent == "Ann"))
    assert len(orders) > 1
    assert len(options) == 6


def test_nobody_remembers_the_questions_or_the_answers() -> None:
    calls = play_out(interview(), faithful)
    later = [text_of(call) for made in calls.values() for call in made if call.about["round"] == 2]
    assert all(text.count("Answer with one of") <= 1 for text in later)
    assert all("Interviewer: Breakfast?" in text for text in later)


def test_alone_everybody_hears_only_itself_and_together_all_hear_all() -> None:
    for talk, others in (("alone", False), ("together", True)):
        calls = play_out(interview(talk=talk), faithful)
        said = {call.agent: f"speech-{call.index}" for call in calls["chat"] if call.about["round"] == 1}
        last = {call.agent: text_of(call) for call in calls["question"] if call.about["round"] == 2}
        for name, other in (("Ann", "Bo"), ("Bo", "Ann")):
            assert said[name] in last[name]
            assert (said[other] in last[name]) is others


def test_answers_are_compared_with_what_is_declared_and_the_first() -> None:
    def lapse(call: Call) -> Reply | None:
        about = (call.agent, call.about.get("attribute"), call.about["round"])
        if about == ("Ann", "job", 2):
            return reply("pilot")
        return failure("hm") if about == ("Bo", "mood", 0) else None

    played = interview()
    play_out(played, lambda call: faithful(call, lapse))
    assert played.outcome == {"fidelity_first": 1.0, "fidelity_last": 3 / 4, "consistency": 2 / 3}
    told = {(event.agent, event.attribute, event.round): event for event in events(played, Answered)}
    assert told["Ann", "job", 2] == Answered("Ann", "job", 2, "nurse", "pilot", False, None, 3)
    assert told["Bo", "mood", 0] == Answered("Bo", "mood", 0, "worried", None, None, None, 2)
    assert rewards_of(played) == {"Ann": 5 / 6, "Bo": 5 / 6}


def test_the_probability_is_that_of_what_is_declared_wherever_it_stands() -> None:
    def sure(call: Call) -> Reply:
        if not isinstance(call.answer, Choice):
            return plain_reply(call)
        declared = DECLARED[call.agent, str(call.about["attribute"])]
        rest = 0.4 / (len(call.answer.options) - 1)
        return reply(declared, [0.6 if option == declared else rest for option in call.answer.options])

    played = interview()
    play_out(played, sure)
    assert {event.probability for event in events(played, Answered)} == {0.6}


def test_talk_that_fails_is_heard_by_nobody() -> None:
    played = interview()
    play_out(played, lambda call: failure("") if call.purpose == "chat" else faithful(call))
    assert [event.message for event in events(played, Chatted)] == [None] * 4
    assert played.outcome["consistency"] == 1.0


def test_an_interview_without_answers_has_no_numbers() -> None:
    played = interview()
    play_out(played, lambda call: failure("x"))
    assert played.outcome == dict.fromkeys(("fidelity_first", "fidelity_last", "consistency"))


def test_people_of_a_population_are_asked_what_their_persona_says() -> None:
    fields: dict[str, Any] = {
        "population": {"of": "townsfolk", "size": 50},
        "questions": {},
        "people": [{"name": "Ann"}],
    }
    played = interview(**fields)
    calls = play_out(played)
    person = played.persons["Ann"]
    declared = {event.attribute: event.declared for event in events(played, Answered)}
    assert set(declared) == set(person.values)
    assert declared["occupation"] == person.values["occupation"]
    assert all(said in person.text for said in declared.values())
    assert all(person.text in text_of(call) for call in calls["question"])
    few = interview(**fields, asked=["cars", "age"])
    assert len(play_out(few)["question"]) == 6


def may_read(episode: Episode[Any], call: Call) -> set[str]:
    together = episode.config.talk == "together"
    return {"Ann", "Bo"} if call.purpose == "chat" and together else {call.agent}


@pytest.mark.parametrize("talk", ["alone", "together"])
def test_the_contract(talk: str) -> None:
    one = FILE["people"][0]
    job = FILE["questions"]["job"]
    check_contract(
        FILE | {"talk": talk},
        may_read=may_read,
        refused=[
            ({"people": [one, one | {"name": "ann"}]}, "two agents are named"),
            ({"people": []}, "people"),
            ({"people": [{"name": "Cem"}]}, "Cem has no persona; give it one with its `attributes`, or set"),
            ({"people": [one | {"attributes": {"job": "nurse"}}]}, "Ann is asked for 'mood'"),
            (
                {"people": [one | {"attributes": {"job": "judge", "mood": "calm"}}]},
                "'judge' is none of the options",
            ),
            ({"questions": {"job": job | {"options": ["nurse", "nurse"]}}}, "the options are all different"),
            ({"questions": {}}, "nothing to ask"),
            ({"asked": ["age"]}, "there is no question 'age'; there are: job, mood"),
            ({"rounds": 0}, "rounds"),
            (
                {"population": {"of": "citizens"}, "people": [{"name": "Cem"}]},
                "the population has no attribute 'job'",
            ),
            (
                {
                    "population": {"of": "citizens"},
                    "people": [{"name": "Cem"}],
                    "questions": {"home": {"wordings": ["Where?"], "options": ["in a village", "elsewhere"]}},
                },
                "people of the population may have to answer in the city centre, in a suburb",
            ),
            (
                {
                    "population": {"of": "citizens"},
                    "questions": {},
                    "people": [{"name": "Cem", "attributes": {"home": "in a village"}}],
                },
                "Cem is drawn: leave out its attributes",
            ),
        ],
    )


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_ready_files_play_few_calls(path: Path) -> None:
    scenario = load(path)
    played = scenario.rules(scenario.config, index=0)
    calls = play_out(played)
    assert sum(len(made) for made in calls.values()) <= 150
    assert all(len(text_of(call)) < 2800 for made in calls.values() for call in made)
