"""A small export folder made by hand, in all eight formats, as `palaestra export` would write it."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from palaestra.agents.engines.vllm import EMBEDDED_MODEL
from palaestra.sims.training.datasets import Tokens

COUNTRIES = {
    "France": "Paris",
    "Italy": "Rome",
    "Spain": "Madrid",
    "Japan": "Tokyo",
    "Greece": "Athens",
    "Egypt": "Cairo",
    "Norway": "Oslo",
    "Peru": "Lima",
    "Cuba": "Havana",
    "Kenya": "Nairobi",
    "Austria": "Vienna",
    "Ireland": "Dublin",
}
"""Twelve questions: the first ten go to the train split, the others to the test split."""
TRAIN = 10
PROVENANCE = {"run": "outputs/quiz", "scenario": "duel", "episode": 0, "round": None, "purpose": "answer"}


def question(country: str) -> list[dict[str, str]]:
    """A prompt of two turns."""
    return [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": f"The capital of {country}?"},
    ]


def answer(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def rows() -> dict[str, list[dict[str, Any]]]:
    """The rows of each format, one or more a country."""
    made: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for number, (country, city) in enumerate(COUNTRIES.items()):
        prompt, good, middling, bad = (
            question(country),
            f"{city} it is.",
            f"I think it may be {city}.",
            "I do not know that, sorry.",
        )
        pair = {"score_chosen": 8.0, "score_rejected": 7.0, "margin": 1.0, "unit": "points 1–10"} | PROVENANCE
        made["dpo"].append({"prompt": prompt, "chosen": answer(good), "rejected": answer(bad)} | pair)
        made["reward"].append({"chosen": prompt + answer(good), "rejected": prompt + answer(bad)} | pair)
        liked = number % 2 == 0
        made["kto"].append(
            {"prompt": prompt, "completion": answer(good if liked else bad), "label": liked} | PROVENANCE
        )
        made["sft"].append({"messages": prompt + answer(good)} | PROVENANCE)
        made["ranked"].append(
            {"prompt": prompt, "responses": [good, middling, bad], "rewards": [8.0, 5.0, 2.0]} | PROVENANCE
        )
        faulted = None if liked else "It leaves the question open."
        made["critiques"].append(
            {"prompt": prompt, "output": good if liked else bad, "judgment": faulted} | PROVENANCE
        )
        kind = ("imitation", "self_critic", "realignment")[number % 3]
        made["revisions"].append(
            {"set": kind, "prompt": prompt, "responses": [bad, good], "scores": [2.0, 6.0]} | PROVENANCE
        )
        for text, reward in ((good, 1.0), (bad, 0.0)):
            made["rollouts"].append(
                {"prompt": prompt, "completion": text, "reward": reward, "final_reward": None} | PROVENANCE
            )
    return made


def write_export(folder: Path, tokens: Tokens | None = None, **about: Any) -> Path:
    """Write the export; `about` replaces fields of its `export.json`.

    With `tokens` the rollouts have token ids, as those of a run that recorded them.
    """
    made = rows()
    for row in made["rollouts"]:
        if tokens is None:
            break
        row["prompt_ids"] = tokens.prompt(row["prompt"])
        row["completion_ids"] = tokens.answer(row["prompt"], row["completion"])
        row["logprobs"] = [-1.0] * len(row["completion_ids"])
    for name, all_rows in made.items():
        (folder / name).mkdir(parents=True)
        first_of_test = TRAIN * len(all_rows) // len(COUNTRIES)
        for split, part in (("train", all_rows[:first_of_test]), ("test", all_rows[first_of_test:])):
            lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in part]
            (folder / name / f"{split}.jsonl").write_text("".join(lines))
    told: dict[str, Any] = {
        "runs": ["outputs/quiz"],
        "scenario": "duel",
        "file_type": "jsonl",
        "formats": {name: {"train": 10, "test": 2} for name in made},
        "policies": {"default": {"model": EMBEDDED_MODEL, "adapter": None, "temperature": 0.8}},
    }
    (folder / "export.json").write_text(json.dumps(told | about))
    return folder
