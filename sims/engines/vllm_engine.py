"""vLLM inside this process, on a GPU or a CPU: the fast path.

Every request goes to vLLM the moment it is ready (continuous batching); policies with LoRA
adapters share one engine; a choice is decided by one-token requests whose probabilities
are exact (see `option_tree`). What vLLM prints goes to a file, shown when it fails to start.

On a CPU: seeded requests crash vLLM when their prefill is chunked, so it is not chunked;
numbers are float32 where the CPU can't multiply bfloat16 in hardware (up to three times
slower otherwise); and on few cores vLLM may use all of them, where it would keep one free.
"""

from __future__ import annotations

import asyncio
import math
import os
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from palaestra.agents.answers import Answer, Choice, Json, Likelihood
from palaestra.agents.calls import Call, Reply, derive_seed
from palaestra.agents.engines.vllm import VllmEngine
from palaestra.agents.failures import ContextOverflow, EngineDied, EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.sims.engines import checkpoint
from palaestra.sims.engines.answer_place import Opening, answer_length, depth, least
from palaestra.sims.engines.chat_template import ChatTemplate
from palaestra.sims.engines.option_tree import OptionTree, draw, sharpened
from palaestra.sims.engines.orphan import own_engines
from palaestra.sims.engines.template_contract import require_whole
from palaestra.sims.engines.vllm_machine import (
    OUTPUT_LAYER,
    adapted_layers,
    adapter_rank,
    computes_bfloat16,
    device_name,
    first_line,
    interruptible,
    lora_rank_slot,
    lora_request,
    output_to,
    reason_of,
    require_vllm,
    set_up_cpu,
)
from palaestra.sims.engines.vllm_outputs import sampled, weighed

if TYPE_CHECKING:
    from vllm.outputs import RequestOutput
    from vllm.v1.engine.async_llm import AsyncLLM

LONGEST_CONTEXT = 8192
ANSWERED = ("stop", "length")  # other finish reasons, such as "abort", leave an answer in pieces


class Vllm:
    """A model on vLLM.

    Args:
        settings: the engine's.
        policies: those that it answers for; their adapters are loaded.
    """

    def __init__(self, settings: VllmEngine, policies: Mapping[str, Policy]) -> None:
        self._settings = settings
        self._adapters = sorted(
            {policy.adapter for policy in policies.values() if policy.adapter is not None}
        )
        self._thinking: set[str] = {policy.think.kind for policy in policies.values()}
        self._requests = 0
        self._weighs = True
        self._engine: AsyncLLM | None = None

    async def start(self) -> None:
        """Load the model; see `Engine.start`."""
        require_vllm()
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
        own_engines()
        with tempfile.NamedTemporaryFile(prefix="palaestra-vllm-", suffix=".log", delete=False) as file:
            log = Path(file.name)
        try:
            with output_to(log), interruptible():
                model = checkpoint.find(self._settings)
                self._lora = {path: lora_request(path, i) for i, path in enumerate(self._adapters, 1)}
                self._device = device_name()
                self._load(model)
        except (EngineUnavailable, KeyboardInterrupt):
            log.unlink(missing_ok=True)
            raise
        except Exception as error:
            raise EngineUnavailable(
                f"vLLM could not load {self._settings.model}: {reason_of(error, log)}",
                f"What it printed is in {log}; `palaestra doctor` tells what this machine has.",
            ) from error
        log.unlink(missing_ok=True)

    def _load(self, model: str) -> None:
        from transformers.utils import logging
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM

        logging.disable_progress_bar()
        self._engine = AsyncLLM.from_engine_args(AsyncEngineArgs(**self._arguments(model)))
        config = self._engine.model_config
        self._context = int(config.max_model_len)
        self._dtype = str(config.dtype).removeprefix("torch.")
        tokenizer = self._engine.get_tokenizer()
        settings = self._settings
        self._template = ChatTemplate(
            tokenizer, settings.template_options, settings.chat_template, settings.day
        )
        require_whole(self._template)
        self._served = checkpoint.identity(model, settings, self._template.text, self._adapters)
        end = self._template.end_of_turn()
        self._end = int(tokenizer.eos_token_id if end is None else end)
        self._stop_text = self._template.stop_text()
        for kind in sorted(self._thinking):
            self._require_thinking(kind)
        self._option_tree = lru_cache(maxsize=1024)(self._build_option_tree)

    def _require_thinking(self, kind: str) -> None:
        """Check that the model can think in that way.

        Raises:
            EngineUnavailable: it can't.
        """
        if kind == "scratchpad":
            require_whole(self._template, notes=True)
        if kind != "native":
            return
        require_whole(self._template.thoughtful)
        if self._template.thoughtful.marks is None:
            raise EngineUnavailable(
                f"{self._settings.model} has no way of its own to think before it answers",
                "Choose `think: scratchpad` in its policies, or a model that thinks.",
            )

    def _arguments(self, model: str) -> dict[str, Any]:
        settings = self._settings
        longest = getattr(
            checkpoint.configuration(model, settings), "max_position_embeddings", LONGEST_CONTEXT
        )
        context = settings.context or min(int(longest), LONGEST_CONTEXT)
        arguments: dict[str, Any] = {
            "model": model,
            "revision": settings.revision,
            "tokenizer_revision": settings.revision,
            "max_model_len": context,
            "dtype": settings.dtype,
            "max_num_seqs": settings.parallel,
            "enable_prefix_caching": settings.prefix_caching,
            "use_tqdm_on_load": False,
            # What a trainer needs are the probabilities that were sampled from, after the temperature.
            "logprobs_mode": "processed_logprobs" if settings.record_tokens else "raw_logprobs",
            "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
        }
        if self._adapters:
            ranks = [adapter_rank(path) for path in self._adapters]
            layers = adapted_layers(self._adapters)
            self._weighs = layers is not None and OUTPUT_LAYER not in layers
            arguments |= {
                "lora_target_modules": None if layers is None else sorted(layers),
                "enable_lora": True,
                "max_loras": len(ranks),
                "max_lora_rank": lora_rank_slot(ranks),
            }
        if self._device == "cpu":
            arguments |= set_up_cpu(settings, context)
            if settings.dtype == "auto" and not computes_bfloat16():
                arguments["dtype"] = "float32"
        else:
            arguments["gpu_memory_utilization"] = settings.gpu_memory
        return arguments | settings.options

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        """See `Engine.answer`."""
        if policy.think.kind not in self._thinking:  # another run of a sweep, which keeps its engine
            self._require_thinking(policy.think.kind)
            self._thinking.add(policy.think.kind)
        if policy.think.kind == "native" and not call.weighed:
            return await self._think(call, policy, seed)
        return await self._reply(call, policy, seed, Opening(*self._template.start(call.prompt)))

    async def _think(self, call: Call, policy: Policy, seed: int) -> Reply:
        """The reply to `call` after a thought, which is cut at its budget."""
        template = self._template.thoughtful
        marks = template.marks
        assert marks is not None
        over = marks.closes + marks.leads
        begun = [*template.encode(call.prompt), *template.written(marks.opens)]
        needed = least(call.answer, policy, self._tree_depth(call.answer, policy, template.tail(over)))
        room = self._room(call, len(begun) + len(template.written(over)), needed + 1) - needed
        end = template.written(marks.end)
        output = await self._request(
            begun,
            policy,
            seed=derive_seed(seed, "thought"),
            temperature=policy.temperature,
            top_p=policy.top_p,
            max_tokens=min(policy.think.tokens, room),
            stop_token_ids=[self._end, *end] if len(end) == 1 else [self._end],
            stop=[marks.end, *self._stops()],
        )
        thought = output.outputs[0]
        text = thought.text.strip().removeprefix(marks.opens.strip()).strip()
        start = Opening([*begun, *template.thought(marks, text)], template.tail(over))
        reply = await self._reply(call, policy, seed, start)
        return replace(
            reply,
            thought="\n\n".join(filter(None, (text, reply.thought))),
            token_ids=None,  # they follow a thought, which no prompt has
            logprobs=None,
            prompt_tokens=len(begun) + reply.prompt_tokens,
            cached_tokens=(output.num_cached_tokens or 0) + reply.cached_tokens,
            output_tokens=len(thought.token_ids) + reply.output_tokens,
        )

    async def _reply(self, call: Call, policy: Policy, seed: int, start: Opening) -> Reply:
        """The reply to `call` from where its answer begins."""
        tokens = start.tokens
        if isinstance(call.answer, Choice):
            return await self._choose(call, call.answer, policy, seed, start)
        if isinstance(call.answer, Likelihood):
            return await self._weigh(call, policy, start)
        needed, longest = answer_length(call.answer, policy)
        room = self._room(call, len(tokens), needed)
        limits: dict[str, Any] = {"max_tokens": min(longest, room), "stop_token_ids": [self._end]}
        if isinstance(call.answer, Json):
            from vllm.sampling_params import StructuredOutputsParams

            limits["structured_outputs"] = StructuredOutputsParams(json=call.answer.schema)
            # A string may hold any token by the grammar, also one that begins a thought.
            limits["logit_bias"] = dict.fromkeys(self._template.thought_tokens, -100.0)
        else:
            limits["stop"] = [*call.answer.stop, *self._stops()]
        sampling = {"temperature": policy.temperature, "top_p": policy.top_p}
        if self._settings.record_tokens:
            limits["logprobs"] = 0  # of the sampled token alone
        if self._template.thought_tokens:
            limits["skip_special_tokens"] = False  # else a thought reads as speech
        output = await self._request(tokens, policy, seed=seed, **sampling, **limits)
        answer = output.outputs[0]
        token_ids, logprobs = sampled(answer) if self._settings.record_tokens else (None, None)
        return Reply(
            token_ids=token_ids,
            logprobs=logprobs,
            text=answer.text.strip(),
            finish="length" if answer.finish_reason == "length" else "stop",
            prompt_tokens=len(tokens),
            cached_tokens=output.num_cached_tokens or 0,
            output_tokens=len(answer.token_ids),
        )

    def _stops(self) -> list[str]:
        """What begins the turn after an answer where no token ends it."""
        return [self._stop_text] if self._stop_text else []

    async def _choose(self, call: Call, choice: Choice, policy: Policy, seed: int, start: Opening) -> Reply:
        tokens = start.tokens
        tree = self._option_tree(choice, start.prefix, policy.normalise == "answer")
        self._room(call, len(tokens), depth(tree))
        outputs = await asyncio.gather(
            *(
                self._request(
                    [*tokens, *fork.path],
                    policy,
                    seed=seed,
                    temperature=1.0,
                    max_tokens=1,
                    logprob_token_ids=list(fork.children),
                    detokenize=False,
                )
                for fork in tree.forks
            )
        )
        logprobs = []
        for fork, output in zip(tree.forks, outputs, strict=True):
            table = output.outputs[0].logprobs
            assert table is not None
            logprobs.append([table[0][token].logprob for token in fork.children])
        probabilities = tree.probabilities(logprobs)
        drawn = draw(probabilities, policy.temperature, seed)
        token_ids, whole = None, None
        if self._settings.record_tokens:
            token_ids = tuple(tree.options[drawn])
            # An option is drawn as one: its first token carries the log-probability of all.
            whole = (
                math.log(sharpened(probabilities, policy.temperature)[drawn]),
                *[0.0] * (len(token_ids) - 1),
            )
        return Reply(
            text=choice.options[drawn],
            token_ids=token_ids,
            logprobs=whole,
            probabilities=tuple(probabilities),
            mass=tree.mass(logprobs),
            prompt_tokens=len(tokens),
            cached_tokens=outputs[0].num_cached_tokens or 0,
            output_tokens=len(outputs),
        )

    async def _weigh(self, call: Call, policy: Policy, start: Opening) -> Reply:
        """How probable the call's text is. vLLM reads all of it at once, past its prefix cache."""
        if not self._weighs:
            raise EngineUnavailable(
                "an adapter changes the output layer, or may: vLLM can't tell how probable a text is",
                f"Take adapters without `{OUTPUT_LAYER}`, saved as safetensors.",
            )
        said = self._template.encode_answer(start.prefix, call.weighed)
        tokens = [*start.tokens, *said]
        self._room(call, len(tokens), 1)
        output = await self._request(
            tokens, policy, temperature=0.0, max_tokens=1, prompt_logprobs=0, detokenize=False
        )
        return Reply(text=weighed(output, said).model_dump_json(), prompt_tokens=len(tokens))

    def _tree_depth(self, answer: Answer, policy: Policy, prefix: str) -> int:
        if not isinstance(answer, Choice):
            return 0
        return depth(self._option_tree(answer, prefix, policy.normalise == "answer"))

    def _build_option_tree(self, choice: Choice, prefix: str, whole: bool) -> OptionTree:
        options = [self._template.encode_answer(prefix, option) for option in choice.options]
        return OptionTree(options, self._end, whole)

    def _room(self, call: Call, prompt: int, needed: int) -> int:
        room = self._context - prompt
        if room < needed:
            raise ContextOverflow(
                f"{call.agent}'s {call.purpose!r} (call {call.index}) has a prompt of {prompt} tokens "
                f"and needs {needed} for the answer, but the context is {self._context} tokens",
                "Raise the engine's `context` (--set engines.NAME.context=…) if the model allows it, "
                "or play fewer rounds or shorter turns.",
            )
        return room

    async def _request(self, tokens: list[int], policy: Policy, **sampling: Any) -> RequestOutput:
        from vllm.inputs import TokensPrompt
        from vllm.sampling_params import RequestOutputKind, SamplingParams
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

        if self._engine is None:
            raise EngineDied("the engine is closed")
        self._requests += 1
        parameters = SamplingParams(output_kind=RequestOutputKind.FINAL_ONLY, **sampling)
        adapter = self._lora[policy.adapter] if policy.adapter is not None else None
        stream = self._engine.generate(
            TokensPrompt(prompt_token_ids=tokens), parameters, str(self._requests), lora_request=adapter
        )
        try:
            async for output in stream:
                if output.finished and output.outputs[0].finish_reason in ANSWERED:
                    return output
        except EngineDeadError as error:
            raise EngineDied(first_line(error)) from error
        except EngineGenerateError as error:
            raise EngineUnavailable(
                f"vLLM refuses a request: {first_line(error.__cause__ or error)}"
            ) from error
        raise EngineDied("vLLM ended a request without an answer")

    async def close(self) -> None:
        """See `Engine.close`."""
        if self._engine is not None:
            engine, self._engine = self._engine, None
            engine.shutdown()

    def identity(self) -> dict[str, str]:
        """See `Engine.identity`."""
        return {
            "kind": "vllm",
            "model": self._settings.model,
            "device": self._device,
            "dtype": self._dtype,
            "context": str(self._context),
            "thinks": "no" if self._template.thoughtful.marks is None else "yes",
            "vllm": require_vllm(),
            **self._served,
        }
