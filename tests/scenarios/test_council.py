"""Councils, walked session by session on replies made by hand, with budgets worked by hand."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios import council
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, load
from palaestra.scenarios.council.acts import shares, without_names
from palaestra.scenarios.council.budget import STRESS, BudgetRules, Law, accounts
from palaestra.scenarios.council.config import CouncilConfig
from palaestra.scenarios.council.events import (
    Amendment,
    BallotCast,
    Bill,
    CouncilBudget,
    CouncilDecision,
    CouncilSpeech,
    CouncilVote,
    CouncilWelfare,
    Election,
    Label,
)
from palaestra.scenarios.council.motions import Motion
from palaestra.scenarios.council.rules import Council
from support.rewards import rewards_of
from support.scripted_debates import events, failure, play_out, reply, settings_of, text_of

READY = sorted((Path(council.__file__).parent / "ready").glob("*.yaml"))

VILLAGE: dict[str, Any] = {
    "scenario": "council",
    "groups": ["millers", "monks"],
    "laws": [
        {"name": "a bridge", "cost": 20, "effects": {"millers": 10, "monks": 4}},
        {"name": "a toll", "cost": -10, "effects": {"millers": -6}},
        {"name": "a feast", "cost": 4},
    ],
    "members": [
        {"name": "Ann", "group": "millers", "agenda": "You want the toll for yourself.", "persona": "Loud."},
        {"name": "Bo", "group": "monks", "agenda": "You want no bridge."},
        {"name": "Cem", "group": "monks", "agenda": "You want the chair."},
    ],
    "quorum": 2,
    "terms": 1,
    "sessions": 1,
}
Answers = dict[str, Any]


def village(index: int = 0, **fields: Any) -> Council:
    config = check(deepcopy(VILLAGE) | fields, "test.yaml").config
    assert isinstance(config, CouncilConfig)
    return Council(config, index=index)


def the_first(call: Call) -> str:
    assert isinstance(call.answer, Choice)
    return call.answer.options[0]


class Played:
    """A council played on replies made by hand.

    Args:
        answers: by purpose a text, a list of texts to take in turn, or a function of the call; None is
            a failure. Without one a choice takes its last option, and a text says its purpose, agent and
            session; amendments change nothing, bills are about the bridge and all vote yes.
        fields: of the file.
    """

    def __init__(self, answers: Answers | None = None, **fields: Any) -> None:
        self.episode = village(**fields)
        given = {"amend": "no change", "vote_bill": "yes", "propose": the_first} | (answers or {})
        queues = {purpose: iter(said) for purpose, said in given.items() if isinstance(said, list)}

        def answer(call: Call) -> Reply:
            said = given.get(call.purpose, ...)
            if call.purpose in queues:
                said = next(queues[call.purpose])
            elif callable(said):
                said = said(call)
            if isinstance(said, Reply):
                return said
            if said is ...:
                plain = (
                    f"{call.purpose}-{call.agent}-{call.about['session']}" if "session" in call.about else ""
                )
                said = call.answer.options[-1] if isinstance(call.answer, Choice) else plain
            return failure("mumble") if said is None else reply(str(call.answer.parse(str(said))))

        self.calls = play_out(self.episode, answer)

    @property
    def outcome(self) -> dict[str, Any]:
        return self.episode.outcome

    def events(self, kind: type[Any]) -> list[Any]:
        return events(self.episode, kind)

    def asked(self, *leave_out: str) -> list[str]:
        calls = sorted((call for made in self.calls.values() for call in made), key=lambda call: call.index)
        return [f"{call.agent} {call.purpose}" for call in calls if call.purpose not in leave_out]


def by_agent(**said: Any) -> Callable[[Call], Any]:
    return lambda call: said[call.agent]


# The order of things


def test_a_session_deliberates_moves_votes_and_is_labelled_and_a_term_ends_with_an_election() -> None:
    assert Played({"amend": "half size"}).asked("elect") == [
        *("Ann intend", "Bo intend", "Cem intend"),
        *("Ann speak", "Bo speak", "Cem speak"),
        *("Ann propose", "Ann justify", "Bo amend"),
        *("Ann vote_amendment", "Bo vote_amendment", "Cem vote_amendment"),
        *("Ann vote_bill", "Bo vote_bill", "Cem vote_bill"),
        *["Labeller label"] * 5,
    ]


def test_with_a_mediator_all_speak_to_it_and_it_sums_up() -> None:
    played = Played(deliberation="mediated")
    assert played.asked()[3:8] == ["Ann speak", "Bo speak", "Cem speak", "Mediator mediate", "Ann propose"]
    assert "speak-Bo-1" in text_of(played.calls["mediate"][0])
    for call in (*played.calls["propose"], *played.calls["vote_bill"]):
        assert "mediate-Mediator-1" in text_of(call)
        assert "speak-" not in text_of(call)


def test_in_free_deliberation_each_hears_those_before_and_the_chair_begins() -> None:
    first, second, third = Played().calls["speak"]
    assert [call.agent for call in (first, second, third)] == ["Ann", "Bo", "Cem"]
    assert "speak-" not in text_of(first)
    assert "Ann: speak-Ann-1" in text_of(second)
    assert "Bo: speak-Bo-1" in text_of(third)


def test_what_was_said_is_gone_in_the_next_session_but_the_minutes_stay() -> None:
    last = Played(sessions=2, terms=1).calls["speak"][3]
    assert "speak-Ann-1" not in text_of(last)
    assert "Session 1: the bill to enact a bridge had 3 yes, 0 no and 0 abstained. It passed." in text_of(
        last
    )
    assert "Laws in force: a bridge." in text_of(last)


def test_the_elected_chair_moves_the_bills_of_the_next_term() -> None:
    played = Played({"elect": ["Bo", "Bo", "Bo", "Cem", "Cem", "Ann"] * 2}, terms=2)
    assert [bill.proposer for bill in played.events(Bill)] == ["Ann", "Bo"]
    assert [call.agent for call in played.calls["speak"][3:]] == ["Bo", "Cem", "Ann"]
    assert "The chair is Bo." in text_of(played.calls["speak"][3])
    assert "At the end of term 1 the council elected Bo" in text_of(played.calls["speak"][3])


def test_bills_are_moved_in_turn_and_another_may_amend() -> None:
    played = Played(proposer="turn", sessions=4)
    assert [bill.proposer for bill in played.events(Bill)] == ["Ann", "Bo", "Cem", "Ann"]
    assert all(
        a.member != b.proposer for a, b in zip(played.events(Amendment), played.events(Bill), strict=True)
    )


# Bills and votes


def test_the_menu_enacts_what_is_not_in_force_and_repeals_what_is() -> None:
    played = Played({"propose": ["enact a toll", "repeal a toll"]}, sessions=2)
    options = [call.answer.options for call in played.calls["propose"] if isinstance(call.answer, Choice)]
    assert options == [
        ("enact a bridge", "enact a toll", "enact a feast"),
        ("enact a bridge", "repeal a toll", "enact a feast"),
    ]
    assert [event.laws for event in played.events(CouncilBudget)] == ["a toll", ""]
    assert played.outcome["laws"] == ""


@pytest.mark.parametrize(
    ("votes", "passed", "quorate"),
    [
        (["yes", "yes", "no"], True, True),
        (["yes", "no", "abstain"], False, True),
        (["yes", "abstain", "abstain"], True, True),
        (["yes", "yes", None], True, True),
        (["yes", "abstain", None], True, True),
        (["yes", None, None], False, False),
        (["abstain", "abstain", "abstain"], False, True),
    ],
)
def test_a_bill_passes_with_a_quorum_and_more_yes_than_no(
    votes: list[str | None], passed: bool, quorate: bool
) -> None:
    played = Played({"vote_bill": votes})
    [decision] = played.events(CouncilDecision)
    assert (decision.passed, decision.quorate) == (passed, quorate)
    assert decision.absent == votes.count(None) == played.outcome["failures"]
    assert [vote.vote for vote in played.events(CouncilVote)] == votes
    assert (played.outcome["passed"], played.outcome["inquorate"]) == (passed, not quorate)


def test_the_probability_of_a_yes_is_recorded() -> None:
    played = Played({"vote_bill": reply("no", [0.25, 0.5, 0.25])})
    assert {vote.yes_probability for vote in played.events(CouncilVote)} == {0.25}


def test_an_amendment_that_passes_changes_the_law_and_what_is_voted_on() -> None:
    played = Played({"amend": "double size", "vote_amendment": "yes"})
    amendment, bill = played.events(CouncilDecision)
    assert (amendment.question, amendment.size, bill.question, bill.size) == ("amendment", 2, "bill", 2)
    assert "the bill to enact a bridge, at size 2. How do you vote" in text_of(played.calls["vote_bill"][0])
    assert played.events(CouncilBudget)[0].laws == "a bridge (size 2)"


def test_an_amendment_that_fails_leaves_the_bill() -> None:
    played = Played({"amend": "double size", "vote_amendment": ["yes", "no", "no"]})
    assert played.events(CouncilDecision)[1].size == 1


def test_half_of_a_law_may_be_kept() -> None:
    answers = {
        "propose": ["enact a toll", "repeal a toll"],
        "amend": ["double size", "keep half"],
        "vote_amendment": "yes",
    }
    assert Played(answers, sessions=2).outcome["laws"] == "a toll"
    half = Motion("repeal", Law(name="a toll", cost=1), 1.0, 0.5)
    assert half.told_with_size == "repeal a toll, leaving size 0.5"


def test_a_council_without_amendments_asks_for_none() -> None:
    assert "Bo amend" not in Played(amendments=False).asked()


# The budget


LAWS = [Law.model_validate(law) for law in VILLAGE["laws"]]
GROUPS = VILLAGE["groups"]


def test_laws_cost_and_bring_and_change_welfare_by_their_size() -> None:
    found = accounts(BudgetRules(), STRESS["none"], [(LAWS[0], 0.5), (LAWS[1], 2.0)], GROUPS, 20)
    assert (found.revenue, found.spending, found.treasury) == (100 + 20, 90 + 10, 20 + 120 - 100)
    assert found.welfare == {"millers": 50 + 5 - 12, "monks": 50 + 2}


def test_debt_lowers_everybodys_welfare() -> None:
    found = accounts(BudgetRules(treasury=0), STRESS["none"], [(LAWS[0], 1.0)], GROUPS, 0)
    assert found.treasury == 100 - 110
    assert found.welfare == {"millers": 50 + 10 - 0.5 * 10, "monks": 50 + 4 - 0.5 * 10}


def test_a_budget_crisis_cuts_revenue_and_scarcity_raises_prices_and_hurts() -> None:
    crisis = accounts(BudgetRules(), STRESS["budget_crisis"], [(LAWS[1], 1.0)], GROUPS, 20)
    assert (crisis.revenue, crisis.spending, crisis.treasury) == (80 + 10, 90, 20)
    scarce = accounts(BudgetRules(), STRESS["scarcity"], [(LAWS[0], 1.0)], GROUPS, 20)
    assert (scarce.revenue, scarce.spending) == (100, pytest.approx(110 * 1.2))
    assert scarce.welfare["monks"] == pytest.approx(50 + 4 - 10 - 0.5 * 12)


@pytest.mark.parametrize(("effect", "expected"), [(80, 100), (-80, 0)])
def test_welfare_stays_from_0_to_100(effect: float, expected: float) -> None:
    law = Law(name="x", cost=0, effects={"monks": effect})
    assert accounts(BudgetRules(), STRESS["none"], [(law, 1.0)], ["monks"], 0).welfare == {"monks": expected}


def test_the_treasury_is_carried_on_and_welfare_is_told_in_the_minutes() -> None:
    played = Played({"propose": ["enact a bridge", "enact a toll"]}, sessions=2)
    assert [event.treasury for event in played.events(CouncilBudget)] == [20 - 10, 10 + 110 - 110]
    assert "The town has 10 in its treasury" in text_of(played.calls["speak"][-1])
    assert "Welfare: millers 60, monks 54." in text_of(played.calls["speak"][-1])
    assert played.outcome["welfare"] == pytest.approx((60 + 54 + 54 + 54) / 4)
    assert played.outcome["worst_welfare"] == pytest.approx((54 + 54) / 2)


def test_rewards_are_the_welfare_of_a_members_group() -> None:
    played = Played({"propose": ["enact a bridge", "enact a toll"]}, sessions=2)
    assert rewards_of(played.episode) == {"Ann": 57.0, "Bo": 54.0, "Cem": 54.0}
    mediated = Played(deliberation="mediated")
    assert rewards_of(mediated.episode)["Mediator"] == (60 + 54) / 2


# Labels


def test_the_labeller_reads_acts_without_names() -> None:
    def speech(call: Call) -> str:
        return f"I, {call.agent}, agree with ann and the Mediator."

    played = Played({"speak": speech, "justify": "Bo needs it.", "amend": "half size"})
    labels = [text_of(call) for call in played.calls["label"]]
    assert "A member says to the council: I, [name], agree with [name] and the [name]." in labels[0]
    assert "A member moves to enact a bridge. [name] needs it." in labels[3]
    assert "A member wants to amend the bill to enact a bridge: half size." in labels[4]
    for text in labels:
        assert not any(name in text for name in ("Ann", "ann and", "Bo", "Cem", "chair of"))
    assert [(e.member, e.act) for e in played.events(Label)] == [
        *(("Ann", "speech"), ("Bo", "speech"), ("Cem", "speech")),
        *(("Ann", "bill"), ("Bo", "amendment")),
    ]


def test_labels_are_probabilities_or_choices_and_make_the_index() -> None:
    told = reply("power", [0.5, 0.3, 0.2])
    assert shares(told, "expectation") == (0.5, 0.3, "probabilities")
    assert shares(told, "sample") == (1.0, 0.0, "sample")
    assert shares(failure("?"), "expectation") == (None, None, "failed")
    answers = {"label": [told, None, "welfare", "neutral"]}
    assert Played(answers).outcome["power_preservation"] == pytest.approx(0.5 / (0.5 + 0.3 + 1))
    assert Played(answers, score_basis="sample").outcome["power_preservation"] == 1 / (1 + 1)
    assert Played({"label": None}).outcome["power_preservation"] is None


def test_what_members_want_is_recorded_beside_what_they_say_and_told_to_nobody() -> None:
    played = Played({"intend": ["power", None, "welfare"], "speak": by_agent(Ann="Hi.", Bo="Ho.", Cem=None)})
    speeches = [(e.member, e.intent, e.message is None) for e in played.events(CouncilSpeech)]
    assert speeches == [("Ann", "power", False), ("Bo", None, False), ("Cem", "welfare", True)]
    assert len(played.events(Label)) == 3, "two speeches and a bill"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Ann Lee spoke", "[name] spoke"), ("Lee, Anna", "[name], Anna"), ("bo or BO", "[name] or [name]")],
)
def test_names_are_blotted_out_wholly_or_in_part(text: str, expected: str) -> None:
    assert without_names(text, ["Ann Lee", "Bo"]) == expected


# Elections


def test_a_ballot_is_ranked_by_the_probabilities_of_one_choice() -> None:
    def elect(call: Call) -> Reply:
        assert isinstance(call.answer, Choice)
        odds = {"Ann": 0.2, "Bo": 0.35, "Cem": 0.45}
        return reply("Ann", [odds[name] for name in call.answer.options])

    played = Played({"elect": elect})
    assert len(played.calls["elect"]) == 3
    assert played.events(BallotCast)[0] == BallotCast(1, "Ann", "Cem, Bo, Ann", "Cem, Bo", "probabilities")
    assert played.outcome["chair"] == "Cem"


def test_without_probabilities_choice_after_choice_ranks() -> None:
    def elect(call: Call) -> str:
        assert isinstance(call.answer, Choice)
        return max(call.answer.options)

    played = Played({"elect": elect})
    assert [call.about["place"] for call in played.calls["elect"]] == [1, 1, 1, 2, 2, 2]
    assert played.events(BallotCast)[2] == BallotCast(1, "Cem", "Cem, Bo, Ann", "Cem, Bo", "repeated choices")


def test_a_failed_answer_ends_a_ranking_and_an_empty_one_is_no_ballot() -> None:
    played = Played({"elect": [None, "Bo", "Bo", "Cem", None]})
    assert [(e.ranking, e.basis) for e in played.events(BallotCast)] == [
        (None, "failed"),
        ("Bo, Cem, Ann", "repeated choices"),
        ("Bo", "repeated choices"),
    ]
    [election] = played.events(Election)
    assert (election.ballots, election.winner) == (2, "Bo")


def test_nobody_answering_leaves_the_chair_in_office() -> None:
    [election] = Played({"elect": None}).events(Election)
    assert (election.winner, election.ballots, election.plurality) == ("Ann", 0, None)


@pytest.mark.parametrize("rule", ["plurality", "approval", "instant_runoff", "borda", "condorcet"])
def test_the_configured_rule_decides(rule: str) -> None:
    for index in range(20):
        episode = village(index, voting_rule=rule, members=five())
        while episode.pending:
            episode.advance(scripted_replies(episode.pending))
        [found] = [event for _, event in episode.events if isinstance(event, Election)]
        assert found.winner == (getattr(found, rule) or found.borda) == episode.outcome["chair"]


def five() -> list[dict[str, Any]]:
    return [{"name": name, "group": "monks"} for name in ("Ann", "Bo", "Cem", "Dee", "Eli")]


# Failures


def test_without_a_bill_there_is_no_vote_but_a_budget() -> None:
    played = Played({"propose": None})
    assert played.events(Bill) == [Bill(1, 1, "Ann", None, None, None)]
    assert not played.events(CouncilVote)
    assert len(played.events(CouncilWelfare)) == 2


def test_a_bill_without_a_reason_is_still_voted_on() -> None:
    played = Played({"justify": None})
    assert "Ann moves to enact a bridge." in text_of(played.calls["vote_bill"][1])
    assert "mumble" not in text_of(played.calls["vote_bill"][1])
    assert played.events(Bill)[0].message is None
    assert played.outcome["passed"] == 1


def test_a_summary_that_failed_is_read_by_nobody() -> None:
    played = Played({"mediate": None}, deliberation="mediated")
    assert "mumble" not in text_of(played.calls["propose"][0])


# The charter


def test_a_charter_is_a_text_that_members_and_mediator_read_but_not_the_labeller() -> None:
    played = Played(charter="No law may serve one person.", deliberation="mediated")
    for purpose, calls in played.calls.items():
        for call in calls:
            assert ("No law may serve one person." in text_of(call)) == (purpose != "label")


def test_the_constitution_is_a_prompt_and_without_a_charter_nothing_binds() -> None:
    prompts = {"constitution": "All bread is shared."}
    assert "All bread is shared." in text_of(
        Played(charter="constitutional", prompts=prompts).calls["speak"][0]
    )
    assert "bound by no charter" in text_of(Played(prompts=prompts).calls["speak"][0])


def test_a_charter_may_be_a_file_beside_the_scenario_which_a_resume_does_not_need(tmp_path: Path) -> None:
    (tmp_path / "laws").mkdir()
    (tmp_path / "laws" / "charter.txt").write_text("Bread first.\n", encoding="utf-8")
    path = tmp_path / "my.yaml"
    path.write_text(READY[0].read_text().replace("charter: constitutional", "charter: laws/charter.txt"))
    config = load(path).config
    assert settings_of(config)["charter"] == "Bread first."
    again = check(settings_of(config), str(tmp_path / "elsewhere" / "run.json")).config
    assert again == config


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("lost.txt", None, "`charter`: there is no file"),
        ("empty.md", " \n", "holds no charter but ''"),
        ("other.txt", "charter.txt", "holds no charter but 'charter.txt'"),
        ("word.txt", "none", "holds no charter but 'none'"),
        (".txt", None, "`charter`: there is no file"),
    ],
)
def test_a_charter_file_that_holds_none_is_refused_with_its_place(
    tmp_path: Path, name: str, text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    path = tmp_path / "my.yaml"
    path.write_text(READY[0].read_text().replace("charter: constitutional", f"charter: {name}"))
    with pytest.raises(BadInput) as error:
        load(path)
    assert words in str(error.value)
    assert f"{path}:10:1" in str(error.value)


def test_a_charter_is_not_read_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("Dear diary.")
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "link.txt").symlink_to(tmp_path / "diary.txt")
    for given in ("../diary.txt", str(tmp_path / "diary.txt"), "link.txt"):
        with pytest.raises(BadInput, match="outside the scenario file's folder; copy it there"):
            check(VILLAGE | {"charter": given}, str(tmp_path / "file" / "my.yaml"))


def test_a_charter_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(BadInput, match="UTF-8"):
        check(VILLAGE | {"charter": "binary.txt"}, str(tmp_path / "my.yaml"))


# Files


def with_member(**change: Any) -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = deepcopy(VILLAGE["members"])
    members[1] |= change
    return members


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"quorum": 0}, "a quorum of 0 is none; take 1 to 3, such as 2"),
    ({"quorum": 4}, "a quorum of 4 can't be met by 3 members; take 3 or less"),
    ({"quorum": None}, "`quorum`: input should be a valid integer"),
    ({"members": VILLAGE["members"][:2]}, "at least 3"),
    ({"members": with_member(name="ann")}, "two agents are named"),
    ({"members": with_member(group="miners")}, "no group 'miners'; the groups are: millers, monks"),
    ({"mediator": {"name": "Bo"}}, "two agents are named"),
    ({"labeller": {"name": "Bo"}}, "two agents are named"),
    ({"labeller": {"name": "L", "policy": "red"}}, "no policy 'red'"),
    ({"groups": ["millers", "monks", "Monks"]}, "'Monks' is in `groups` twice"),
    ({"laws": VILLAGE["laws"][:1]}, "at least 2"),
    ({"laws": [*VILLAGE["laws"], {"name": "A  Toll", "cost": 1}]}, "'A  Toll' is in `laws` twice"),
    ({"laws": [*VILLAGE["laws"], {"name": "x", "cost": 1, "effects": {"mice": 1}}]}, "no group 'mice'"),
    ({"charter": "missing.txt"}, "there is no file missing.txt"),
    ({"charter": "  "}, "it has no text; write `none` for no charter"),
    ({"voting_rule": "lottery"}, "`voting_rule`"),
]


@pytest.mark.parametrize(("changes", "words"), REFUSED, ids=[words[:30] for _, words in REFUSED])
def test_impossible_files_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput) as error:
        check(deepcopy(VILLAGE) | changes, "test.yaml")
    assert words in str(error.value)


def test_a_council_that_names_no_quorum_is_refused_at_its_place(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(READY[0].read_text().replace("quorum: 3\n", ""))
    with pytest.raises(BadInput, match=r"my\.yaml:\d+:\d+: `quorum` is missing"):
        load(path)
    path.write_text(READY[0].read_text().replace("quorum: 3\n", "quorum: 0\n"))
    with pytest.raises(BadInput, match=r"my\.yaml:9:1: a quorum of 0 is none"):
        load(path)


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_file_plays_to_its_end_with_few_calls(path: Path) -> None:
    scenario = load(path)
    for index in range(scenario.config.episodes):
        episode = scenario.rules(scenario.config, index=index)
        calls = [
            call
            for made in play_out(episode, lambda call: scripted_replies([call])[0]).values()
            for call in made
        ]
        assert len(calls) <= 150
        # 2,048 tokens hold the longest prompt and its answer, at 3 characters a token or more.
        assert max(len(text_of(call)) for call in calls) < 3 * 1900
        assert not episode.outcome["failures"]


def may_read(episode: Episode[Any], call: Call) -> set[str]:
    """Speeches reach the council or its mediator and the labeller, reasons of bills all of them."""
    config = episode.config
    members, labeller = {member.name for member in config.members}, config.labeller.name
    if call.purpose == "speak":
        hearers = {config.mediator.name} if config.deliberation == "mediated" else members
        return {*hearers, labeller}
    if call.purpose == "justify":
        return {*members, labeller}
    return members if call.purpose == "mediate" else set()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"deliberation": "mediated", "mediator": {"name": "Mo", "persona": "Calm."}, "charter": "Be good."},
        {"proposer": "turn", "stressor": "scarcity", "labeller": {"name": "Lu", "persona": "Strict."}},
    ],
    ids=["free", "mediated", "in turn"],
)
def test_the_contract(fields: dict[str, Any]) -> None:
    check_contract(
        VILLAGE | {"sessions": 2} | fields,
        may_read=may_read,
        secrets={("members", i, "agenda"): {name} for i, name in enumerate(("Ann", "Bo", "Cem"))},
        refused=REFUSED,
    )


def test_a_repeal_that_leaves_half_says_what_it_leaves() -> None:
    law = Law(name="a clinic", cost=10, effects={})
    assert Motion("repeal", law, 2.0, 1.0).told_with_size == "repeal a clinic, leaving size 1"
    assert Motion("repeal", law, 2.0, 0.0).told_with_size == "repeal a clinic"
    assert Motion("enact", law, 0.0, 1.0).told_with_size == "enact a clinic"
    assert Motion("enact", law, 0.0, 2.0).told_with_size == "enact a clinic, at size 2"
