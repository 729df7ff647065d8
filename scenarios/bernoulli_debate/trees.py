"""Random computations whose truth is known: coins that copy the bit before them, or don't.

At each step the next bit copies the one before it, or its opposite, with probability ρ;
otherwise a fresh coin is tossed. So the chance of a 1 at step i after bit y is

    p_i(y) = a_i + ρ·c_i(y),   c_i(y) = y or 1 − y,   0 ≤ a_i ≤ 1 − ρ,

and p_0 = a_0. The computation is k-Lipschitz with k = 1 + ρ + … + ρ^t: change the chances by
up to ε each, in any way that may depend on all bits so far. The probability m_i that bit i is
1 then changes by at most ε more than ρ times the change of m_(i−1), as m_i = a_i + ρ·E[c_i]
and E[c_i] is m_(i−1) or 1 − m_(i−1). Hence |Δm_t| ≤ ε·(1 + ρ + … + ρ^t) = k·ε. No smaller k
will do: moving every chance by ε in the direction that `Tree.direction` tells reaches k·ε.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from numpy.random import Generator


@dataclass(frozen=True, slots=True)
class Tree:
    """One computation.

    Attributes:
        memory: ρ, 0–1.
        offsets: a_i of each step.
        negated: whether step i copies the opposite of the bit before; never the first.
    """

    memory: float
    offsets: tuple[float, ...]
    negated: tuple[bool, ...]

    @property
    def steps(self) -> int:
        """Number of bits, t + 1."""
        return len(self.offsets)

    def chance(self, bits: Sequence[int]) -> float:
        """The oracle: probability, 0–1, that the bit after `bits` is 1."""
        step = len(bits)
        if not step:
            return self.offsets[0]
        copied = bits[-1] ^ self.negated[step]
        return min(1.0, self.offsets[step] + self.memory * copied)

    def answer(self) -> float:
        """Probability, 0–1, that the last bit is 1."""
        marginal = self.offsets[0]
        for offset, negated in zip(self.offsets[1:], self.negated[1:], strict=True):
            marginal = offset + self.memory * (1 - marginal if negated else marginal)
        return marginal

    def direction(self, step: int) -> int:
        """1 if a 1 at `step` (from 0) makes the answer 1 likelier, −1 if a 0 does."""
        return -1 if sum(self.negated[step + 1 :]) % 2 else 1


@lru_cache(maxsize=256)
def memory_of(lipschitz: float, steps: int) -> float:
    """The ρ in [0, 1] with 1 + ρ + … + ρ^(steps−1) = `lipschitz`, which lies in [1, `steps`]."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if sum(middle**power for power in range(steps)) < lipschitz:
            low = middle
        else:
            high = middle
    return 0.0 if lipschitz == 1 else high


def draw_tree(random: Generator, steps: int, lipschitz: float, answer: float) -> Tree:
    """A random tree whose last bit is 1 with probability `answer`.

    It is drawn backwards: the probability of the bit before, uniformly among those from which
    a fresh coin can lead to the probability of this one.

    Args:
        random: what draws it.
        steps: number of bits, ≥ 1.
        lipschitz: its Lipschitz constant, 1 … `steps`.
        answer: 0–1.
    """
    memory = memory_of(lipschitz, steps)
    offsets: list[float] = []
    negated: list[bool] = []
    marginal = answer
    for _ in range(steps - 1):
        low = max(0.0, (marginal - (1 - memory)) / memory) if memory else 0.0
        high = min(1.0, marginal / memory) if memory else 1.0
        copied = random.uniform(min(low, high), high)  # rounding can put one a hair above the other
        offsets.append(min(max(marginal - memory * copied, 0.0), 1 - memory))
        negated.append(bool(random.integers(2)))
        marginal = 1 - copied if negated[-1] else copied
    return Tree(memory, (marginal, *reversed(offsets)), (False, *reversed(negated)))
