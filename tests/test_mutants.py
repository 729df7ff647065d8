"""The script that breaks the program: a short slice of it, and whether what it says is so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from support.command_line import commands

SCRIPT, LISTED = (Path(__file__).parent / "mutants" / f"{name}.py" for name in ("__main__", "listed"))
CHEAPEST = ("elo",)


def mutants(*words: str, checkout: Path = SCRIPT.parents[2]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.mutants", *words],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_mutant_finds_its_place() -> None:
    ended = mutants("--check")
    assert ended.returncode == 0, ended.stderr


def test_every_command_has_a_mutant_of_its_name() -> None:
    listed = LISTED.read_text(encoding="utf-8")
    assert [name for name in commands() if f'("{name}", ' not in listed] == []


def test_some_mutants_are_noticed() -> None:
    ended = mutants("--trusting", *CHEAPEST)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.endswith(f"{len(CHEAPEST)} of {len(CHEAPEST)} mutants were noticed\n")


COUNT = '''
def count(words):
    """How many."""
    number = 0
    while words:
        words = words[1:]
        number += 1
    return number
'''
TEST = "from count import count\n\ndef test_words_are_counted():\n    assert count(['a', 'b']) == 2\n"


def made_up(folder: Path, *lines: str) -> Path:
    """The script in a checkout of its own, with other mutants."""
    listed = 'RAISES = "<raises>"\nLISTED = (\n' + "".join(f"    {line},\n" for line in lines) + ")\n"
    for name, content in (
        ("tests/mutants/__main__.py", SCRIPT.read_text(encoding="utf-8")),
        ("tests/mutants/listed.py", listed),
        ("tests/test_count.py", TEST),
        ("src/count.py", COUNT),
        ("pyproject.toml", "[tool.pytest.ini_options]\nmarkers = ['engine: none']\n"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    for words in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


@pytest.mark.whole
def test_what_is_noticed_and_what_survives_is_told_apart(tmp_path: Path) -> None:
    made = made_up(
        tmp_path,
        '("wrong", "src/count.py", "number = 0", "number = 1", "tests/test_count.py")',
        '("raises", "src/count.py", "def count(", RAISES, "tests/test_count.py -k words")',
        '("the same", "src/count.py", "number = 0", "number = 0 + 0", "tests/test_count.py")',
    )
    ended = mutants("--jobs", "2", checkout=made)
    assert ended.returncode == 1, ended.stderr
    told = [re.split(r"\s{2,}", line) for line in ended.stdout.splitlines()]
    assert [(row[0], row[1], row[3]) for row in told[:3]] == [
        ("wrong", "noticed", "test_words_are_counted"),
        ("raises", "noticed", "test_words_are_counted"),
        ("the same", "SURVIVED", "by none of tests/test_count.py"),
    ]
    assert told[3] == ["2 of 3 mutants were noticed"]
    assert (tmp_path / "src" / "count.py").read_text() == COUNT


def test_tests_that_never_end_are_stopped_and_have_noticed(tmp_path: Path) -> None:
    made = made_up(tmp_path, '("endless", "src/count.py", "words[1:]", "words[0:]", "tests/test_count.py")')
    script = made / "tests" / "mutants" / "__main__.py"
    script.write_text(script.read_text().replace("SECONDS = 240", "SECONDS = 2"))
    ended = mutants("--trusting", checkout=made)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("endless  hung ")


@pytest.mark.whole
def test_a_mutant_that_lost_its_place_or_whose_tests_do_not_run_is_an_error(tmp_path: Path) -> None:
    made = made_up(
        tmp_path,
        '("gone", "src/count.py", "number = 9", "", "tests/test_count.py")',
        '("twice", "src/count.py", "words", "", "tests/test_count.py")',
        '("untested", "src/count.py", "number = 0", "number = 1", "tests/test_nothing.py")',
        '("no such test", "src/count.py", "number = 0", "number = 1", "tests/test_count.py -k letters")',
        '("fine", "src/count.py", "number = 0", "number = 1", "tests/test_count.py")',
        """("of two words", "src/count.py", "= 0", "= 1", "tests/test_count.py -k 'are and words'")""",
    )
    for name, said in (
        ("gone", "stands 0 times in src/count.py"),
        ("twice", "times in src/count.py"),
        ("untested", "there is no tests/test_nothing.py"),
        ("nobody", "there is no mutant nobody; they are: gone, twice"),
    ):
        ended = mutants("--check", name, checkout=made)
        assert ended.returncode == 2
        assert said in ended.stderr
    ended = mutants("--trusting", "no such test", "fine", "of two words", checkout=made)
    assert ended.returncode == 2
    assert "its tests don't run (pytest: exit code 5)" in ended.stdout
    assert ended.stdout.endswith("2 of 3 mutants were noticed\n")  # the others were tried all the same
    (tmp_path / "tests" / "test_count.py").write_text(TEST.replace("== 2", "== 3"))
    ended = mutants("fine", checkout=made)
    assert ended.returncode == 2
    assert "without a mutant these tests fail" in ended.stderr
