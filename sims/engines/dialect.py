"""What of OpenAI's protocol a server takes: learned from its refusals, parameter by parameter.

A choice or a JSON object is asked in the strictest form that the server keeps to, the others in turn:

| form | constraint | who keeps to it |
|---|---|---|
| `structured_choice`, `structured_json` | vLLM's `structured_outputs`: the options, or the schema | vLLM |
| `enum_schema`, `json_schema` | `response_format`: the options as an enum, or the schema | OpenAI, … |
| `loose_schema` | the same without lengths and ranges, which some refuse | OpenAI of some versions |
| `json_object` | `response_format` for any object; the schema is told in words | DeepSeek, Mistral, … |
| `plain` | none: what is wanted is told in words, and the answer parsed strictly | everybody |

What a server refuses and has never taken is left off from then on. What it takes at other times is left off
this once: one odd answer stands for nothing more than itself.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

Form = str
CHOICE_FORMS: tuple[Form, ...] = ("structured_choice", "enum_schema", "plain")
JSON_FORMS: tuple[Form, ...] = ("json_schema", "structured_json", "loose_schema", "json_object", "plain")
PLAIN: Form = "plain"
WORDED = frozenset({"json_object", PLAIN})
"""Forms in which what is wanted has to be told in words."""
LEAST_SUSPECTED = 2
LEAST_BROKEN = 3
"""How often a server must have passed over something, oftener than not, before it is asked without."""
_NAMED = {
    "structured_choice": r"structured_outputs|guided",
    "structured_json": r"structured_outputs|guided",
    "enum_schema": r"response_format|json_schema|\bschema\b|grammar",
    "json_schema": r"response_format|json_schema|\bschema\b|grammar",
    "loose_schema": r"response_format|json_schema|\bschema\b|grammar",
    "json_object": r"response_format|json_object",
    "continue_final_message": r"continue_final_message|add_generation_prompt",
    "top_logprobs": r"top_logprobs|top_n_tokens|sample logprobs of \d",
    "logprobs": r"logprobs|log.?probabilit",
    "seed": r"\bseed\b",
    "top_p: 1": r"\btop.?p\b",
    "top_p": r"\btop.?p\b",
    "stop": r"['\"`.]stop\b|stop (sequence|word|token|string)s?\b",
    "temperature": r"temperature",
    "max_tokens": r"max_tokens|max_completion_tokens",
    "max_completion_tokens": r"max_completion_tokens",
}
_PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _NAMED.items()}
PARAMETERS = tuple(_NAMED)
"""What a request may do without, the likeliest to be refused first."""
LENGTHS = frozenset({"max_tokens", "max_completion_tokens"})
MILDER = {"top_p: 1": "top_p", "top_logprobs": "logprobs"}
"""What is asked more mildly before it is left off: just below 1, and five at each place."""
INSTEAD = {
    "top_p: 1": "with 0.9999",
    "top_logprobs": "for 5 at each place",
    "max_tokens": "with `max_completion_tokens`",
}


@dataclass(slots=True)
class Dialect:
    """What one server takes.

    Attributes:
        dropped: parameters and forms that it refuses, or that the user drops.
        taken: those that it took at least once.
        suspected: how often a request was answered without one, though the server didn't name it.
        kept, broken: how often it kept to a form, or passed over it.
        say: is told what a user should know while it happens.
    """

    dropped: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    suspected: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    say: Callable[[str], None] = lambda _words: None

    def forms(self, ladder: tuple[Form, ...]) -> list[Form]:
        """The forms of `ladder` that are of use, strictest first; `plain` always is."""
        return [form for form in ladder if form == PLAIN or self.uses(form)]

    def uses(self, name: str) -> bool:
        """Whether the server is asked with this parameter or in this form."""
        return name not in self.dropped

    def learn(self, sent: Set[str], left_off: Set[str], sure: bool = True) -> None:
        """Note that a request with `sent` was answered, after it was refused with `left_off` beside them.

        Args:
            sent: parameters and form.
            left_off: likewise.
            sure: whether the server named them; else it takes two such requests.
        """
        self.taken |= sent
        for name in sorted(left_off - self.taken - self.dropped):
            self.suspected[name] += 1
            if not sure and self.suspected[name] < LEAST_SUSPECTED:
                continue
            self.dropped.add(name)
            self.say(f"the server takes no `{name}`; it is asked {INSTEAD.get(name, 'without')}")

    def observe(self, name: str, kept: bool) -> None:
        """Note whether an answer kept to the form, or had the log-probabilities, that were asked for."""
        (self.kept if kept else self.broken)[name] += 1
        if name != PLAIN and name not in self.dropped and self._passed_over(name):
            self.dropped.add(name)
            self.say(f"the server passes over `{name}`; it is asked without")

    def _passed_over(self, name: str) -> bool:
        return LEAST_BROKEN <= self.broken[name] > self.kept[name]


def named(words: str, sent: Set[str]) -> set[str]:
    """Which of the parameters `sent` a server's words name."""
    found = {name for name in PARAMETERS if name in sent and _PATTERNS[name].search(words)}
    return found - {MILDER[name] for name in found & MILDER.keys()}


def plainer(forms: Sequence[Form], parameters: Set[str]) -> Iterator[frozenset[str]]:
    """What to leave off where the server names nothing: one thing alone, then more and more at once.

    Args:
        forms: in which it can be asked, the one that was refused first.
        parameters: that were sent.
    """
    suspects = [name for name in PARAMETERS if name in parameters]
    yield from (frozenset(forms[:n]) for n in range(1, len(forms)))
    yield from (frozenset({name}) for name in suspects)
    yield from (frozenset((*forms[:-1], *suspects[:n])) for n in range(1, len(suspects) + 1))


def loosened(schema: Any) -> Any:
    """A JSON schema without what bounds lengths and ranges."""
    if isinstance(schema, list):
        return [loosened(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    bounds = {"maxLength", "minLength", "maxItems", "minItems", "pattern", "format", "multipleOf"}
    bounds |= {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    kept = {key: value for key, value in schema.items() if key not in bounds}
    if isinstance(kept.get("properties"), dict):
        inner = {name: loosened(child) for name, child in kept["properties"].items()}
        return {k: loosened(v) for k, v in kept.items() if k != "properties"} | {"properties": inner}
    return {key: loosened(value) for key, value in kept.items()}
