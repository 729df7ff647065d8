"""What is read of vLLM's outputs: how probable tokens were that it sampled, or that it was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from palaestra.agents.answers import LogProbability

if TYPE_CHECKING:
    from vllm.outputs import CompletionOutput, RequestOutput

DIGITS = 6
"""Decimals of a mean log-probability: float32 errs by 8e-6."""


def sampled(answer: CompletionOutput) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The tokens of an answer with the log-probabilities under which they were sampled."""
    assert answer.logprobs is not None
    token_ids = tuple(answer.token_ids)
    return token_ids, tuple(table[t].logprob for table, t in zip(answer.logprobs, token_ids, strict=True))


def said(answer: CompletionOutput, tokenizer: Any, limits: Mapping[str, Any]) -> str:
    """The text of an answer: decoded here, at once, where vLLM wasn't told to decode each token as it came.

    Args:
        answer: without a stop text, so that a token ended it, if anything did.
        tokenizer: that encoded its prompt.
        limits: it was asked with.
    """
    if limits["detokenize"]:
        return str(answer.text)
    tokens = answer.token_ids[:-1] if answer.finish_reason == "stop" else answer.token_ids
    text = tokenizer.decode(
        tokens, skip_special_tokens=limits["skip_special_tokens"], clean_up_tokenization_spaces=False
    )
    return str(text).rstrip("\ufffd")  # half a character at the end


def weighed(output: RequestOutput, said: Sequence[int]) -> LogProbability:
    """How probable the last tokens of a prompt, `said`, are after those before them."""
    assert output.prompt_logprobs is not None
    tables = output.prompt_logprobs[-len(said) :]
    found = [table[token].logprob for token, table in zip(said, tables, strict=True) if table is not None]
    return LogProbability(mean_logprob=round(min(fmean(found), 0.0), DIGITS), tokens=len(said))
