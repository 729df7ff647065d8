"""Made-up replies: deterministic in the call's seed and attempt, fit for any answer kind.

They know no language and take no side; they exist so that rules, logs and speed can
be tried without a model.
"""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any

from palaestra.agents.answers import Choice, Json, Likelihood, LogProbability
from palaestra.agents.calls import Call, Reply

WORDS = [
    "people",
    "city",
    "cost",
    "health",
    "street",
    "rule",
    "choice",
    "work",
    "school",
    "price",
    "water",
    "light",
    "evidence",
    "risk",
    "fair",
    "future",
    "public",
    "local",
    "safe",
    "change",
    "study",
    "trust",
    "share",
    "open",
    "plan",
]


def scripted_reply(call: Call, *, attempt: int = 0, garbled: float = 0.0) -> Reply:
    """The scripted reply to `call`.

    Args:
        call: the call.
        attempt: 0 for the first, counting up when an earlier reply could not be parsed.
        garbled: probability in [0, 1] that the text doesn't parse.

    Returns:
        A reply with `text` and, for a `Choice`, `probabilities`; `value` isn't parsed yet.
    """
    random = Random(call.seed + attempt)
    read = (sum(len(message.text) for message in call.prompt) + len(call.weighed)) // 4
    if garbled and random.random() < garbled:
        return Reply(text="" if call.answer.describe()["kind"] == "text" else "{garbled", output_tokens=1)
    probabilities = None
    if isinstance(call.answer, Choice):
        weights = [random.expovariate(1) for _ in call.answer.options]
        total = sum(weights)
        probabilities = tuple(weight / total for weight in weights)
        text = random.choices(call.answer.options, weights)[0]
    elif isinstance(call.answer, Likelihood):
        told = LogProbability(
            mean_logprob=-round(random.expovariate(1), 6), tokens=len(call.weighed) // 4 + 1
        )
        return Reply(text=told.model_dump_json(), prompt_tokens=read)
    elif isinstance(call.answer, Json):
        text = json.dumps(fitting(call.answer.schema, random), separators=(",", ":"))
    else:
        text = " ".join(random.choices(WORDS, k=random.randint(6, 14))).capitalize() + "."
    return Reply(
        text=text,
        probabilities=probabilities,
        prompt_tokens=read,
        output_tokens=len(text) // 4 + 1,
    )


def scripted_replies(calls: list[Call]) -> list[Reply]:
    """Parsed scripted replies to `calls`, for playing an episode without a scheduler."""
    replies = map(scripted_reply, calls)
    return [
        replace(reply, value=call.answer.parse(reply.text))
        for call, reply in zip(calls, replies, strict=True)
    ]


def fitting(node: dict[str, Any], random: Random) -> Any:
    """A random value that fits the JSON schema `node`."""
    for key in ("anyOf", "oneOf"):
        if key in node:
            return fitting(random.choice(node[key]), random)
    if "enum" in node:
        return random.choice(node["enum"])
    if "const" in node:
        return node["const"]
    match node["type"]:
        case "object":
            return {name: fitting(child, random) for name, child in node["properties"].items()}
        case "array":
            count = random.randint(node.get("minItems", 0), node["maxItems"])
            return [fitting(node["items"], random) for _ in range(count)]
        case "integer":
            least = node["minimum"] if "minimum" in node else node["exclusiveMinimum"] + 1
            most = node["maximum"] if "maximum" in node else node["exclusiveMaximum"] - 1
            return random.randint(int(least), int(most))
        case "number":
            low = float(node["minimum"] if "minimum" in node else node["exclusiveMinimum"])
            high = float(node["maximum"] if "maximum" in node else node["exclusiveMaximum"])
            return round(low + (high - low) * (0.001 + 0.998 * random.random()), 6)
        case "string":
            text = " ".join(random.choices(WORDS, k=1 + node["maxLength"] // 5))
            return text[: max(node.get("minLength", 0), random.randint(0, node["maxLength"]))]
        case "boolean":
            return random.random() < 0.5
    return None
