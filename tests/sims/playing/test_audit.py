"""Planted faults of judges are named by an audit, or by the quality of their pairs; sound ones have none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from palaestra.agents.failures import BadInput, ExtensionFault
from palaestra.agents.scripted import scripted_reply
from palaestra.metrics.judge_audit import SCHEMA, audit_figures, effective_judges, panel_table
from palaestra.runs.audits.fingerprint import known_judges
from palaestra.runs.audits.kept import JudgeAudit, find, keep, places
from palaestra.runs.audits.own_answers import of_themselves
from palaestra.runs.audits.standing import called, in_words, panel_in_words
from palaestra.runs.audits.verdict import verdict
from palaestra.runs.exports.folder import export
from palaestra.runs.exports.options import ExportOptions
from palaestra.runs.exports.pairing import PairRule
from palaestra.runs.quality.pairs import read_pairs
from palaestra.runs.quality.report import quality_report
from palaestra.scenarios.core.load import check
from palaestra.scenarios.core.sweep import points
from palaestra.scenarios.duel.trial import MODES
from palaestra.scenarios.parts.planted import planted_pairs
from palaestra.sims.engines import scripted_engine
from palaestra.sims.playing import play
from palaestra.sims.playing.audit import Tried, audit, modes_of
from support.made_up_judges import MadeUpJudge, MadeUpReplies

SCRIPTED: dict[str, Any] = {"default": {"kind": "scripted"}}
PAIRS = planted_pairs(500, 4)
NAMES = ("Kim", "Lund", "Mora")


def scenario(**fields: Any) -> dict[str, Any]:
    """Two fighters, judged by three who differ."""
    return {
        "scenario": "duel",
        "weights": "uniform",
        "engines": SCRIPTED,
        "fighters": [{"name": "Ann"}, {"name": "Bob"}],
        "fighters_judge": False,
        "judges": [{"name": name, "persona": f"Taste of {name}."} for name in NAMES],
        "instructions": ["Name a colour."],
    } | fields


def audited(monkeypatch: pytest.MonkeyPatch, *judges: MadeUpJudge, mode: str, **fields: Any) -> list[Tried]:
    """The audits of judges that answer as made up."""
    replies = MadeUpReplies(dict(zip(NAMES, judges, strict=False)), PAIRS)
    monkeypatch.setattr(scripted_engine, "scripted_reply", replies)
    own = {"judging": mode} if mode == "claims" else {}  # tried only where it is the file's own
    return audit(check(scenario(**own, **fields), "test.yaml"), [mode], PAIRS, 4, quiet=True)


SOUND = {
    "all-knowing": MadeUpJudge(knows=4, noise=0.1),
    "good": MadeUpJudge(knows=2),
    "fair": MadeUpJudge(knows=1),
    "poor, and better than chance": MadeUpJudge(knows=0.6),
    "harsh": MadeUpJudge(knows=2, level=3.5),
    "generous": MadeUpJudge(knows=2, level=7.5),
    "of few words between good and bad": MadeUpJudge(knows=0.3, noise=0.15),
    "noisy": MadeUpJudge(knows=2, noise=2),
    "with a slight taste for length": MadeUpJudge(knows=3, likes_length=0.2),
    "with options of half the mass": MadeUpJudge(knows=2, mass=0.5),
}


@pytest.mark.parametrize(
    ("judge", "mode"),
    [
        pytest.param(
            judge,
            mode,
            id=f"{name}-{mode}",
            marks=() if mode == MODES[number % len(MODES)] else pytest.mark.whole,
        )
        for number, (name, judge) in enumerate(SOUND.items())
        for mode in MODES
    ],
)
def test_a_sound_judge_has_its_figure_and_no_fault(
    judge: MadeUpJudge, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for each in audited(monkeypatch, judge, judge, judge, mode=mode):
        told = in_words(each.audit)
        assert told.startswith("made-up replies, right in "), told
        assert told.endswith(f" of 500 pairs ({mode})"), told


FAULTY = {
    "no better than chance on this battery": (MadeUpJudge(), MODES),
    "constant: in 100% of the pairs": (MadeUpJudge(fixed=True), MODES),
    "inverted: right in ": (MadeUpJudge(knows=-2), MODES),
    "position: favours what it reads first": (MadeUpJudge(knows=1, likes_first=4), ("pairwise",)),
    "length: favours what is longer": (MadeUpJudge(knows=1, likes_length=3), MODES),
    "mass: the options hold 0.4% of": (MadeUpJudge(knows=2, mass=0.004), ("pointwise", "pairwise")),
}


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        pytest.param(name, mode, marks=() if mode == modes[0] else pytest.mark.whole)
        for name, (_, modes) in FAULTY.items()
        for mode in modes
    ],
)
def test_a_planted_fault_of_a_judge_is_named(name: str, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    judge, _ = FAULTY[name]
    assert all(name in in_words(each.audit) for each in audited(monkeypatch, *[judge] * 3, mode=mode))


def test_a_judge_that_abstains_in_the_run_abstains_in_its_audit_where_it_flips(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    follower = MadeUpJudge(knows=3, likes_first=2)
    (kim, *_) = audited(monkeypatch, *[follower] * 3, mode="pairwise", judging="pairwise", abstain="flips")
    assert kim.judge.abstains
    every, counted = (audit_figures(kim.audit.table, True, abstains) for abstains in (False, True))
    assert every.abstained == 0 < counted.abstained < 400
    assert every.accuracy is not None
    assert counted.accuracy is not None
    assert counted.accuracy.value > every.accuracy.value
    assert (counted.consistency, counted.position) == (every.consistency, every.position)
    told = in_words(kim.audit, kim.judge.abstains)
    assert (
        f"of {500 - counted.abstained} pairs, abstaining from {counted.abstained} on which it flips" in told
    )
    assert "position: favours what it reads first" in told
    panel = audit_figures(panel_table([kim.audit.table] * 2, abstains=True), True)
    assert panel.accuracy == counted.accuracy
    (plain, *_) = audited(monkeypatch, *[follower] * 3, mode="pairwise", judging="pairwise")
    assert plain.judge.fingerprint == kim.judge.fingerprint, "what it says is the same"


def test_a_judge_that_always_flips_abstains_from_all() -> None:
    rows = [
        {"pair": n, "kind": "logic", "size": 1, "longer": "", "styled": "", "one": 0.9, "two": 0.2}
        for n in range(9)
    ]
    found = audit_figures(pl.DataFrame(rows, schema=SCHEMA), True, True)
    assert (found.pairs, found.abstained, found.accuracy) == (9, 9, None)
    assert verdict(found) == "abstains from every pair, as it flips with the order on each"


@pytest.mark.parametrize("mode", MODES)
def test_one_judge_thrice_is_told_and_worth_one(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    judges = [{"name": name} for name in NAMES]
    tried = audited(monkeypatch, *[MadeUpJudge(knows=1)] * 3, mode=mode, judges=judges)
    names = list(called([each.judge for each in tried]).values())
    assert names == ["Kim, Lund, Mora (these 3 judges are one)"]
    assert panel_in_words([each.audit for each in tried]).endswith("worth 1.0 independent judges")


@pytest.mark.parametrize("mode", MODES)
def test_judges_who_err_by_themselves_are_worth_their_number(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = panel_in_words([t.audit for t in audited(monkeypatch, *[MadeUpJudge(knows=1)] * 3, mode=mode)])
    assert float(told.split("worth ")[1].split()[0]) > 2.8


def test_a_prompt_that_names_a_contestant_is_told_as_a_leak_of_authorship(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prompts = {"shown": "Here Bob's answer is:"}
    tried = audited(monkeypatch, *[MadeUpJudge(knows=2)] * 3, mode="pointwise", prompts=prompts)
    assert all("authorship: what it is asked names Bob" in in_words(each.audit) for each in tried)


MARKS = {"ann": "~", "bob": "^", "cem": "|"}
"""What tells whose an answer is, to who knows."""
TRIBE = {
    "contest": "n_way",
    "policies": {name: {} for name in ("default", "ann", "bob", "cem")},
    "fighters": [{"name": name, "policy": name.lower()} for name in ("Ann", "Bob", "Cem")],
    "judges": [
        {"name": name, "policy": policy, "persona": f"Taste of {name}."}
        for name, policy in zip(NAMES, ("ann", "bob", "cem"), strict=True)
    ],
    "instructions": [f"Give advice {number}." for number in range(60)],
}


def tribe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, signed: bool, kim: MadeUpJudge) -> Path:
    """A run in which judges share the fighters' policies, and answers may say who wrote them."""
    judges = dict.fromkeys(NAMES, MadeUpJudge(likes={"plan": 2})) | {"Kim": kim}
    made_up = MadeUpReplies(judges)

    def reply(call: Any, **told: Any) -> Any:
        answered = made_up(call, **told)
        if call.purpose != "answer":
            return answered
        text = f"{answered.text} Yours, {call.agent}." if signed else f"{answered.text} {MARKS[call.policy]}"
        return type(answered)(text=text)

    monkeypatch.setattr(scripted_engine, "scripted_reply", reply)
    return play.start(check(scenario(**TRIBE), "test.yaml"), tmp_path / "run", quiet=True)


def flags(run: Path) -> set[str]:
    """What the quality report of all pairs of a run flags."""
    out = run.parent / "pairs"
    export([run], out, ExportOptions(("dpo",), pairs=PairRule("all")))
    return {measure.name for measure in quality_report(read_pairs(out)).flags}


def test_a_self_lover_is_named_by_the_audit_of_its_run_and_by_the_quality_of_its_pairs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = tribe(monkeypatch, tmp_path, False, MadeUpJudge(likes={"plan": 2, MARKS["ann"]: 4}))
    told = list(of_themselves(run))
    assert (
        [words for words in told if "favour its own" in words]
        == [
            words for words in told if words.startswith("policy ann: self: its judges favour its own answers")
        ]
        != []
    )
    assert "self_preference" in flags(run)


def test_answers_that_name_their_author_are_told_as_a_leak(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = tribe(monkeypatch, tmp_path, True, MadeUpJudge(likes={"plan": 2}))
    assert "signed_answers" in flags(run)


def test_a_tribe_that_is_blind_and_sound_has_neither(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run = tribe(monkeypatch, tmp_path, False, MadeUpJudge(likes={"plan": 2}))
    assert not flags(run) & {"self_preference", "signed_answers", "one_judge", "agreement_excess"}
    assert not any("favour its own" in words for words in of_themselves(run))


def test_an_audit_is_of_what_answers_what_it_is_asked_and_the_way_of_judging() -> None:
    def prints(engine: str = "abc", mode: str = "pointwise", **fields: Any) -> dict[str, str]:
        found = check(scenario(**fields), "test.yaml")
        engines = {"default": {"kind": "vllm", "weights": engine, "device": engine}}
        return {j.name: j.fingerprint for j in known_judges(found.rules, found.config, mode, engines)}

    usual = prints()
    assert len(set(usual.values())) == 3
    assert prints(instructions=["Name a river."], seed=5, policies={"default": {"temperature": 0.1}}) == usual
    for other in (
        prints("xyz"),
        prints(mode="pairwise"),
        prints(prompts={"score": "How good is it? From 1 to 10."}),
        prints(policies={"default": {"think": "scratchpad"}}),
        prints(score_basis="sample"),
        prints(policies={"default": {"normalise": "answer"}}),
        prints(engines={"default": {"kind": "scripted", "garbled": 0.1}}),
        prints(judges=[{"name": name, "persona": f"Taste of {name}.", "rubric": "Truth."} for name in NAMES]),
    ):
        assert not set(other.values()) & set(usual.values())


def test_only_ways_of_judging_that_there_are_can_be_tried() -> None:
    found = check(scenario(judging="pairwise"), "test.yaml")
    assert modes_of(found) == ("pairwise", "pointwise", "likelihood")
    assert modes_of(found, ["pointwise"]) == ("pointwise",)
    with pytest.raises(BadInput, match="no way of judging 'claims'"):
        modes_of(found, ["claims"])
    assert set(modes_of(check(scenario(judging="claims"), "test.yaml"))) == set(MODES)


def test_a_reference_is_a_part_of_the_judge_and_is_asked() -> None:
    weighing = {
        "judging": "likelihood",
        "policies": {"default": {}, "base": {}, "other": {"temperature": 0.2}},
    }
    found = check(scenario(**weighing, reference="base"), "test.yaml")
    (kim, *_) = known_judges(found.rules, found.config, "likelihood", {})
    assert kim.policies == ("default", "base")
    tried = audit(found, ["likelihood"], PAIRS[:6], 4, quiet=True)
    assert all(len(each.audit.table) == 6 for each in tried)
    plain = check(scenario(**weighing), "test.yaml")
    assert known_judges(plain.rules, plain.config, "likelihood", {})[0].fingerprint != kim.fingerprint


def test_judges_who_are_drawn_anew_for_each_episode_can_not_be_audited() -> None:
    people = {"population": {"of": "townsfolk", "size": 30, "seed": 1}}
    judges = [{"name": "Kim"}, {"name": "Lund", "persona": "A teacher."}]
    with pytest.raises(BadInput, match="nobody judges here whom planted pairs can be put to"):
        modes_of(check(scenario(judges=judges, **people), "test.yaml"))
    assert modes_of(check(scenario(**people), "test.yaml"))


def test_judges_on_a_server_are_not_asked_how_probable_a_text_is() -> None:
    server = {
        "default": {"kind": "openai", "model": "m", "url": "http://127.0.0.1:1/v1", "key_variable": None}
    }
    assert modes_of(check(scenario(engines=server), "test.yaml")) == ("pointwise", "pairwise")


def test_each_way_of_judging_is_kept_as_soon_as_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[JudgeAudit] = []

    def until_pairwise(call: Any, **told: Any) -> Any:
        if call.purpose == "compare":
            raise RuntimeError("the engine is gone")
        return scripted_reply(call, **told)

    monkeypatch.setattr(scripted_engine, "scripted_reply", until_pairwise)
    found = check(scenario(), "test.yaml")
    with pytest.raises(ExtensionFault):
        audit(found, ["pointwise", "pairwise"], PAIRS[:6], 4, quiet=True, keep=kept.append)
    assert [each.mode for each in kept] == ["pointwise"] * 3


def test_the_audit_of_most_pairs_stands_wherever_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALAESTRA_CACHE", str(tmp_path / "cache"))
    found = check(scenario(), "test.yaml")
    run = tmp_path / "run"
    run.mkdir()
    (large, *_), (small, *_) = (audit(found, ["pointwise"], PAIRS[:n], 4, quiet=True) for n in (12, 6))
    newer = small.audit.model_copy(update={"when": "2999-01-01"})
    keep(newer, run)
    keep(large.audit)
    keep(newer)
    best = find(small.audit.fingerprint, places(run))
    assert best is not None
    assert len(best.table) == 12
    file = tmp_path / "cache/audits" / f"{small.audit.fingerprint}.json"
    file.write_text(
        file.read_text().replace('"battery": "1"', '"battery": "0"').replace('"battery":"1"', '"battery":"0"')
    )
    older = find(small.audit.fingerprint, places(run))
    assert older is not None
    assert len(older.table) == 6


def test_a_panel_of_which_nothing_was_understood_is_worth_no_number() -> None:
    nothing = pl.DataFrame(
        [{"pair": 0, "kind": "logic", "size": 1, "longer": "right", "styled": "right"}], schema=SCHEMA
    )
    assert effective_judges([nothing, nothing], beside=False) is None


def test_a_sweep_is_held_to_what_a_file_is() -> None:
    engines = {"default": {"kind": "vllm"}}
    file = scenario(engines=engines, judges=[{"name": name} for name in NAMES])
    swept = check(file | {"sweep": {"weights": ["uniform", "elo"]}}, "test.yaml")
    with pytest.raises(BadInput, match="these 3 judges are one"):
        points(swept)
