"""MNPO, PRO and CUT against values worked by hand, and SimPO's, on the model's own probabilities."""

from __future__ import annotations

import json
from math import exp, log
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from palaestra.agents.failures import BadInput
from palaestra.sims.engines.chat_template import ChatTemplate
from palaestra.sims.training.datasets import Tokens, critique_messages, cut_ids, dpo_ids, length, pro_ids
from palaestra.sims.training.settings import TrainSettings
from palaestra.sims.training.source import TrainingSource
from palaestra.sims.training.train import train
from support.training_export import question, write_export

if TYPE_CHECKING:
    import torch

pytestmark = [pytest.mark.torch, pytest.mark.filterwarnings("ignore")]
ONE_STEP = TrainSettings(
    targets=("q_proj", "v_proj"), learning_rate=1e-3, warmup=0, batch_size=2, max_steps=1, max_length=96
)


def tensor(*values: float) -> torch.Tensor:
    import torch

    return torch.tensor(values, dtype=torch.float64)


@pytest.fixture(scope="module")
def tokens(tokenizer: Any) -> Tokens:
    return Tokens(ChatTemplate(tokenizer), tokenizer.eos_token_id)


@pytest.fixture(scope="module")
def export(shallow: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    policies = {"default": {"model": str(shallow), "adapter": None, "temperature": 0.8}}
    return write_export(tmp_path_factory.mktemp("exports") / "quiz", policies=policies)


# --- by hand ---


def test_mnpo_is_the_squared_distance_of_the_lead_from_the_anchor_and_half_over_eta() -> None:
    from palaestra.sims.training.losses import mnpo_loss

    loss = mnpo_loss(tensor(-3.0), tensor(-5.0), tensor(0.5), eta=0.25)
    assert float(loss) == pytest.approx((2 - 0.5 - 2) ** 2)
    # At 1 / (2η) above the anchor nothing is left to learn.
    assert float(mnpo_loss(tensor(-3.0), tensor(-5.5), tensor(0.5), eta=0.25)) == 0


def test_pro_compares_each_answer_with_all_that_are_worse() -> None:
    from palaestra.sims.training.losses import pro_loss

    means, rewards = (-0.5, -1.0, -2.0), (8.0, 7.0, 4.0)
    # The best, T = 1 and 4, its own 4; the second, T = 3, its own 3.
    first = -log(exp(-0.5 * 4) / (exp(-0.5 * 4) + exp(-1.0 * 1) + exp(-2.0 * 4)))
    second = -log(exp(-1.0 * 3) / (exp(-1.0 * 3) + exp(-2.0 * 3)))
    likelihood = 0.05 * (3 - 1) ** 2 * 6.0
    loss = pro_loss(tensor(*means), tensor(-6.0)[0], tensor(*rewards), sft_weight=0.05)
    assert float(loss) == pytest.approx(first + second + likelihood)


def test_cut_unlearns_what_the_judgment_makes_likelier_and_learns_the_rest() -> None:
    from palaestra.sims.training.losses import cut_loss

    plain, judged = (0.5, 0.2, 0.4), (0.5, 0.9, 0.42)  # only the second is 1.1 times likelier
    unlearnt = -(log(0.5) + 2 * log(1 - 0.2) + log(0.4)) / 3
    learnt = -(log(0.5) + log(0.9) + log(0.42)) / 3
    loss = cut_loss(tensor(*plain).log(), tensor(*judged).log(), threshold=1.1, weight=2.0)
    assert float(loss) == pytest.approx((unlearnt + learnt) / 2)
    nobody_faulted = cut_loss(tensor(*plain).log(), None, threshold=1.1, weight=2.0)
    assert float(nobody_faulted) == pytest.approx(-(log(0.5) + log(0.2) + log(0.4)) / 3)


def test_cut_s_flags_take_no_gradient_and_a_certain_token_has_a_loss() -> None:
    import torch

    from palaestra.sims.training.losses import cut_loss

    plain = tensor(0.0, -1.0).requires_grad_()
    loss = cut_loss(plain, tensor(1.0, -1.0), threshold=1.1, weight=1.0)
    (slope,) = torch.autograd.grad(loss, plain)
    assert bool(slope.isfinite().all())
    assert float(loss) == pytest.approx((-(log(1e-5) - 1) / 2 - 0) / 2)


# --- rows ---


def test_a_ranking_s_answers_end_as_they_did(tokens: Tokens) -> None:
    row = {
        "prompt": question("France"),
        "responses": ["Paris.", "It may be"],
        "rewards": [8, 2],
        "finishes": ["stop", "length"],
    }
    made = pro_ids(row, tokens)
    assert [answer[-1] == tokens.end for answer in made["answers_ids"]] == [True, False]
    assert made["rewards"] == [8.0, 2.0]
    assert length(made) == len(made["prompt_ids"]) + max(map(len, made["answers_ids"]))


def test_a_critique_s_two_prompts_have_one_answer(tokens: Tokens) -> None:
    row = {"prompt": question("France"), "output": "Paris", "judgment": "Too short.", "score": 2.0}
    row["unit"] = "points 1–10"
    made = cut_ids(row | {"finish": "length"}, tokens)
    assert made["completion_ids"] == tokens.answer(question("France"), "Paris", "length")
    asked = critique_messages(row)["messages"][:-1]
    assert made["judged_ids"] == tokens.prompt(asked)
    assert length(made) == len(made["judged_ids"]) + len(made["completion_ids"])
    assert cut_ids(row | {"judgment": None}, tokens)["judged_ids"] == []


@pytest.mark.parametrize(
    ("unit", "least"),
    [("points 1–10", 7), ("points 1–7", 5), ("reward 0–1", 2 / 3), ("welfare 0–100", 67), ("stance −2–4", 2)],
)
def test_a_judgment_faults_nothing_from_two_thirds_of_its_unit_s_range_on(
    unit: str, least: float, tokens: Tokens
) -> None:
    from palaestra.sims.training.answer_methods import _unfaulted

    row = {"prompt": question("France"), "output": "Paris", "judgment": "Well said.", "unit": unit}
    limit = TrainSettings().cut.satisfied

    def faulted(score: float | None) -> bool:
        return bool(_unfaulted(cut_ids(row | {"score": score}, tokens), limit)["judged_ids"])

    assert faulted(None)
    assert [faulted(score) for score in (0.9 * least, least, 1.05 * least)] == [True, False, False]


def test_scores_of_no_told_range_are_refused(tokens: Tokens) -> None:
    row = {"prompt": question("France"), "output": "Paris", "judgment": "Well said.", "score": -1.5}
    with pytest.raises(BadInput, match=r"the score 7\.5 in 'points 1–7'"):
        cut_ids(row | {"unit": "points 1–7", "score": 7.5}, tokens)
    for unit in ("nats a token", "", None, "points 7–1", "points ..–.."):
        with pytest.raises(BadInput, match="doesn't tell how high they go"):
            cut_ids(row | {"unit": unit}, tokens)


# --- what a batch holds ---


def test_rows_of_a_batch_have_their_own_answers_and_numbers() -> None:
    """A model of three tokens, sure of none: ids 0, 1 and 2 have logits 0, 1 and 2 wherever they stand."""
    import torch

    from palaestra.sims.training.answer_methods import RANKING
    from palaestra.sims.training.answers_trainer import answers

    def model(input_ids: torch.Tensor, **_: Any) -> Any:
        logits = torch.arange(3.0).expand(*input_ids.shape, 3).to(torch.bfloat16)
        return type("Outputs", (), {"logits": logits})

    rows: list[dict[str, Any]] = [
        {"prompt_ids": [0, 1], "answers_ids": [[1], [2, 1], [0]], "rewards": [3.0, 2.0, 1.0]},
        {"prompt_ids": [2], "answers_ids": [[0, 0, 2], [2]], "rewards": [7.0, 0.25]},
    ]
    scale = log(1 + exp(1) + exp(2))
    told = list(answers(model, RANKING.batch(rows, padding=0)))
    assert [numbers.tolist() for _, numbers in told] == [[3.0, 2.0, 1.0], [7.0, 0.25]]
    for (found, _), row in zip(told, rows, strict=True):
        for tokens, ids in zip(found, row["answers_ids"], strict=True):
            assert tokens.tolist() == pytest.approx([i - scale for i in ids])


def test_pro_s_accuracy_is_of_answers_that_have_an_order() -> None:
    from palaestra.sims.training.answer_methods import _pro

    told = [tensor(-1.0), tensor(-2.0), tensor(-0.5)]
    accuracy = _pro(0.05, told, tensor(5.0, 5.0, 1.0))[1]
    assert accuracy == {"rewards/accuracies": 0.0}  # both lose to the third; which of them leads is nothing
    assert _pro(0.05, told, tensor(5.0, 1.0, 1.0))[1] == {"rewards/accuracies": 0.5}
    assert _pro(0.05, told, tensor(5.0, 5.0, 5.0))[1] == {}


def test_cut_tells_the_share_of_answers_that_nobody_faulted() -> None:
    from palaestra.sims.training.answer_methods import _cut

    assert _cut(1.1, 1.0, [tensor(-1.0)], tensor())[1] == {"satisfied": 1.0}
    assert _cut(1.1, 1.0, [tensor(-1.0), tensor(-1.0)], tensor())[1] == {"satisfied": 0.0}


# --- on a model ---


def token_logps(model: Any, prompt: list[int], answer: list[int]) -> list[float]:
    """Of each token of an answer."""
    import torch

    with torch.inference_mode():
        chances = model(torch.tensor([prompt + answer])).logits[0].float().log_softmax(-1)
    return [float(chances[len(prompt) + i - 1, token]) for i, token in enumerate(answer)]


def losses(method: str, model: Any, rows: list[dict[str, Any]], tokens: Tokens) -> float:
    """What each loss is before the first step, from the log-probabilities of the untrained model."""
    from palaestra.sims.training.losses import cut_loss, pro_loss

    found = []
    for row in rows:
        if method in ("simpo", "mnpo"):
            pair = dpo_ids(row, tokens)
            chosen, rejected = (
                token_logps(model, pair["prompt_ids"], pair[f"{side}_ids"]) for side in ("chosen", "rejected")
            )
            if method == "mnpo":  # the policy, its reference and its past are one
                found.append((1 / (2 * 0.5)) ** 2)
            else:
                lead = sum(chosen) / len(chosen) - sum(rejected) / len(rejected)
                found.append(log(1 + exp(-(2.0 * lead - 1.0))))
        elif method == "pro":
            ids = pro_ids(row, tokens)
            told = [token_logps(model, ids["prompt_ids"], answer) for answer in ids["answers_ids"]]
            means = tensor(*(sum(one) / len(one) for one in told))
            found.append(float(pro_loss(means, tensor(sum(told[0]))[0], tensor(*ids["rewards"]), 0.05)))
        else:
            ids = cut_ids(row, tokens)
            plain = tensor(*token_logps(model, ids["prompt_ids"], ids["completion_ids"]))
            judged = None
            if ids["judged_ids"]:
                judged = tensor(*token_logps(model, ids["judged_ids"], ids["completion_ids"]))
            found.append(float(cut_loss(plain, judged, 1.1, 1.0)))
    return sum(found) / len(found)


@pytest.mark.engine
@pytest.mark.usefixtures("number_format")
@pytest.mark.parametrize(
    ("method", "form"),
    [
        ("pro", "ranked"),
        ("cut", "critiques"),
        *(pytest.param(name, "dpo", marks=pytest.mark.whole) for name in ("simpo", "mnpo")),
    ],
)
def test_the_loss_before_training_is_the_one_worked_from_the_model_s_probabilities(
    method: str, form: str, export: Path, shallow: Path, tokens: Tokens, tmp_path: Path, dtype: str
) -> None:
    from transformers import AutoModelForCausalLM

    settings = ONE_STEP.model_copy(update={"mnpo": ONE_STEP.mnpo.model_copy(update={"eta": 0.5})})
    out = train(export, tmp_path / "out", method=method, settings=settings, quiet=True)
    told = json.loads((out / "training.json").read_text())
    model = AutoModelForCausalLM.from_pretrained(shallow).eval()
    rows = [dict(row) for row in TrainingSource(export).rows(form, "test")]
    assert rows
    assert told["before"]["loss"] == pytest.approx(losses(method, model, rows, tokens), rel=2e-2)
    assert told["steps"] == 1
    if method == "cut":
        unfaulted = sum(not row["judgment"] for row in rows)
        assert told["before"]["satisfied"] == unfaulted / len(rows) == 0.5
    assert told["after"]["loss"] != told["before"]["loss"]


@pytest.mark.engine
@pytest.mark.whole
@pytest.mark.usefixtures("number_format")
def test_mnpo_is_anchored_to_past_policies_and_the_reference(export: Path, tmp_path: Path) -> None:
    """From an adapter, with another as its past, the first loss is of its lead against all three."""
    first = train(export, tmp_path / "first", method="dpo", settings=ONE_STEP, quiet=True)
    longer = ONE_STEP.model_copy(update={"max_steps": 8, "schedule": "constant"})
    second = train(export, tmp_path / "second", method="dpo", settings=longer, quiet=True)

    def before(name: str, **mnpo: Any) -> dict[str, float]:
        settings = ONE_STEP.model_copy(update={"mnpo": ONE_STEP.mnpo.model_copy(update=mnpo)})
        out = train(export, tmp_path / name, method="mnpo", adapter=second, settings=settings, quiet=True)
        told: dict[str, float] = json.loads((out / "training.json").read_text())["before"]
        return told

    alone = before("alone", reference=0.0)["rewards/margins"]
    reference = before("reference", reference=1.0)["rewards/margins"]
    past = before("past", reference=0.0, history=(first,))["rewards/margins"]
    assert reference > 2  # eight steps of DPO
    assert alone == pytest.approx(0, abs=reference / 10)  # the start is its only past
    assert alone < past < 0.55 * reference  # half of what came after the first step


def test_a_history_that_is_no_adapter_is_refused_before_anything_is_written(
    export: Path, tmp_path: Path
) -> None:
    settings = ONE_STEP.model_copy(
        update={"mnpo": ONE_STEP.mnpo.model_copy(update={"history": (tmp_path / "none",)})}
    )
    with pytest.raises(BadInput, match="holds no LoRA adapter"):
        train(export, tmp_path / "out", method="mnpo", settings=settings, quiet=True)
    assert list(tmp_path.iterdir()) == []
