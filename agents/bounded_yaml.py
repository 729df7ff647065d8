"""YAML 1.2 that is read up to a limit, and told where it goes beyond.

One pass over libyaml's events makes the values, each with its place. Limits are watched before anything is
made: nesting, aliases that stand for more and more, tags that would make something else of a value, numbers
that no computer's hold. `yes`, `no`, `on` and dates are text.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from math import isfinite
from typing import Any

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, MappingStartEvent, ScalarEvent

from palaestra.agents.limits import MOST_DEPTH, MOST_DIGITS, MOST_INTEGER, MOST_NODES

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's, which every wheel of PyYAML holds: thirty times as fast as the one in Python."""
NUMBER = re.compile(
    r"(?P<whole>[-+]?(0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*))"
    r"|[-+]?(\d[\d_]*\.[\d_]*|\.\d[\d_]*|\d[\d_]*(?=[eE]))([eE][-+]?\d+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
    re.ASCII,
)
WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
"""What plain words mean that are no text."""
SURROGATE = re.compile("[\ud800-\udfff]")
NO_CHARACTER = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
BREAKS = "\x85\u2028\u2029"
"""Ends of lines to libyaml, as in YAML 1.1; in YAML 1.2 they are characters like others."""
HALF = "an escape of half a surrogate pair is no character; write the character itself"
Place = tuple[int, int]
"""A line and a column, from 1."""


class NotYaml(Exception):
    """A text that is no YAML, or goes beyond a limit.

    Attributes:
        line, column: where, from 1; 0 where that isn't known.
    """

    def __init__(self, what: str, line: int = 0, column: int = 0) -> None:
        super().__init__(what)
        self.line = line
        self.column = column


class PlacedMap(dict[Any, Any]):
    """A mapping of YAML's.

    Attributes:
        places: of its keys.
    """

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[Hashable, Place] = {}


class PlacedList(list[Any]):
    """A list of YAML's.

    Attributes:
        places: of its items.
    """

    def __init__(self) -> None:
        super().__init__()
        self.places: list[Place] = []


class _Maker:
    """Makes values of events.

    Args:
        events: from the first of a document.
        breaks: the characters of `BREAKS`, by those that stand for them.
    """

    def __init__(self, events: Iterator[Any], breaks: dict[int, str]) -> None:
        self._events = events
        self._breaks = breaks
        self._made = 0
        self._anchored: dict[str, tuple[Any, int]] = {}
        self._open: set[str] = set()

    def value(self, event: Any, depth: int = 0) -> Any:
        """What begins with `event`, inside so many others."""
        before, anchor = self._made, event.anchor
        self._made += 1
        if isinstance(event, AliasEvent):
            made = self._stand_for(event)
        else:
            _check(event, depth)
            if isinstance(event, ScalarEvent):
                made = self._scalar(event)
            else:
                self._open.add(anchor)
                made = self._map(depth + 1) if isinstance(event, MappingStartEvent) else self._list(depth + 1)
                self._open.discard(anchor)
            if anchor:
                self._anchored[anchor] = made, self._made - before
        if self._made > MOST_NODES:
            raise _beyond(event, f"more than {MOST_NODES:,} values, with what aliases stand for")
        return made

    def _stand_for(self, event: Any) -> Any:
        if event.anchor in self._open:
            raise _beyond(event, f"the alias *{event.anchor} stands for what it is in")
        if event.anchor not in self._anchored:
            raise _beyond(event, f"this is not YAML: no &{event.anchor} is before the alias *{event.anchor}")
        made, size = self._anchored[event.anchor]
        self._made += size
        return made

    def _scalar(self, event: Any) -> Any:
        text: str = event.value.translate(self._breaks) if self._breaks else event.value
        if SURROGATE.search(text):  # libyaml refuses it itself
            raise _beyond(event, f"this is not YAML: {HALF}")
        if event.style:
            return text
        return WORDS[text] if text in WORDS else _number(event, text)

    def _list(self, depth: int) -> PlacedList:
        made = PlacedList()
        while not isinstance(event := next(self._events), CollectionEndEvent):
            made.places.append(_place(event))
            made.append(self.value(event, depth))
        return made

    def _map(self, depth: int) -> PlacedMap:
        made, merged = PlacedMap(), PlacedMap()
        while not isinstance(event := next(self._events), CollectionEndEvent):
            key = self.value(event, depth)
            inner = next(self._events)
            if isinstance(event, ScalarEvent) and event.value == "<<" and not event.style:
                self._merge(merged, event, self.value(inner, depth))
                continue
            if isinstance(key, (PlacedMap, PlacedList)):
                raise _beyond(event, "this is not YAML that can be read: a mapping or list as a key")
            if key in made:
                raise _beyond(event, f'this is not YAML: found duplicate key "{key}"')
            made.places[key] = _place(event)
            made[key] = self.value(inner, depth)
        for key in merged.keys() - made.keys():
            made[key] = merged[key]
            made.places[key] = merged.places[key]
        return made

    def _merge(self, merged: PlacedMap, event: Any, given: Any) -> None:
        """Note what `<<` brings, of several mappings the first that has a key."""
        for each in given if isinstance(given, PlacedList) else [given]:
            if not isinstance(each, PlacedMap):
                raise _beyond(event, "this is not YAML: `<<` takes a mapping, or a list of them")
            for key, value in each.items():
                if key not in merged:
                    merged[key] = value
                    merged.places[key] = _place(event)


def _check(event: Any, depth: int) -> None:
    """Raise `NotYaml` where a value can't be taken."""
    if depth >= MOST_DEPTH:
        raise _beyond(event, f"more than {MOST_DEPTH} mappings or lists inside each other")
    tag = event.tag
    if tag is not None:
        shown = str(tag).replace("tag:yaml.org,2002:", "!!")
        raise _beyond(event, f"the tag {shown} isn't taken; leave it out, and write text in quotes")


def _number(event: Any, text: str) -> int | float | str:
    """What a plain word means that is perhaps a number."""
    found = NUMBER.fullmatch(text) if text[0] in "-+.0123456789" else None
    if found is None:
        return text
    if len(text) > MOST_DIGITS:
        raise _beyond(event, f"a number of {len(text):,} characters; at most {MOST_DIGITS} are read")
    plain = text.replace("_", "").lower()
    if found["whole"] is None:
        number = float(re.sub(r"\.(?=[in])", "", plain))
        if not isfinite(number):
            raise _beyond(event, f"{text} is no number that can be computed with")
        return number
    base = {"0x": 16, "0o": 8, "0b": 2}.get(plain.lstrip("-+")[:2], 10)
    try:
        whole = int(plain, base)
    except ValueError:  # 0x_
        return text
    if abs(whole) > MOST_INTEGER:
        raise _beyond(event, f"{text} is beyond {MOST_INTEGER:,}, the largest whole number")
    return whole


def _place(event: Any) -> Place:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _beyond(event: Any, what: str) -> NotYaml:
    return NotYaml(what, *_place(event))


def read(text: str) -> Any:
    """What the YAML `text` holds, mappings and lists with the places of what is in them.

    Raises:
        NotYaml: it is none, or more than one document, or goes beyond a limit.
    """
    odd = NO_CHARACTER.search(text)
    if odd:
        before = text[: odd.start()]
        what = f"this is not YAML: the character U+{ord(odd[0]):04X} can't stand in it"
        raise NotYaml(what, before.count("\n") + 1, odd.start() - before.rfind("\n"))
    stand_ins = _stand_ins(text)
    try:
        events = yaml.parse(text.translate({ord(each): new for new, each in stand_ins.items()}), LOADER)
        return _document(events, {ord(new): each for new, each in stand_ins.items()})
    except yaml.MarkedYAMLError as error:
        what = str(error.problem or error.context or "it can't be told why")
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else ()
        if "Unicode character escape" in what:
            what = HALF
        raise NotYaml(f"this is not YAML: {' '.join(what.split())}", *place) from error
    except (yaml.YAMLError, ValueError) as error:  # an escape beyond all characters
        raise NotYaml(f"this is not YAML: {error}") from error


def _stand_ins(text: str) -> dict[str, str]:
    """The characters of `BREAKS` that are in `text`, by private ones that aren't and may stand for them."""
    found = [each for each in BREAKS if each in text]
    private = (chr(number) for number in range(0xF0000, 0x110000) if found and chr(number) not in text)
    return dict(zip(private, found, strict=False))


def _document(events: Iterator[Any], breaks: dict[int, str]) -> Any:
    """The one document of a stream; None where there is none."""
    next(events)  # of the stream
    if isinstance(next(events), yaml.StreamEndEvent):
        return None
    made = _Maker(events, breaks).value(next(events))
    next(events)  # the document's end
    after = next(events)
    if not isinstance(after, yaml.StreamEndEvent):
        raise _beyond(after, "this is not YAML: another document begins here, and a file has one")
    return made
