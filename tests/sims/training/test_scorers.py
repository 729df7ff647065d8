"""What models say of answers for cleaning, against their own logits; and `ifd_*` from the command line."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import pytest

from palaestra.agents.failures import BadInput, OutOfMemory
from palaestra.runs.exports.described import Described
from palaestra.runs.quality.cleaning import of_answers
from palaestra.runs.quality.pairs import read_pairs
from palaestra.runs.quality.treatments import TREATMENTS, Means
from palaestra.sims.training.scorers import mean_loss, once, reward_model
from support.command_line import done
from support.slices import sliced
from support.synthetic_pairs import make_pairs
from support.training_export import question

EMPTY = Described(formats={}, policies={}, file_type="jsonl")
pytestmark = [pytest.mark.engine, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def rewarding(shallow: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reward model that nobody trained: the shallow model under a head of chance."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, set_seed

    set_seed(0)
    folder = tmp_path_factory.mktemp("models") / "reward"
    tokenizer = AutoTokenizer.from_pretrained(shallow)
    model = AutoModelForSequenceClassification.from_pretrained(
        shallow, num_labels=1, pad_token_id=tokenizer.eos_token_id
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_loss_is_the_mean_over_the_answer_s_tokens_after_its_prompt_and_alone(
    shallow: Path, tokenizer: Any
) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(shallow, dtype=torch.float32).eval()
    asked = tokenizer.apply_chat_template(question("France"), add_generation_prompt=True)["input_ids"]
    said = tokenizer("Paris it is.", add_special_tokens=False)["input_ids"]

    def by_hand(before: list[int]) -> float:
        with torch.inference_mode():
            chances = model(torch.tensor([before + said])).logits[0].log_softmax(-1)
        told = [float(chances[len(before) + i - 1, token]) for i, token in enumerate(said)]
        return -sum(told) / len(told)

    after, alone = mean_loss(str(shallow))([(question("France"), "Paris it is."), ([], "Paris it is.")])
    assert after == pytest.approx(by_hand(asked), rel=1e-5)
    assert alone == pytest.approx(by_hand([tokenizer.eos_token_id]), rel=1e-5)
    assert after != pytest.approx(alone, rel=1e-3)


def test_a_reward_model_scores_the_whole_conversation_without_its_checkpoint_s_rounding(
    rewarding: Path, tokenizer: Any
) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(rewarding, dtype=torch.float32).eval()
    chat = [*question("France"), {"role": "assistant", "content": "Paris."}]
    ids = tokenizer.apply_chat_template(chat)["input_ids"]
    ids = ids[: len(ids) - ids[::-1].index(tokenizer.eos_token_id)]  # up to the end of the turn
    with torch.inference_mode():
        wanted = float(model(torch.tensor([ids])).logits[0, 0])
        rounded = float(model.to(torch.bfloat16)(torch.tensor([ids])).logits[0, 0])
    (found,) = reward_model(str(rewarding))([(question("France"), "Paris.")])
    assert found == pytest.approx(wanted, rel=1e-5)
    assert found != pytest.approx(rounded, rel=1e-5)


def test_an_answer_is_scored_once_whatever_asks_for_it() -> None:
    asked: list[tuple[str, str]] = []

    def length(chat: list[dict[str, str]], answer: str) -> float:
        asked.append((chat[-1]["content"] if chat else "", answer))
        return float(len(answer))

    scores = once(lambda: length)
    assert scores([(question("France"), "Paris."), ([], "Paris."), (question("France"), "Paris.")]) == [
        6,
        6,
        6,
    ]
    assert scores([(question("Italy"), "Paris."), (question("France"), "Rome!")]) == [6, 5]
    assert scores([(question("France"), "Paris.")]) == [6]
    france, italy = (f"The capital of {place}?" for place in ("France", "Italy"))
    wanted = [(france, "Paris."), ("", "Paris."), (italy, "Paris."), (france, "Rome!")]
    assert asked == wanted


def test_a_model_is_in_memory_only_while_it_is_asked_and_says_where_there_is_none_left() -> None:
    """So that several reward models take no more than the largest of them."""
    loaded: list[weakref.ref[Any]] = []

    def load() -> Any:
        assert not any(model() for model in loaded), "another one is still there"

        def score(chat: Any, answer: str) -> float:
            return float(len(answer))

        loaded.append(weakref.ref(score))
        return score

    for scores in (once(load), once(load)):
        assert scores([([], "one"), ([], "three")]) == [3, 5]
        assert scores([([], "one")]) == [3]
    assert len(loaded) == 2
    assert not any(model() for model in loaded)

    def too_large() -> Any:
        raise MemoryError("no room for 9 GB")

    with pytest.raises(OutOfMemory, match=r"the model huge doesn't fit the memory of .*: no room for 9 GB"):
        once(too_large, "huge")([([], "one")])


def test_a_model_that_gives_several_numbers_is_no_reward_model(shallow: Path) -> None:
    with pytest.raises(BadInput, match="gives 2 numbers, where a reward model gives one"):
        reward_model(str(shallow))


@pytest.mark.parametrize(
    "name", sliced(["ifd_r", "ifd_gap_r", "ifd_gap_f", "rw_gap_r", "llm_judge_f"], ["rw_gap_r"])
)
def test_treatments_that_read_a_model_are_called_by_name(
    name: str, shallow: Path, rewarding: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "export"
    (folder / "dpo").mkdir(parents=True)
    EMPTY.write(folder)
    make_pairs(0, 8).write_ndjson(folder / "dpo" / "train.jsonl")
    pairs = read_pairs(folder)
    by_loss = name.startswith("ifd")
    gaps = None if by_loss else [of_answers(reward_model(str(rewarding)))]
    means = Means(gaps=gaps, loss=mean_loss(str(shallow)), fraction=0.25)
    cleaned = TREATMENTS[name].treat(pairs, means)
    words = ("--model", shallow) if by_loss else ("--reward-model", rewarding)
    p = () if name.startswith("llm") else ("--fraction", "0.25")
    said = done("quality", folder, "--clean", name, *p, *words)
    assert f"{name} {pairs.height} {cleaned.removed} {cleaned.flipped} " in said
    assert cleaned.removed + cleaned.flipped >= 1
