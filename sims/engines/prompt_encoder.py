"""The token ids of recorded prompts, as the engines that answered them were given them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from palaestra.agents.calls import Prompt
from palaestra.agents.engine import ENGINES, EngineSettings, answering
from palaestra.agents.engines.vllm import EMBEDDED_MODEL, VllmEngine
from palaestra.agents.extensions import border, imported
from palaestra.agents.failures import BadInput
from palaestra.runs.exports.source import Source
from palaestra.sims.engines import embedded_model

Encoder = Callable[[Prompt], list[int]]


def prompt_encoder(runs: Sequence[Path]) -> Callable[[str, Prompt], list[int]]:
    """What makes the token ids of the prompts of `runs`; nothing is read before it is asked.

    It takes a policy's name and a prompt, and raises `BadInput` where the policy's engine doesn't tell them,
    or its tokenizer isn't here.
    """

    @cache
    def encoder(policy: str) -> Encoder:
        configs = (Source(run).config for run in runs)
        config = next(config for config in configs if policy in config.policies)
        return _encoder(config.engines[config.policies[policy].engine])

    def encode(policy: str, prompt: Prompt) -> list[int]:
        return encoder(policy)(prompt)

    return encode


def _encoder(settings: EngineSettings) -> Encoder:
    found = ENGINES[settings.kind].encoder
    if found is None:
        raise BadInput(
            f"an engine of kind {settings.kind} doesn't tell the tokens of its prompts",
            "Rollouts need an engine that does.",
        )
    with border(f"engine {settings.kind!r}", answering(settings.kind)):
        made: Encoder = (imported(found) if isinstance(found, str) else found)(settings)
        return made


def checkpoint_encoder(settings: VllmEngine) -> Encoder:
    """The token ids that vLLM is given.

    Raises:
        BadInput: the model's tokenizer is not to be had.
    """
    from transformers import AutoTokenizer

    from palaestra.sims.engines.chat_template import ChatTemplate

    name = settings.model
    path = str(embedded_model.ensure()) if name == EMBEDDED_MODEL else str(Path(name).expanduser())
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False, revision=settings.revision)
    except (OSError, ValueError) as error:
        raise BadInput(
            f"the tokenizer of {name!r} is not to be had: {str(error).splitlines()[0]}",
            "Rollouts need the tokenizer of the model that played.",
        ) from error
    template = ChatTemplate(tokenizer, settings.template_options, settings.chat_template, settings.day)
    return lambda prompt: template.start(prompt)[0]
