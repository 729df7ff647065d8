"""A slice of the campaign of faults, of one seed: a case or two of a kind; `make chaos` plays the others."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.slices import sliced

pytestmark = pytest.mark.xdist_group("chaos")

CHECKOUT = Path(__file__).parents[2]
SEED = 1
ONE_OF_EACH = (
    "kills: at a call: 0",
    "damage: exchanged: 0",
    "damage: cut when unstamped: 0",
    "documents: run.json fields: 0",
    "documents: Parquet files exchanged: 0",
    "disk: calls fail from one on: 1",
    "files: changed: 0",
    "engines: faulty: 0",
    "servers: ready file: 6",
    "texts: hostile: 7",
    "reads: of an unfinished run: 2",
)
MORE = (
    "kills: at a call: 1",
    "damage: flipped: 0",
    "damage: zeroed: 0",
    "damage: cut when stamped: 1",
    "documents: made-from.json bytes: 0",
    "documents: Parquet files bytes: 0",
    "disk: one call fails: 0",
    "disk: files are limited: 0",
    # Faults that the campaign once found.
    "kills: at a call: 41",  # between run.json.new and run.json: nothing went on with the folder
    "disk: calls fail from one on: 9",  # what a start left could not be taken away either
    "reads: of a finished run: 32",  # run.json, by `export`
    "reads: of an unfinished run: 0",  # is it a sweep?
    "files: changed: 6",  # nested too deep
    "texts: hostile: 22",  # half a UTF-16 pair in a motion
    "texts: hostile: 478",  # Rich's markup in a motion
)


def campaign(cases: Sequence[str]) -> str:
    """What the campaign says of these cases. It is a process of its own, as it forks."""
    words = [word for case in cases for word in ("--case", case)]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.chaos.campaign", "--seed", str(SEED), "--jobs", "1", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=CHECKOUT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return ended.stdout + ended.stderr


@pytest.mark.parametrize("cases", sliced([ONE_OF_EACH, MORE], [ONE_OF_EACH]))
def test_the_slice_holds(cases: Sequence[str]) -> None:
    said = campaign(cases)
    for kind in {case.split(":")[0] for case in cases}:
        rows = re.findall(rf"^{kind}: .*?  +(\d+) +(\d+) +(\d+)$", said, re.MULTILINE)
        tried = sum(case.startswith(f"{kind}:") for case in cases)
        assert sum(int(row[0]) for row in rows) == tried, said
        assert sum(int(row[1]) for row in rows) == tried, said
