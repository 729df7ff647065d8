"""A model computed by transformers, and how far an engine's number format may lead it astray.

An engine rounds to 24 (float32) or 8 (bfloat16) significant bits after every operation of thirty layers.
What that does to a log-probability is measured, not guessed: transformers computes the same tokens in
float64, which is exact beside either, and in the engine's format, with log-probabilities in float32 as
vLLM has them whatever its format: of a model of few layers that is most of the error. The root mean square
of the differences, over all tokens that could come next, is the error of one log-probability: 8e-6 nats in
float32, 0.10 in bfloat16, whose logits between 16 and 32 are 0.125 apart. An engine rounds elsewhere, but
as often: its errors are of that size, and a test allows as many times that as chance makes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache
from math import exp, fsum, prod, sqrt
from pathlib import Path
from random import Random
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

import pytest

from palaestra.sims.engines import embedded_model

if TYPE_CHECKING:
    import torch

FARTHEST = 6
"""Errors of this many times their size are no chance: of a normal distribution 2e-9 lies beyond."""

Tokens = Sequence[int]
Forks = Mapping[tuple[int, ...], Mapping[int, float]]  # what may come after some tokens, log-probabilities


class ExactModel:
    """A model in float64, and in an engine's format beside it.

    Args:
        dtype: the engine's number format, such as "bfloat16".
        folder: of the model. Default: the embedded one.
    """

    def __init__(self, dtype: str, folder: Path | None = None) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        folder = embedded_model.ensure() if folder is None else folder
        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self._exact, self._rounded = (
            AutoModelForCausalLM.from_pretrained(folder, dtype=kind, experts_implementation="eager")
            for kind in (torch.float64, getattr(torch, dtype))
        )

    def logprobs(self, prompt: Tokens, said: Tokens, temperature: float) -> object:
        """Equal to any list of the log-probabilities of the tokens `said`, as near as the format allows."""
        ((exact, error),) = self._next(prompt, [said], temperature)
        right = [float(row[token]) for row, token in zip(exact, said, strict=True)]
        return pytest.approx(right, abs=FARTHEST * error)

    def mean_logprob(self, prompt: Tokens, said: Tokens) -> object:
        """Equal to any mean log-probability of the tokens `said`, as near as that: errors average out."""
        ((exact, error),) = self._next(prompt, [said])
        right = fmean(float(row[token]) for row, token in zip(exact, said, strict=True))
        return pytest.approx(right, abs=FARTHEST * error / sqrt(len(said)))

    def options(self, prompt: Tokens, options: Sequence[Tokens]) -> tuple[object, ...]:
        """Equal to any tuple of the options' probabilities, walked token by token, as near as that.

        Args:
            options: the tokens of each, with the one that ends the answer.
        """
        forks: dict[tuple[int, ...], dict[int, float]] = {}
        errors = []
        for option, (exact, error) in zip(options, self._next(prompt, options), strict=True):
            errors.append(error)
            for depth, row in enumerate(exact):
                begun = tuple(option[:depth])
                allowed = {other[depth] for other in options if tuple(other[:depth]) == begun}
                forks[begun] = {token: float(row[token]) for token in sorted(allowed)}
        random, error = Random(1), max(errors)
        strayed = [
            _walk(
                options,
                {
                    begun: {token: value + random.gauss(0, error) for token, value in fork.items()}
                    for begun, fork in forks.items()
                },
            )
            for _ in range(200)
        ]
        return tuple(
            pytest.approx(right, abs=FARTHEST * stdev(found))
            for right, *found in zip(_walk(options, forks), *strayed, strict=True)
        )

    def answers(self, prompt: Tokens, options: Sequence[Tokens]) -> tuple[object, ...]:
        """Equal to any tuple of the options' probabilities as whole answers, as near as that."""
        told = self._next(prompt, options)
        sums = [
            fsum(float(row[token]) for row, token in zip(exact, option, strict=True))
            for option, (exact, _) in zip(options, told, strict=True)
        ]
        random, error = Random(1), max(error for _, error in told)
        spread = [error * sqrt(len(option)) for option in options]
        strayed = [
            _shares([total + random.gauss(0, each) for total, each in zip(sums, spread, strict=True)])
            for _ in range(200)
        ]
        return tuple(
            pytest.approx(right, abs=FARTHEST * stdev(found))
            for right, *found in zip(_shares(sums), *strayed, strict=True)
        )

    def _next(
        self, prompt: Tokens, said: Sequence[Tokens], temperature: float = 1
    ) -> list[tuple[Any, float]]:
        """For each of `said` the log-probabilities of all tokens, a row a token, and their error."""
        import torch

        exact, rounded = (
            _after(model, prompt, said, temperature, kind)
            for model, kind in ((self._exact, torch.float64), (self._rounded, torch.float32))
        )
        return [
            (right, float((found - right).square().mean().sqrt()))
            for right, found in zip(exact, rounded, strict=True)
        ]


def _after(
    model: Any, prompt: Tokens, said: Sequence[Tokens], temperature: float, kind: torch.dtype
) -> list[Any]:
    """A model's log-probabilities at each token of each of `said`; the prompt is computed once."""
    import torch

    with torch.no_grad():
        begun = model(torch.tensor([prompt[:-1]]), logits_to_keep=1).past_key_values
        logits = [
            model(torch.tensor([[prompt[-1], *tokens[:-1]]]), past_key_values=deepcopy(begun)).logits[0]
            for tokens in said
        ]
    return [torch.log_softmax(rows.to(kind) / temperature, -1).double() for rows in logits]


def _walk(options: Sequence[Tokens], forks: Forks) -> list[float]:
    """The probability of each option: the product of its tokens' shares of what the options allow."""
    return [
        prod(
            exp(forks[tuple(option[:depth])][token]) / fsum(map(exp, forks[tuple(option[:depth])].values()))
            for depth, token in enumerate(option)
        )
        for option in options
    ]


def _shares(sums: Sequence[float]) -> list[float]:
    """What each of these log-probabilities has of all together."""
    return [exp(each) / fsum(map(exp, sums)) for each in sums]


@cache
def exact_model(dtype: str) -> ExactModel:
    """The model that all tests of a process compare with."""
    return ExactModel(dtype)
