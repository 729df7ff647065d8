"""A readable transcript of an episode: who was asked what, and what they answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from textwrap import fill
from typing import Any

import polars as pl

from agents.failures import BadInput
from runs.run import Run

WIDTH = 100


def transcript(run: Run, episode: int) -> Iterator[str]:
    """The lines of an episode's transcript.

    Args:
        run: the run.
        episode: index of the episode.

    Raises:
        BadInput: the run has not begun such an episode.
    """
    found = run.episodes.filter(pl.col("episode") == episode)
    if found.is_empty():
        begun = run.episodes["episode"].to_list()
        raise BadInput(
            f"there is no episode {episode} in {run.folder}",
            f"It has the episodes {begun[0]} to {begun[-1]}." if begun else "None has begun yet.",
        )
    yield f"Episode {episode}"
    yield from _outcome(run, found.row(0, named=True))
    calls = run.calls.filter(pl.col("episode") == episode).iter_rows(named=True)
    for (_, purpose), group in groupby(calls, key=lambda call: (call["step"], call["purpose"])):
        asked = list(group)
        abouts = [json.loads(call["about"]) for call in asked]
        shared = {k: v for k, v in abouts[0].items() if all(about.get(k) == v for about in abouts)}
        yield ""
        yield f"── {_facts({'': purpose, **shared})} " + "─" * 20
        width = max(len(call["agent"]) for call in asked)
        for agent, answers in groupby(zip(asked, abouts, strict=True), key=lambda pair: pair[0]["agent"]):
            yield from _answers(agent.ljust(width), list(answers), set(shared))


def _outcome(run: Run, row: dict[str, Any]) -> Iterator[str]:
    if not row["ended"]:
        yield f"not over yet; the run is {run.state['status']}"
        return
    shown = {k: v for k, v in row.items() if k not in ("episode", "seed", "ended", "steps") and v is not None}
    width = max((len(name) for name in shown), default=0)
    for name, value in shown.items():
        yield f"  {name.ljust(width)}  {f'{value:.2f}' if isinstance(value, float) else value}"


def _answers(
    agent: str, answers: list[tuple[dict[str, Any], dict[str, Any]]], shared: set[str]
) -> Iterator[str]:
    """What one agent answered in a row: texts as paragraphs, choices on one line."""
    short = []
    for call, about in answers:
        own = _facts({k: v for k, v in about.items() if k not in shared})
        if call["failed"]:
            short.append(f"{own} (no valid answer in {call['attempts']} attempts)".strip())
        elif call["options"] is None:
            text = f"{agent}  {own + ': ' if own else ''}{call['text']}"
            yield from fill(text, WIDTH, subsequent_indent=" " * (len(agent) + 2)).split("\n")
        else:
            short.append(f"{own} {_choice(call)}".strip())
    if short:
        told = f"{agent}  {'; '.join(short)}"
        yield from fill(told, WIDTH, subsequent_indent=" " * (len(agent) + 2)).split("\n")


def _choice(call: dict[str, Any]) -> str:
    """A chosen option with its probability, or the expectation where the options are numbers."""
    if call["probabilities"] is None:
        return str(call["text"])
    pairs = list(zip(call["options"], call["probabilities"], strict=True))
    if all(option.lstrip("-").isdecimal() for option in call["options"]):
        return f"{sum(float(option) * p for option, p in pairs):.1f}"
    return f"{call['text']} ({dict(pairs)[call['text']]:.0%})"


def _facts(facts: dict[str, Any]) -> str:
    """Facts in words: names of numbers are kept ("round 2"), those of texts are not ("Ann")."""
    words = [f"{k} {v}" if k and not isinstance(v, str) else str(v) for k, v in facts.items()]
    return ", ".join(words)
