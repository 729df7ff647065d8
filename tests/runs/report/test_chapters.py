"""A report that is too large for one page: what stands beside it, and when that is loaded."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, expect

from palaestra.runs.report.page import write_report
from palaestra.runs.report.transcripts import chapters, run_data
from palaestra.runs.run import Run
from support.large_reports import in_chapters
from support.planted_texts import HOSTILE, PLANTED

pytestmark = pytest.mark.xdist_group("report")


def test_chapters_hold_what_one_page_would(runs: list[Run]) -> None:
    whole, found = run_data(runs[0]), list(chapters(runs[0], 1))
    assert [first for first, _ in found] == [0, 1, 2]
    for part, name in (("calls", "text"), ("messages", "text"), ("lines", "kind"), ("notes", "kind")):
        told = [chapter["strings"][n] for _, chapter in found for n in chapter[part][name]]
        assert told == [whole["strings"][n] for n in whole[part][name]]


def test_a_chapter_holds_as_many_episodes_as_fit(runs: list[Run]) -> None:
    texts = [runs[0].table(name).filter(pl.col("episode") < 2)["text"] for name in ("calls", "messages")]
    fits = sum(int(text.str.len_bytes().sum()) for text in texts)
    assert [first for first, _ in chapters(runs[0], fits)] == [0, 2]
    assert [first for first, _ in chapters(runs[0], 10 * fits)] == [0]


def test_the_page_has_no_word_that_was_said_and_the_files_beside_it_are_those_it_names(
    runs: list[Run], tmp_path: Path
) -> None:
    out = in_chapters(runs, tmp_path / "report.html")
    text = out.read_text()
    assert PLANTED not in text
    told = [json.loads(found) for found in re.findall(r'id="data-\d">(.*?)</script>', text)]
    named = {file for run in told for _, file in run["chapters"]}
    assert {path.name for path in (tmp_path / "report.html-data").iterdir()} == named
    assert len(named) == 5


def test_a_report_that_is_made_again_leaves_no_chapter_of_the_one_before(
    runs: list[Run], tmp_path: Path
) -> None:
    out, folder = tmp_path / "report.html", tmp_path / "report.html-data"
    in_chapters(runs, out)
    write_report(runs[1:], tmp_path / "report.htm").unlink()  # another report, with a folder of its own
    assert len(list(folder.iterdir())) == 5
    (folder / "mine.js").touch()
    in_chapters(runs[1:], out)
    assert len(list(folder.iterdir())) == 3
    (folder / "mine.js").unlink()
    write_report(runs[1:], out)
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.browser
def test_a_chapter_is_loaded_when_it_is_read_and_a_missing_one_is_named(
    runs: list[Run], tmp_path: Path, browser: Browser
) -> None:
    out = in_chapters(runs[:1], tmp_path / "report.html")
    gone = next((tmp_path / "report.html-data").glob("0-0-*"))
    gone.unlink()
    page = browser.new_page()
    loaded: list[str] = []
    page.on("requestfinished", lambda asked: loaded.append(asked.url.split("/")[-1][:4]))
    page.goto(out.as_uri())
    page.click("#to-transcripts")
    expect(page.locator("#list tbody tr")).to_have_count(3)
    assert loaded == ["repo"]
    page.click("#list tbody tr:nth-child(2)")
    expect(page.locator("#call-3 > p")).to_contain_text(HOSTILE)
    assert loaded == ["repo", "0-1-"]
    page.keyboard.press("[")
    expect(page.locator("#reading")).to_contain_text(f"{gone.name} is missing beside this page")
    page.fill("#query", PLANTED)
    expect(page.locator(".result")).to_have_count(1)
    expect(page.locator("#list .bad")).to_contain_text(gone.name)
    page.close()
