"""Which events belong beside which text, and which are told between the exchanges.

The rules know no scenario. An event belongs to a text if one of its columns points to it: `call` to a
call, `message`, `…_message`, `draft`, `answer`, `reason` and `human` to a message. It also belongs to a
text if it is a judgement (it has a `judge` or an `author`) of the one who wrote it (`contestant`, `author`,
or `first` and `second`), and the event that tells of the text agrees with it in all whole numbers that
both have: contest, candidate, round. All other events are told where they happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from palaestra.runs.exchanges import Asked, in_words

Facts = dict[str, object]
POINTERS = ("message", "draft", "answer", "reason", "human")
SUBJECTS = ("contestant", "author", "first", "second")
MEASURES = ("score", "rating", "reward", "first_better")
PLACE = ("episode", "event", "step")
UNTOLD = ("label", "basis", "policy")
"""Left out beside a text: the judge's word for the author, how a score was read, the author's policy."""


@dataclass(frozen=True, slots=True)
class Note:
    """An event beside a text.

    Attributes:
        row: of the call whose text it is.
        kind: the event's type, in words; "overall" where it judges several texts as one.
        text: what it says beside what the text's place tells.
        value: what it measures; None where it measures nothing.
    """

    row: int
    kind: str
    text: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """An event between the exchanges: its step, its type in words, and what it says."""

    step: int
    kind: str
    text: str


@dataclass(slots=True)
class Happened:
    """An event: its type, its step and its columns that hold something."""

    kind: str
    step: int
    facts: Facts


@dataclass(slots=True)
class EpisodeTexts:
    """The texts of an episode: what its events may belong to.

    Attributes:
        calls: the recorded calls by index.
        messages: of each message, the call whose reply it quotes and the text.
    """

    calls: Mapping[int, Asked]
    messages: list[tuple[int | None, str]]
    told_of: dict[str, list[tuple[int, Facts]]] = field(default_factory=dict)
    """By agent, the calls that events point to, with the whole numbers of the first such event."""


def events_by_episode(tables: Mapping[str, pl.DataFrame]) -> dict[int, list[Happened]]:
    """The events of each episode, in their order."""
    found: dict[int, list[tuple[int, Happened]]] = {}
    for name, table in tables.items():
        if "event" not in table.columns:
            continue
        for row in table.iter_rows(named=True):
            facts = {key: value for key, value in row.items() if key not in PLACE and value is not None}
            event = Happened(name, row["step"], facts)
            found.setdefault(row["episode"], []).append((row["event"], event))
    return {
        episode: [event for _, event in sorted(events, key=lambda pair: pair[0])]
        for episode, events in found.items()
    }


def placed(events: Iterable[Happened], texts: EpisodeTexts) -> tuple[list[Note], list[Line]]:
    """The events of an episode, beside its texts and between its exchanges."""
    notes: list[Note] = []
    lines: list[Line] = []
    for event in events:
        beside = list(_pointed(event, texts)) or list(_judged(event, texts))
        notes += [note for note in beside if note.text or note.value is not None]
        if not beside:
            lines.append(Line(event.step, event.kind.replace("_", " "), in_words(_quoted(event, texts))))
    return notes, lines


def pointer(name: str, value: object) -> bool:
    """Whether a column of an event points to a message or a call."""
    points = name in POINTERS or name == "call" or name.endswith("_message")
    return points and isinstance(value, int) and not isinstance(value, bool)


def _pointed(event: Happened, texts: EpisodeTexts) -> Iterator[Note]:
    """Notes beside the texts that columns of `event` point to."""
    plain = {key: value for key, value in event.facts.items() if not pointer(key, value)}
    seen = set()
    for key, value in event.facts.items():
        if not pointer(key, value):
            continue
        index = value if key == "call" else _quotes(texts, value)
        call = texts.calls.get(index) if isinstance(index, int) else None
        if call is None or call.row in seen:
            continue
        seen.add(call.row)
        known = texts.told_of.setdefault(call.agent, [])
        if all(row != call.row for row, _ in known):
            numbers: Facts = {
                k: v for k, v in plain.items() if isinstance(v, int) and not isinstance(v, bool)
            }
            known.append((call.row, numbers))
        facts = {k: v for k, v in plain.items() if v != call.agent and call.about.get(k) != v}
        yield _note(event.kind, call.row, facts)


def _judged(event: Happened, texts: EpisodeTexts) -> Iterator[Note]:
    """Notes beside the texts that `event` judges through their author."""
    facts = event.facts
    if "judge" not in facts and "author" not in facts:
        return
    for subject in SUBJECTS:
        author = facts.get(subject)
        agreeing = [
            (row, numbers)
            for row, numbers in texts.told_of.get(str(author), ())
            if all(facts.get(key, number) == number for key, number in numbers.items())
        ]
        kind = event.kind if len(agreeing) == 1 else f"{event.kind} overall"
        for row, numbers in agreeing:
            told = {k: v for k, v in facts.items() if k != subject and k not in numbers}
            if subject in ("first", "second") and isinstance(better := told.get("first_better"), float):
                told["first_better"] = better if subject == "first" else 1 - better
                other = told.pop("second" if subject == "first" else "first", "")
                told["against"] = f"against {other}, read {'second' if subject == 'first' else 'first'}"
            yield _note(kind, row, told)


def _note(kind: str, row: int, facts: Facts) -> Note:
    measure = next((name for name in MEASURES if isinstance(facts.get(name), float)), None)
    value = facts.pop(measure) if measure else None
    told = {k: v for k, v in facts.items() if k not in UNTOLD}
    return Note(row, kind.replace("_", " "), in_words(told), value if isinstance(value, float) else None)


def _quoted(event: Happened, texts: EpisodeTexts) -> Facts:
    """The facts of an event, with the texts of the messages that it points to, where nobody was asked."""
    facts: Facts = {}
    for key, value in event.facts.items():
        if not pointer(key, value):
            facts[key] = value
        elif key != "call" and isinstance(value, int) and 0 <= value < len(texts.messages):
            facts[key] = f"“{texts.messages[value][1]}”"
        elif key != "call":
            facts[key] = value
    return facts


def _quotes(texts: EpisodeTexts, message: object) -> int | None:
    """The call whose reply a message quotes."""
    if isinstance(message, int) and 0 <= message < len(texts.messages):
        return texts.messages[message][0]
    return None
