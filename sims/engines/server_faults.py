"""What an answer that is no completion means: to wait, to ask more plainly, to give up.

Servers, and what stands between, tell the same thing with different statuses and words. Here these are sorted
into the few kinds that are treated differently.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time

from palaestra.agents.failures import EngineUnavailable, PalaestraError

PATIENT = frozenset({408, 409, 425, 429, 502, 503, 504, 529})
"""Statuses of a server that is busy, loading, or for the moment out of reach."""
REFUSING = frozenset({400, 406, 411, 412, 413, 414, 415, 422, 431, 451, 501})
"""Statuses of a request that is wrong in itself."""
_OVERFLOW = re.compile(
    r"context.?(length|size|window)|context the overflows|context overflow|max_model_len|too many tokens"
    r"|\b(prompt|input|inputs|request|messages?|conversation|entity|payload)\b[^.]{0,60}\btoo (large|long)"
    r"|max_(completion_)?tokens\b[^.]{0,40}(too large|too high|greater|at most)|max_new_tokens.*must be"
    r"|maximum.*tokens|exceeds?\b.*\b(tokens|context)"
    r"|longer than\b.*\b(context|model)|must have less than \d+ tokens|\bn_ctx\b",
    re.IGNORECASE | re.DOTALL,
)
_FILTERED = re.compile(
    r"content.?(filter|policy|management|moderation|violation)|flagged|requires moderation|responsible.?ai"
    r"|safety (system|setting|filter|polic|reason)|usage polic|inappropriate|data_inspection_failed"
    r"|prohibited|sensitive (content|information|word)|guardrail|prompt.?injection|blocked (by|for|due)",
    re.IGNORECASE,
)
_UNSUPPORTED = re.compile(
    r"requested parameters|endpoints found that (can handle|support)|allowed to request|unsupported param",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(r"could not finish the message because max_tokens", re.IGNORECASE)
_UNPAID = re.compile(
    r"insufficient.?(quota|funds|balance|credit)|credit balance|out of credits|billing_hard_limit",
    re.IGNORECASE,
)


class Hiccup(Exception):
    """A request that may succeed if it is made again, just as it is.

    Attributes:
        kind: what it was, for counting.
        words: what is told of it, if it doesn't pass.
        patient: whether it is waited for as long as the server may take to load.
        after: seconds that the server asks to wait, where it does.
        status: what the server said; 0 where it said nothing.
    """

    def __init__(
        self, kind: str, words: str, patient: bool = False, after: float | None = None, status: int = 0
    ) -> None:
        super().__init__(words)
        self.kind = kind
        self.words = words
        self.patient = patient
        self.after = after
        self.status = status


class StillLoading(EngineUnavailable):
    """A server that says it is busy or loading, and may for long."""


class RequestRefused(PalaestraError):
    """A request that the server finds wrong, in its words; a plainer one may do.

    Attributes:
        words: the server's.
        filtered: whether it is the prompt's content that is refused, whatever is asked of it.
        overflows: whether the prompt is too long, or the answer that is asked for.
        unfinished: whether a hidden thought took all the room there was.
        worn: whether it is a hiccup that didn't pass, however often the request was made.
        waited: whether that took so long that nothing plainer is tried.
    """

    def __init__(
        self,
        words: str,
        filtered: bool = False,
        overflows: bool = False,
        worn: bool = False,
        waited: bool = False,
    ) -> None:
        super().__init__(words)
        self.words = words
        self.filtered = filtered
        self.overflows = overflows
        self.unfinished = _UNFINISHED.search(words) is not None
        self.worn = worn
        self.waited = waited


@dataclass(frozen=True, slots=True)
class FailedAnswer:
    """An answer that isn't one: its status, 0 or over 399, and the server's words."""

    status: int
    words: str

    @property
    def overflows(self) -> bool:
        """Whether the prompt is too long, or the answer that is asked for."""
        if self.status == 429:  # of a limit of tokens a minute that is smaller than the prompt
            return "request too large" in self.words.lower()
        return self.status in (400, 413, 422, 500) and _OVERFLOW.search(self.words) is not None

    @property
    def filtered(self) -> bool:
        """Whether the prompt's content is refused."""
        return self.status in (400, 403, 422, 451) and _FILTERED.search(self.words) is not None

    @property
    def unsupported(self) -> bool:
        """Whether it is a parameter that isn't taken, though the status says something else."""
        return self.status in (403, 404, 405) and _UNSUPPORTED.search(self.words) is not None

    @property
    def unpaid(self) -> bool:
        """Whether nothing more is answered before somebody pays."""
        return self.status == 402 or (self.status in (403, 429) and _UNPAID.search(self.words) is not None)


def seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """How long the server asks to be left alone; None where it doesn't say."""
    try:
        if milliseconds := headers.get("retry-after-ms", ""):
            return max(float(milliseconds) / 1000, 0.0)
        given = headers.get("retry-after", "")
        if not given:
            return None
        return max(float(given), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - time(), 0.0)
    except (ValueError, TypeError, OverflowError):
        return None
