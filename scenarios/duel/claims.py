"""Judging claim by claim: what a judge is asked for, and what its scores of claims come to.

An answer is taken apart into claims by the judge that is to score it, and each claim is scored by itself,
without the rest of the answer. After DxHF, human feedback by decomposition (Shi et al., 2025).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from statistics import fmean
from typing import Annotated

from pydantic import Field, StringConstraints, create_model

from palaestra.agents.answers import Json
from palaestra.agents.calls import Reply

Wording = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
"""A claim in words: one short sentence."""


@lru_cache(maxsize=64)
def claims_answer(most: int) -> Json:
    """The answer to `claims`: a list of 1 to `most` claims."""
    claims = (list[Wording], Field(min_length=1, max_length=most))
    return Json(create_model("Claims", claims=claims))


def claims_in(reply: Reply) -> list[str]:
    """The claims that a judge found, in its order, each once; none where it could not be understood."""
    if reply.failed or not isinstance(reply.value, dict):
        return []
    return list(dict.fromkeys(reply.value["claims"]))


def over_claims(scored: Sequence[tuple[float | None, str]]) -> tuple[float | None, str]:
    """An answer's score and its basis: the mean over those of its claims that could be scored.

    Args:
        scored: each claim's score, 1–10 or None, with its basis.

    Returns:
        None and "failed" without any; "sample" where any score is one.
    """
    known = [(score, basis) for score, basis in scored if score is not None]
    if not known:
        return None, "failed"
    bases = {basis for _, basis in known}
    return fmean(score for score, _ in known), "sample" if "sample" in bases else "probabilities"
