"""Reviews of one paper by three, on replies made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.load import check
from palaestra.scenarios.paper_review.config import PaperReviewConfig
from palaestra.scenarios.paper_review.rules import PaperReview
from support.scripted_debates import failure, plain_reply, reply

FILE: dict[str, Any] = {
    "scenario": "paper_review",
    "engines": {"default": {"kind": "scripted"}},
    "papers": [
        {"title": "On trees", "abstract": "Trees cool streets."},
        {"title": "On naps", "abstract": "Naps help memory."},
    ],
    "author": {"name": "Quill Feather", "persona": "Polite."},
    "reviewers": [
        {"name": "Kim", "persona": "Strict.", "expertise": "statistics"},
        {"name": "Lund", "persona": "Mild.", "expertise": "biology"},
        {"name": "Mora", "persona": "Brief.", "expertise": "writing"},
    ],
    "chair": {"name": "Okoro", "persona": "Fair."},
}
REVIEWERS = ["Kim", "Lund", "Mora"]


def review(index: int = 0, **fields: Any) -> PaperReview:
    """A small review that waits for its replies."""
    config = check(FILE | fields, "test.yaml").config
    assert isinstance(config, PaperReviewConfig)
    return PaperReview(config, index=index)


def answers(
    before: Mapping[str, str | None], after: Mapping[str, str | None], verdict: Reply | None = None
) -> Callable[[Call], Reply]:
    """Answers with given overall scores by reviewer; None is a reply that can't be parsed."""

    def answer(call: Call) -> Reply:
        if call.purpose == "decide":
            return verdict or reply("accept")
        if call.about.get("criterion") != "overall":
            return plain_reply(call)
        score = (before if call.purpose == "rate" else after)[call.agent]
        return failure("mumble") if score is None else reply(score)

    return answer
