"""What debaters and judges of a debate see, and in which layout."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from palaestra.agents.calls import Call, Reply, turns
from support.episodes.debate import FOUR, POLICIES, PROMPTS, debate
from support.scripted_debates import plain_reply, play_out, reply, text_of

# What a debater sees


@pytest.mark.parametrize("speaking", ["simultaneous", "sequential"])
def test_a_later_round_shows_all_earlier_speeches_under_their_speakers_names(speaking: str) -> None:
    calls = play_out(debate(rounds=2, speaking=speaking, opinions=False, judges=[]))["argue"]
    for call in calls[2:]:
        assert "Ann: speech-0" in text_of(call)
        assert "Bo: speech-1" in text_of(call)


def test_in_a_simultaneous_round_nobody_hears_a_speech_of_the_same_round() -> None:
    calls = play_out(debate(rounds=1, opinions=False, judges=[]))["argue"]
    assert not any("speech-" in text_of(call) for call in calls)


def test_in_a_sequential_round_the_second_speaker_answers_the_first() -> None:
    first, second = play_out(debate(rounds=1, speaking="sequential", opinions=False, judges=[]))["argue"]
    assert "speech-" not in text_of(first)
    assert "Ann: speech-0" in text_of(second)


def test_a_debater_sees_its_own_persona_and_position_and_no_one_elses() -> None:
    made = play_out(debate(debaters=FOUR, policies=POLICIES))
    by_agent = {call.agent: text_of(call) for call in made["argue"]}
    assert "PERSONA[Ann|A nurse.|FOR]" in by_agent["Ann"]
    assert "PERSONA[Bo|A baker.|AGAINST]" in by_agent["Bo"]
    assert "PERSONA[Dee|A poet.|UNDECIDED]" in by_agent["Dee"]
    for name, persona in (("Ann", "nurse"), ("Bo", "baker"), ("Cem", "pilot"), ("Dee", "poet")):
        assert [agent for agent, text in by_agent.items() if persona in text] == [name]


def test_an_opinion_stays_private_to_the_debater_who_told_it() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose == "opinion":
            return reply("certainly agree" if call.agent == "Ann" else "lean disagree")
        return plain_reply(call)

    for call in play_out(debate(), answer)["argue"]:
        own, other = ("certainly agree", "lean disagree")
        if call.agent == "Bo":
            own, other = other, own
        assert f"MEMORY[{own}]" in text_of(call)
        assert other not in text_of(call)


def test_nobody_is_told_an_opinion_that_it_may_have_left() -> None:
    """A stance says what an agent speaks for; of its opinion it is told no more than what it said before."""
    stances = ("for", "against", "undecided")
    debaters = [{"name": name, "stance": stance} for name, stance in zip("ABC", stances, strict=True)]
    made = play_out(debate(debaters=debaters, prompts={}))
    last = {call.agent: text_of(call) for call in made["opinion"] if call.about["when"] == "after"}
    for name, shown in last.items():
        assert "Before the debate your private opinion was:" in shown, name
        for asserted in ("You agree", "You disagree", "hesitate", "You are undecided", "do you agree with"):
            assert asserted not in shown
    asked = {call.agent: call.prompt[-1].text for call in made["argue"]}
    assert "What speaks for the motion" in asked["A"]
    assert "What speaks against the motion" in asked["B"]
    assert "What do you think of the motion" in asked["C"]


# What a judge sees


@pytest.mark.parametrize("layout", ["shared_prefix", "persona_first"])
@pytest.mark.parametrize("prompts", [PROMPTS, {}])
def test_no_judge_is_shown_a_debaters_name_persona_stance_or_policy(
    layout: str, prompts: dict[str, str]
) -> None:
    debaters = [
        {"name": f"Name{n}", "persona": f"Persona{n}.", "stance": stance, "policy": f"policy{n}"}
        for n, stance in enumerate(("for", "against", "undecided"))
    ]
    policies: dict[str, Any] = {"default": {}, "policy0": {}, "policy1": {}, "policy2": {}}
    episode = debate(debaters=debaters, policies=policies, layout=layout, prompts=prompts)
    calls = play_out(episode)["score"]
    positions = {debater.position for debater in episode.debaters}
    for call in calls:
        shown = text_of(call)
        assert "speech-" in shown
        for hidden in ("Name", "Persona", "policy", "PERSONA", *positions):
            assert hidden not in shown


def test_a_judge_sees_all_speeches_in_order_under_blind_labels() -> None:
    episode = debate(rounds=2, opinions=False)
    call = play_out(episode)["score"][0]
    label = episode.labels
    heard = [message.body for message in call.prompt if message.label]
    assert heard == [
        f"{label['Ann']}: speech-0",
        f"{label['Bo']}: speech-1",
        f"{label['Ann']}: speech-2",
        f"{label['Bo']}: speech-3",
    ]


def test_a_judge_hears_those_too_whom_nobody_else_hears() -> None:
    debaters = [{"name": name} for name in ("Ann", "Bo", "Cem")]
    edges = [["Ann", "Bo"], ["Bo", "Cem"]]
    episode = debate(debaters=debaters, hearing={"edges": edges, "directed": True}, rounds=1, opinions=False)
    call = play_out(episode)["score"][0]
    assert [message.text for message in call.prompt if message.label] == ["speech-0", "speech-1", "speech-2"]


def test_labels_are_dealt_anew_in_each_episode() -> None:
    dealt = []
    for index in range(20):
        episode = debate(index, debaters=FOUR, policies=POLICIES)
        play_out(episode)
        assert sorted(episode.labels.values()) == [f"Speaker {number}" for number in range(1, 5)]
        dealt.append(tuple(episode.labels.values()))
    assert len(set(dealt)) > 5


def test_the_request_to_score_asks_about_the_contestants_label() -> None:
    episode = debate()
    for call in play_out(episode)["score"]:
        label = episode.labels[str(call.about["contestant"])]
        assert f"SCORE[{label}|" in call.prompt[-1].text


def test_a_judge_is_told_its_own_persona() -> None:
    judges = [{"name": "Kim", "persona": "You value wit."}, {"name": "Lund", "persona": "You value calm."}]
    for call in play_out(debate(judges=judges))["score"]:
        assert ("You value wit." in text_of(call)) == (call.agent == "Kim")


# Layouts


def test_in_a_shared_prefix_layout_the_prompts_of_a_round_share_everything_up_to_the_persona() -> None:
    made = play_out(debate(debaters=FOUR, policies=POLICIES, rounds=3, layout="shared_prefix"))
    for number in (1, 2, 3):
        prompts = [call.prompt for call in made["argue"] if call.about["round"] == number]
        heads = []
        for prompt in prompts:
            persona = next(i for i, message in enumerate(prompt) if message.text.startswith("PERSONA["))
            heads.append(prompt[:persona])
            assert not any(message.label for message in prompt[persona:])
        assert set(heads) == {heads[0]}
        assert sum(bool(message.label) for message in heads[0]) == 4 * (number - 1)


def test_in_a_persona_first_layout_the_persona_is_first() -> None:
    for call in play_out(debate(debaters=FOUR, policies=POLICIES, layout="persona_first"))["argue"]:
        role, text = turns(call.prompt)[0]
        assert role == "system"
        assert text.startswith(f"PERSONA[{call.agent}|")


@pytest.mark.parametrize("layout", ["shared_prefix", "persona_first"])
def test_a_prompt_has_one_system_turn_and_it_comes_first_whatever_the_layout(layout: str) -> None:
    made = play_out(debate(debaters=FOUR, policies=POLICIES, layout=layout))
    for calls in made.values():
        for call in calls:
            roles = [role for role, _ in turns(call.prompt)]
            assert roles == ["system", "user"]


def test_both_layouts_show_the_same_messages() -> None:
    shared = play_out(debate(layout="shared_prefix"))["argue"]
    first = play_out(debate(layout="persona_first"))["argue"]
    for one, other in zip(shared, first, strict=True):
        assert sorted(m.text for m in one.prompt) == sorted(m.text for m in other.prompt)


def test_what_an_agent_was_shown_first_stays_first_in_its_later_prompts() -> None:
    calls = [call for call in play_out(debate(rounds=3))["argue"] if call.agent == "Ann"]
    for earlier, later in pairwise(calls):
        persona = next(i for i, message in enumerate(earlier.prompt) if message.text.startswith("PERSONA["))
        assert later.prompt[:persona] == earlier.prompt[:persona]
