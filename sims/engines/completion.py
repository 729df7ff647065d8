"""Answers of chat servers, read without trust: what is missing or odd in one is left out, or refused.

Servers that speak OpenAI's protocol differ in every field of their answers, and what stands between may
answer for them. Whatever can be read is; a body without an answer is `Malformed`; an error in a body of
status 200 is told as the error that it is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from math import exp, inf
from typing import Any

import orjson

from palaestra.agents.values import value

Body = dict[str, Any]
MOST_WORDS = 400
"""Characters of a server's own words that are told."""
MOST_READ = 8_000
"""Bytes of an error page that are read for them."""
MOST_LOGPROB = 1e9
"""How far below 0 a logarithm may be; servers write -9999 for what can't be."""
MOST_TOTAL = 1.02
"""What probabilities of different tokens at one place may come to; more is no distribution."""
_MARKUP = re.compile(r"<(script|style|head)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)


class Malformed(Exception):
    """A body without an answer that can be read; says what it is instead."""


class EmbeddedError(Exception):
    """An error that came with status 200.

    Attributes:
        status: the HTTP status that it stands for, where it says so; else 500.
    """

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True, slots=True)
class Position:
    """One token of an answer.

    Attributes:
        token: as text.
        probability: with which it was said.
        listed: the likeliest tokens there with their probabilities; the one that was said may be among them.
    """

    token: str
    probability: float
    listed: tuple[tuple[str, float], ...]


@value()
class Completion:
    """What a server answered.

    Attributes:
        text: the answer; empty where there is none.
        thought: what the server tells apart from the answer.
        finish: "stop", "length", "content_filter" or another word of the server.
        refusal: in which words the model or a filter refuses to answer; empty where it doesn't.
        prompt_tokens, cached_tokens: 0 where the server doesn't count.
        output_tokens: None where the server doesn't count.
        hidden: how many of them were a thought, also one that isn't told.
        model: who answered, where the server tells it.
        positions: of the answer's tokens, perhaps its thought's as well; empty where they aren't told, or
            are no probabilities.
    """

    text: str
    thought: str
    finish: str
    refusal: str
    prompt_tokens: int
    cached_tokens: int
    output_tokens: int | None
    hidden: int
    model: str | None
    positions: tuple[Position, ...]

    @classmethod
    def unfinished(cls) -> Completion:
        """An answer that was cut within a thought that isn't told."""
        return cls("", "", "length", "", 0, 0, None, 1, None, ())


def read(body: bytes) -> Completion:
    """The answer in `body`.

    Raises:
        Malformed: there is none.
        EmbeddedError: it tells an error instead.
    """
    told = _object(body)
    if told is None:
        raise Malformed(words_of(body) or "it is empty")
    choices = told.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    for place in (told, choice):
        if isinstance(place, dict) and place.get("error"):
            raise EmbeddedError(_status(place["error"]), words_of(body))
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        raise Malformed(f"there is no message in {body[:MOST_WORDS].decode(errors='replace')}")
    message: Body = choice["message"]
    finish = choice.get("finish_reason")
    if finish == "error":
        raise EmbeddedError(500, words_of(body))
    refusal = message.get("refusal")
    usage = _mapping(told.get("usage"))
    model = told.get("model")
    return Completion(
        text=_text(message.get("content")).strip(),
        thought=_thought(message),
        finish=finish if isinstance(finish, str) else "stop",
        refusal=refusal.strip() if isinstance(refusal, str) else "",
        prompt_tokens=_count(usage.get("prompt_tokens")) or 0,
        cached_tokens=_count(_mapping(usage.get("prompt_tokens_details")).get("cached_tokens")) or 0,
        output_tokens=_count(usage.get("completion_tokens")),
        hidden=_count(_mapping(usage.get("completion_tokens_details")).get("reasoning_tokens")) or 0,
        model=model if isinstance(model, str) and model else None,
        positions=_positions(_mapping(choice.get("logprobs")).get("content")),
    )


THOUGHTS = ("reasoning_content", "reasoning", "thinking")
"""How servers name what a model thought."""


def _thought(message: Body) -> str:
    """A thought that stands beside the answer, or as a part of its content."""
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    within = [part for part in map(_mapping, parts) if part.get("type") in ("thinking", "reasoning")]
    told = [*(message.get(name) for name in THOUGHTS), *(part.get(part["type"]) for part in within)]
    spoken = (thought for thought in told if isinstance(thought, str | list))
    return next(filter(None, (_text(thought).strip() for thought in spoken)), "")


def words_of(body: bytes) -> str:
    """What a server says in the body of an error, in one line without markup; "" for an empty one."""
    told = _object(body)
    if told is None:
        text = _MARKUP.sub(" ", body[:MOST_READ].decode(errors="replace"))
    else:
        text = "; ".join(dict.fromkeys(_sentences(told)))
    text = " ".join(text.split())
    return text if len(text) <= MOST_WORDS else f"{text[:MOST_WORDS]}…"


def _sentences(told: object) -> list[str]:
    """All that is said in an error's body, from the outside in: every server has a form of its own."""
    if isinstance(told, str):
        return [told]
    if isinstance(told, list):
        return [words for item in told[:5] for words in _sentences(item)]
    if not isinstance(told, dict):
        return []
    place = told.get("loc")
    where = ".".join(map(str, place)) + ": " if isinstance(place, list) else ""
    spoken = ("error", "errors", "message", "msg", "detail", "details", "reason", "param", "code", "metadata")
    found = [words for name in spoken if name in told for words in _sentences(told[name])]
    if "raw" in told:  # what a provider behind a router said
        found += _sentences(told["raw"])
    return [f"{where}{found[0]}", *found[1:]] if found else []


def _object(body: bytes) -> Body | None:
    try:
        told = orjson.loads(body)
    except ValueError:  # it may still be what Python reads: infinite numbers, half a character
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            return None
    return told if isinstance(told, dict) else None


def _status(error: object) -> int:
    """The HTTP status that an error in a body stands for."""
    told = _mapping(error)
    for name in ("code", "status", "status_code"):
        given = told.get(name)
        if isinstance(given, str) and given.isdecimal():
            given = int(given)
        if isinstance(given, int) and 400 <= given < 600:
            return given
    return 500


def _mapping(value: object) -> Body:
    return value if isinstance(value, dict) else {}


def _text(content: object) -> str:
    """A text, or the texts of the parts that content may come in."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(_text(part.get("text") if isinstance(part, dict) else part) for part in content)
    if content is None or isinstance(content, dict):
        return ""
    raise Malformed(f"its content is {content!r}"[:MOST_WORDS])


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        return None
    return int(value)


def _positions(content: object) -> tuple[Position, ...]:
    if not isinstance(content, list):
        return ()
    found = [_position(item) for item in content]
    known = tuple(position for position in found if position is not None)
    return known if len(known) == len(found) else ()


def _position(item: object) -> Position | None:
    """A token with its alternatives; None where that is no distribution."""
    said = _weighed(item)
    alternatives = _mapping(item).get("top_logprobs") or ()
    if said is None or not isinstance(alternatives, list | tuple):
        return None
    listed = [_weighed(each) for each in alternatives]
    known = tuple(each for each in listed if each is not None)
    if len(known) < len(listed):
        return None
    everything = known if any(token == said[0] for token, _ in known) else (said, *known)
    total = sum(probability for _, probability in everything)
    return Position(*said, known) if total <= MOST_TOTAL else None


def _weighed(item: object) -> tuple[str, float] | None:
    told = _mapping(item)
    token, logprob = told.get("token"), told.get("logprob")
    if not isinstance(token, str) or isinstance(logprob, bool) or not isinstance(logprob, int | float):
        return None
    if logprob == -inf:
        return token, 0.0
    return (token, exp(logprob)) if -MOST_LOGPROB <= logprob <= 0.01 else None
