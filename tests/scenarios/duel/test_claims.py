"""Answers judged claim by claim: each judge takes them apart and scores every claim by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from palaestra.agents import scripted
from palaestra.agents.answers import Json
from palaestra.agents.calls import Call, Reply
from palaestra.agents.declared import Where
from palaestra.agents.failures import BadInput, UnparsedAnswer
from palaestra.runs.audits.fingerprint import KnownJudge, known_judges
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check, refuse_moot
from palaestra.scenarios.core.trajectory import Trajectory
from palaestra.scenarios.core.trial import PROBE
from palaestra.scenarios.duel.config import DuelConfig
from palaestra.scenarios.duel.events import Claim, DuelJudgement, Match
from palaestra.scenarios.duel.rules import Duel
from support.scripted_debates import events, failure, play_out, reply, text_of

FILE: dict[str, Any] = {
    "scenario": "duel",
    "judging": "claims",
    "weights": "uniform",
    "fighters": [{"name": "Ann"}, {"name": "Bo"}, {"name": "Cem"}],
    "instructions": ["Name a colour.", "Name a river."],
}
CLAIMS = {"Ann": ["Red is warm.", "Red is old."], "Bo": ["Blue is cold."], "Cem": ["Green grows."]}
POINTS = {"Red is warm.": 9, "Red is old.": 4, "Blue is cold.": 5, "Green grows.": 8}


def duel(**fields: Any) -> Duel:
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, DuelConfig)
    return Duel(config)


def listed(*claims: str) -> Reply:
    return Reply(json.dumps({"claims": claims}), value={"claims": list(claims)})


def answer(call: Call) -> Reply:
    """Every answer tells its author, makes its `CLAIMS`, and each of these has its `POINTS`."""
    if call.purpose == "answer":
        return reply(f"I am {call.agent}.")
    if call.purpose == "claims":
        return listed(*CLAIMS[str(call.about["of"])])
    return reply(str(next(points for claim, points in POINTS.items() if claim in text_of(call))))


def first_of(purpose: str, instead: Reply) -> Callable[[Call], Reply]:
    """The same, with another reply about the first of what it is asked for this purpose."""

    def answering(call: Call) -> Reply:
        if call.purpose == purpose and call.about["contest"] == 0 and call.about.get("claim", 1) == 1:
            return instead
        return answer(call)

    return answering


def test_a_judge_lists_the_claims_of_an_answer_then_reads_each_with_the_instruction_alone() -> None:
    played = duel()
    made = play_out(played, answer)
    assert played.steps == 3
    assert len(made["claims"]) == 2 * 2
    for call in made["claims"]:
        assert f"I am {call.about['of']}." in text_of(call)
        assert "at most 5" in text_of(call)
    for call in made["score_claim"]:
        asked, whose = text_of(call), CLAIMS[str(call.about["of"])]
        number = call.about["claim"]
        assert isinstance(number, int)
        assert [claim for claim in POINTS if claim in asked] == [whose[number - 1]]
        assert played.config.instructions[int(str(call.about["contest"]))] in asked
        assert "I am" not in asked
    assert not {"score", "compare"} & set(made)


def test_an_answer_s_score_is_the_mean_over_its_claims_and_decides_the_match() -> None:
    played = duel()
    play_out(played, answer)
    means = {"Ann": 6.5, "Bo": 5.0, "Cem": 8.0}
    for judged in events(played, DuelJudgement):
        assert (judged.score, judged.basis) == (means[judged.contestant], "sample")
    for match in events(played, Match):
        assert match.margin == means[match.first] - means[match.second]
    told = [claim for claim in events(played, Claim) if claim.fighter == "Ann"]
    assert [(claim.number, claim.text, claim.score) for claim in told[:2]] == [
        (1, "Red is warm.", 9.0),
        (2, "Red is old.", 4.0),
    ]
    assert {(claim.contest, claim.judge) for claim in told} == {
        (judged.contest, judged.judge)
        for judged in events(played, DuelJudgement)
        if judged.contestant == "Ann"
    }
    trajectory = Trajectory(0, 0, (), {}, tuple(event for _, event in played.events), played.outcome)
    for each in Duel.judged(played.config, trajectory):
        assert each.unit == "points 1–10"
        assert {said.value for said in each.scores} <= set(means.values())


def test_a_claim_s_score_is_an_expectation_where_there_are_probabilities() -> None:
    played = duel()
    half = reply("10", [0.5] + [0.0] * 8 + [0.5])
    play_out(played, lambda call: half if call.purpose == "score_claim" else answer(call))
    assert {(judged.score, judged.basis) for judged in events(played, DuelJudgement)} == {
        (5.5, "probabilities")
    }


def test_an_answer_whose_claims_can_not_be_had_has_no_score_of_that_judge_and_is_counted() -> None:
    played = duel()
    play_out(played, first_of("claims", failure("Well,", "you see")))
    failed = [judged for judged in events(played, DuelJudgement) if judged.score is None]
    assert {judged.basis for judged in failed} == {"failed"}
    assert {judged.contest for judged in failed} == {0}
    assert played.outcome["failures"] == len(failed) == 2
    assert played.outcome["undecided"] == 1
    assert all(claim.contest == 1 for claim in events(played, Claim))


def test_a_claim_that_can_not_be_scored_is_left_out_of_the_mean() -> None:
    played = duel(instructions=["Name a colour."], judges=[{"name": "Kim"}], fighters_judge=False)
    play_out(played, first_of("score_claim", failure("so-so")))
    scores = {judged.contestant: judged.score for judged in events(played, DuelJudgement)}
    expected = {"Ann": 4.0, "Bo": None, "Cem": None}
    assert scores == {name: expected[name] for name in scores}
    assert played.outcome["failures"] == 2


def test_a_claim_that_is_made_twice_counts_once() -> None:
    played = duel()
    play_out(played, first_of("claims", listed("Red is old.", "Red is warm.", "Red is old.")))
    assert {judged.score for judged in events(played, DuelJudgement) if judged.contest == 0} == {6.5}


@pytest.mark.parametrize("claims", [[], ["a", "b", "c"], [" "], ["a" * 201]])
def test_a_list_of_claims_has_one_to_as_many_as_the_file_says_and_no_empty_one(claims: list[str]) -> None:
    calls = play_out(duel(most_claims=2), answer)["claims"]
    asked = calls[0].answer
    assert isinstance(asked, Json)
    assert asked.parse('{"claims": [" It rains. "]}') == {"claims": ["It rains."]}
    with pytest.raises(UnparsedAnswer):
        asked.parse(json.dumps({"claims": claims}))


def test_handicaps_scale_points_of_claims_and_repeats_find_claims_anew() -> None:
    played = duel(iterations=4, handicaps="dynamic", judgements=2, sparta={"least_gap": 1.0})
    made = play_out(played, answer)
    assert {call.about["repeat"] for call in made["score_claim"]} == {1, 2}
    assert 0.0 in {score for m in events(played, Match) for score in (m.first_score, m.second_score)}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"judgements": 2}, None),
        ({"judgements": 2, "policies": {"default": {"temperature": 0}}}, "has temperature 0"),
        ({"weights": "sparta"}, "these 3 judges are one"),
        (
            {
                "weights": "sparta",
                "policies": {"default": {}, "bo": {"temperature": 0.2}, "cem": {"temperature": 2}},
            },
            None,
        ),
    ],
)
def test_claims_are_samples_so_temperature_tells_judges_apart_and_repeats_need_it(
    fields: dict[str, Any], words: str | None
) -> None:
    policies = fields.get("policies", {})
    fighters = [
        {"name": name, "policy": name.lower() if name.lower() in policies else "default"}
        for name in ("Ann", "Bo", "Cem")
    ]
    file = FILE | {"engines": {"default": {"kind": "vllm"}}, "fighters": fighters} | fields
    told = [message for _, message in check(file, "test.yaml").config.moot()]
    assert bool(told) == (words is not None)
    assert all((words or "") in message for message in told)


def test_a_judge_by_claims_is_known_by_how_it_lists_and_how_it_scores_them() -> None:
    def prints(**fields: Any) -> set[str]:
        scenario = check(FILE | fields, "test.yaml")
        return {judge.fingerprint for judge in known_judges(scenario.rules, scenario.config, "claims", {})}

    usual = prints()
    assert prints(seed=7, instructions=["Name a tree."]) == usual
    for other in (
        {"prompts": {"score_claim": "How true is it? From 1 to 10."}},
        {"prompts": {"claims": "What does it say? At most {most}."}},
        {"most_claims": 3},
        {"policies": {"default": {"temperature": 0.2}}},
    ):
        assert not prints(**other) & usual


def test_made_up_words_are_no_part_of_a_judge_and_no_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """To see what a judge is asked of claims, some are made up; a fighter may be called like one of them."""
    scenario = check(FILE | {"fighters": [{"name": name} for name in ("Ann", "Bo", "plan")]}, "test.yaml")

    def known() -> list[KnownJudge]:
        return known_judges(scenario.rules, scenario.config, "claims", {})

    usual = known()
    assert {judge.leaks for judge in usual} == {()}
    monkeypatch.setattr(scripted, "WORDS", ("plan", "plans"))
    assert known() == usual


def test_a_trial_tells_of_each_judgement_its_first_call_and_its_mean() -> None:
    scenario = check(FILE, "test.yaml")
    trial = scenario.rules.trials(scenario.config)["claims"]((PROBE, PROBE), None)
    asked: dict[int, Call] = {}

    def said_to(call: Call) -> Reply:
        two = listed("It adds.", "It ends.")
        return two if call.purpose == "claims" else reply(str(2 * int(str(call.about["claim"]))))

    while calls := trial.pending:
        asked |= {call.index: call for call in calls}
        trial.advance([said_to(call) for call in calls])
    told = list(trial.verdicts())
    assert len(told) == 2 * 2 * 3
    assert len(asked) == len(told) * 3
    assert len({said.call for said in told}) == len(told)
    for said in told:
        call = asked[said.call]
        assert (call.purpose, call.agent, call.about["contest"]) == ("claims", said.judge, said.pair)
        assert call.about["of"] == trial.contestants[said.read[0]]
        assert said.value == 3.0


def judges_read_answers(episode: Episode[Any], call: Call) -> set[str]:
    """Whoever judges may read an answer, and nobody else's claims."""
    assert isinstance(episode, Duel)
    return {name for name in episode.judges if name != call.agent} if call.purpose == "answer" else set()


def test_a_number_of_claims_that_nobody_looks_for_is_refused_of_a_file_and_no_obstacle_to_a_run() -> None:
    scenario = check(FILE | {"judging": "pointwise", "most_claims": 3}, "test.yaml")
    with pytest.raises(BadInput, match="`judging: pointwise` finds no claims; leave this out"):
        refuse_moot(scenario, Where("test.yaml", {}, {}))
    with pytest.raises(BadInput, match="less than or equal to 10"):
        check(FILE | {"most_claims": 11}, "test.yaml")


def test_the_contract_is_kept() -> None:
    file = FILE | {"iterations": 2, "judges": [{"name": "Kim", "persona": "Strict."}]}
    check_contract(
        file, may_read=judges_read_answers, refused=[({"most_claims": 0}, "most_claims")], episodes=2
    )
