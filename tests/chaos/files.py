"""Scenario files with something wrong in them: taken, or refused in one message, and soon.

Each ready-made file is changed as hands, editors and disks change files. What `validate` takes must play.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from random import Random

from tests.chaos.case import Case, Family
from tests.chaos.child import Failed, palaestra

from palaestra.scenarios.core.ready_made import files

SECONDS = 2.0
"""Of CPU time that a file may take to be checked."""
PLAYING = 20
"""Seconds of CPU time after which a play is stopped. A file may ask for that; `--estimate` must tell."""
LONG = 1_000
"""Calls, or more, that a play has which is stopped."""
VALUES = (
    "",
    "null",
    "true",
    "0",
    "-1",
    "1",
    "3.5",
    "-0.0",
    ".nan",
    ".inf",
    "-.inf",
    "1e400",
    "1" + "0" * 30,
    "-9" * 20,
    "9" * 5000,
    "0x7fffffffffffffff",
    "0o17",
    "1_000",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "{a: b}",
    "{? {a: b} : c}",
    '""',
    "' '",
    "~",
    "yes",
    "x",
    "é",
    "名前",
    '"\\0"',
    '"\\e[31m"',
    '"\\u2028"',
    '"\\ud800"',
    '"\\uD83D\\uDE00"',
    "2026-02-30",
    "2026-02-28",
    "12:30:45",
    "!!python/object:os.system x",
    "!!binary aGk=",
    "!!set {a}",
    "&a [*a]",
    "*nothing",
    "<<: x",
    "|\n  a\n  b",
    ">",
    "%",
    "@",
    "`",
    "? x",
    "- x",
    "a: b: c",
    "[" * 40,
    "{a: " * 40,
    "[" * 3000 + "]" * 3000,
    "{a: " * 500 + "1" + "}" * 500,
    "x" * 100_000,
    "[" + "1," * 5000 + "]",
)
STRANGE = (
    "\x00",
    "\x07",
    "\x1b[2J",
    "\x85",
    "\u2028",
    "\u202e",
    "\ufeff",
    "\ud7ff",
    "\U0001f600",
    "\t",
    "\r",
    "\\",
    "%",
    "#",
)
KEYS = (
    "",
    "scenario",
    "engines",
    "nothing",
    "名",
    "<<",
    "?",
    "-",
    "true",
    "null",
    "1",
    "__class__",
    "sweep",
    "prompts",
)
Mutation = Callable[[str, Random], str]


def value(text: str, chance: Random) -> str:
    """Another value of a field."""
    found = chance.choice(list(re.finditer(r"(?<=: )[^\s#{\[|>][^,}\]\n]*", text)))
    return text[: found.start()] + chance.choice(VALUES) + text[found.end() :]


def whole_field(text: str, chance: Random) -> str:
    """Another value of a field with all that is in it."""
    found = chance.choice(list(re.finditer(r"^(\w+):(.*\n(?:[ -].*\n|\n)*)", text, re.MULTILINE)))
    return f"{text[: found.start()]}{found[1]}: {chance.choice(VALUES)}\n{text[found.end() :]}"


def key(text: str, chance: Random) -> str:
    """A field has another name."""
    found = chance.choice(list(re.finditer(r"\b\w+(?=:)", text)))
    typed = found[0]
    new = chance.choice((*KEYS, typed.upper(), typed[:-1], typed + typed[-1], typed + "\u200b"))
    return text[: found.start()] + new + text[found.end() :]


def line(text: str, chance: Random) -> str:
    """A line is gone, there twice, elsewhere or indented otherwise."""
    lines = text.splitlines(keepends=True)
    place = chance.randrange(len(lines))
    match chance.randrange(4):
        case 0:
            del lines[place]
        case 1:
            lines.insert(place, lines[place])
        case 2:
            lines.insert(chance.randrange(len(lines)), lines.pop(place))
        case _:
            lines[place] = chance.choice((" ", "  ", "\t", "- ")) + lines[place]
    return "".join(lines)


def cut(text: str, chance: Random) -> str:
    """The file ends too soon."""
    return text[: chance.randrange(len(text))]


def strange(text: str, chance: Random) -> str:
    """Characters that nobody typed."""
    place = chance.randrange(len(text) + 1)
    return text[:place] + chance.choice(STRANGE) * chance.choice((1, 1, 9)) + text[place:]


MUTATIONS: list[Mutation] = [value, value, whole_field, whole_field, key, line, cut, strange]


def changed(case: Case) -> None:
    """A ready-made file with one change or a few, of its text or its bytes."""
    ready = files()
    name = list(ready)[case.index % len(ready)]
    text, chance = ready[name].read_text(encoding="utf-8"), case.chance
    for mutation in chance.choices(MUTATIONS, k=chance.choice((1, 1, 1, 2, 4))):
        try:
            text = mutation(text, chance)
        except IndexError:  # nothing of its kind is left
            continue
        case.note(f"{name}.yaml: {mutation.__name__}")
    data = bytearray(text.encode(errors="surrogatepass"))
    if data and chance.random() < 0.15:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        case.note("a bit flipped")
    case.folder.mkdir(parents=True)
    (case.folder / "file.yaml").write_bytes(data)
    checked = palaestra("validate", "file.yaml", cwd=case.folder).plain()
    if checked.code not in (0, 2):
        raise Failed(f"a wrong file is wrong input, exit code 2: {checked.told()}")
    case.seconds = checked.cpu
    if checked.cpu > SECONDS:
        raise Failed(f"it took {checked.cpu:.1f} s of CPU time: {checked.told()}")
    if checked.code == 0:
        few = ("--set", "rounds=1") if re.search(r"^rounds: *\d+ *$", text, re.MULTILINE) else ()
        words = ("run", "file.yaml", "--dry-run", "-n", "1", "--quiet", "--out", "out", *few)
        played = palaestra(*words, cwd=case.folder, cpu=PLAYING)
        if played.code in (-signal.SIGXCPU, -signal.SIGKILL):
            case.stopped = True
            _foretold(case, few)
        elif played.plain().code not in (0, 2):
            raise Failed(played.told())


def _foretold(case: Case, few: tuple[str, ...]) -> None:
    """Raise `Failed` unless `--estimate` tells, and soon, that the file asks for a long play."""
    words = ("run", "file.yaml", "--dry-run", "-n", "1", "--estimate", *few)
    told = palaestra(*words, cwd=case.folder, cpu=PLAYING).well()
    calls = [int(each.replace(",", "")) for each in re.findall(r"^calls +([\d,]+)", told.out, re.MULTILINE)]
    if not told.out.startswith("at least") and sum(calls) < LONG:
        raise Failed(f"{sum(calls)} calls took {PLAYING} s: {told.told()}")


FAMILIES: dict[str, Family] = {"changed": changed}
