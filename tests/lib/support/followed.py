"""Thoughts followed through runs: are there any, where did they get out, what are choices after them worth?

The probabilities of choices are computed a second time from texts alone: the library renders the prompt, and
transformers weighs every option behind prompt and thought.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from palaestra.runs.record.recorder import PROBABILITY_DIGITS
from palaestra.runs.run import Run
from support.exact_model import ExactModel
from support.leaks import places
from support.taught import SENTINEL
from support.thinkers import ThinkingFamily

LEAST = 0.9
"""Share of the thoughts that must not be empty."""
LOGGED = 0.5 * 10**-PROBABILITY_DIGITS
"""How far a probability may be moved by being logged."""
COMPARED = 12
"""Choices of a run that are compared, of those in whose prompts nobody spelt a control token."""


@dataclass(slots=True)
class Followed:
    """What became of a family's thoughts.

    Attributes:
        calls, filled, held, cut: how many calls there were, and thoughts that are not empty, that hold the
            sentinel, that reached their budget.
        outside: places where the sentinel stands that are none of thoughts.
        formats: those that were exported.
        compared, beyond: how many choices were compared, and how many are farther off than rounding explains.
        off: the largest difference of a probability.
        share: the largest difference as a share of what rounding explains.
    """

    calls: int = 0
    filled: int = 0
    held: int = 0
    cut: int = 0
    outside: list[str] = field(default_factory=list)
    formats: set[str] = field(default_factory=set)
    compared: int = 0
    beyond: int = 0
    off: float = 0.0
    share: float = 0.0

    @property
    def well(self) -> bool:
        """Whether all is as it should be."""
        return self.filled >= LEAST * self.calls and not self.outside and not self.beyond


def followed(thinker: ThinkingFamily, model: Path, dtype: str, runs: Sequence[Path]) -> Followed:
    """Follow the thoughts of a family's runs."""
    told = Followed()
    exact = ExactModel(dtype, model)
    for folder in runs:
        run = Run(folder)
        thoughts = run.calls["thought"].to_list()
        told.calls += len(thoughts)
        told.filled += sum(map(bool, thoughts))
        told.held += sum(SENTINEL in thought for thought in thoughts)
        told.cut += sum(" again" in thought for thought in thoughts)
        found = places(folder, SENTINEL)
        told.outside += [f"{folder.name}: {place}" for place in found.found]
        told.formats |= set(found.searched)
        choices = [
            row
            for row in run.calls.iter_rows(named=True)
            if row["probabilities"] and not _forged(exact, run, row)
        ]
        for row in Random(1).sample(choices, min(COMPARED, len(choices))):
            pairs = list(zip(row["probabilities"], expected(thinker, exact, run, row), strict=True))
            told.compared += 1
            told.off = max(told.off, *(abs(found - right.expected) for found, right in pairs))
            shares = [abs(found - right.expected) / (right.abs + LOGGED) for found, right in pairs]
            told.beyond += max(shares) > 1
            told.share = max(told.share, *shares)
    return told


def expected(thinker: ThinkingFamily, exact: ExactModel, run: Run, row: dict[str, Any]) -> tuple[Any, ...]:
    """The probabilities of a call's options by brute force, from texts alone."""
    tokenizer = exact.tokenizer
    messages = [
        {"role": role, "content": text} for role, text in joined(run.prompt(row["episode"], row["call"]))
    ]
    asked = tokenizer.apply_chat_template(
        messages, tokenize=False, add_generation_prompt=True, enable_thinking=True
    )
    begun = asked + thinker.opens + row["thought"] + thinker.closes
    before = tokenizer(begun, add_special_tokens=False)["input_ids"]
    options = []
    for option in row["options"]:
        whole = tokenizer(begun + option + tokenizer.eos_token, add_special_tokens=False)["input_ids"]
        assert whole[: len(before)] == before, option
        options.append(whole[len(before) :])
    return exact.options(before, options)


def _forged(exact: ExactModel, run: Run, row: dict[str, Any]) -> bool:
    """Whether somebody spelt a control token, which the library would take for one."""
    said = "".join(text for _, text in run.prompt(row["episode"], row["call"])) + row["thought"]
    return any(control in said for control in map(str, exact.tokenizer.added_tokens_decoder.values()))


def joined(prompt: list[tuple[Any, str]]) -> Iterator[tuple[Any, str]]:
    """The turns of a prompt: neighbours of one role are one."""
    turns: list[tuple[Any, list[str]]] = []
    for role, text in prompt:
        if turns and turns[-1][0] == role:
            turns[-1][1].append(text)
        else:
            turns.append((role, [text]))
    for role, texts in turns:
        yield role, "\n\n".join(texts).strip()
