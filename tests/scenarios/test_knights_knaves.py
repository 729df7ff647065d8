"""The debate on a puzzle, branch by branch."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

import palaestra.scenarios.knights_knaves
from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.knights_knaves.config import KnightsKnavesConfig
from palaestra.scenarios.knights_knaves.events import Agreement, Consensus, Puzzle, PuzzleAnswer
from palaestra.scenarios.knights_knaves.puzzles import NAMES, draw_puzzle
from palaestra.scenarios.knights_knaves.rules import KnightsKnaves
from support.hand_solved import BY_HAND, SOLUTION
from support.puzzle_reader import brute_force
from support.rewards import rewards_of
from support.scripted_debates import events, failure, play_out, reply, text_of

READY = sorted((Path(palaestra.scenarios.knights_knaves.__file__).parent / "ready").glob("*.yaml"))


FILE: dict[str, Any] = {
    "scenario": "knights_knaves",
    "engines": {"default": {"kind": "scripted"}},
    "puzzles": [BY_HAND],
    "debaters": [
        {"name": "Ann", "persona": "Careful."},
        {"name": "Bo", "persona": "Quick."},
        {"name": "Cem", "persona": "Stubborn."},
    ],
}
DANA = {"name": "Dana", "persona": "Fair."}
TALK = {"reasoning": "", "agree_with": [], "disagree_with": []}


def debate(index: int = 0, **fields: Any) -> KnightsKnaves:
    """One episode that waits for its replies."""
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, KnightsKnavesConfig)
    return KnightsKnaves(config, index=index)


def answers(roles: Callable[[Call], str | None] | None = None, **special: Any) -> Callable[[Call], Reply]:
    """True roles, unless `roles` gives others (None for a failure); confidence 7; short texts.

    Keywords replace the answers of a purpose: a text or a dictionary, None for a failure.
    """

    def answer(call: Call) -> Reply:
        player = str(call.about.get("player"))
        if call.purpose in special:
            given = special[call.purpose]
        elif call.purpose == "discuss":
            given = {**TALK, "reasoning": f"because-{call.agent}-{player}"}
        elif isinstance(call.answer, Choice) and call.purpose != "confidence":
            given = roles(call) if roles else SOLUTION[player]
        else:
            given = "7" if call.purpose == "confidence" else f"{call.purpose}-{call.agent}"
        if isinstance(given, dict):
            return replace(reply(json.dumps(given)), value=given)
        return failure("mumble") if given is None else reply(given)

    return answer


def test_first_answers_then_a_debate_on_each_player_then_final_answers() -> None:
    episode, exchanges = debate(depth=2), []
    while episode.pending:
        exchanges.append((len(episode.pending), sorted({call.purpose for call in episode.pending})))
        episode.advance([answers()(call) for call in episode.pending])
    on_a_player = [(3, ["answer"]), (3, ["discuss"])] * 2 + [(9, ["adjust"])]
    assert exchanges == [
        (9, ["propose"]),
        (6, ["confidence", "explain"]),
        *on_a_player * 3,
        (9, ["conclude"]),
    ]


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


def test_who_agrees_with_whom_is_recorded() -> None:
    talk = {"reasoning": "so", "agree_with": ["Bo"], "disagree_with": ["Cem"]}
    made = answers()

    def answer(call: Call) -> Reply:
        return answers(discuss=talk)(call) if call.agent == "Ann" else made(call)

    episode = debate()
    play_out(episode, answer)
    assert events(episode, Agreement)[:2] == [
        Agreement("Ann", "Pat", 1, "Bo", True),
        Agreement("Ann", "Pat", 1, "Cem", False),
    ]
    assert len(events(episode, Agreement)) == 6


def test_a_debater_can_agree_with_the_others_and_not_with_itself() -> None:
    call = play_out(debate(), answers())["discuss"][0]
    described = call.answer.describe()["schema"]["properties"]["agree_with"]
    assert (call.agent, described["items"]["enum"], described["maxItems"]) == ("Ann", ["Bo", "Cem"], 2)


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


def test_every_answer_is_recorded_with_its_moment_and_whether_it_is_right() -> None:
    episode = debate(depth=2)
    play_out(episode, answers(lambda _call: "knight"))
    recorded = events(episode, PuzzleAnswer)
    moments = [answer.moment for answer in recorded]
    assert {moment: moments.count(moment) for moment in moments} == {
        "initial": 9,
        "discussion": 18,
        "adjusted": 27,
        "final": 9,
    }
    assert all(answer.correct == (answer.player != "Rob") for answer in recorded)
    assert {answer.confidence for answer in recorded if answer.moment == "initial"} == {7}
    assert {answer.confidence for answer in recorded if answer.moment != "initial"} == {None}
    assert {answer.round for answer in recorded if answer.moment == "discussion"} == {1, 2}
    assert {a.discussed for a in recorded if a.moment in ("discussion", "adjusted")} == set(SOLUTION)


def test_an_answers_probability_is_that_of_the_true_role() -> None:
    def answer(call: Call) -> Reply:
        made = answers()(call)
        if call.purpose == "propose":
            return replace(made, probabilities=(0.5, 0.2, 0.3))
        return made

    episode = debate()
    play_out(episode, answer)
    first = [a for a in events(episode, PuzzleAnswer) if a.agent == "Ann" and a.moment == "initial"]
    assert [(a.player, a.probability) for a in first] == [("Pat", 0.5), ("Quin", 0.5), ("Rob", 0.3)]


def finally_(**votes: list[str | None]) -> Callable[[Call], str | None]:
    """True roles before the end; at the end the votes of Ann, Bo and Cem on each player."""

    def roles(call: Call) -> str | None:
        player = str(call.about["player"])
        if call.purpose == "conclude" and player in votes:
            return votes[player][["Ann", "Bo", "Cem"].index(call.agent)]
        return "spy" if call.purpose == "decide" else SOLUTION[player]

    return roles


def final_consensus(episode: KnightsKnaves) -> dict[str, tuple[str | None, str, int, int]]:
    return {
        e.player: (e.role, e.by, e.votes, e.given) for e in events(episode, Consensus) if e.moment == "final"
    }


def test_the_supervisor_decides_where_no_role_has_a_strict_majority_and_only_there() -> None:
    episode = debate(supervisor=DANA)
    votes = finally_(Pat=["knight", "knave", "spy"], Quin=["knave", "knave", "knight"])
    made = play_out(episode, answers(votes))
    (asked,) = made["decide"]
    assert (asked.agent, asked.about["player"]) == ("Dana", "Pat")
    assert "The last answers are: Ann: knight, Bo: knave, Cem: spy." in asked.prompt[-1].text
    assert "Bo: because-Bo-Pat" in text_of(asked)
    assert final_consensus(episode) == {
        "Pat": ("spy", "supervisor", 1, 3),
        "Quin": ("knave", "majority", 2, 3),
        "Rob": ("spy", "majority", 3, 3),
    }
    assert episode.outcome["decided"] == "Pat: spy, Quin: knave, Rob: spy"
    assert episode.outcome["team_accuracy"] == pytest.approx(1 / 3)


def test_without_supervisor_a_plurality_decides_and_a_tie_nothing() -> None:
    cast = [*FILE["debaters"], {"name": "Dov"}]

    def roles(call: Call) -> str:
        if call.purpose != "conclude":
            return "knave"
        votes = {
            "Pat": "knight knight knave spy",
            "Quin": "knight knight knave knave",
            "Rob": "spy spy spy spy",
        }
        names = ["Ann", "Bo", "Cem", "Dov"]
        return votes[str(call.about["player"])].split()[names.index(call.agent)]

    episode = debate(debaters=cast)
    made = play_out(episode, answers(roles))
    assert "decide" not in made
    assert final_consensus(episode) == {
        "Pat": ("knight", "plurality", 2, 4),
        "Quin": (None, "nobody", 0, 4),
        "Rob": ("spy", "majority", 4, 4),
    }
    outcome = episode.outcome
    assert (outcome["team_accuracy"], outcome["exact"], outcome["undecided"]) == (
        pytest.approx(2 / 3),
        False,
        1,
    )


def test_a_debater_is_rewarded_for_what_its_last_solution_has_right_and_the_supervisor_for_the_teams() -> (
    None
):
    """Pat is a knight, Quin too, Rob a spy; the supervisor says that Pat is a spy, which is wrong."""
    episode = debate(supervisor=DANA)
    votes = finally_(
        Pat=["knight", "knave", "spy"], Quin=["knave", "knight", "knight"], Rob=["spy", None, "spy"]
    )
    play_out(episode, answers(votes))
    shares = {"Ann": 2 / 3, "Bo": 1 / 3, "Cem": 2 / 3, "Dana": 2 / 3}
    assert rewards_of(episode) == pytest.approx(shares)
    assert rewards_of(episode)["Dana"] == episode.outcome["team_accuracy"]
    alone = debate()
    play_out(alone, answers())
    assert rewards_of(alone) == {"Ann": 1, "Bo": 1, "Cem": 1}


def test_a_supervisor_who_fails_leaves_it_to_the_plurality() -> None:
    episode = debate(supervisor=DANA)
    play_out(episode, answers(finally_(Pat=["knight", "knave", None]), decide=None))
    assert final_consensus(episode)["Pat"] == (None, "nobody", 0, 2)


def test_a_failed_vote_is_no_vote() -> None:
    episode = debate()
    play_out(episode, answers(finally_(Pat=["knight", None, None])))
    assert final_consensus(episode)["Pat"] == ("knight", "majority", 1, 1)
    failed = [a for a in events(episode, PuzzleAnswer) if a.moment == "final" and a.role is None]
    assert [(a.agent, a.correct, a.probability) for a in failed] == [("Bo", None, None), ("Cem", None, None)]


def test_the_outcome_by_hand() -> None:
    def roles(call: Call) -> str:
        player = str(call.about["player"])
        first = {"Ann": "knave", "Bo": "knave", "Cem": "knight"}[call.agent]
        if call.purpose == "propose" and player == "Pat":
            return first
        if call.purpose == "conclude" and (call.agent, player) == ("Cem", "Rob"):
            return "knave"
        return SOLUTION[player]

    episode = debate()
    play_out(episode, answers(roles))
    outcome = episode.outcome
    assert outcome["initial_accuracy"] == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert (outcome["team_accuracy"], outcome["exact"], outcome["undecided"]) == (1.0, True, 0)
    names = ("correct_to_correct", "correct_to_wrong", "wrong_to_correct", "wrong_to_wrong")
    assert [outcome[name] for name in names] == [6, 1, 2, 0]
    assert outcome["correction_rate"] == 1.0
    assert outcome["corruption_rate"] == pytest.approx(1 / 7)
    # On Pat only Cem is right at first, so most of the team are wrong and are overturned. Ann and Bo each
    # hear one of either role, so no wrong answer stood beside a wrong majority of the others.
    assert outcome["correction_under_pressure"] is None
    assert outcome["overturn_rate"] == 1.0
    assert outcome["solution"] == "Pat: knight, Quin: knight, Rob: spy"


def test_the_given_order_is_the_puzzles() -> None:
    episode = debate()
    made = play_out(episode, answers())
    assert "order" not in made
    assert list(dict.fromkeys(call.about["player"] for call in made["answer"])) == ["Pat", "Quin", "Rob"]


@pytest.mark.parametrize(
    ("chosen", "order"),
    [
        (["Rob", "Pat", "Quin"], "Rob, Pat, Quin"),
        (["Rob", "Rob", "Rob"], "Rob, Pat, Quin"),
        (None, "Pat, Quin, Rob"),
    ],
)
@pytest.mark.parametrize(("supervisor", "chooser"), [(DANA, "Dana"), (None, "Ann")])
def test_one_call_chooses_the_order_and_players_that_it_leaves_out_come_last(
    chosen: list[str] | None, order: str, supervisor: dict[str, str] | None, chooser: str
) -> None:
    episode = debate(order="chosen", supervisor=supervisor)
    made = play_out(episode, answers(order={"order": chosen} if chosen else None))
    assert [call.agent for call in made["order"]] == [chooser]
    assert episode.outcome["order"] == order
    assert ", ".join(dict.fromkeys(str(call.about["player"]) for call in made["answer"])) == order


def test_a_debater_that_thinks_does_so_first_and_for_itself() -> None:
    made = play_out(debate(think=True), answers())
    for calls in (made["propose"], made["answer"], made["conclude"]):
        for call in calls:
            assert re.findall(r"think-\w+", text_of(call)) == [f"think-{call.agent}"]


def test_what_failed_is_not_shown_and_not_heard() -> None:
    made = play_out(
        debate(think=True), answers(think=None, explain=None, confidence=None, discuss=None, propose=None)
    )
    call = made["answer"][0]
    assert "So far: Ann says nothing, Bo says nothing, Cem says nothing." in text_of(call)
    assert not any(message.label for calls in made.values() for call in calls for message in call.prompt)
    assert "Pat: unknown, Quin: unknown, Rob: unknown." in made["explain"][0].prompt[-1].text


def test_the_puzzle_is_generated_from_the_episodes_own_seed() -> None:
    generated = {"puzzles": [], "players": 5, "spies": 1, "hints": 2}

    def puzzle(index: int) -> Puzzle:
        episode = debate(index, **generated)
        assert episode.pending
        (event,) = events(episode, Puzzle)
        assert isinstance(event, Puzzle)
        return event

    one, again, other = puzzle(0), puzzle(0), puzzle(1)
    assert one == again
    assert one.text != other.text
    assert (one.players, one.spies, one.hints) == (5, 1, 2)
    (found,) = brute_force(one.text)
    assert one.solution == ", ".join(f"{player}: {role}" for player, role in found.items())


def test_a_recorded_puzzle_can_be_given_again() -> None:
    episode = debate(puzzles=[])
    assert episode.pending
    (event,) = events(episode, Puzzle)
    again = debate(puzzles=[json.loads(event.formal)])
    assert again.pending
    assert events(again, Puzzle) == [event]


def test_given_puzzles_take_turns_over_the_episodes() -> None:
    other = draw_puzzle(Random(0), NAMES[:4]).model_dump(mode="json")
    shown = []
    for index in range(3):
        episode = debate(index, puzzles=[BY_HAND, other])
        assert episode.pending
        shown.append(events(episode, Puzzle)[0].players)
    assert shown == [3, 4, 3]


def test_debaters_and_supervisor_have_policies_of_their_own() -> None:
    policies: dict[str, Any] = {"default": {}, "strong": {}, "weak": {}}
    cast = [{"name": "Ann", "policy": "strong"}, {"name": "Bo", "policy": "weak"}]
    made = play_out(debate(policies=policies, debaters=cast), answers())
    assert {call.agent: call.policy for call in made["propose"]} == {"Ann": "strong", "Bo": "weak"}
    with pytest.raises(BadInput, match="no policy 'best'"):
        check(FILE | {"supervisor": {"name": "Dana", "policy": "best"}}, "test.yaml")


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_the_ready_made_files_play_to_their_end(path: Path) -> None:
    found = load(path)
    for index in range(found.config.episodes):
        episode = found.rules(found.config, index=index)
        while episode.pending:
            episode.advance(scripted_replies(episode.pending))
        assert 0 <= float(str(episode.outcome["team_accuracy"])) <= 1


def speech_is_public(_episode: Episode[Any], call: Call) -> set[str]:
    """Explanations and reasons are for everybody; what a debater writes for itself is not."""
    return {"Ann", "Bo", "Cem", "Dana"} if call.purpose in ("explain", "discuss") else set()


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"players": 2}, "players"),
    ({"players": 10}, "players"),
    ({"players": 4, "spies": 4}, "4 of 4 players can't be spies"),
    ({"depth": 0}, "depth"),
    ({"depth": 4}, "depth"),
    ({"words": 101}, "words"),
    ({"debaters": [{"name": "Ann"}]}, "debaters"),
    ({"debaters": [{"name": "Ann"}, {"name": " ann"}]}, "two agents are named"),
    ({"supervisor": {"name": "BO"}}, "two agents are named"),
    ({"debaters": [{"name": "Ann"}, {"name": "rob"}], "puzzles": [BY_HAND]}, "the name of a player"),
    ({"debaters": [{"name": "Ann"}, {"name": "Vic"}], "puzzles": []}, "the name of a player"),
    ({"puzzles": [{**BY_HAND, "spies": 3}]}, "can't be spies"),
    ({"order": "random"}, "order"),
]


@pytest.mark.parametrize(
    "mode",
    [
        {},
        {"puzzles": [], "players": 4, "supervisor": DANA, "think": True, "order": "chosen"},
        {"show_confidence": False, "depth": 2, "order": "chosen"},
    ],
    ids=["plain", "all-roles", "hidden-confidence"],
)
def test_the_contract(mode: dict[str, Any]) -> None:
    check_contract(FILE | mode, may_read=speech_is_public, refused=[] if mode else REFUSED, episodes=2)
