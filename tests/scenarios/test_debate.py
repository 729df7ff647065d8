"""The rules of free debate, walked branch by branch on replies made by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import mesa
import pytest
from mesa.batchrunner import batch_run

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply, turns
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.debate.config import DebateConfig
from palaestra.scenarios.debate.events import DebateOpinion, DebateSpeech, Verdict
from palaestra.scenarios.debate.rules import Debate, Speaker, winning_stance
from palaestra.scenarios.parts.judging import Score
from palaestra.scenarios.parts.opinion_scale import OPINION, SCALE
from support.rewards import rewards_of
from support.scripted_debates import debate as any_debate
from support.scripted_debates import events, failure, plain_reply, play_out, reply, scenario, text_of

FOUR = [
    {"name": "Ann", "stance": "for", "persona": "A nurse.", "policy": "blue"},
    {"name": "Bo", "stance": "against", "persona": "A baker.", "policy": "red"},
    {"name": "Cem", "stance": "for", "persona": "A pilot."},
    {"name": "Dee", "stance": "undecided", "persona": "A poet."},
]
POLICIES: dict[str, Any] = {"default": {}, "blue": {}, "red": {}}
# Prompts whose parts are easy to tell, so that no test depends on the wording of the shipped ones.
PROMPTS = {
    "debater_rules": "RULES[{motion}]",
    "judge_rules": "JUDGE RULES[{motion}]",
    "heard": "HEARD",
    "persona": "PERSONA[{name}|{persona}|{position}]",
    "judge_persona": "JUDGE[{name}|{persona}]",
    "position_for": "FOR",
    "position_against": "AGAINST",
    "position_undecided": "UNDECIDED",
    "opinion_memory": "MEMORY[{opinion}]",
    "argue": "ARGUE[{round}|{position}]",
    "score": "SCORE[{speaker}|{criterion}|{description}]",
}


def debate(index: int = 0, **fields: Any) -> Debate:
    """A debate with prompts whose parts are easy to tell."""
    return any_debate(index, **{"prompts": PROMPTS, **fields})


def purposes(episode: Debate) -> list[list[str]]:
    """The purposes of the calls of each exchange of an episode that is played out."""
    exchanges = []
    while episode.pending:
        exchanges.append([call.purpose for call in episode.pending])
        episode.advance([plain_reply(call) for call in episode.pending])
    return exchanges


# The order of things


def test_a_debate_asks_opinions_then_speeches_then_opinions_then_scores() -> None:
    assert purposes(debate(rounds=2)) == [
        ["opinion", "opinion"],
        ["argue", "argue"],
        ["argue", "argue"],
        ["opinion", "opinion"],
        ["score", "score"],
    ]


def test_in_a_sequential_round_one_speaks_after_another() -> None:
    episode = debate(rounds=1, speaking="sequential", opinions=False, judges=[])
    assert purposes(episode) == [["argue"], ["argue"]]


def test_without_opinions_nobody_is_asked_for_one() -> None:
    episode = debate(opinions=False)
    assert "opinion" not in play_out(episode)
    assert episode.outcome["shift"] is None


def test_without_judges_there_is_no_verdict() -> None:
    episode = debate(judges=[])
    assert "score" not in play_out(episode)
    assert not events(episode, Verdict)
    assert (episode.outcome["winner"], episode.outcome["margin"]) == (None, None)


def test_every_judge_scores_every_debater_on_every_criterion() -> None:
    episode = debate(
        judges=[{"name": "Kim"}, {"name": "Lund"}], rubric={"clarity": "is plain.", "wit": "is funny."}
    )
    asked = [
        (call.agent, call.about["contestant"], call.about["criterion"]) for call in play_out(episode)["score"]
    ]
    expected = {(j, d, c) for j in ("Kim", "Lund") for d in ("Ann", "Bo") for c in ("clarity", "wit")}
    assert len(asked) == len(expected)
    assert set(asked) == expected


def test_a_score_call_shows_the_criterion_and_what_it_means() -> None:
    call = play_out(debate(rubric={"wit": "it made you laugh."}))["score"][0]
    assert "|wit|it made you laugh.]" in call.prompt[-1].text


def test_the_answers_asked_for_are_degrees_of_agreement_texts_and_points() -> None:
    made = play_out(debate())
    assert {call.answer for call in made["opinion"]} == {OPINION}
    assert {call.answer.describe()["kind"] for call in made["argue"]} == {"text"}
    assert made["score"][0].answer.describe()["options"] == [str(points) for points in range(1, 11)]


def test_a_panel_is_drawn_anew_for_each_episode_from_the_judges() -> None:
    judges = [{"name": name} for name in ("Kim", "Lund", "Mora", "Nils")]
    panels = []
    for index in range(20):
        drawn = {call.agent for call in play_out(debate(index, judges=judges, panel=2))["score"]}
        assert len(drawn) == 2
        panels.append(frozenset(drawn))
    assert len(set(panels)) > 1


def test_without_panel_all_judges_sit() -> None:
    judges = [{"name": name} for name in ("Kim", "Lund", "Mora")]
    assert {call.agent for call in play_out(debate(judges=judges))["score"]} == {"Kim", "Lund", "Mora"}


@pytest.mark.parametrize(("index", "motion"), [(0, "A."), (1, "B."), (2, "C."), (3, "A."), (7, "B.")])
def test_motions_take_turns_over_the_episodes(index: int, motion: str) -> None:
    episode = debate(index, motions=["A.", "B.", "C."])
    play_out(episode)
    assert episode.outcome["motion"] == motion
    assert episode.messages[0].text == f"RULES[{motion}]"


def test_each_agents_calls_name_its_own_policy() -> None:
    judges = [{"name": "Kim", "policy": "red"}]
    made = play_out(debate(debaters=FOUR, policies=POLICIES, judges=judges))
    assert {call.agent: call.policy for call in made["argue"]} == {
        "Ann": "blue",
        "Bo": "red",
        "Cem": "default",
        "Dee": "default",
    }
    assert {call.policy for call in made["score"]} == {"red"}


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
    positions = {f"{debater.position} the motion" for debater in episode.debaters}
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


# Replies that could not be parsed


def when(purpose: str, agent: str) -> Callable[[Call], Reply]:
    """Answers everything but one agent's calls of one purpose."""

    def answer(call: Call) -> Reply:
        if (call.purpose, call.agent) == (purpose, agent):
            return failure("mumble", "mumble mumble")
        return plain_reply(call)

    return answer


def test_a_speech_that_failed_is_heard_by_nobody_and_recorded_without_message() -> None:
    episode = debate(rounds=1)
    made = play_out(episode, when("argue", "Bo"))
    assert [speech.message is None for speech in events(episode, DebateSpeech)] == [False, True]
    assert not any("mumble" in message.text for message in episode.messages)
    assert all(len([m for m in call.prompt if m.label]) == 1 for call in made["score"])


def test_an_opinion_that_failed_is_none_and_is_not_remembered() -> None:
    episode = debate()
    made = play_out(episode, when("opinion", "Ann"))
    told = [event for event in events(episode, DebateOpinion) if event.agent == "Ann"]
    assert [(event.opinion, event.expected) for event in told] == [(None, None), (None, None)]
    for call in made["argue"]:
        assert ("MEMORY" in text_of(call)) == (call.agent == "Bo")


def test_the_shift_counts_only_those_who_told_both_opinions() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose != "opinion":
            return plain_reply(call)
        if call.agent == "Bo" and call.about["when"] == "after":
            return failure("mumble")
        return reply("lean agree" if call.about["when"] == "before" else "certainly agree")

    episode = debate()
    play_out(episode, answer)
    assert episode.outcome["shift"] == 2.0


def test_a_score_that_failed_is_left_out_and_never_a_middle_score() -> None:
    judges = [{"name": "Kim"}, {"name": "Lund"}]

    def answer(call: Call) -> Reply:
        if call.purpose == "score":
            return failure("mumble") if call.agent == "Kim" else reply("9")
        return plain_reply(call)

    episode = debate(judges=judges)
    play_out(episode, answer)
    assert {(s.score, s.basis) for s in events(episode, Score) if s.judge == "Kim"} == {(None, "failed")}
    assert [verdict.score for verdict in events(episode, Verdict)] == [9.0, 9.0]


def test_a_debater_without_any_score_has_no_verdict_and_nobody_wins() -> None:
    def answer(call: Call) -> Reply:
        if call.about.get("contestant") == "Bo":
            return failure("mumble")
        return plain_reply(call)

    episode = debate()
    play_out(episode, answer)
    assert [(v.agent, v.score) for v in events(episode, Verdict)] == [("Ann", 1.0), ("Bo", None)]
    assert (episode.outcome["winner"], episode.outcome["margin"]) == (None, None)


# Verdict and outcome


def scores(points: dict[tuple[str, str], str]) -> Callable[[Call], Reply]:
    """Answers with given points by judge and contestant."""

    def answer(call: Call) -> Reply:
        if call.purpose == "score":
            return reply(points[call.agent, str(call.about["contestant"])])
        return plain_reply(call)

    return answer


def test_the_stance_with_the_higher_mean_wins_by_the_difference() -> None:
    points = {("Kim", "Ann"): "8", ("Kim", "Bo"): "6", ("Lund", "Ann"): "5", ("Lund", "Bo"): "4"}
    episode = debate(judges=[{"name": "Kim"}, {"name": "Lund"}])
    play_out(episode, scores(points))
    assert [(v.agent, v.stance, v.score) for v in events(episode, Verdict)] == [
        ("Ann", "for", 6.5),
        ("Bo", "against", 5.0),
    ]
    assert (episode.outcome["winner"], episode.outcome["margin"]) == ("for", 1.5)


def test_a_debaters_reward_is_the_panels_score_from_0_to_1() -> None:
    episode = debate()
    play_out(episode, scores({("Kim", "Ann"): "10", ("Kim", "Bo"): "4"}))
    assert rewards_of(episode) == {"Ann": 1, "Bo": pytest.approx(1 / 3)}
    compared = debate(judging="pairwise")
    play_out(compared, plain_reply)  # who is read first is better, in both orders
    assert rewards_of(compared) == {"Ann": 0.5, "Bo": 0.5}


def test_without_a_score_there_is_no_reward() -> None:
    episode = debate()
    play_out(episode, when("score", "Kim"))
    assert rewards_of(episode) == {}
    alone = debate(judges=[])
    play_out(alone)
    assert rewards_of(alone) == {}


def test_a_stance_has_the_mean_of_its_debaters_and_the_margin_is_to_the_next_stance() -> None:
    points = {("Kim", "Ann"): "10", ("Kim", "Bo"): "6", ("Kim", "Cem"): "3", ("Kim", "Dee"): "7"}
    episode = debate(debaters=FOUR, policies=POLICIES)
    play_out(episode, scores(points))  # for: 6.5, against: 6, undecided: 7
    assert (episode.outcome["winner"], episode.outcome["margin"]) == ("undecided", 0.5)


def test_equal_stances_tie() -> None:
    episode = debate()
    play_out(episode, scores({("Kim", "Ann"): "7", ("Kim", "Bo"): "7"}))
    assert (episode.outcome["winner"], episode.outcome["margin"]) == ("tie", 0.0)


def test_one_stance_alone_wins_against_nobody() -> None:
    assert winning_stance({"for": 8.0}) == (None, None)
    assert winning_stance({}) == (None, None)


def test_a_lead_below_a_billionth_is_a_tie() -> None:
    assert winning_stance({"for": 7.0, "against": 7.0 + 1e-10}) == ("tie", 0.0)
    assert winning_stance({"for": 7.0, "against": 7.5}) == ("against", 0.5)


def test_a_score_is_the_expectation_over_the_options_where_probabilities_are_known() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose == "score":
            return reply("10", [0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0.5])
        return plain_reply(call)

    episode = debate()
    play_out(episode, answer)
    assert {(score.score, score.basis) for score in events(episode, Score)} == {(5.5, "probabilities")}


def test_an_opinion_has_the_chosen_degree_and_its_expectation() -> None:
    def answer(call: Call) -> Reply:
        if call.purpose == "opinion":
            return reply("certainly agree", [0.25, 0, 0, 0, 0, 0.75])
        return plain_reply(call)

    episode = debate()
    play_out(episode, answer)
    assert {(o.opinion, o.expected) for o in events(episode, DebateOpinion)} == {(2.5, 1.25)}


def test_the_shift_is_the_mean_change_of_opinion() -> None:
    told = {
        ("Ann", "before"): "lean agree",
        ("Ann", "after"): "certainly agree",
        ("Bo", "before"): "probably agree",
        ("Bo", "after"): "lean disagree",
    }

    def answer(call: Call) -> Reply:
        if call.purpose == "opinion":
            return reply(told[call.agent, str(call.about["when"])])
        return plain_reply(call)

    episode = debate()
    play_out(episode, answer)
    assert episode.outcome["shift"] == ((2.5 - 0.5) + (-0.5 - 1.5)) / 2


def test_the_six_degrees_are_those_of_the_debate_scale() -> None:
    assert list(SCALE.values()) == [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]


def test_the_outcome_names_the_topic_and_is_empty_until_the_end() -> None:
    episode = debate(rounds=1, words=30)
    assert episode.pending
    assert episode.outcome == {}
    play_out(episode)
    assert set(episode.outcome) >= {"motion", "winner", "margin", "shift"}
    assert not episode.running


def test_events_carry_the_step_in_which_they_happened() -> None:
    episode = debate(rounds=2)
    play_out(episode)
    steps = {(type(event), step) for step, event in episode.events if not isinstance(event, Verdict)}
    assert steps == {(DebateOpinion, 1), (DebateSpeech, 2), (DebateSpeech, 3), (DebateOpinion, 4), (Score, 5)}


# Mesa stays Mesa


def small_debate(**fields: Any) -> Debate:
    """A debate that answers itself, made with keywords as any Mesa model."""
    return Debate(motions=["Cities should plant more trees."], rounds=1, respond=scripted_replies, **fields)


def test_step_plays_an_episode_that_has_a_respond_to_its_end() -> None:
    episode = small_debate()
    while episode.running:
        episode.step()
    assert episode.steps == 4
    assert episode.outcome["winner"] in ("for", "against", "tie")


def test_a_step_after_the_end_changes_nothing() -> None:
    episode = small_debate()
    while episode.running:
        episode.step()
    outcome, messages = dict(episode.outcome), len(episode.messages)
    episode.step()
    assert (episode.outcome, len(episode.messages)) == (outcome, messages)


def test_an_episode_without_respond_refuses_to_step() -> None:
    with pytest.raises(RuntimeError, match="needs its replies"):
        debate().step()


def test_replies_that_are_handed_over_make_one_step_as_those_of_respond_do() -> None:
    asking, handed = small_debate(), small_debate()
    while asking.running:
        asking.step()
        if handed.steps == 1:  # either way at any time
            handed.step()
        else:
            handed.advance(scripted_replies(handed.pending))
        assert (handed.steps, handed.events) == (asking.steps, asking.events)
    assert (handed.running, handed.outcome) == (False, asking.outcome)


def test_an_episode_takes_as_many_replies_as_calls_are_pending() -> None:
    episode = debate()
    with pytest.raises(ValueError, match="1 replies to 2 calls"):
        episode.advance([plain_reply(call) for call in episode.pending[:-1]])
    assert episode.steps == 0
    play_out(episode)
    assert not episode.running


def test_an_episode_is_a_mesa_model_and_its_agents_an_agent_set() -> None:
    episode = small_debate()
    episode.step()
    assert isinstance(episode, mesa.Model)
    assert episode.agents.select(agent_type=Speaker).get("name") == ["Ann", "Bo", "Cem", "Dee"]
    speakers = episode.agents_by_type[Speaker]
    assert speakers.get("name") == ["Ann", "Bo", "Cem", "Dee"]
    assert len(episode.agents_by_type[Agent]) == 3
    assert set(speakers.select(lambda speaker: speaker.stance == "for").get("name")) == {"Ann", "Cem"}


def test_agents_are_numbered_from_one_in_every_episode() -> None:
    for _ in range(2):
        episode = small_debate()
        episode.step()
        assert sorted(episode.agents.get("unique_id")) == list(range(1, 8))


def test_the_data_collector_has_a_row_a_step_and_each_debaters_opinion() -> None:
    episode = small_debate()
    while episode.running:
        episode.step()
    assert episode.datacollector.model_vars["speeches"] == [0, 4, 4, 4]
    frame = episode.datacollector.get_agenttype_vars_dataframe(Speaker)
    assert set(frame["opinion"]) <= set(SCALE.values())
    assert len(frame) == 4 * episode.steps


def test_batch_run_plays_every_combination_of_parameters() -> None:
    rows = batch_run(
        Debate,
        {
            "motions": [["Cities should plant more trees."], ["Shops should close on Sundays."]],
            "rounds": [1, 2],
            "respond": scripted_replies,
        },
        display_progress=False,
    )
    assert {row["RunId"] for row in rows} == set(range(4))
    assert {(row["motions"][0], row["rounds"], row["speeches"]) for row in rows} == {
        (motion, rounds, 4 * rounds)
        for motion in ("Cities should plant more trees.", "Shops should close on Sundays.")
        for rounds in (1, 2)
    }


def test_the_same_seed_makes_the_same_episode_and_another_index_another() -> None:
    config = scenario().config
    assert isinstance(config, DebateConfig)

    def told(index: int, seed: int) -> list[str]:
        episode = Debate(config, index=index, seed=seed, respond=scripted_replies)
        while episode.running:
            episode.step()
        return [message.body for message in episode.messages]

    assert told(0, 1) == told(0, 1)
    assert told(0, 1) != told(0, 2)
    assert told(0, 1) != told(2, 1)


def test_a_panel_can_compare_every_two_debaters_in_both_orders() -> None:
    episode = debate(judging="pairwise", rubric={"clarity": "the point is plain."})

    def answer(call: Call) -> Reply:
        if call.purpose == "compare":
            return reply(episode.labels["Bo"])
        return plain_reply(call)

    made = play_out(episode, answer)
    assert [call.about["of"] for call in made["compare"]] == ["Ann or Bo", "Bo or Ann"]
    for call in made["compare"]:
        assert isinstance(call.answer, Choice)
        asked = "\n".join(message.body for message in call.prompt)
        assert set(call.answer.options) == {"Speaker 1", "Speaker 2"}
        assert not any(name in asked for name in ("Ann", "Bo:"))
    assert "score" not in made
    assert (episode.outcome["winner"], episode.outcome["margin"]) == ("against", 1.0)


def test_a_comparison_that_fails_leaves_its_judge_out() -> None:
    episode = debate(judging="pairwise", rubric={"clarity": "the point is plain."})
    play_out(episode, lambda call: failure("?") if call.purpose == "compare" else plain_reply(call))
    assert episode.outcome["winner"] is None
