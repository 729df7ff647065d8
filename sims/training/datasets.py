"""From the rows of an export to the token ids that TRL's trainers take.

Left to itself TRL renders a chat template over the texts, and a text that spells a control
token becomes one. So texts are tokenised here, as the engine does it (`ChatTemplate`): what
is trained is what the policy was asked and said, without outer white space, and then the end of
its turn. Answers that were cut at their limit have no end, so nobody learns to stop there. A thought
that the export kept is learnt before its answer, between the marks of the model that is trained.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, cast, get_args

from palaestra.agents.calls import Message, Prompt, Role
from palaestra.agents.failures import BadInput
from palaestra.sims.engines.chat_template import ChatTemplate
from palaestra.sims.training.source import Row

Chat = Sequence[Mapping[str, str]]
Ids = list[int]
Answer = tuple[Mapping[str, str], str | None]
"""A message, and how it finished."""

NUMBER = r"-?\d+(?:\.\d+)?"
ASK_FOR_JUDGED = "Write an answer that would be judged like this: "


class Tokens:
    """The token ids of an export's texts.

    Args:
        template: of the model that is trained.
        end: the token that ends an answer, where the template names none.
    """

    def __init__(self, template: ChatTemplate, end: int) -> None:
        self._template = template
        own = template.end_of_turn()
        self.end = end if own is None else own

    def prompt(self, chat: Chat) -> Ids:
        """What the engine would be given for `chat`, up to where the answer begins."""
        return self._template.start(_prompt(chat))[0]

    def answer(self, chat: Chat, text: str, finish: str | None = "stop") -> Ids:
        """`text` as it follows `chat`, and the end of the turn, unless it was cut at its limit ("length")."""
        return self._said(self._template.start(_prompt(chat))[1], text, finish)

    def alone(self, text: str) -> Ids:
        """`text` as it follows nothing, without an end."""
        return self._template.encode_answer("", text)

    def exchange(self, chat: Chat, *answers: Answer) -> tuple[Ids, list[Ids]]:
        """A prompt, and each of its answers with what its author thought before.

        Raises:
            BadInput: the model marks no thoughts, and there is one.
        """
        if not any(map(_thought, (message for message, _ in answers))):
            return self.prompt(chat), [
                self.answer(chat, message["content"], finish) for message, finish in answers
            ]
        template = self._template.thoughtful
        prompt = _prompt(chat)
        asked, (at_once, before) = template.encode(prompt), template.start(prompt)
        return asked, [
            self._thoughtful(template, _thought(message), message["content"], finish)
            if _thought(message)
            else [*at_once[len(asked) :], *self._said(before, message["content"], finish)]
            for message, finish in answers
        ]

    def _thoughtful(self, template: ChatTemplate, thought: str, text: str, finish: str | None) -> Ids:
        marks = template.marks
        if marks is None:
            raise BadInput(
                f"the export keeps thoughts, and {template.name} has no marks for them",
                "Train a model that thinks, or export without --thoughts keep.",
            )
        opened, before = template.written(marks.opens), template.tail(marks.closes + marks.leads)
        return [*opened, *template.thought(marks, thought), *self._said(before, text, finish)]

    def _said(self, before: str, text: str, finish: str | None) -> Ids:
        said = self._template.encode_answer(before, text)
        return said if finish == "length" else [*said, self.end]


def _thought(message: Mapping[str, str]) -> str:
    return message.get("reasoning_content") or ""


def _prompt(chat: Chat) -> Prompt:
    for message in chat:
        if message["role"] not in get_args(Role):
            raise BadInput(
                f"the role {message['role']!r} of a message is unknown",
                f"Known: {', '.join(get_args(Role))}.",
            )
    return tuple(
        Message(number, cast(Role, message["role"]), message["content"])
        for number, message in enumerate(chat)
    )


def dpo_ids(row: Row, tokens: Tokens) -> dict[str, Ids]:
    """A row of `dpo` as `prompt_ids`, `chosen_ids` and `rejected_ids`, for `DPOTrainer`."""
    sides = [(row[side][-1], row.get(f"{side}_finish")) for side in ("chosen", "rejected")]
    prompt, (chosen, rejected) = tokens.exchange(row["prompt"], *sides)
    return {"prompt_ids": prompt, "chosen_ids": chosen, "rejected_ids": rejected}


def kto_ids(row: Row, tokens: Tokens) -> dict[str, Any]:
    """A row of `kto` as `prompt_ids`, `completion_ids` and `label`, for `KTOTrainer`."""
    prompt, (said,) = tokens.exchange(row["prompt"], (row["completion"][-1], row.get("finish")))
    return {"prompt_ids": prompt, "completion_ids": said, "label": bool(row["label"])}


def sft_ids(row: Row, tokens: Tokens) -> dict[str, Ids]:
    """A row of `sft` as `input_ids` and `labels`, for `SFTTrainer`: only the last answer is learnt."""
    *prompt, answer = row["messages"]
    asked, (said,) = tokens.exchange(prompt, (answer, row.get("finish")))
    return {"input_ids": asked + said, "labels": [-100] * len(asked) + said}


def reward_ids(row: Row, tokens: Tokens) -> dict[str, Any]:
    """A row of `reward` as `chosen_ids`, `rejected_ids` and `margin`, for `RewardTrainer`."""
    ids = {
        name: sft_ids({"messages": row[name], "finish": row.get(f"{name}_finish")}, tokens)["input_ids"]
        for name in ("chosen", "rejected")
    }
    return {"chosen_ids": ids["chosen"], "rejected_ids": ids["rejected"], "margin": float(row["margin"])}


def pro_ids(row: Row, tokens: Tokens) -> dict[str, Any]:
    """A row of `ranked` as `prompt_ids`, `answers_ids`, the best first, and `rewards`, for PRO."""
    ends = row.get("finishes") or [None] * len(row["responses"])
    said = [({"content": text}, end) for text, end in zip(row["responses"], ends, strict=True)]
    prompt, answers = tokens.exchange(row["prompt"], *said)
    return {"prompt_ids": prompt, "answers_ids": answers, "rewards": [float(r) for r in row["rewards"]]}


def cut_ids(row: Row, tokens: Tokens) -> dict[str, Any]:
    """A row of `critiques` for CUT.

    `prompt_ids` and `judged_ids`, the prompt with the judgment ([] without one), `completion_ids`, and
    `satisfaction`, how far up its unit's range the judgment's score lies, 0–1 (None without a score).

    Raises:
        BadInput: there is a score, and its unit doesn't tell its range.
    """
    prompt, (said,) = tokens.exchange(row["prompt"], ({"content": row["output"]}, row.get("finish")))
    judged = tokens.prompt(_judged(row)) if row["judgment"] else []
    return {
        "prompt_ids": prompt,
        "judged_ids": judged,
        "completion_ids": said,
        "satisfaction": _satisfaction(row),
    }


def _satisfaction(row: Row) -> float | None:
    score, unit = row.get("score"), row.get("unit")
    if score is None:
        return None
    ends = re.search(rf"({NUMBER})\s*–\s*({NUMBER})\s*$", (unit or "").replace("−", "-"))
    low, high = map(float, ends.groups()) if ends else (0.0, 0.0)
    if low >= high:
        raise BadInput(
            f"critiques have scores in {unit!r}, which doesn't tell how high they go",
            'Let the scenario\'s unit end in its range, with an en dash, such as "points 1–7".',
        )
    if not low <= score <= high:
        raise BadInput(f"a critique has the score {score:g} in {unit!r}", "Export the run again.")
    return float((score - low) / (high - low))


def _judged(row: Row) -> Chat:
    """The prompt of a row of `critiques`, and that an answer is to deserve its judgment."""
    return [*row["prompt"], {"role": "user", "content": ASK_FOR_JUDGED + row["judgment"]}]


def ranked_pairs(row: Row) -> Iterator[dict[str, Any]]:
    """Every two responses of a row of `ranked` whose rewards differ, as a row of `dpo` with its margin.

    n responses without ties make n·(n−1)/2 pairs.
    """
    ends = row.get("finishes") or [None] * len(row["responses"])
    answers = zip(row["responses"], row["rewards"], ends, strict=True)
    for (better, high, ended), (worse, low, other_ended) in combinations(answers, 2):
        if high > low:
            yield {
                "prompt": row["prompt"],
                "chosen": [{"role": "assistant", "content": better}],
                "rejected": [{"role": "assistant", "content": worse}],
                "chosen_finish": ended,
                "rejected_finish": other_ended,
                "margin": high - low,
            }


def critique_messages(row: Row) -> dict[str, Any]:
    """A row of `critiques` as a row of `sft`: the likelihood side of CUT.

    An output that nobody faulted follows its prompt as it is; one with a judgment follows the
    prompt and the judgment, as an answer that deserves it (Xu et al. 2023, "Reasons to Reject?").
    CUT's other side, which makes the faulted tokens unlikely without the judgment, is in `cut_ids`.
    """
    asked = _judged(row) if row["judgment"] else row["prompt"]
    said = {"role": "assistant", "content": row["output"]}
    return {"messages": [*asked, said], "finish": row.get("finish")}


def revision_messages(row: Row) -> dict[str, Any]:
    """A row of `revisions`, of any of its three sets, as a row of `sft`: its best response."""
    _, best = max(zip(row["scores"], row["responses"], strict=True), key=lambda scored: scored[0])
    return {"messages": [*row["prompt"], {"role": "assistant", "content": best}]}


def with_kl_completions(rows: Sequence[dict[str, Any]], batch: int) -> list[dict[str, Any]]:
    """Rows of `kto_ids` with `KL_completion_ids`: in each batch, the answer of the row before.

    KTO estimates its reference point, the KL term, from prompts with answers to other prompts
    (Ethayarajh et al. 2024, section 4.1). TRL pairs them in this way too.
    """
    paired = []
    for first in range(0, len(rows), batch):
        group = rows[first : first + batch]
        paired += [
            row | {"KL_completion_ids": group[number - 1]["completion_ids"]}
            for number, row in enumerate(group)
        ]
    return paired


def kto_weights(labels: Sequence[bool]) -> tuple[float, float]:
    """λ of good and of bad answers, the scarcer kind weighed up so that both weigh the same.

    Within KTO's equation 8, 1 ≤ λ_good·n_good / (λ_bad·n_bad) ≤ 4/3. Both are 1 where a kind is missing.
    """
    good = sum(labels)
    bad = len(labels) - good
    if not good or not bad:
        return 1.0, 1.0
    return max(1.0, bad / good), max(1.0, good / bad)


def length(ids: Mapping[str, Any]) -> int:
    """Tokens of the longest sequence that a tokenised row makes."""
    if "input_ids" in ids:
        return len(ids["input_ids"])
    answers = [len(ids[name]) for name in ("chosen_ids", "rejected_ids", "completion_ids") if name in ids]
    answers += [len(answer) for answer in ids.get("answers_ids", ())]
    return max(len(ids.get(name, ())) for name in ("prompt_ids", "judged_ids")) + max(answers)
