"""The rules of a paper review: the order of things, the contract, files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import palaestra.scenarios.paper_review
from palaestra.agents.calls import Call
from palaestra.agents.scripted import scripted_replies
from palaestra.scenarios.core.contract import check_contract
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import load
from palaestra.scenarios.paper_review.rules import PaperReview
from palaestra.scenarios.paper_review.scores import scale
from support.episodes.paper_review import FILE, REVIEWERS, review
from support.scripted_debates import plain_reply, play_out, text_of

READY = sorted((Path(palaestra.scenarios.paper_review.__file__).parent / "ready").glob("*.yaml"))


# The order of things


def exchanges(episode: PaperReview) -> list[tuple[str, int]]:
    """The purpose and number of the calls of each exchange."""
    made = []
    while episode.pending:
        (purpose,) = {call.purpose for call in episode.pending}
        made.append((purpose, len(episode.pending)))
        episode.advance([plain_reply(call) for call in episode.pending])
    return made


def test_reviews_scores_rebuttals_revisions_and_a_decision() -> None:
    head = [("review", 3), ("rate", 15)]
    tail = [("revise", 3), ("meta_review", 1), ("decide", 1)]
    assert exchanges(review()) == [*head, ("rebut", 3), *tail]
    assert exchanges(review(rebuttal="joint")) == [*head, ("rebut_jointly", 1), *tail]


def test_papers_take_turns_over_the_episodes() -> None:
    for index, title in ((0, "On trees"), (1, "On naps"), (2, "On trees")):
        episode = review(index)
        made = play_out(episode)
        assert episode.outcome["paper"] == title
        assert title in text_of(made["review"][0])


def test_each_criterion_has_its_scale() -> None:
    made = play_out(review())
    assert {(c.about["criterion"], len(c.answer.describe()["options"])) for c in made["rate"]} == {
        ("soundness", 4),
        ("presentation", 4),
        ("contribution", 4),
        ("confidence", 5),
        ("overall", 10),
    }
    assert {c.answer for c in made["revise"]} == {scale("overall")}
    assert made["decide"][0].answer.describe()["options"] == ["accept", "reject"]


# The contract, and the ready-made files


def readers(visible: bool, joint: bool) -> Callable[[Episode[Any], Call], set[str]]:
    """Who may read what, as the call for papers would say it."""

    def may_read(_: Episode[Any], call: Call) -> set[str]:
        if call.purpose == "review":
            return {"Quill Feather", "Okoro", *(REVIEWERS if visible else ())}
        if call.purpose in ("rebut", "rebut_jointly"):
            return {"Okoro", *(REVIEWERS if visible or joint else (str(call.about["to"]),))}
        return set()

    return may_read


@pytest.mark.parametrize("blind", ["double", "single"])
@pytest.mark.parametrize("rebuttal", ["per_review", "joint"])
@pytest.mark.parametrize("visible", [True, False])
def test_the_contract(blind: str, rebuttal: str, visible: bool) -> None:
    check_contract(
        FILE | {"blind": blind, "rebuttal": rebuttal, "visible_reviews": visible},
        may_read=readers(visible, rebuttal == "joint"),
        secrets={
            **{("reviewers", i, "expertise"): {name} for i, name in enumerate(REVIEWERS)},
        },
        episodes=2,
    )


def test_what_cannot_be_played_is_refused() -> None:
    reviewers = FILE["reviewers"]
    named = {"title": "On trees", "abstract": "Feather measured streets."}
    check_contract(
        FILE,
        may_read=readers(True, False),
        refused=[
            ({"papers": []}, "papers"),
            ({"papers": [{"title": " ", "abstract": "Trees."}]}, "title"),
            ({"papers": [named]}, "this names the author, Quill Feather"),
            ({"chair": {"name": "Okoro", "persona": "quill feather's friend."}}, "this names the author"),
            ({"reviewers": []}, "reviewers"),
            ({"reviewers": [reviewers[0], {"name": " kim"}]}, "two agents are named"),
            ({"chair": {"name": "quill feather"}}, "two agents are named"),
            ({"author": {"name": "Ann", "policy": "nobody"}}, "no policy 'nobody'"),
            ({"blind": "triple"}, "blind"),
        ],
        episodes=1,
    )
    assert review(papers=[named], blind="single").config.papers[0].abstract == "Feather measured streets."


@pytest.mark.parametrize("path", READY, ids=lambda path: path.stem)
def test_a_ready_made_file_plays_to_its_end(path: Path) -> None:
    found = load(path)
    for index in range(found.config.episodes):
        episode = found.rules(found.config, index=index, respond=scripted_replies)
        while episode.running:
            episode.step()
        assert episode.outcome["decision"] in ("accept", "reject")
        assert episode.outcome["failures"] == 0
