"""What a debater on a puzzle is shown of the others, and what not."""

from __future__ import annotations

import pytest

from palaestra.agents.calls import Call
from palaestra.scenarios.knights_knaves.events import Consensus
from support.episodes.knights_knaves import DANA, answers, debate
from support.hand_solved import SOLUTION
from support.scripted_debates import events, play_out, text_of


def test_first_answers_are_made_without_hearing_anybody() -> None:
    made = play_out(debate(), answers())
    for call in [*made["propose"], *made["confidence"], *made["explain"]]:
        assert not [message for message in call.prompt if message.label]
        assert "says knight" not in text_of(call)


def test_everybody_knows_the_puzzle_and_nobody_its_solution() -> None:
    # All roles are answered wrong, so that the solution can't come from the debate.
    made = play_out(debate(supervisor=DANA), answers(lambda _call: "knave"))
    for calls in made.values():
        for call in calls:
            assert "Rob says: Rob is a knave." in text_of(call)
            assert "Pat: knight" not in text_of(call)
            assert "Rob: spy" not in text_of(call)


def test_who_explains_or_rates_itself_is_shown_its_own_answers_only() -> None:
    def own(call: Call) -> str:
        return {"Ann": "knight", "Bo": "knave", "Cem": "spy"}[call.agent]

    made = play_out(debate(), answers(own))
    for call in [*made["explain"], *made["confidence"]]:
        role = own(call)
        assert f"Pat: {role}, Quin: {role}, Rob: {role}." in call.prompt[-1].text


@pytest.mark.parametrize("shown", [True, False])
def test_in_the_debate_all_see_each_others_roles_explanations_and_confidence_if_visible(shown: bool) -> None:
    made = play_out(debate(show_confidence=shown), answers())
    sure = " (confidence 7 of 10)" if shown else ""
    first = text_of(made["answer"][0])
    assert f"So far: Ann says knight{sure}, Bo says knight{sure}, Cem says knight{sure}." in first
    assert "Bo: explain-Bo" in first
    for calls in made.values():
        for call in calls:
            assert shown or "confidence" not in text_of(call) or call.purpose == "confidence"
            assert shown or "of 10" not in text_of(call)


def test_in_a_round_nobody_hears_what_is_said_in_the_same_round() -> None:
    made = play_out(debate(depth=2), answers())
    on_pat = [call for call in made["discuss"] if call.about["player"] == "Pat"]
    assert not any("because-" in text_of(call) for call in on_pat[:3])
    assert all("Bo: because-Bo-Pat" in text_of(call) for call in on_pat[3:])


def test_a_change_of_mind_is_shown_to_all_after_the_round() -> None:
    def changing(call: Call) -> str:
        return "spy" if (call.purpose, call.agent) == ("answer", "Bo") else "knave"

    made = play_out(debate(depth=2, show_confidence=False), answers(changing))
    second = next(call for call in made["answer"] if call.about["round"] == 2)
    assert "After this round, on Pat: Ann says knave, Bo says spy, Cem says knave." in text_of(second)


def test_a_debater_is_told_its_own_latest_answer_when_it_gives_its_reasons() -> None:
    made = play_out(debate(), answers(lambda call: "spy" if call.purpose == "answer" else "knave"))
    assert "the role of Pat is: spy." in made["discuss"][0].prompt[-1].text


def test_personas_stay_with_their_agents() -> None:
    made = play_out(debate(supervisor=DANA, order="chosen"), answers(order={"order": ["Pat"] * 3}))
    personas = {"Ann": "Careful.", "Bo": "Quick.", "Cem": "Stubborn.", "Dana": "Fair."}
    for calls in made.values():
        for call in calls:
            assert [name for name, persona in personas.items() if persona in text_of(call)] == [call.agent]


def test_after_the_adjustment_all_are_told_the_strict_majority_or_that_there_is_none() -> None:
    def split(call: Call) -> str:
        if call.purpose == "adjust" and call.about["player"] == "Quin":
            return {"Ann": "knight", "Bo": "knave", "Cem": "spy"}[call.agent]
        return SOLUTION[str(call.about["player"])]

    episode = debate()
    last = text_of(play_out(episode, answers(split))["conclude"][0])
    assert "Most of the group now say that the role of Pat is: knight." in last
    assert "The group has no majority on Quin." in last
    first, second, third = [e for e in events(episode, Consensus) if e.moment == "discussion"]
    assert first == Consensus("Pat", "discussion", "knight", 3, 3, "majority", True)
    assert second == Consensus("Quin", "discussion", None, 0, 3, "nobody", None)
    assert third.player == "Rob"


def test_what_failed_is_not_shown_and_not_heard() -> None:
    made = play_out(
        debate(think=True), answers(think=None, explain=None, confidence=None, discuss=None, propose=None)
    )
    call = made["answer"][0]
    assert "So far: Ann says nothing, Bo says nothing, Cem says nothing." in text_of(call)
    assert not any(message.label for calls in made.values() for call in calls for message in call.prompt)
    assert "Pat: unknown, Quin: unknown, Rob: unknown." in made["explain"][0].prompt[-1].text
