"""Damage to what stands beside a log: a document is refused in one message, tables are made again.

Never a traceback, and never another number than the undamaged folder gives.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from random import Random
from shutil import copytree

from tests.chaos.case import Case, Family
from tests.chaos.child import Ended, Failed, palaestra
from tests.chaos.subjects import OUT, Subject

from palaestra.runs.exports.described import Described
from palaestra.runs.record.folder import NAME as RUN
from palaestra.runs.record.folder import SWEEP
from palaestra.runs.table_files import FOLDER, MadeFrom

STRANGE = ("[]", "{}", "null", "0", '""', "NaN", "[[[[", '{"a":', "\x00", "\ufeff{}", "{} {}", "\ud83d")
VALUES: tuple[object, ...] = (
    None,
    0,
    -1,
    10**30,
    1.5,
    float("nan"),
    "",
    "x",
    "\x00",
    "0-zz",
    [],
    {},
    [None],
    {"": None},
    True,
)
Words = tuple[str, ...]
OF_A_RUN: tuple[Words, ...] = (
    ("show", OUT),
    ("metrics", OUT, "--out", "told.csv"),
    ("report", OUT, "--out", "report.html"),
    ("export", OUT, "--to", "sft", "--out", "rows"),
    ("compare", "other", OUT),
    ("repair", OUT),
    ("resume", OUT, "--quiet"),
)
OF_A_SWEEP: tuple[Words, ...] = (
    ("compare", OUT),
    ("report", OUT, "--out", "report.html"),
    ("show", OUT),
    ("resume", OUT, "--quiet"),
)
OF_AN_EXPORT: tuple[Words, ...] = (
    ("quality", "pairs"),
    ("quality", "pairs", "--keep", "margin>=0", "--out", "kept"),
)
OF_TABLES: tuple[Words, ...] = (
    ("metrics", OUT, "--out", "told.csv"),
    ("show", OUT, "--call", "0"),
    ("show", OUT, "--events"),
)


def raw(path: Path, chance: Random) -> str:
    """Damage the bytes of a file; what was done."""
    before = path.read_bytes()
    match chance.choice(
        ("deleted", "emptied", "cut", "flipped", "flipped", "zeroed", "strange", "grown", "folder")
    ):
        case "deleted":
            path.unlink()
            return "deleted"
        case "emptied":
            path.write_bytes(b"")
            return "emptied"
        case "cut":
            length = chance.randrange(len(before))
            path.write_bytes(before[:length])
            return f"cut to {length} bytes"
        case "zeroed":
            start = chance.randrange(len(before))
            path.write_bytes(before[:start] + bytes(min(64, len(before) - start)) + before[start + 64 :])
            return f"zeroed at {start}"
        case "strange":
            text = chance.choice(STRANGE)
            path.write_bytes(text.encode(errors="surrogatepass"))
            return f"replaced by {text!r}"
        case "grown":
            path.write_bytes(before + before[: chance.randrange(1, len(before))])
            return "grown"
        case "folder":
            path.unlink()
            path.mkdir()
            return "replaced by a folder"
    flipped = bytearray(before)
    for place in chance.choices(range(len(flipped)), k=chance.choice((1, 1, 3))):
        flipped[place] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(flipped))
    return "flipped"


def field(path: Path, chance: Random) -> str:
    """Take a field out of a JSON file, or give it another value; what was done."""
    told = json.loads(path.read_bytes())
    places = list(_places(told))
    holder, key = chance.choice(
        [place for place in places if place[0] is told] if chance.random() < 0.4 else places
    )
    if chance.random() < 0.4:
        del holder[key]
        what = f"`{key}` taken out"
    else:
        value = chance.choice(VALUES)
        holder[key] = value
        what = f"`{key}` set to {value!r}"
    path.write_text(json.dumps(told))
    return what


def _places(value: object) -> list[tuple[dict[str, object], str]]:
    """Every field within a JSON value."""
    found: list[tuple[dict[str, object], str]] = []
    if isinstance(value, dict):
        found += [(value, key) for key in value]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            found += _places(each)
    return found


@cache
def undamaged(subject: Subject, commands: tuple[Words, ...]) -> tuple[Ended, ...]:
    """What the commands say of what `subject` left."""
    folder = subject.whole.with_name(f"told-{commands[0][0]}-{subject.whole.name}")
    subject.copy(folder)
    copytree(folder / OUT, folder / "other")
    if commands == OF_AN_EXPORT:
        _export(folder)
    return tuple(palaestra(*words, cwd=folder).plain() for words in commands)


def _export(folder: Path) -> None:
    palaestra("export", OUT, "--to", "dpo", "--out", "pairs", "--quiet", cwd=folder).well()


def document(name: str, commands: tuple[Words, ...], harm: Callable[[Path, Random], str], case: Case) -> None:
    """One of the documents: what a command says of it is one message, or what it said before."""
    exported = name == Described.file_name
    subject = (
        case.subjects.sweep if name == SWEEP else case.subjects.duel if exported else case.subjects.debate
    )
    subject.copy(case.folder)
    if exported:
        _export(case.folder)
    copytree(case.folder / OUT, case.folder / "other")
    path = case.folder / ("pairs" if exported else OUT) / name
    case.note(f"{name} of {subject.name} {harm(path, case.chance)}")
    damaged = path.read_bytes() if path.is_file() else None
    for words, before in zip(commands, undamaged(subject, commands), strict=True):
        ended = palaestra(*words, cwd=case.folder)
        if words[0] == "repair" and ended.code == 1 and not ended.err:
            continue  # it tells damage, as it should
        ended.plain()
        if words[0] in ("metrics", "compare", "quality") and ended.code == 0 and ended.out != before.out:
            raise Failed(f"another number than before: {ended.told()}")
        if words[0] != "resume" and damaged is not None and path.read_bytes() != damaged:
            raise Failed(f"`{words[0]}` changed {name}")


def tables(harm: Callable[[Path, Random], str], only: str, case: Case) -> None:
    """The kept tables of a run, or what they are made from: all is told as from undamaged ones."""
    every = [case.subjects.debate, *case.subjects.ready]
    subject = every[case.index % len(every)]
    out = subject.copy(case.folder)
    path = case.chance.choice(sorted((out / FOLDER).glob(only)))
    case.note(f"{path.name} of {subject.name} {harm(path, case.chance)}")
    for words, before in zip(OF_TABLES, undamaged(subject, OF_TABLES), strict=True):
        ended = palaestra(*words, cwd=case.folder).plain()
        if (ended.code, ended.out) != (before.code, before.out):
            raise Failed(f"told otherwise than from undamaged tables: {ended.told()}")
    palaestra("resume", OUT, "--quiet", cwd=case.folder).well()


def exchanged(path: Path, chance: Random) -> str:
    """Put another table of the run in the place of one."""
    other = chance.choice([each for each in sorted(path.parent.glob("*.parquet")) if each != path])
    path.write_bytes(other.read_bytes())
    return f"replaced by {other.name}"


HARMS: dict[str, Callable[[Path, Random], str]] = {"bytes": raw, "fields": field}
DOCUMENTS = ((RUN, OF_A_RUN), (SWEEP, OF_A_SWEEP), (Described.file_name, OF_AN_EXPORT))
FAMILIES: dict[str, Family] = {
    f"{name} {what}": partial(document, name, commands, harm)
    for name, commands in DOCUMENTS
    for what, harm in HARMS.items()
}
FAMILIES |= {
    f"{MadeFrom.file_name} {what}": partial(tables, harm, MadeFrom.file_name) for what, harm in HARMS.items()
}
FAMILIES |= {
    "Parquet files bytes": partial(tables, raw, "*.parquet"),
    "Parquet files exchanged": partial(tables, exchanged, "*.parquet"),
}
