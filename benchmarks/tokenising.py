"""What turning a call's prompt into tokens costs, as a transcript grows, for tokenizers of several families.

A debate's prompt of so many heard messages of 40 words: CPU milliseconds to encode it when all of it was
heard before (`fast`), when one message is new (`new`), and whole each time (`whole`); the least, the median
and the most of repeated batches that take turns. Before that, hostile prompts are encoded both ways: told is
how many have the very same tokens, and how many of their passages took the fast way, message by message;
others are cut by paragraphs, or encoded whole.

Tokenizers come as for `make conformance`: PYTHONPATH=tests/lib:. python benchmarks/tokenising.py [FAMILY ...]
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from typing import Any

from measuring import Spread, machine, taking_turns
from tests.conformance import OWN, fetched

from palaestra.agents.calls import Message, Prompt
from palaestra.agents.scripted import WORDS
from palaestra.sims.engines import embedded_model
from palaestra.sims.engines.chat_template import ChatTemplate
from support.hostile_prompts import hostile_prompts

EMBEDDED = "smollm2"
FAMILIES = (EMBEDDED, "gemma3", "qwen3", "llama3_1", "gptoss", "mistral_nemo", "command_r_plus", "yi")
HEARD = (24, 80, 240)
HOSTILE = 2_000
BATCHES = 30
PACKAGES = ("palaestra", "tokenizers", "transformers")

chance = random.Random(1)


def message(number: int, words: int = 40, label: str = "Ann") -> Message:
    """What somebody said."""
    text = " ".join(chance.choices(WORDS, k=words)).capitalize() + "."
    return Message(number, "user", text, label)


def debate(heard: int) -> Prompt:
    """Rules, a transcript, a request."""
    rules = Message(0, "system", message(0, 120).text)
    return (rules, *(message(n) for n in range(1, heard + 1)), message(heard + 1, label=""))


def milliseconds(work: Callable[[], object], batch: int) -> Callable[[], float]:
    """CPU time of one call."""

    def measure() -> float:
        begun = time.process_time()
        for _ in range(batch):
            work()
        return (time.process_time() - begun) / batch * 1e3

    return measure


def growing(template: ChatTemplate, prompt: Prompt) -> Callable[[], object]:
    """Encodes the prompt with one more message each time."""
    heard = list(prompt)

    def grow() -> None:
        heard.insert(-1, message(len(heard)))
        template.start(tuple(heard))

    return grow


def identity(template: ChatTemplate, whole: ChatTemplate) -> str:
    """How many hostile prompts have the same tokens in both ways."""
    same = sum(template.encode(prompt) == whole.encode(prompt) for prompt in hostile_prompts(HOSTILE))
    ways = template.messages.ways
    return f"same tokens {same} of {HOSTILE}, by message {ways['joined'] / ways.total():.0%}"


def examine(family: str) -> None:
    """Measure one family's tokenizer; print."""
    from transformers import AutoTokenizer

    folder = embedded_model.ensure() if family == EMBEDDED else fetched(family)
    tokenizer: Any = AutoTokenizer.from_pretrained(str(folder))
    template, whole = (ChatTemplate(tokenizer, text=OWN.get(family)) for _ in range(2))
    whole.messages.seam = None
    seam = template.messages.seam
    print(f"{family}: cut {seam or 'nowhere, ' + template.messages.why}; ", end="")
    print(identity(template, whole))
    for heard in HEARD:
        prompt = debate(heard)
        assert template.start(prompt) == whole.start(prompt)
        template.messages.ways.clear()
        found: dict[str, Spread] = taking_turns(
            {
                "fast": milliseconds(lambda prompt=prompt: template.start(prompt), 20),
                "whole": milliseconds(lambda prompt=prompt: whole.start(prompt), 1),
                "new": milliseconds(growing(template, prompt), 1),
            },
            BATCHES,
        )
        ways = template.messages.ways
        told = "  ".join(f"{name} {spread.told('.3f')}" for name, spread in found.items())
        tokens = len(template.encode(prompt))
        print(f"  {heard:4} heard, {tokens:6} tokens: {told}  by message {ways['joined'] / ways.total():.0%}")


def main() -> None:
    parser = argparse.ArgumentParser(description="What it costs to encode prompts.")
    parser.add_argument("families", nargs="*", default=FAMILIES, help=f"else {', '.join(FAMILIES)}")
    print(f"tokenising on {machine(PACKAGES)}")
    print("CPU ms a call: least, median, most")
    for family in parser.parse_args().families:
        examine(family)


if __name__ == "__main__":
    main()
