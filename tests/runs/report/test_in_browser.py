"""A report in Chromium, as one page or in chapters: read, searched, linked to; hostile text stays text."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from palaestra.runs.report.page import write_report
from palaestra.runs.run import Run
from support.large_reports import in_chapters
from support.planted_texts import HOSTILE, PLANTED

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("report")]

Open = Callable[[str], Page]


@pytest.fixture(scope="module", params=["one page", "chapters"])
def address(runs: list[Run], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> str:
    out = tmp_path_factory.mktemp("report") / "a report.html"
    return (write_report if request.param == "one page" else in_chapters)(runs, out).as_uri()


@pytest.fixture
def shown(address: str, browser: Browser) -> Iterator[Open]:
    """Opens the report at a place; at the end no script may have complained or gone to the network."""
    wrong: list[str] = []
    context = browser.new_context(color_scheme="light", viewport={"width": 1200, "height": 800})

    def note(asked: Request) -> None:
        if not asked.url.startswith(("file:", "data:")):
            wrong.append(asked.url)

    def opened(place: str = "") -> Page:
        page = context.new_page()
        page.on("console", lambda message: wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("request", note)
        page.goto(address + place)
        return page

    yield opened
    assert not any(page.evaluate("'harmed' in window") for page in context.pages)
    context.close()
    assert wrong == []


def test_it_opens_on_the_overview_and_shows_one_run(shown: Open, runs: list[Run]) -> None:
    page = shown("")
    expect(page.locator("#overview h2:visible")).to_have_text(HOSTILE)
    expect(page.locator("#transcripts")).to_be_hidden()
    page.select_option("#run", "1")
    expect(page.locator("#overview h2:visible")).to_have_text("The second run")


def test_an_episode_opens_with_every_answer_in_order(shown: Open, runs: list[Run]) -> None:
    page = shown("")
    page.click("#to-transcripts")
    page.click("#list tbody tr:nth-child(3)")
    expect(page.locator("#reading h2")).to_have_text("Episode 2")
    calls = runs[0].calls.filter(episode=2)
    numbers = [int(n) for n in page.locator(".answer").evaluate_all("all => all.map(a => a.id.slice(5))")]
    assert numbers == calls["call"].to_list()
    for call, text in calls.filter(pl.col("options").is_null()).select("call", "text").iter_rows():
        expect(page.locator(f"#call-{call} > p")).to_have_text(text)
    expect(page.locator(".outcome")).to_contain_text(str(runs[0].episodes["seed"][2]))


@pytest.mark.whole
def test_options_are_bars_and_a_failed_answer_is_marked(shown: Open, runs: list[Run]) -> None:
    page = shown("#run=0&episode=2")
    expect(page.locator("#call-0 .bars i")).to_have_count(len(runs[0].calls.filter(episode=2)["options"][0]))
    expect(page.locator("#call-2 .bad")).to_have_text("no valid answer in 3 attempts")


@pytest.mark.whole
def test_scores_stand_beside_the_text_that_they_judge(shown: Open, runs: list[Run]) -> None:
    page = shown("#run=0&episode=2")
    score = runs[0].table("score").filter(episode=2, contestant="Ann")["score"][0]
    call = runs[0].calls.filter(episode=2, purpose="argue", agent="Ann")["call"][0]
    expect(page.locator(f"#call-{call} .notes b")).to_have_text(f"{score:.3f}".rstrip("0"))


def test_search_finds_a_word_in_any_episode_and_jumps_to_it(shown: Open) -> None:
    page = shown("")
    page.keyboard.press("/")
    page.keyboard.type("heron")
    expect(page.locator(".result")).to_have_count(1)
    expect(page.locator(".result .where")).to_contain_text("episode 2")
    page.keyboard.press("Enter")
    expect(page.locator("#call-4.here mark")).to_have_text("Heron")
    expect(page.locator("#call-4")).to_be_in_viewport()
    expect(page.locator("#count")).to_have_text("1 of 1")
    assert page.url.endswith("#run=0&episode=2&call=4")


@pytest.mark.whole
def test_next_and_previous_go_through_all_results_and_around(shown: Open) -> None:
    page = shown("#run=0&view=transcripts")
    page.fill("#query", "agree")
    expect(page.locator(".result").first).to_be_visible()
    count = page.locator(".result").count()
    assert count > 1
    page.click("#previous")
    expect(page.locator("#count")).to_have_text(f"{count} of {count}")
    page.click("#next")
    expect(page.locator("#count")).to_have_text(f"1 of {count}")
    first = page.url
    page.click("#next")
    expect(page.locator("#count")).to_have_text(f"2 of {count}")
    assert page.url != first


@pytest.mark.whole
def test_a_search_in_prompts_opens_the_prompt_with_the_words(shown: Open) -> None:
    page = shown("#run=0&view=transcripts")
    page.fill("#query", "plant trees")
    expect(page.locator(".none")).to_have_text("Nothing found.")
    page.check("#prompts")
    page.locator(".result").first.click()
    expect(page.locator("#prompt")).to_be_visible()
    expect(page.locator("#prompt mark").first).to_have_text("plant trees")


@pytest.mark.whole
def test_filters_narrow_what_is_listed_read_and_found(shown: Open, runs: list[Run]) -> None:
    page = shown("#run=0&episode=1")
    page.select_option("#agent", label="Ann")
    page.select_option("#purpose", label="argue")
    own = runs[0].calls.filter(episode=1, agent="Ann", purpose="argue")
    expect(page.locator(".answer")).to_have_count(own.height)
    expect(page.locator(".hidden-note")).to_contain_text(f"{own.height} of 10 answers shown")
    page.fill("#query", "e")
    expect(page.locator(".result").first).to_be_visible()
    assert all("Ann · argue" in text for text in page.locator(".result .where").all_inner_texts())
    page.fill("#episodes", "1-2")
    assert {text.split(" ·")[0] for text in page.locator(".result .where").all_inner_texts()} == {
        "episode 1",
        "episode 2",
    }
    page.fill("#query", "")
    expect(page.locator("#list tbody tr")).to_have_count(2)
    page.get_by_text("Show all").click()
    expect(page.locator(".answer")).to_have_count(10)
    page.check("#failed")
    expect(page.locator("#list tbody tr")).to_have_count(1)


@pytest.mark.whole
def test_a_permalink_opens_the_run_and_episode_and_scrolls_to_the_call(shown: Open, runs: list[Run]) -> None:
    page = shown("#run=1&episode=1&call=9")
    expect(page.locator("#call-9.here")).to_be_in_viewport()
    link = page.locator("#call-9 .tools a")
    assert link.get_attribute("href") == "#run=1&episode=1&call=9"
    expect(page.locator("#reading h2")).to_have_text("Episode 1")


@pytest.mark.whole
def test_an_address_that_points_nowhere_says_so(shown: Open) -> None:
    expect(shown("#run=0&episode=77").locator("#reading")).to_have_text("There is no episode 77 in this run.")


@pytest.mark.whole
def test_the_prompt_that_is_shown_is_the_calls_exact_prompt(shown: Open, runs: list[Run]) -> None:
    page = shown("#run=0&episode=1")
    for call in (0, 5, 9):
        page.click(f"#call-{call} .show-prompt")
        messages = page.locator("#prompt .message:not(.reply):not(.quiet)")
        roles = messages.locator(".role").evaluate_all("all => all.map(one => one.textContent)")
        texts = messages.locator("pre").evaluate_all("all => all.map(one => one.textContent)")
        assert list(zip(roles, texts, strict=True)) == runs[0].prompt(1, call)
        page.keyboard.press("Escape")
        expect(page.locator("#prompt")).to_be_hidden()


def test_hostile_text_is_shown_as_text_and_nothing_of_it_runs(shown: Open, runs: list[Run]) -> None:
    page = shown("#run=0&episode=1")
    expect(page.locator("#call-3 > p")).to_have_text(runs[0].calls.filter(episode=1, call=3)["text"][0])
    expect(page.locator(".outcome")).to_contain_text(HOSTILE)
    page.fill("#query", "onerror='window")
    expect(page.locator(".result mark").first).to_have_text("onerror='window")
    assert page.locator("#transcripts img, #transcripts script").count() == 0


@pytest.mark.whole
def test_light_and_dark_follow_the_system_until_one_is_chosen(address: str, browser: Browser) -> None:
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(address)
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    page.click("#theme")
    expect(root).to_have_attribute("data-theme", "light")
    page.reload()
    expect(root).to_have_attribute("data-theme", "light")
    context.close()


@pytest.mark.whole
def test_it_can_be_read_with_the_keyboard_alone(shown: Open) -> None:
    page = shown("#run=0&episode=0")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#call-1.here")).to_be_focused()
    page.keyboard.press("o")
    expect(page.locator("#prompt")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("]")
    expect(page.locator("#reading h2")).to_have_text("Episode 1")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()


@pytest.mark.whole
def test_episodes_sort_by_a_column_of_their_outcome(shown: Open, runs: list[Run]) -> None:
    page = shown("#run=0&view=transcripts")
    page.get_by_role("button", name="margin").click()
    order = runs[0].episodes.sort("margin")["episode"].to_list()
    shown_order = page.locator("#list tbody td:first-child").all_inner_texts()
    assert [int(number) for number in shown_order] == order


@pytest.mark.whole
def test_nothing_is_wider_than_a_narrow_screen(shown: Open) -> None:
    for place in ("", "#run=0&episode=1"):
        page = shown(place)
        page.set_viewport_size({"width": 360, "height": 700})
        page.reload()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.whole
def test_on_paper_overview_and_open_episode_are_printed(shown: Open) -> None:
    page = shown("#run=0&episode=2")
    page.emulate_media(media="print")
    expect(page.locator("#overview h2").first).to_be_visible()
    expect(page.get_by_text(PLANTED)).to_be_visible()
    expect(page.locator("#list")).to_be_hidden()
