"""The token ids of recorded prompts, as the engine that answered them was given them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from palaestra.agents.calls import Prompt
from palaestra.agents.failures import BadInput
from palaestra.agents.policy import EMBEDDED_MODEL
from palaestra.runs.exports.formats import Encode
from palaestra.runs.exports.source import Source
from palaestra.sims.engines import embedded_model
from palaestra.sims.engines.chat_template import ChatTemplate


def prompt_encoder(runs: Sequence[Path]) -> Encode:
    """What makes the token ids of the prompts of `runs`.

    Raises:
        BadInput: a policy's model has no tokenizer here.
    """
    policies = {name: policy for run in runs for name, policy in Source(run).policies.items()}
    templates: dict[str, ChatTemplate] = {}

    def encode(policy: str, prompt: Prompt) -> list[int]:
        if policy not in templates:
            templates[policy] = _template(policies[policy])
        return templates[policy].encode(prompt)

    return encode


def _template(policy: dict[str, Any]) -> ChatTemplate:
    from transformers import AutoTokenizer

    name = policy["model"]
    path = str(embedded_model.ensure()) if name == EMBEDDED_MODEL else str(Path(name).expanduser())
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"the tokenizer of {name!r} is not to be had: {str(error).splitlines()[0]}",
            "Rollouts need the tokenizer of the model that played.",
        ) from error
    return ChatTemplate(tokenizer, policy["template_options"])
