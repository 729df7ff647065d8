"""The kinds of answer a call can ask for, and how a reply's text becomes a value.

| kind | value | what the engine guarantees |
|---|---|---|
| `Text` | `str` | at most `max_tokens` tokens |
| `Json` | `dict` that fits the schema | constrained decoding, bounded so that it can close |
| `Choice` | one of the options | constrained decoding, with the probability of every option |
| `Likelihood` | how probable a given text is | nothing is decoded: the text is read after the prompt |
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from palaestra.agents.failures import BadInput, UnparsedAnswer

JsonValue = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Text:
    """Free text.

    Attributes:
        max_tokens: length limit in tokens; None takes the policy's.
        stop: strings that end the answer and are not part of it.
    """

    max_tokens: int | None = None
    stop: tuple[str, ...] = ()

    def parse(self, text: str) -> str:
        """Return `text`; raise `UnparsedAnswer` when it is empty."""
        if not text:
            raise UnparsedAnswer("the reply is empty")
        return text

    def describe(self) -> JsonValue:
        """The log's description of this answer."""
        return {"kind": "text"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several options, with the probability of each.

    Attributes:
        options: at least two different non-empty strings, in the order in which
            `Reply.probabilities` reports them. Options may share first tokens or
            be prefixes of one another ("1" and "10").
    """

    options: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.options) < 2 or len(set(self.options)) < len(self.options):
            raise BadInput(f"a choice needs two or more different options, not {self.options!r}")
        if any(not option or option != option.strip() for option in self.options):
            raise BadInput(f"options must be non-empty, without outer spaces: {self.options!r}")

    def parse(self, text: str) -> str:
        """Return the option that `text` is; raise `UnparsedAnswer` when it is none."""
        text = text.strip()
        if text in self.options:
            return text
        raise UnparsedAnswer(f"{text!r} is none of the options {', '.join(self.options)}")

    def describe(self) -> JsonValue:
        """The log's description of this answer."""
        return {"kind": "choice", "options": list(self.options)}


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON object that fits a pydantic model.

    Every string, number and list of the model must be bounded (`max_length`,
    `ge`/`le`, `max_length` of the list), so that constrained decoding can always
    close the object; an unbounded field raises `BadInput` that names it.

    Attributes:
        model: the pydantic model; extra keys are refused.
        schema: its JSON schema, without references.
        key: the schema as text; answers with the same one are the same kind.
    """

    model: type[BaseModel] = field(compare=False)
    schema: JsonValue = field(init=False, compare=False)
    key: str = field(init=False, repr=False)
    max_characters: int = field(init=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        schema, bound = _bounded_schema(self.model)
        object.__setattr__(self, "schema", schema)
        object.__setattr__(self, "key", json.dumps(schema, sort_keys=True))
        object.__setattr__(self, "max_characters", bound)

    def parse(self, text: str) -> JsonValue:
        """Return the object in `text`; raise `UnparsedAnswer` when it doesn't fit the model."""
        return _parsed(self.model, text)

    def describe(self) -> JsonValue:
        """The log's description of this answer."""
        return {"kind": "json", "schema": self.schema}


class LogProbability(BaseModel):
    """What a reply to a `Likelihood` tells.

    Attributes:
        mean_logprob: mean over the text's tokens of the natural logarithm of each one's probability after the
            prompt and the tokens before it, ≤ 0, nats a token.
        tokens: how many the text has.
    """

    mean_logprob: float = Field(le=0, allow_inf_nan=False)
    tokens: int = Field(ge=1)


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How probable a given text is as the answer; its value has the fields of `LogProbability`.

    The model reads the prompt and then the text where its own answer would begin. What ends a turn isn't
    counted, so a text that was cut at its limit is weighed as one that ended. Nothing is thought before.

    Attributes:
        text: what is weighed, without outer white space; not empty.
    """

    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.text.strip())
        if not self.text:
            raise BadInput("a text of no words has no probability")

    def parse(self, text: str) -> JsonValue:
        """Return what `text` tells; raise `UnparsedAnswer` when it doesn't fit `LogProbability`."""
        return _parsed(LogProbability, text)

    def describe(self) -> JsonValue:
        """The log's description of this answer."""
        return {"kind": "likelihood", "weighed": self.text}


Answer = Text | Json | Choice | Likelihood
Value = str | JsonValue


def _parsed(model: type[BaseModel], text: str) -> JsonValue:
    """The object in `text`; raises `UnparsedAnswer` when it doesn't fit `model`."""
    try:
        return model.model_validate_json(text, extra="forbid").model_dump(mode="json")
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the object"
        raise UnparsedAnswer(f"{where}: {first['msg']}") from error


@lru_cache(maxsize=256)
def _bounded_schema(model: type[BaseModel]) -> tuple[JsonValue, int]:
    schema = inlined_schema(model.model_json_schema())
    return schema, _longest(schema, model.__name__)


def inlined_schema(schema: JsonValue) -> JsonValue:
    """`schema` with its `$ref`s replaced by what they point to and no further keys allowed."""
    definitions = schema.get("$defs", {})
    inside: list[str] = []

    def inline(node: Any) -> Any:
        if isinstance(node, list):
            return [inline(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            name = node["$ref"].rsplit("/", 1)[1]
            if name in inside:
                raise BadInput(f"{name} contains itself, so an answer might never close")
            inside.append(name)
            inlined = inline(definitions[name])
            inside.pop()
            return inlined
        properties = {name: inline(child) for name, child in node.get("properties", {}).items()}
        node = {
            key: inline(value)
            for key, value in node.items()
            if key not in ("$defs", "title", "properties", "default", "enum", "const")
        } | {key: node[key] for key in ("enum", "const") if key in node}
        if properties:
            node["properties"] = properties
        if node.get("type") == "object":
            node.setdefault("additionalProperties", False)
            node["required"] = list(node.get("properties", {}))
        return node

    inlined: JsonValue = inline(schema)
    return inlined


def _longest(node: JsonValue, where: str) -> int:
    """Characters of the longest JSON text that fits `node`, escapes not counted."""
    for key in ("anyOf", "oneOf"):
        if key in node:
            return max(_longest(option, where) for option in node[key])
    if "enum" in node:
        return max(len(json.dumps(value)) for value in node["enum"])
    if "const" in node:
        return len(json.dumps(node["const"]))
    match node.get("type"):
        case "object":
            if node["additionalProperties"] is not False:
                raise BadInput(f"{where} allows any key", "Declare its fields, so that it can close.")
            return 2 + sum(
                len(name) + 4 + _longest(child, f"{where}.{name}")
                for name, child in node.get("properties", {}).items()
            )
        case "array" if "maxItems" in node and "items" in node:
            return 2 + int(node["maxItems"]) * (1 + _longest(node["items"], f"{where}[]"))
        case "string" if "maxLength" in node:
            return 2 + int(node["maxLength"])
        case "integer" | "number" if _limits(node):
            # Ranges of numbers decode with at most 6 decimals.
            return max(len(str(int(limit))) for limit in _limits(node)) + 8
        case "boolean" | "null":
            return 5
    raise BadInput(
        f"{where} is unbounded, so an answer might never close",
        "Give it Field(max_length=…) for text and lists, Field(ge=…, le=…) for numbers.",
    )


def _limits(node: JsonValue) -> list[float]:
    """The lower and the upper limit of a number's schema, or [] when one is missing."""
    low = node.get("minimum", node.get("exclusiveMinimum"))
    high = node.get("maximum", node.get("exclusiveMaximum"))
    return [] if low is None or high is None else [low, high]
