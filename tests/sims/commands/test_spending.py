"""What a user reads of limits and spend: exit codes, messages, summaries, reports."""

from __future__ import annotations

import re
from pathlib import Path

from palaestra.runs.record.state import RunState
from palaestra.runs.run import Run
from support.command_line import done, palaestra, refused

FILE = """\
scenario: debate
motions: [Cities should plant more trees.]
debaters: [{name: Ann, stance: for}, {name: Bo, stance: against}]
episodes: 6
engines:
  default: {kind: scripted, prices: {prompt: 100, output: 1000}}
limits: {calls: 20, spend: 50}
"""


def played(folder: Path, *words: str) -> Path:
    (folder / "mine.yaml").write_text(FILE)
    ended = palaestra("run", "mine.yaml", "--out", "run", *words, cwd=folder)
    assert ended.code == 3
    assert ended.err.endswith("\n  Raise it to go on: palaestra resume run --set limits.calls=40\n")
    assert "error: the limit of 20 calls is reached: 20 calls, " in ended.err
    return folder / "run"


def test_a_limit_has_an_exit_code_of_its_own_until_it_is_raised(tmp_path: Path) -> None:
    folder = played(tmp_path, "-q")
    again = palaestra("resume", "run", "-q", cwd=tmp_path)
    assert again.code == 3
    assert "the limit of 20 calls is reached" in again.err
    done("resume", "run", "-q", "--set", "limits.calls=1000", cwd=tmp_path)
    assert RunState.read(folder).status == "finished"


def test_what_was_spent_is_told_while_playing_and_in_the_end(tmp_path: Path) -> None:
    folder = played(tmp_path)
    said = done("resume", "run", "--set", "limits.calls=null", cwd=tmp_path)
    spend = Run(folder).spend
    assert spend is not None
    assert spend > 1
    assert re.search(rf" spent: {spend:,.2f} .*read it all: ", said)


def test_a_report_tells_what_was_spent_and_which_limit_was_reached(tmp_path: Path) -> None:
    folder = played(tmp_path, "-q")
    done("report", "run", "--out", "report.html", cwd=tmp_path)
    page = (tmp_path / "report.html").read_text()
    spend = Run(folder).spend
    assert f"<dd>{spend:,.2f}</dd><dt>spent</dt>" in page
    assert "limited: the limit of 20 calls is reached" in page


def test_nothing_is_told_of_spend_where_no_price_is_known(tmp_path: Path) -> None:
    assert "spent" not in done("run", "debate", "--dry-run", "-q", "--out", "run", cwd=tmp_path)
    assert Run(tmp_path / "run").spend is None


def test_the_prices_that_are_missing_are_named_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(FILE)
    said = refused(
        "run", "mine.yaml", "--set", "engines.default={kind: openai, model: gpt-5-mini}", cwd=tmp_path
    )
    assert "mine.yaml:7:21: nobody knows what is spent: engine 'default' has no prices" in said
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]
