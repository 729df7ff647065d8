"""The losses that TRL hasn't: MNPO, PRO and CUT, of one row each, on log-probabilities in nats.

| loss | what is compared | source |
|---|---|---|
| MNPO | the lead of the chosen answer with its lead under past policies | Multiplayer Nash Preference … |
| PRO | each answer of a ranking with all that are worse | Preference Ranking Optimization |
| CUT | each token with and without a judgment in the prompt | "Reasons to Reject?" |

All are after the public code of these papers. SimPO's is TRL's (`trl.experimental.cpo`).
"""

from __future__ import annotations

import torch
from torch import Tensor

LEAST_PROBABILITY = 1e-5
"""What 1 − p is at least in CUT, so that a certain token has a loss."""


def mnpo_loss(chosen: Tensor, rejected: Tensor, anchor: Tensor, eta: float) -> Tensor:
    """(h_θ − anchor − 1/(2η))², with h the log-ratio of chosen over rejected.

    Args:
        chosen: log-probability of the whole chosen answer under the policy.
        rejected: likewise of the rejected one.
        anchor: ρ·h of the reference + (1 − ρ)·the mean of h over past policies.
        eta: η, the step size of the game: the smaller, the further apart the answers are driven.
    """
    return (chosen - rejected - anchor - 1 / (2 * eta)) ** 2


def pro_loss(means: Tensor, best_sum: Tensor, rewards: Tensor, sft_weight: float) -> Tensor:
    """PRO over one ranking, the best answer first.

    For each answer k but the last −log of its share e^{s_k·T_kk} among itself and all worse ones,
    e^{s_i·T_ki}, where T_ki = r_k − r_i and T_kk is the largest of them; and sft_weight·(n − 1)² times
    the negative log-likelihood of the best.

    Args:
        means: s, the mean log-probability of a token of each answer.
        best_sum: log-probability of the whole best answer.
        rewards: r of each answer.
        sft_weight: how much the best answer is learnt as it is.
    """
    count = len(rewards)
    loss = -sft_weight * (count - 1) ** 2 * best_sum
    for k in range(count - 1):
        temperatures = rewards[k] - rewards[k + 1 :]
        own = means[k] * temperatures.max()
        loss = loss + torch.cat([own[None], means[k + 1 :] * temperatures]).logsumexp(0) - own
    return loss


def cut_loss(plain: Tensor, judged: Tensor | None, threshold: float, weight: float) -> Tensor:
    """CUT of one answer.

    A token is at fault if it is more than `threshold` times likelier with the judgment in the prompt
    than without: then it is made unlikely without it, −weight·log(1 − p). All others are learnt there,
    and all are learnt after the judgment; both sides count half. An answer that nobody faulted is learnt.

    Args:
        plain: log-probability of each token without the judgment.
        judged: with it; None for an answer that nobody faulted.
        threshold: see above.
        weight: of what is unlearnt.
    """
    if judged is None:
        return -plain.mean()
    at_fault = (judged - plain).detach() > torch.log(torch.tensor(threshold))
    unlikely = (1 - plain.exp()).clamp(min=LEAST_PROBABILITY).log()
    unlearnt = -torch.where(at_fault, weight * unlikely, plain).mean()
    return (unlearnt - judged.mean()) / 2
