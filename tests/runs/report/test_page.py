"""A report without a browser: what it holds, that it needs nothing else, and how it is written."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.failures import BadInput, RunUnwritable
from palaestra.runs.measures import drawable
from palaestra.runs.record import log as run_log
from palaestra.runs.record.prompts import numbers
from palaestra.runs.report.page import page, write_report
from palaestra.runs.report.transcripts import run_data
from palaestra.runs.run import Run
from palaestra.runs.transcript import transcript
from palaestra.sims.playing import play
from support.logs import kill_after, rewrite
from support.scripted_debates import scenario

pytestmark = pytest.mark.xdist_group("report")


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the texts of its script elements by id."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str | None, str] = {}
        self.texts: list[str] = []
        self.in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.in_script = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self.in_script = False

    def handle_data(self, data: str) -> None:
        if self.in_script:
            name = self.found[-1][1].get("id")
            self.scripts[name] = self.scripts.get(name, "") + data
        else:
            self.texts.append(data)


@pytest.fixture(scope="module")
def written(runs: list[Run], tmp_path_factory: pytest.TempPathFactory) -> Elements:
    return Elements(write_report(runs, tmp_path_factory.mktemp("report") / "report.html").read_text())


def rows_of(data: dict[str, Any], part: str, episode: int) -> range:
    start = data[part]["start"]
    return range(start[episode], start[episode + 1])


# --- what it holds ---


def test_every_call_and_message_can_be_read_back(runs: list[Run], written: Elements) -> None:
    for number, run in enumerate(runs):
        data = json.loads(written.scripts[f"data-{number}"])
        strings = data["strings"]
        calls, messages = data["calls"], data["messages"]
        for name in ("agent", "purpose", "policy", "prompt", "text"):
            assert [strings[i] for i in calls[name]] == run.calls[name].to_list()
        for name in ("role", "label", "text"):
            assert [strings[i] for i in messages[name]] == run.messages[name].to_list()
        options = [None if i is None else calls["options"][i] for i in calls["choice"]]
        assert options == run.calls["options"].to_list()
        assert calls["number"] == run.calls["call"].to_list()
        assert data["episodes"]["seed"] == [str(seed) for seed in run.episodes["seed"]]
        outcome = {column["name"]: column for column in data["episodes"]["outcome"]}
        winners = outcome["winner"]
        assert [winners["texts"][i] for i in winners["values"]] == run.episodes["winner"].to_list()
        assert outcome["margin"]["values"] == run.episodes["margin"].to_list()


def test_prompts_are_message_numbers_within_their_episode(runs: list[Run]) -> None:
    data = run_data(runs[0])
    for episode in range(3):
        messages = rows_of(data, "messages", episode)
        for row in rows_of(data, "calls", episode):
            asked = numbers(data["strings"][data["calls"]["prompt"][row]])
            texts = [data["strings"][data["messages"]["text"][messages[number]]] for number in asked]
            shown = [text for _, text in runs[0].prompt(episode, data["calls"]["number"][row])]
            assert all(whole.endswith(text) for whole, text in zip(shown, texts, strict=True))


def test_each_text_is_in_the_data_once(runs: list[Run], written: Elements) -> None:
    for number, run in enumerate(runs):
        strings = json.loads(written.scripts[f"data-{number}"])["strings"]
        assert len(strings) == len(set(strings))
        assert set(run.messages["text"]) | set(run.calls["text"]) <= set(strings)


def test_calls_stand_under_the_headings_of_the_transcript(runs: list[Run]) -> None:
    data = run_data(runs[0])
    for episode in range(3):
        rows = rows_of(data, "calls", episode)
        headings = data["headings"]
        shown = [
            data["strings"][text]
            for row, text in zip(headings["row"], headings["text"], strict=True)
            if row in rows
        ]
        lines = transcript(runs[0], episode)
        assert shown == [line.strip("─ ") for line in lines if line.startswith("── ")]


def test_a_panels_scores_stand_beside_every_speech_that_they_judge(runs: list[Run]) -> None:
    run, data = runs[0], run_data(runs[0])
    notes, strings = data["notes"], data["strings"]
    for speech in run.calls.with_row_index("row").filter(purpose="argue", episode=0).to_dicts():
        scores = run.table("score").filter(episode=0, contestant=speech["agent"])["score"].to_list()
        beside = [
            (strings[notes["kind"][i]], notes["value"][i])
            for i in rows_of(data, "notes", 0)
            if notes["row"][i] == speech["row"]
        ]
        expected = [("score overall", pytest.approx(score, abs=1e-3)) for score in scores]
        assert [note for note in beside if note[1] is not None] == expected


def test_an_event_stands_beside_a_text_or_between_the_exchanges_and_is_never_lost(runs: list[Run]) -> None:
    data = run_data(runs[0])
    told = [data["strings"][kind] for kind in data["lines"]["kind"]]
    assert told.count("opinion") == runs[0].table("opinion").height
    assert told.count("verdict") == runs[0].table("verdict").height
    assert told.count("score") == 0  # all of them are beside speeches


def test_numbers_outcomes_metrics_and_plots_are_on_top(runs: list[Run], written: Elements) -> None:
    text = " ".join(written.texts)
    for shown in (
        "scripted",
        "finished",
        f"{runs[0].calls.height:,}",
        "winner",
        "opinion shift",
        "conformity",
    ):
        assert shown in text
    images = [attributes for tag, attributes in written.found if tag == "img"]
    assert len(images) >= len(drawable(runs[0].tables))
    assert all(str(image["src"]).startswith("data:image/") and image["alt"] for image in images)


def test_metrics_without_a_number_are_named_with_the_reason(written: Elements) -> None:
    at = written.texts.index("panel swap consistency")
    assert "table 'preference'" in written.texts[at + 1]


# --- that it needs nothing else ---


def test_nothing_is_fetched_from_anywhere(written: Elements) -> None:
    for tag, attributes in written.found:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            address = attributes.get(name)
            assert address is None or address.startswith(("data:", "#")), f"<{tag} {name}={address!r}>"
        assert not any(name.startswith("on") for name in attributes)
    style = next(text for text in written.texts if ":root" in text)
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_forbids_the_network_and_all_scripts_but_its_own(written: Elements) -> None:
    policy = next(a["content"] for _, a in written.found if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    directives = dict(part.split(maxsplit=1) for part in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-\S+'", directives["script-src"])
    assert re.fullmatch(r"'sha256-\S+'", directives["style-src"])
    assert directives["img-src"] == "data:"


def test_hostile_text_ends_no_element_and_fills_no_placeholder(runs: list[Run], written: Elements) -> None:
    assert [a.get("id") for tag, a in written.found if tag == "script"] == ["data-0", "data-1", None]
    assert "<" not in written.scripts["data-0"]
    assert runs[0].state.scenario.title in written.texts


# --- how it is written ---


def test_a_run_in_which_nothing_was_recorded_is_refused(tmp_path: Path) -> None:
    folder = play.start(scenario(episodes=1), tmp_path / "run", quiet=True)
    kill_after(folder, 1)
    with pytest.raises(BadInput, match="palaestra resume"):
        write_report([Run(folder)], tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="at least one run"):
        write_report([], tmp_path / "report.html")


def test_an_unfinished_run_is_reported_as_far_as_it_went(tmp_path: Path) -> None:
    folder = play.start(scenario(episodes=2), tmp_path / "run", quiet=True)
    rewrite(folder, [record for record in run_log.read(folder) if record["record"] != "end"])
    data = run_data(Run(folder))
    assert data["episodes"]["ended"] == [False, False]
    assert len(data["calls"]["text"]) == Run(folder).calls.height
    assert "0 of 2 begun" in page([Run(folder)])


def test_a_file_that_can_not_be_written_leaves_nothing_behind(runs: list[Run], tmp_path: Path) -> None:
    taken = tmp_path / "report.html"
    taken.mkdir()
    with pytest.raises(RunUnwritable, match=r"report\.html can't be written"):
        write_report(runs[1:], taken)
    assert list(tmp_path.iterdir()) == [taken]


def test_an_older_report_is_replaced(runs: list[Run], tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("an older report")
    assert write_report(runs[1:], out) == out
    assert out.read_text().startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [out]
