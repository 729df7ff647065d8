"""Thoughts of five architectures, followed through whole games on vLLM.

`make thinkers` makes a tiny checkpoint of each (`support.taught`), with its real tokenizer where `make
conformance` fetched it, and plays `debate`, `werewolf` and `sparta` on it with `think: native`. It prints how
many thoughts are not empty, where their sentinel stands outside of thoughts, and how far the probabilities of
choices are from those that transformers computes of prompt, thought and options.

    PYTHONPATH=tests/lib python -m tests.thinkers                  all
    PYTHONPATH=tests/lib python -m tests.thinkers qwen3 --made     one, with a tokenizer that is learnt here

Exit codes: 0 all is as it should be, 1 something isn't.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.conformance import fetched

from palaestra.runs.run import Run
from palaestra.scenarios.core.load import load
from palaestra.scenarios.core.ready_made import find
from palaestra.sims.playing.play import start
from palaestra.sims.playing.venue import Venue
from support.exact_model import ExactModel
from support.leaks import places
from support.taught import SENTINEL, made
from support.thinkers import THINKERS, ThinkingFamily

GAMES = (
    ("debate", ("episodes=2", "rounds=2", "words=15")),
    ("werewolf", ("words=15",)),
    ("sparta", ("iterations=1",)),
    ("werewolf", ("words=15", "private_thoughts=true")),  # answers in JSON
    ("stable-alignment", ("quota=1",)),  # critiques and revisions
)
BUDGET, LEAST, COMPARED = 24, 0.9, 12
HEADS = (
    *("architecture", "tokenizer", "format", "calls", "not empty", "sentinel", "cut", "outside", "exports"),
    *("choices", "beyond", "largest", "of allowed"),
)


@dataclass(slots=True)
class Followed:
    """What became of a family's thoughts.

    Attributes:
        calls, filled, held, cut: how many calls there were, and thoughts that are not empty, that hold the
            sentinel, that reached their budget.
        outside: places where the sentinel stands that are none of thoughts.
        formats: those that were exported.
        compared, beyond: how many choices were compared, and how many are farther off than rounding explains.
        off: the largest difference of a probability.
        share: the largest difference as a share of what rounding explains.
    """

    calls: int = 0
    filled: int = 0
    held: int = 0
    cut: int = 0
    outside: list[str] = field(default_factory=list)
    formats: set[str] = field(default_factory=set)
    compared: int = 0
    beyond: int = 0
    off: float = 0.0
    share: float = 0.0

    def figures(self) -> list[str]:
        """The figures of `HEADS`, as the table tells them."""
        return [
            *(f"{count / self.calls:.1%}" for count in (self.filled, self.held, self.cut)),
            *(str(len(found)) for found in (self.outside, self.formats)),
            *(str(self.compared), str(self.beyond), f"{self.off:.1e}", f"{self.share:.0%}"),
        ]

    @property
    def well(self) -> bool:
        """Whether all is as it should be."""
        return self.filled >= LEAST * self.calls and not self.outside and not self.beyond


def played(thinker: ThinkingFamily, model: Path, folder: Path) -> tuple[str, list[Path]]:
    """Play all games on a checkpoint: the engine's number format, and the runs."""
    runs = []
    with Venue() as venue:
        for number, (game, settings) in enumerate(GAMES):
            path = Path(find(game))
            thinking = [
                f"policies.{name}.think={{kind: native, tokens: {BUDGET}}}"
                for name in load(path).config.policies
            ]
            engine = f"engines.default={{kind: vllm, model: {model}, kv_cache_gib: 1, parallel: 32}}"
            scenario = load(path, [*settings, *thinking, engine])
            runs.append(start(scenario, folder / f"{thinker.name}-{number}-{game}", quiet=True, venue=venue))
    return str(Run(runs[0]).state.sittings[0].engines["default"]["dtype"]), runs


def followed(thinker: ThinkingFamily, model: Path, dtype: str, runs: list[Path]) -> Followed:
    """Follow the thoughts of a family's runs."""
    told = Followed()
    exact = ExactModel(dtype, model)
    for folder in runs:
        run = Run(folder)
        thoughts = run.calls["thought"].to_list()
        told.calls += len(thoughts)
        told.filled += sum(map(bool, thoughts))
        told.held += sum(SENTINEL in thought for thought in thoughts)
        told.cut += sum(" again" in thought for thought in thoughts)
        found = places(folder, SENTINEL)
        told.outside += [f"{folder.name}: {place}" for place in found.found]
        told.formats |= set(found.searched)
        choices = [row for row in run.calls.iter_rows(named=True) if row["probabilities"]]
        for row in Random(1).sample(choices, min(COMPARED, len(choices))):
            pairs = list(zip(row["probabilities"], expected(thinker, exact, run, row), strict=True))
            told.compared += 1
            told.beyond += any(found != right for found, right in pairs)
            told.off = max(told.off, *(abs(found - right.expected) for found, right in pairs))
            told.share = max(told.share, *(abs(found - right.expected) / right.abs for found, right in pairs))
    return told


def expected(thinker: ThinkingFamily, exact: ExactModel, run: Run, row: dict[str, Any]) -> tuple[Any, ...]:
    """The probabilities of a call's options by brute force, from texts alone."""
    tokenizer = exact.tokenizer
    messages = [
        {"role": role, "content": text} for role, text in joined(run.prompt(row["episode"], row["call"]))
    ]
    asked = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    begun = asked + thinker.opens + row["thought"] + thinker.closes
    before = tokenizer(begun, add_special_tokens=False)["input_ids"]
    options = []
    for option in row["options"]:
        whole = tokenizer(begun + option + tokenizer.eos_token, add_special_tokens=False)["input_ids"]
        assert whole[: len(before)] == before, option
        options.append(whole[len(before) :])
    return exact.options(before, options)


def joined(prompt: list[tuple[Any, str]]) -> Iterator[tuple[Any, str]]:
    """The turns of a prompt: neighbours of one role are one."""
    turns: list[tuple[Any, list[str]]] = []
    for role, text in prompt:
        if turns and turns[-1][0] == role:
            turns[-1][1].append(text)
        else:
            turns.append((role, [text]))
    for role, texts in turns:
        yield role, "\n\n".join(texts).strip()


def main() -> int:
    """Follow all; print the table."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    asked.add_argument("names", nargs="*", default=[*THINKERS], help=f"of {', '.join(THINKERS)}")
    asked.add_argument("--made", action="store_true", help="learn the tokenizers here, fetch none")
    asked.add_argument("--folder", type=Path, help="keep checkpoints and runs here")
    given = asked.parse_args()
    worst = 0
    print(_line(HEADS))
    with tempfile.TemporaryDirectory() as temporary:
        for name in given.names:
            thinker, folder = THINKERS[name], given.folder or Path(temporary)
            real = None if given.made else _fetched(thinker.tokenizer)
            kind = "learnt" if real is None else thinker.tokenizer
            model = folder / f"{name}-{kind}"
            if not (model / "config.json").is_file():
                made(thinker, model, real)
            dtype, runs = played(thinker, model, folder)
            told = followed(thinker, model, dtype, runs)
            print(_line([thinker.architecture, kind, dtype, str(told.calls), *told.figures()]), flush=True)
            for place in told.outside[:20]:
                print(f"  {place}", file=sys.stderr)
            worst = max(worst, int(not told.well))
    return worst


def _line(cells: Sequence[str]) -> str:
    return f"{cells[0]:20} {cells[1]:13}" + "".join(f"{cell:>11}" for cell in cells[2:])


def _fetched(family: str) -> Path | None:
    """The folder of a family's tokenizer; None where it can't be fetched."""
    try:
        return fetched(family)
    except (OSError, subprocess.CalledProcessError):
        return None


if __name__ == "__main__":
    sys.exit(main())
