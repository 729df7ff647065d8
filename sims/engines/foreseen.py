"""How many tokens a call will take at most, told before it is asked: what limits and rates reserve for it."""

from __future__ import annotations

from palaestra.agents.answers import Answer, Choice, Json, Likelihood, Text
from palaestra.agents.budget import Usage
from palaestra.agents.calls import Call
from palaestra.agents.policy import Policy

TOKENS_A_CHARACTER = 0.25
"""Of English, about; others have more, which shows when the first replies are in."""


def most_tokens(call: Call, policy: Policy) -> int:
    """The most tokens that are decoded for `call`; a choice is one, and a given text needs none."""
    match call.answer:
        case Text(max_tokens):
            return max_tokens or policy.max_tokens
        case Json(max_characters=most):
            return most
        case Choice():
            return 1
        case Likelihood():
            return 0


def with_thought(prompt: int, output: int, policy: Policy, answer: Answer) -> Usage:
    """What a call takes with these tokens of its prompt and answer: a thought may be asked for first."""
    at_once = policy.think.kind == "off" or isinstance(answer, Likelihood)
    thought = 0 if at_once else policy.think.tokens
    return Usage(1, 2 * prompt + thought if thought else prompt, 0, output + thought)


def characters(call: Call) -> int:
    """Characters of the prompt, with who is shown to speak, and of what is weighed after it."""
    return sum(len(message.text) + len(message.label) + 2 for message in call.prompt) + len(call.weighed)


def at_most(call: Call, policy: Policy, tokens_a_character: float = TOKENS_A_CHARACTER) -> Usage:
    """What one attempt at `call` takes, with the longest answer and nothing cached."""
    output = most_tokens(call, policy)
    if isinstance(call.answer, Json):  # a character may take several tokens: so much is asked for
        output = max(output, min(4 * output, 4096))
    if isinstance(call.answer, Choice):
        output += _most_of_options(call.answer, policy)
    return with_thought(round(characters(call) * tokens_a_character) + 1, output, policy, call.answer)


def _most_of_options(choice: Choice, policy: Policy) -> int:
    """Tokens that a choice may take beyond one: an option is spelt in several, or each token is asked for."""
    lengths = [len(option.encode()) for option in choice.options]
    return sum(lengths) + len(lengths) if policy.normalise == "answer" else max(lengths) // 4 + 1
