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
from collections.abc import Sequence
from pathlib import Path

from tests.conformance import fetched

from palaestra.runs.run import Run
from palaestra.scenarios.core.load import load
from palaestra.scenarios.core.ready_made import find
from palaestra.sims.playing.play import start
from palaestra.sims.playing.venue import Venue
from support.followed import Followed, followed
from support.taught import made
from support.thinkers import THINKERS, ThinkingFamily

GAMES = (
    ("debate", ("episodes=2", "rounds=2", "words=15")),
    ("werewolf", ("words=15", "max_rounds=1")),
    ("sparta", ("iterations=1",)),
    ("werewolf", ("words=15", "max_rounds=1", "private_thoughts=true")),  # answers in JSON
    ("stable-alignment", ("quota=1",)),  # critiques and revisions
)
BUDGET = 24
TEMPERATURE = 0.4
"""So low that a model of 64 doesn't begin to babble, in an answer, what it thinks."""
HEADS = (
    *("architecture", "tokenizer", "format", "calls", "not empty", "sentinel", "cut", "outside", "exports"),
    *("choices", "beyond", "largest", "of allowed"),
)


def played(thinker: ThinkingFamily, model: Path, folder: Path) -> tuple[str, list[Path]]:
    """Play all games on a checkpoint: the engine's number format, and the runs."""
    runs = []
    with Venue() as venue:
        for number, (game, settings) in enumerate(GAMES):
            path = Path(find(game))
            wanted = [
                f"policies.{name}.{setting}"
                for name in load(path).config.policies
                for setting in (f"think={{kind: native, tokens: {BUDGET}}}", f"temperature={TEMPERATURE}")
            ]
            engine = f"engines.default={{kind: vllm, model: {model}, kv_cache_gib: 1, parallel: 32}}"
            scenario = load(path, [*settings, *wanted, engine])
            runs.append(start(scenario, folder / f"{thinker.name}-{number}-{game}", quiet=True, venue=venue))
    return str(Run(runs[0]).state.sittings[0].engines["default"]["dtype"]), runs


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
            print(_line([thinker.architecture, kind, dtype, str(told.calls), *_figures(told)]), flush=True)
            for place in told.outside[:20]:
                print(f"  {place}", file=sys.stderr)
            worst = max(worst, int(not told.well))
    return worst


def _figures(told: Followed) -> list[str]:
    """The figures of `HEADS`, as the table tells them."""
    return [
        *(f"{count / told.calls:.1%}" for count in (told.filled, told.held, told.cut)),
        *(str(len(found)) for found in (told.outside, told.formats)),
        *(str(told.compared), str(told.beyond), f"{told.off:.1e}", f"{told.share:.0%}"),
    ]


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
