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
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from palaestra.agents.answers import Answer, Choice, Json, Likelihood
from palaestra.agents.calls import Call, Prompt, Reply, derive_seed
from palaestra.agents.engines.vllm import VllmEngine
from palaestra.agents.failures import ContextOverflow, EngineDied, EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.sims.engines import checkpoint
from palaestra.sims.engines.adapter_waves import AdapterWaves
from palaestra.sims.engines.answer_place import Opening, answer_length, depth, least
from palaestra.sims.engines.chat_template import ChatTemplate
from palaestra.sims.engines.engine import Listener
from palaestra.sims.engines.option_tree import OptionTree, draw, sharpened
from palaestra.sims.engines.orphan import own_engines
from palaestra.sims.engines.template_contract import require_whole
from palaestra.sims.engines.vllm_arguments import engine_arguments
from palaestra.sims.engines.vllm_machine import (
    OUTPUT_LAYER,
    adapted_layers,
    device_name,
    first_line,
    interruptible,
    lora_request,
    output_to,
    reason_of,
    require_vllm,
)
from palaestra.sims.engines.vllm_outputs import said, sampled, weighed

if TYPE_CHECKING:
    from vllm.outputs import RequestOutput
    from vllm.v1.engine.async_llm import AsyncLLM

LONG = 10_000
"""Characters to be encoded that would hold up the event loop: some five milliseconds."""
LONGEST_WAVE = 256
"""Requests of one adapter that go on while those of others wait, on a CPU."""
T = TypeVar("T")
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
        self._mixed = len({policy.adapter for policy in policies.values()}) > 1
        self._weighs = True
        self._thinking: set[str] = {policy.think.kind for policy in policies.values()}
        self._requests = 0
        self._waves: AdapterWaves | None = None
        self._replicas = 1
        self._listener = Listener()
        self._engine: AsyncLLM | None = None

    def tell(self, listener: Listener) -> None:
        """See `Outspoken.tell`."""
        self._listener = listener

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
        if self._template.messages.seam is None:
            self._listener.say(f"prompts are encoded whole each time: {self._template.messages.why}")

    def _load(self, model: str) -> None:
        from transformers.utils import logging
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.usage.usage_lib import UsageContext
        from vllm.v1.engine.async_llm import AsyncLLM

        logging.disable_progress_bar()
        # Its sizes for many requests at once: without a context it takes the least that any device has.
        arguments = engine_arguments(self._settings, model, self._adapters, self._device == "cpu")
        self._engine = AsyncLLM.from_engine_args(
            AsyncEngineArgs(**arguments), usage_context=UsageContext.LLM_CLASS
        )
        self._replicas = int(self._engine.vllm_config.parallel_config.data_parallel_size)
        layers = adapted_layers(self._adapters) if self._adapters else ()
        self._weighs = layers is not None and OUTPUT_LAYER not in layers
        self._waves = AdapterWaves(LONGEST_WAVE) if self._mixed and self._device == "cpu" else None
        config = self._engine.model_config
        self._context = int(config.max_model_len)
        self._dtype = str(config.dtype).removeprefix("torch.")
        self._tokenizer = tokenizer = self._engine.get_tokenizer()
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

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        """See `Engine.answer`."""
        if policy.think.kind not in self._thinking:  # another run of a sweep, which keeps its engine
            self._require_thinking(policy.think.kind)
            self._thinking.add(policy.think.kind)
        if policy.think.kind == "native" and not call.weighed:
            return await self._think(call, policy, seed)
        start = await self._encoded(self._template, call, self._template.start)
        return await self._reply(call, policy, seed, Opening(*start))

    async def _encoded(self, template: ChatTemplate, call: Call, encode: Callable[[Prompt], T]) -> T:
        """`encode` of the call's prompt; off the event loop where that takes long."""
        if template.messages.unseen(call.prompt) < LONG:
            return encode(call.prompt)
        return await asyncio.to_thread(encode, call.prompt)

    async def _think(self, call: Call, policy: Policy, seed: int) -> Reply:
        """The reply to `call` after a thought, which is cut at its budget."""
        template = self._template.thoughtful
        marks = template.marks
        assert marks is not None
        over = marks.closes + marks.leads
        asked = await self._encoded(template, call, template.encode)
        begun = [*asked, *template.written(marks.opens)]
        needed = least(call.answer, policy, self._tree_depth(call.answer, policy, template.tail(over)))
        room = self._room(call, len(begun) + len(template.written(over)), needed + 1) - needed
        end = template.written(marks.end)
        output = await self._request(
            call,
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
        # A thought's marks have to be told, else it reads as speech.
        limits["skip_special_tokens"] = not self._template.thought_tokens
        limits["detokenize"] = bool(limits.get("stop"))
        output = await self._request(call, tokens, policy, seed=seed, **sampling, **limits)
        answer = output.outputs[0]
        token_ids, logprobs = sampled(answer) if self._settings.record_tokens else (None, None)
        return Reply(
            token_ids=token_ids,
            logprobs=logprobs,
            text=said(answer, self._tokenizer, limits).strip(),
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
                    call,
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
        answer = self._template.encode_answer(start.prefix, call.weighed)
        tokens = [*start.tokens, *answer]
        self._room(call, len(tokens), 1)
        output = await self._request(
            call, tokens, policy, temperature=0.0, max_tokens=1, prompt_logprobs=0, detokenize=False
        )
        return Reply(text=weighed(output, answer).model_dump_json(), prompt_tokens=len(tokens))

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

    async def _request(self, call: Call, tokens: list[int], policy: Policy, **sampling: Any) -> RequestOutput:
        async with self._waves.turn(policy.adapter) if self._waves else nullcontext():
            return await self._requested(call, tokens, policy, **sampling)

    async def _requested(
        self, call: Call, tokens: list[int], policy: Policy, **sampling: Any
    ) -> RequestOutput:
        from vllm.inputs import TokensPrompt
        from vllm.sampling_params import RequestOutputKind, SamplingParams
        from vllm.v1.engine.exceptions import EngineDeadError, EngineGenerateError

        if self._engine is None:
            raise EngineDied("the engine is closed")
        self._requests += 1
        parameters = SamplingParams(output_kind=RequestOutputKind.FINAL_ONLY, **sampling)
        adapter = self._lora[policy.adapter] if policy.adapter is not None else None
        stream = self._engine.generate(
            TokensPrompt(prompt_token_ids=tokens),
            parameters,
            str(self._requests),
            lora_request=adapter,
            priority=-call.index if self._settings.first == "furthest" else 0,
            # An episode's calls meet their prefix in the cache of one replica.
            data_parallel_rank=call.episode % self._replicas if self._replicas > 1 else None,
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
        seam = self._template.messages.seam
        return {
            "kind": "vllm",
            "model": self._settings.model,
            "device": self._device,
            "dtype": self._dtype,
            "context": str(self._context),
            "encodes": f"messages, cut {seam}" if seam else "whole prompts",
            "thinks": "no" if self._template.thoughtful.marks is None else "yes",
            "vllm": require_vllm(),
            **self._served,
        }
