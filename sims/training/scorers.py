"""What models on disk make of answers: a reward model's scores, a language model's loss.

`palaestra quality --clean` takes both. Answers are tokenised as in training, so that no text becomes a
control token; one at a time, so that no padding changes a number; in float32, so that no rounding
decides which is better. What was told of an answer is kept for treatments that ask again, and a model
is in memory only while it is asked, so that several take no more than the largest of them.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSequenceClassification

from palaestra.agents.failures import BadInput, OutOfMemory
from palaestra.runs.quality.cleaning import Asked, Loss, Scorer
from palaestra.sims.engines.chat_template import ChatTemplate
from palaestra.sims.training.datasets import Tokens
from palaestra.sims.training.train import model_path, tokenizer_of

Items = list[tuple[Asked, str]]
Score = Callable[[Asked, str], float]


def reward_model(name: str) -> Scorer:
    """Scores of whole conversations by a reward model: a folder or a Hugging Face id.

    Raises:
        BadInput: it can't be loaded, or gives more than one number.
    """
    path = model_path(name, None)
    labels = AutoConfig.from_pretrained(path, trust_remote_code=False).num_labels
    if labels != 1:
        raise BadInput(
            f"{name} gives {labels} numbers, where a reward model gives one",
            "Name one that was trained as a reward model.",
        )
    tokens = _tokens(path)

    def load() -> Score:
        model = _loaded(AutoModelForSequenceClassification, path, name)

        def score(asked: Asked, answer: str) -> float:
            ids = torch.tensor([tokens.prompt(asked) + tokens.answer(asked, answer)], device=model.device)
            return float(model(input_ids=ids).logits[0, 0])

        return score

    return once(load, name)


def mean_loss(name: str) -> Loss:
    """Mean loss a token, nats, of answers by a language model: a folder, a Hugging Face id or `smollm2`.

    An answer without a prompt follows the token that ends a turn, so that its first token has a loss
    too; in both cases the same tokens count, without the end of the turn.

    Raises:
        BadInput: it can't be loaded.
    """
    path = model_path(name, None)
    tokens = _tokens(path)

    def load() -> Score:
        model = _loaded(AutoModelForCausalLM, path, name)

        def loss(asked: Asked, answer: str) -> float:
            said = tokens.answer(asked, answer, "length") if asked else tokens.alone(answer)
            before = tokens.prompt(asked) if asked else [tokens.end]
            ids = torch.tensor(before + said, device=model.device)
            logits = model(input_ids=ids[None]).logits[0, len(before) - 1 : -1]
            return float(torch.nn.functional.cross_entropy(logits, ids[len(before) :]))

        return loss

    return once(load, name)


def once(load: Callable[[], Score], name: str = "") -> Scorer:
    """Scores of many answers by a model that is loaded for them, each prompt and answer scored once.

    Args:
        load: makes what scores; what it holds is let go after each list of answers.
        name: of the model, for messages.
    """
    known: dict[bytes, float] = {}

    def scores(items: Items) -> list[float]:
        keys = [orjson.dumps(item) for item in items]
        missing = {key: item for key, item in zip(keys, items, strict=True) if key not in known}
        if missing:
            with _in_memory(name):
                score = load()
                for key, item in missing.items():
                    known[key] = score(*item)
                del score
        return [known[key] for key in keys]

    return torch.inference_mode()(scores)


@contextmanager
def _in_memory(name: str) -> Iterator[None]:
    """Let go of a model's memory at the end; where there isn't enough of it, say so.

    Raises:
        OutOfMemory: of the GPU or of the machine.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        reason = (str(error).splitlines() or [""])[0]
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "allocate memory" not in reason:
            raise
        where = "the GPU" if torch.cuda.is_available() else "this machine"
        raise OutOfMemory(
            f"the model {name} doesn't fit the memory of {where}: {reason}",
            "Name a smaller one, or free memory; nothing was written. Answers are scored one at a time, so "
            "fewer pairs take no less. CUDA_VISIBLE_DEVICES= makes it use this machine's memory.",
        ) from error
    finally:
        gc.collect()
        torch.cuda.empty_cache()


def _loaded(kind: Any, path: str, name: str) -> Any:
    try:
        model = kind.from_pretrained(path, trust_remote_code=False, dtype=torch.float32).eval()
        return model.to("cuda" if torch.cuda.is_available() else "cpu")
    except (ValueError, OSError) as error:
        raise BadInput(
            f"the model {name} can't be loaded: {(str(error).splitlines() or [''])[0]}",
            "Name a folder with a whole checkpoint.",
        ) from error


def _tokens(path: str) -> Tokens:
    tokenizer = tokenizer_of(path, None)
    return Tokens(ChatTemplate(tokenizer), int(tokenizer.eos_token_id))
