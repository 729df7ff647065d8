"""Slips of a scenario's author, in a package of its own: one message each, with all one needs to mend it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from palaestra.runs.run import Run
from support import stranger
from support.command_line import Done, palaestra

FILE = "scenario: tictac\n"


Typed = Callable[..., Done]


@pytest.fixture
def typed(tmp_path: Path) -> Typed:
    """Types commands in a folder with `ok.yaml`, each as a new process finds the package."""
    (tmp_path / "ok.yaml").write_text(FILE)

    def typing(*words: str) -> Done:
        with stranger.installed(tmp_path / "packages"):
            return palaestra(*words, cwd=tmp_path)

    return typing


def install(tmp_path: Path, file: str = "rules.py", wrong: str = "", right: str = "", told: str = "") -> str:
    """Install the package with a slip; what is `told` of it, with the number of its LINE."""
    text = (stranger.write(tmp_path / "packages", {file: (wrong, right)}) / file).read_text()
    return told.replace("LINE", str(text[: text.index(right)].count("\n") + 1))


RUN = ("run", "ok.yaml", "--dry-run", "--out", "run", "-q")


def test_without_a_slip_it_is_played_shown_measured_and_exported(tmp_path: Path, typed: Typed) -> None:
    install(tmp_path)
    for words in (
        ("validate", "tictac-two"),
        RUN,
        ("show", "run", "--events"),
        ("export", "run", "--to", "kto"),
    ):
        assert typed(*words).code == 0
    assert "Two numbers" in typed("scenarios").out


SLIPS = {
    "a prompt that there is not": (
        "rules.py",
        'ask("guess"',
        'ask("gess"',
        r"rules\.py:LINE .*there is no prompt 'gess'; did you mean 'guess'\?",
    ),
    "a variable without a value": (
        "rules.py",
        '{"round": 1}',
        '{"rond": 1}',
        r"rules\.py:LINE .*prompt 'guess' uses \{round\}, which has no value; did you mean 'rond'\?",
    ),
    "a call instead of a list": (
        "rules.py",
        "yield calls",
        "yield calls[0]",
        r"play\(\) yields lists of questions, not a Question",
    ),
    "a text instead of a call": ("rules.py", "yield calls", 'yield ["guess"]', "not a list with a str"),
    "rules that ask nothing": ("rules.py", "yield calls", "[]", r"play\(\) .*is no generator"),
    "rules that wait for ever": (
        "rules.py",
        "replies = yield calls",
        "while True: yield []",
        "rules\\.py:LINE .*yielded no question 10000 times in a row",
    ),
    "rules that wait for ever whatever they are told": (
        "rules.py",
        "replies = yield calls",
        "while True:\n            try: yield []\n            except Exception: pass",
        "yielded no question 10000 times in a row",
    ),
    "rules that end instead of asking questions": (
        "rules.py",
        "replies = yield calls",
        "try: replies = yield calls[0]\n        except TypeError: return {}",
        r"play\(\) yields lists of questions, not a Question",
    ),
    "an event that is not declared": ("rules.py", "(Guess,)", "()", "Guess is not among `event_types`"),
    "an event without fields": (
        "rules.py",
        "@dataclass(frozen=True, slots=True)\nclass Guess",
        "class Guess",
        r"rules\.py:\d+ in episode 0: TypeError: Event.__init__",
    ),
    "an event that holds a list": (
        "rules.py",
        "int(str(reply.value))",
        "[1]",
        r"Guess\.number is \[1\], no scalar",
    ),
    "an outcome that is none": (
        "rules.py",
        '{"played": True}',
        '["played"]',
        r"outcome is \['played'\], no dict",
    ),
    "an outcome that holds a list": (
        "rules.py",
        '"played": True',
        '"played": [1]',
        r"'played' is \[1\], no scalar",
    ),
    "rules that divide by zero": (
        "rules.py",
        "int(str(reply.value))",
        "1 // 0",
        r"rules\.py:LINE .*ZeroDivisionError",
    ),
}


@pytest.mark.parametrize(("file", "wrong", "right", "told"), SLIPS.values(), ids=SLIPS)
def test_a_slip_in_play(file: str, wrong: str, right: str, told: str, tmp_path: Path, typed: Typed) -> None:
    told = install(tmp_path, file, wrong, right, told)
    said = typed(*RUN)
    assert (said.code, said.err.count("error:")) == (2, 1), said.err
    assert "the scenario 'tictac' (tictac.rules:Tictac) failed" in said.err
    assert re.search(told, said.err), said.err
    assert "pip uninstall tictac" in said.err
    assert not (tmp_path / "run").exists()


BEFORE = {
    "no kind": ("rules.py", 'kind = "tictac"', "", "Tictac has no `kind`"),
    "another kind": ("rules.py", 'kind = "tictac"', 'kind = "tic"', "registered as 'tictac'"),
    "no rules": ("rules.py", "def play(self)", "def plays(self)", "Tictac lacks play"),
    "an import that fails": (
        "rules.py",
        "import Agent,",
        "import Agnt,",
        r"at .*rules\.py:LINE: ImportError",
    ),
    "no Python": ("rules.py", 'kind = "tictac"', "kind = = 3", r"at .*rules\.py:LINE: SyntaxError"),
    "a problem that is one": (
        "rules.py",
        "    players: list",
        '    def problems(self): yield from {}["x"]\n    players: list',
        r"at .*rules\.py:LINE in the check of .*ok.yaml: KeyError: 'x'",
    ),
    "prompts that are no mapping": (
        "prompts.yaml",
        stranger.PROMPTS,
        "- rules\n",
        "a file of prompts is a mapping",
    ),
    "a prompt that is a number": ("prompts.yaml", "You play a number game.", "5", "the prompt 'rules' is 5"),
    "a brace that is not closed": ("prompts.yaml", "{round}", "{round", r"prompts\.yaml:3: prompt 'guess'"),
    "a format in a prompt": ("prompts.yaml", "{round}", "{round:>3}", "prompt 'guess' formats a variable"),
}


@pytest.mark.parametrize(("file", "wrong", "right", "told"), BEFORE.values(), ids=BEFORE)
def test_a_slip_that_shows_before_anything_is_played(
    file: str, wrong: str, right: str, told: str, tmp_path: Path, typed: Typed
) -> None:
    told = install(tmp_path, file, wrong, right, told)
    for words in (("validate", "ok.yaml"), RUN):
        said = typed(*words)
        assert (said.code, said.err.count("error:")) == (2, 1), said.err
        assert re.search(told, said.err), said.err
    assert not (tmp_path / "run").exists()


def test_two_agents_of_one_name_are_refused_with_their_place(tmp_path: Path, typed: Typed) -> None:
    install(tmp_path)
    (tmp_path / "ok.yaml").write_text(FILE + "players: [{name: Ann}, {name: Ann}]\n")
    said = typed("validate", "ok.yaml")
    assert said.code == 2
    assert "ok.yaml:2:25: two agents are named 'Ann'" in said.err


def test_a_policy_that_there_is_not_is_refused_with_its_place(tmp_path: Path, typed: Typed) -> None:
    install(tmp_path)
    (tmp_path / "ok.yaml").write_text(FILE + "players: [{name: Ann, policy: nosuch}, {name: Bo}]\n")
    said = typed("validate", "ok.yaml")
    assert said.code == 2
    assert "ok.yaml:2:23: no policy 'nosuch'; the policies are: default" in said.err


WORTH = {
    "an answer that there is not": (
        "JudgedAnswer(1,",
        "JudgedAnswer(99,",
        "answer is call 99, which there is not",
    ),
    "no answers": ("(JudgedAnswer(0, 1.0), JudgedAnswer(1, 2.0))", "()", "a judged question has no answers"),
    "a reward of nobody": ("{told.agent:", "{'Zed':", "'Zed' is rewarded"),
    "a reward that is no number": ("float(told.number or 0)", "float('nan')", "the reward of 'Ann' is nan"),
    "an attribute that there is not": ("told.number or 0", "told.nomber", r"rules\.py:LINE .*AttributeError"),
}


@pytest.mark.parametrize(("wrong", "right", "told"), WORTH.values(), ids=WORTH)
def test_a_slip_in_what_an_episode_is_worth(
    wrong: str, right: str, told: str, tmp_path: Path, typed: Typed
) -> None:
    told = install(tmp_path, "rules.py", wrong, right, told)
    assert typed(*RUN).code == 0
    said = typed("export", "run", "--to", "sft", "--out", "pairs")
    assert (said.code, said.err.count("error:")) == (2, 1), said.err
    assert re.search(told, said.err), said.err
    assert not (tmp_path / "pairs").exists()


def test_a_slip_that_was_mended_is_gone_on_from(tmp_path: Path, typed: Typed) -> None:
    install(tmp_path, "rules.py", "int(str(reply.value))", "1 // (self.index - 5)")
    said = typed(*RUN, "-n", "8")
    assert "in episode 5: ZeroDivisionError" in said.err
    assert "Go on with: palaestra resume run" in said.err
    assert typed("resume", "run", "-q").code == 2
    install(tmp_path)
    assert typed("resume", "run", "-q").code == 0
    assert Run(tmp_path / "run").episodes["ended"].sum() == 8
