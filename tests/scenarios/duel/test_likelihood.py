"""Duels judged by likelihood: the judge stands in the author's place, and its score is a log-probability."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from palaestra.agents.answers import Likelihood
from palaestra.agents.calls import Call, Reply
from palaestra.agents.failures import BadInput
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check
from palaestra.scenarios.duel.config import DuelConfig
from palaestra.scenarios.duel.events import DuelJudgement, Match
from palaestra.scenarios.duel.rules import Duel
from support.scripted_debates import events, failure, play_out, reply

TRIBE = [{"name": name, "policy": name.lower()} for name in ("Ann", "Bo", "Cem")]
ADAPTED = {name: {"adapter": f"adapters/{name}"} for name in ("ann", "bo", "cem")}
FILE: dict[str, Any] = {
    "scenario": "duel",
    "judging": "likelihood",
    "fighters": TRIBE,
    "instructions": [f"Name a {thing}." for thing in ("colour", "river", "city", "tree", "king", "sea")],
    "policies": {"default": {}, **ADAPTED},
}


def duel(**fields: Any) -> Duel:
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, DuelConfig)
    return Duel(config)


def weighed(mean: float) -> Reply:
    return Reply("", value={"mean_logprob": mean, "tokens": 4})


def finding(means: dict[str, float]) -> Callable[[Call], Reply]:
    """Every text tells its author, and its mean log-probability is the one of the policy that weighs it."""

    def answer(call: Call) -> Reply:
        if call.purpose == "answer":
            return reply(f"I am {call.agent}.")
        return weighed(means[call.policy] - len(str(call.about["of"])))

    return answer


MEANS = {"ann": -1.0, "bo": -2.0, "cem": -3.0, "default": -0.5}


def test_a_judge_reads_what_the_author_read_and_weighs_what_it_said() -> None:
    made = play_out(duel(), finding(MEANS))
    told = {call.about["contest"]: call.prompt for call in made["answer"]}
    assert len(made["weigh"]) == 6 * 2
    for call in made["weigh"]:
        assert call.prompt == told[call.about["contest"]]
        assert call.answer == Likelihood(f"I am {call.about['of']}.")
        assert call.policy == call.agent.lower()


def test_the_score_is_the_mean_log_probability_and_decides_the_match() -> None:
    played = duel(weights="uniform")
    play_out(played, finding(MEANS))
    for judged in events(played, DuelJudgement):
        assert judged.score == MEANS[judged.judge.lower()] - len(judged.contestant)
        assert judged.basis == "log-probability"
    for match in events(played, Match):
        assert match.margin == len(match.second) - len(match.first)


def test_less_that_by_the_reference_it_is_the_judge_s_implicit_reward() -> None:
    played = duel(reference="default")

    def answer(call: Call) -> Reply:
        if call.purpose == "weigh" and call.policy == "default":
            assert call.about["reference"] is True
            return weighed(-9.0 - len(str(call.about["of"])))
        return finding(MEANS)(call)

    made = play_out(played, answer)
    scores = {(judged.judge, judged.score) for judged in events(played, DuelJudgement)}
    assert scores == {("Ann", 8.0), ("Bo", 7.0), ("Cem", 6.0)}
    asked = made["weigh"]
    assert len(asked) == 2 * 6 * 2
    for own, base in zip(asked[::2], asked[1::2], strict=True):
        assert (own.prompt, own.answer) == (base.prompt, base.answer)


@pytest.mark.parametrize("mute", ["default", "cem"])
def test_a_judge_of_whom_either_number_is_missing_is_left_out(mute: str) -> None:
    played = duel(reference="default")

    def answer(call: Call) -> Reply:
        missing = call.purpose == "weigh" and call.policy == mute and call.agent == "Cem"
        return failure("NaN") if missing else finding(MEANS)(call)

    play_out(played, answer)
    of_cem = [judged for judged in events(played, DuelJudgement) if judged.judge == "Cem"]
    assert {(judged.score, judged.basis) for judged in of_cem} == {(None, "failed")}
    assert played.outcome["failures"] == len(of_cem)
    assert {match.judges for match in events(played, Match) if "Cem" not in (match.first, match.second)} == {
        0
    }


SERVER = {"kind": "openai", "model": "m", "url": "http://127.0.0.1:9/v1"}
REFUSED = [
    ({"handicaps": "static"}, "handicaps scale points"),
    ({"judgements": 2}, "the same each time"),
    ({"score_basis": "sample"}, "no sample"),
    ({"reference": "nobody"}, "no policy 'nobody'"),
    ({"judging": "pointwise", "reference": "default"}, "no log-probabilities"),
    (
        {
            "judging": "pointwise",
            "engines": {"default": SERVER},
            "policies": {"default": {"normalise": "answer"}},
        }
        | {"fighters": [{"name": name} for name in ("Ann", "Bo", "Cem")]},
        "nor a whole option",
    ),
    (
        {"engines": {"default": SERVER}, "policies": {name: {} for name in MEANS}},
        "of kind scripted or vllm",
    ),
    ({"policies": {"default": {}, **ADAPTED, "ann": {}}, "reference": "default"}, "give it an `adapter`"),
    (
        {"engines": {"default": {}, "b": {}}, "policies": {"default": {"engine": "b"}, **ADAPTED}}
        | {"reference": "default"},
        "on another engine, 'b'",
    ),
]


@pytest.mark.parametrize(("changes", "words"), REFUSED)
def test_what_has_no_meaning_is_refused_before_anything_is_asked(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        check(FILE | changes, "test.yaml")


def test_who_does_not_judge_may_be_on_any_engine() -> None:
    engines = {"default": SERVER, "here": {}}
    judge = {"name": "Kim", "policy": "kim"}
    policies = {**{name: {} for name in ADAPTED}, "kim": {"engine": "here"}}
    changes = {"engines": engines, "policies": policies, "fighters_judge": False, "judges": [judge]}
    assert check(FILE | changes, "test.yaml").config.policies["ann"].engine == "default"


def test_a_dry_run_needs_no_adapters_to_tell_judge_and_reference_apart() -> None:
    scenario = check(FILE | {"reference": "default"}, "test.yaml").on_scripted_engines()
    assert scenario.config.policies["ann"].adapter is None


def judges_weigh_answers(episode: Episode[Any], call: Call) -> set[str]:
    assert isinstance(episode, Duel)
    if call.purpose != "answer":
        return set()
    return {name for name in episode.judges if episode.config.contest == "n_way" or name != call.agent}


@pytest.mark.parametrize("fields", [{}, {"contest": "n_way"}, {"reference": "default", "ratings": "elo"}])
def test_the_contract_is_kept(fields: dict[str, Any]) -> None:
    check_contract(FILE | fields, may_read=judges_weigh_answers, episodes=2)
