"""The exact probability of every option of a choice, from one token of the model at a time.

Options are sequences of tokens; together they form a tree. Under constrained decoding the
model chooses a child at each node where the options part, so an option's probability is
the product, over those nodes on its path, of the child's probability renormalised over
the node's children. Most choices part at their first token and need one node; options
like "1" and "10" need a second one, where the answer either ends or goes on.

Or options are weighed as whole answers: each by the product of its tokens' probabilities among all that the
model might say, its end included, and only then against the others. That asks at every node. The two differ
where a token that begins an option mostly begins something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, prod
from random import Random


@dataclass(frozen=True, slots=True)
class Fork:
    """A node where options part.

    Attributes:
        path: the tokens that lead to it from the start of the answer.
        children: the tokens that some option has next, ascending.
    """

    path: tuple[int, ...]
    children: tuple[int, ...]


class OptionTree:
    """The tree of some options.

    Args:
        options: the tokens of each option, without an end token.
        end: the token that ends an answer, appended to each.
        whole: whether options are weighed as whole answers.

    Attributes:
        options: the tokens of each option, with the end token.
        forks: the nodes where options part, of whole answers all nodes; ask the model at each of them.

    Raises:
        ValueError: two options have the same tokens.
    """

    def __init__(self, options: Sequence[Sequence[int]], end: int, whole: bool = False) -> None:
        self._whole = whole
        self.options = [(*option, end) for option in options]
        if len(set(self.options)) < len(self.options):
            raise ValueError("two options have the same tokens")
        children: dict[tuple[int, ...], set[int]] = {}
        for option in self.options:
            for depth, token in enumerate(option):
                children.setdefault(option[:depth], set()).add(token)
        self.forks = [
            Fork(path, tuple(sorted(next_))) for path, next_ in children.items() if whole or len(next_) > 1
        ]

    def probabilities(self, logprobs: Sequence[Sequence[float]]) -> list[float]:
        """The probability of each option, in order, summing to 1.

        Args:
            logprobs: for each fork the log-probabilities of its children, in order; of whole answers among
                all that the model might say.
        """
        if self._whole:
            return self._of_whole_answers(logprobs)
        share: dict[tuple[tuple[int, ...], int], float] = {}
        for fork, values in zip(self.forks, logprobs, strict=True):
            top = max(values)
            weights = [exp(value - top) for value in values]
            total = fsum(weights)
            for token, weight in zip(fork.children, weights, strict=True):
                share[fork.path, token] = weight / total
        found = []
        for option in self.options:
            product = 1.0
            for depth, token in enumerate(option):
                product *= share.get((option[:depth], token), 1.0)
            found.append(product)
        total = fsum(found)
        return [p / total for p in found]

    def _of_whole_answers(self, logprobs: Sequence[Sequence[float]]) -> list[float]:
        told = {
            (fork.path, token): value
            for fork, values in zip(self.forks, logprobs, strict=True)
            for token, value in zip(fork.children, values, strict=True)
        }
        found = [
            fsum(told[option[:depth], token] for depth, token in enumerate(option)) for option in self.options
        ]
        top = max(found)
        weights = [exp(value - top) for value in found]
        total = fsum(weights)
        return [weight / total for weight in weights]

    def mass(self, logprobs: Sequence[Sequence[float]]) -> float:
        """What all options hold of the model's probability together, 0–1, where they part, or whole.

        Args:
            logprobs: as for `probabilities`, of what the model would say without a constraint.
        """
        weight = {
            (fork.path, token): exp(value)
            for fork, values in zip(self.forks, logprobs, strict=True)
            for token, value in zip(fork.children, values, strict=True)
        }
        held = fsum(
            prod(weight.get((option[:depth], token), 1.0) for depth, token in enumerate(option))
            for option in self.options
        )
        return min(held, 1.0)


def sharpened(probabilities: Sequence[float], temperature: float) -> list[float]:
    """The probabilities from which an option is drawn at `temperature`: p^(1/T), summing to 1.

    At 0 all of it is on the likeliest option (the first of equals).
    """
    top = max(probabilities)
    if temperature == 0:
        best = list(probabilities).index(top)
        return [float(i == best) for i in range(len(probabilities))]
    weights = [(p / top) ** (1 / temperature) for p in probabilities]
    total = fsum(weights)
    return [weight / total for weight in weights]


def draw(probabilities: Sequence[float], temperature: float, seed: int) -> int:
    """The index of an option drawn from `probabilities` sharpened by `temperature`.

    Args:
        probabilities: at temperature 1.
        temperature: 0 takes the likeliest option (the first of equals).
        seed: of the draw.
    """
    return Random(seed).choices(range(len(probabilities)), sharpened(probabilities, temperature))[0]
