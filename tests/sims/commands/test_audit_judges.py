"""`palaestra audit-judges`, typed as users type it, and where its verdict stands afterwards."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from palaestra.scenarios.duel.trial import MODES
from palaestra.scenarios.parts.planted import planted_pairs
from palaestra.sims.engines import scripted_engine
from support.command_line import done, palaestra, refused
from support.made_up_judges import MadeUpJudge, MadeUpReplies

NOT_AUDITED = re.compile(r"judges: not audited \(palaestra audit-judges \S+\)")
VERDICT = "made-up replies, no better than chance on this battery: right in"


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Audits of other tests are not found."""
    monkeypatch.setenv("PALAESTRA_CACHE", str(tmp_path / "cache"))


def report_of(run: Path) -> str:
    """The HTML report of a run."""
    done("report", run)
    return (run / "report.html").read_text(encoding="utf-8")


def told_everywhere(run: Path, out: Path) -> list[str]:
    """What stands of the judges in the transcript, the report, the dataset card and the quality report."""
    done("export", run, "-q", "--out", out)
    return [
        done("show", run, "--lines", "20"),
        report_of(run),
        (out / "README.md").read_text(encoding="utf-8"),
        done("quality", out),
    ]


def test_judges_are_not_audited_until_they_are_and_then_the_verdict_stands_beside_all_results(
    tmp_path: Path,
) -> None:
    run = tmp_path / "run"
    assert NOT_AUDITED.search(done("run", "n-way", "--dry-run", "-q", "--out", run))
    assert re.search(
        r"judges: they differ on 12 of 12 answers, by \d\.\d points on average", done("show", run)
    )
    assert all("not audited" in told for told in told_everywhere(run, tmp_path / "before"))
    told = done("audit-judges", run, "-q", "--pairs", "60")
    assert "pointwise judge right AUC ECE" in told
    assert "pairwise judge right AUC ECE" in told
    assert f"Judge Kim: {VERDICT}" in told
    assert re.search(r"panel of 5: no better than chance .* worth \d\.\d independent judges", told)
    assert "self-preference: not measured" in told
    for told in told_everywhere(run, tmp_path / "after"):
        assert f"Judge Kim: {VERDICT}" in told
        assert "(pointwise)" in told
        assert "not audited" not in told
    assert f"judges: Judge Kim: {VERDICT}" in done("quality", tmp_path / "before")
    assert len(list((run / "audits").iterdir())) == 5 * len({*MODES} - {"claims"})


def test_an_audit_of_a_file_is_found_by_later_runs_of_the_same_judges_alone(tmp_path: Path) -> None:
    done("audit-judges", "n-way", "--dry-run", "-q", "--pairs", "60", "--mode", "pointwise")
    same = done("run", "n-way", "--dry-run", "-q", "--out", tmp_path / "same", "--seed", "99")
    assert f"judges: Judge Kim: {VERDICT}" in same
    other = "judges.0.persona=You value jokes."
    told = done("run", "n-way", "--dry-run", "-q", "--out", tmp_path / "other", "--set", other)
    assert "judges: Judge Kim: not audited" in told
    assert f"judges: Judge Lund: {VERDICT}" in told
    assert "panel of" not in told


def test_what_judges_know_and_how_it_is_asked_for_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("Plain", "Bold", "Careful", "Judge Kim", "Judge Lund")
    judges = dict.fromkeys(names, MadeUpJudge(knows=3))
    monkeypatch.setattr(scripted_engine, "scripted_reply", MadeUpReplies(judges, planted_pairs(60, 3)))
    ended = palaestra(
        "audit-judges", "n-way", "--dry-run", "--pairs", "60", "--seed", "3", "--mode", "pairwise"
    )
    assert "calls 600/600" in ended.err
    assert re.search(
        r"Judge Kim: made-up replies, right in \d+ % \[\d+, \d+\] of 60 pairs \(pairwise\)", ended.words
    )
    assert "pointwise" not in ended.out


def test_where_nobody_judges_there_is_nothing_to_audit(tmp_path: Path) -> None:
    assert "nobody judges here" in refused("audit-judges", "used-car", "--dry-run")
    assert "there is no way of judging 'dice' here" in refused("audit-judges", "sparta", "--mode", "dice")
    run = tmp_path / "car"
    assert "judges:" not in done("run", "used-car", "--dry-run", "-q", "--out", run)
    peers = done("run", "panel-of-peers", "--dry-run", "-q", "--out", tmp_path / "peers")
    assert "judges: not audited: no audit can try judges of this scenario yet" in peers


@pytest.mark.parametrize(("file", "mode"), [("debate", "pointwise"), ("paper-review", "review")])
def test_judges_of_debates_and_papers_are_audited_in_their_own_words(
    file: str, mode: str, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert NOT_AUDITED.search(done("run", file, "--dry-run", "-q", "-n", "1", "--out", run))
    done("audit-judges", run, "-q", "--pairs", "60", "--mode", mode)
    told = done("show", run)
    assert "not audited" not in told
    assert f"({mode})" in told


def test_a_file_s_limits_hold_for_an_audit_too() -> None:
    ended = palaestra("audit-judges", "sparta", "--dry-run", "-q", "--set", "limits.calls=50")
    assert ended.code == 3
    assert "Raise it with: --set limits.calls=100" in ended.err


def test_a_damaged_audit_is_none(tmp_path: Path) -> None:
    run = tmp_path / "run"
    done("run", "n-way", "--dry-run", "-q", "--out", run)
    done("audit-judges", run, "-q", "--pairs", "12")
    for place in (run / "audits", tmp_path / "cache" / "audits"):
        for number, path in enumerate(sorted(place.iterdir())):
            damaged = [b"{", b"", json.dumps({"fingerprint": path.stem}).encode()][number % 3]
            path.write_bytes(damaged)
    assert NOT_AUDITED.search(done("show", run))


def test_judges_that_are_one_are_refused_where_weights_are_to_tell_them_apart(tmp_path: Path) -> None:
    file = tmp_path / "tribe.yaml"
    file.write_text(
        "scenario: duel\n"
        "fighters: [{name: Ann}, {name: Bob, policy: hot}, {name: Cem, persona: A baker.}]\n"
        "policies: {default: {}, hot: {temperature: 1.5}}\n"
        "instructions: [Explain rain.]\n",
        encoding="utf-8",
    )
    told = refused("validate", file)
    assert "tribe.yaml:2:25: these 2 judges are one: Ann, Bob" in told
    assert all(way in told for way in ("model", "adapter", "persona", "rubric", "weights: uniform"))
    assert refused("run", file, "--dry-run") == told
    for way in (
        "weights=uniform",
        "fighters.1.persona=A sailor.",
        "fighters.1.rubric=Is it true?",
        "policies.hot.adapter=/adapters/one",
        "policies.hot.think=scratchpad",
        "engines={default: {}, other: {model: ./other}}",
    ):
        more = ("--set", "policies.hot.engine=other") if "other" in way else ()
        assert "a valid duel" in done("validate", file, "--set", way, *more), way


def test_repeats_of_one_judge_are_samples_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "repeats.yaml"
    file.write_text(
        "scenario: duel\nfighters: [{name: Ann}, {name: Bob}]\nfighters_judge: false\n"
        "judges: [{name: Kim}]\ninstructions: [Explain rain.]\njudgements: 3\n",
        encoding="utf-8",
    )
    assert "repeats of one expectation are one number" in refused("validate", file)
    done("validate", file, "--set", "score_basis=sample")
    cold = ("--set", "score_basis=sample", "--set", "policies.default.temperature=0")
    assert "temperature 0, so its repeated samples are one" in refused("validate", file, *cold)
