"""YAML that is read up to a limit, and told where it goes beyond.

Limits are watched while the file is composed, before anything is made of it: nesting, aliases that stand for
more and more, tags that would make something else of a value, numbers that no computer's hold.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, NodeEvent, ScalarEvent
from ruamel.yaml.nodes import Node
from ruamel.yaml.reader import ReaderError

from palaestra.agents.limits import MOST_DEPTH, MOST_DIGITS, MOST_INTEGER, MOST_NODES

NUMBER = re.compile(
    r"[-+]?(0o[0-7_]+|0x[0-9a-fA-F_]+|[\d_]*(\.[\d_]*)?([eE][-+]?\d+)?)|[-+]?\.(inf|nan)", re.I
)
SURROGATE = re.compile("[\ud800-\udfff]")


class NotYaml(Exception):
    """A text that is no YAML, or goes beyond a limit.

    Attributes:
        line, column: where, from 1; 0 where that isn't known.
    """

    def __init__(self, what: str, line: int = 0, column: int = 0) -> None:
        super().__init__(what)
        self.line = line
        self.column = column


class _Beyond(MarkedYAMLError):
    """A limit that is passed."""


class _Bounded(Composer):
    """Composes nodes as long as they stay within limits."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self._nodes = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        self._nodes += 1
        if isinstance(event, AliasEvent):
            node = super().compose_node(parent, index)
            self._stand_for(node, event)
        else:
            _check(event, self.depth)
            before = self._nodes
            node = super().compose_node(parent, index)
            self._sizes[id(node)] = self._nodes - before
        if self._nodes > MOST_NODES:
            raise _beyond(event, f"more than {MOST_NODES:,} values, with what aliases stand for")
        return node

    def _stand_for(self, node: Node, event: AliasEvent) -> None:
        if id(node) not in self._sizes:
            raise _beyond(event, f"the alias *{event.anchor} stands for what it is in")
        self._nodes += self._sizes[id(node)]


def _check(event: NodeEvent, depth: int) -> None:
    """Raise `_Beyond` where a node can't be taken."""
    if depth >= MOST_DEPTH:
        raise _beyond(event, f"more than {MOST_DEPTH} mappings or lists inside each other")
    tag = getattr(event, "tag", None)
    if tag is not None:
        shown = str(tag).replace("tag:yaml.org,2002:", "!!")
        raise _beyond(event, f"the tag {shown} isn't taken; leave it out, and write text in quotes")
    if isinstance(event, ScalarEvent):
        value = str(event.value)
        if SURROGATE.search(value):
            raise _beyond(event, "half of a surrogate pair is no character; write the character itself")
        if event.style is None and value and tag is None and NUMBER.fullmatch(value):
            _check_number(event, value)


def _check_number(event: NodeEvent, text: str) -> None:
    if len(text) > MOST_DIGITS:
        raise _beyond(event, f"a number of {len(text):,} characters; at most {MOST_DIGITS} are read")
    plain = re.sub(r"(?i)\.(?=inf|nan)", "", text)
    whole = re.fullmatch(r"[-+]?(0o|0x[\da-f_]+|[\d_]+)[\d_]*", text, re.I)
    try:
        number = (int(plain, 0) if re.match(r"[-+]?0[xo]", plain) else int(plain)) if whole else float(plain)
    except ValueError:  # "_", ".": text
        return
    if not isfinite(number):
        raise _beyond(event, f"{text} is no number that can be computed with")
    if whole and abs(number) > MOST_INTEGER:
        raise _beyond(event, f"{text} is beyond {MOST_INTEGER:,}, the largest whole number")


def _beyond(event: NodeEvent, what: str) -> _Beyond:
    return _Beyond(problem=what, problem_mark=event.start_mark)


def read(text: str) -> Any:
    """What the YAML `text` holds, with the places of its values.

    Raises:
        NotYaml: it is none, or more than one document, or goes beyond a limit.
    """
    reader = YAML(typ="rt")
    reader.Composer = _Bounded
    try:
        return reader.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "it can't be told why"
        if isinstance(error, _Beyond):
            raise NotYaml(what, mark.line + 1, mark.column + 1) from error
        place = (mark.line + 1, mark.column + 1) if mark else ()
        raise NotYaml(f"this is not YAML: {' '.join(str(what).split())}", *place) from error
    except ReaderError as error:
        before = text[: error.position]
        raise NotYaml(
            f"this is not YAML: the character U+{ord(text[error.position]):04X} can't stand in it",
            before.count("\n") + 1,
            error.position - before.rfind("\n"),
        ) from error
    except (YAMLError, ValueError) as error:  # a date or number of YAML's that there is not
        raise NotYaml(f"this is not YAML: {error}") from error
