"""A readable transcript of an episode: who was asked what, and what they answered."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from textwrap import fill
from typing import Any

import polars as pl

from palaestra.agents.answers import LogProbability
from palaestra.agents.calls import OVERFLOW, REFUSED
from palaestra.agents.failures import BadInput
from palaestra.metrics.outcomes import NOT_OUTCOME
from palaestra.runs.exchanges import asked, exchanges
from palaestra.runs.run import Run

WIDTH = 100


NOT_FACTS = ("episode", "event", "step")


def transcript(run: Run, episode: int, events: bool = False, thoughts: bool = False) -> Iterator[str]:
    """The lines of an episode's transcript.

    Args:
        run: the run.
        episode: index of the episode.
        events: also tell the events, after the calls that led to them; an episode without
            calls is always told in its events.
        thoughts: also tell what agents thought before they answered; else only that they did.

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
    calls = run.calls.filter(pl.col("episode") == episode)
    told = _events(run, episode) if events or calls.is_empty() else []
    rows = calls.to_dicts()
    for exchange in exchanges(asked(number, row) for number, row in enumerate(rows)):
        yield from _told(told, before=exchange.calls[0].step)
        yield ""
        yield f"── {exchange.heading} " + "─" * 20
        width = max(len(call.agent) for call in exchange.calls)
        for agent, answered in groupby(exchange.calls, key=lambda call: call.agent):
            answers = [(rows[call.row], exchange.own(call)) for call in answered]
            yield from _thoughts(agent.ljust(width), answers, thoughts)
            yield from _answers(agent.ljust(width), answers)
    yield from _told(told)


def _events(run: Run, episode: int) -> list[tuple[int, str]]:
    """The events of an episode in their order, each with its step."""
    rows = []
    for name, table in run.tables.items():
        if "event" in table.columns:
            own = table.filter(pl.col("episode") == episode)
            rows += [(row["event"], name, row) for row in own.iter_rows(named=True)]
    lines = []
    for _, name, row in sorted(rows, key=lambda found: found[0]):
        facts = {k: v for k, v in row.items() if k not in NOT_FACTS and v is not None}
        shown = ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in facts.items())
        lines.append((row["step"], f"· {name.replace('_', ' ')}: {shown}"))
    return lines


def _told(events: list[tuple[int, str]], before: int | None = None) -> Iterator[str]:
    """The next events, all or those of the steps before `before`; they are taken off the list."""
    first = True
    while events and (before is None or events[0][0] < before):
        if first:
            yield ""
            first = False
        yield from fill(events.pop(0)[1], WIDTH, subsequent_indent="    ").split("\n")


def _outcome(run: Run, row: dict[str, Any]) -> Iterator[str]:
    if not row["ended"]:
        yield f"not over yet; the run is {run.state.status}"
        return
    shown = {k: v for k, v in row.items() if k not in NOT_OUTCOME and v is not None}
    width = max((len(name) for name in shown), default=0)
    for name, value in shown.items():
        yield f"  {name.ljust(width)}  {f'{value:.2f}' if isinstance(value, float) else value}"


def _thoughts(agent: str, answers: list[tuple[dict[str, Any], str]], whole: bool) -> Iterator[str]:
    """What one agent thought before its answers, which nobody else has read."""
    for call, own in answers:
        if call["thought"]:
            told = call["thought"] if whole else f"{len(call['thought'].split())} words"
            text = f"{agent}  (thinks{', ' + own if own else ''}: {' '.join(told.split())})"
            yield from fill(text, WIDTH, subsequent_indent=" " * (len(agent) + 2)).split("\n")


def _answers(agent: str, answers: list[tuple[dict[str, Any], str]]) -> Iterator[str]:
    """What one agent answered, each with what it is about: texts as paragraphs, choices on one line."""
    short = []
    for call, own in answers:
        if call["finish"] == OVERFLOW:
            short.append(f"{own} (too long a prompt; asked again with less)".strip())
        elif call["finish"] == REFUSED:
            short.append(f"{own} (refused: {call['refusal']})".strip())
        elif call["failed"]:
            short.append(f"{own} (no valid answer in {call['attempts']} attempts)".strip())
        elif call["weighed"] is not None:
            short.append(f"{own} {_weighed(call['text'])}".strip())
        elif call["options"] is None:
            text = f"{agent}  {own + ': ' if own else ''}{call['text']}"
            yield from fill(text, WIDTH, subsequent_indent=" " * (len(agent) + 2)).split("\n")
        else:
            short.append(f"{own} {_choice(call)}".strip())
    if short:
        told = f"{agent}  {'; '.join(short)}"
        yield from fill(told, WIDTH, subsequent_indent=" " * (len(agent) + 2)).split("\n")


def _weighed(text: str) -> str:
    """How probable a given text was found."""
    told = LogProbability.model_validate_json(text)
    return f"{told.mean_logprob:.2f} nats a token over {told.tokens}"


def _choice(call: dict[str, Any]) -> str:
    """A chosen option with its probability, or with the expectation where the options are numbers."""
    if call["probabilities"] is None:
        return str(call["text"])
    pairs = list(zip(call["options"], call["probabilities"], strict=True))
    if all(option.lstrip("-").isdecimal() for option in call["options"]):
        return f"{call['text']} (mean {sum(float(option) * p for option, p in pairs):.1f})"
    return f"{call['text']} ({dict(pairs)[call['text']]:.0%})"
