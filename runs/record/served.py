"""Whether what answers is what answered before: what engines say of themselves, compared.

A resumed run, and one that branches another, replays what is recorded and asks an engine for the rest. Where
that engine serves another model by now, whoever reads the run must know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

COMPARED = (
    "kind",
    "model",
    "served",
    "revision",
    "commit",
    "weights",
    "config",
    "tokenizer",
    "template",
    "system_fingerprint",
)
"""What of an identity says which model answers; `adapter …` does too, devices and versions don't."""
Identities = Mapping[str, Mapping[str, JsonValue]]


def changes(before: Identities, now: Identities) -> Iterator[str]:
    """What is another than before, in words, of each engine that answered then and answers now.

    Args:
        before: what each engine said of itself, by name.
        now: likewise.
    """
    for name, identity in now.items():
        known = before.get(name, {})
        keys = [key for key in known if key in identity and (key in COMPARED or key.startswith("adapter "))]
        differing = [key for key in keys if known[key] != identity[key]]
        if differing:
            told = "; ".join(f"its {key} was {known[key]}, and is {identity[key]}" for key in differing)
            yield f"the engine {name!r} isn't what answered before: {told}"
