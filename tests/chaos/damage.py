"""Damage to a log: each reading command names it, `repair` keeps what is sound, and the run plays on.

A log that was cut while it had no stamp is no damage: what is left is played on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from random import Random

from tests.chaos.case import Case, Family
from tests.chaos.child import Ended, Failed, palaestra
from tests.chaos.subjects import OUT, Subject

from palaestra.runs.record.chain import opened
from palaestra.runs.record.log import NAME
from support.logs import unstamp

Lines = list[bytes]
Damage = Callable[[Lines, Random], Lines]
READING = (
    ("show", OUT),
    ("show", OUT, "--call", "0"),
    ("metrics", OUT),
    ("report", OUT, "--out", "report.html"),
    ("export", OUT, "--to", "sft", "--out", "export"),
    ("export", OUT, "--to", "dpo", "--out", "pairs"),
    ("resume", OUT, "--quiet"),
    ("branch", OUT, "--out", "branch", "--most", "1", "--quiet"),
)


@cache
def reading(subject: Subject) -> list[tuple[str, ...]]:
    """The commands that read what `subject` left, where nothing is damaged."""
    folder = subject.whole.with_name(f"read-{subject.whole.name}")
    subject.copy(folder)
    ended = [palaestra(*words, cwd=folder).plain() for words in READING]
    return [words for words, each in zip(READING, ended, strict=True) if each.code == 0]


def episode_of(line: bytes) -> int:
    """The episode of a sound line."""
    number: int = opened(line).record()["episode"]
    return number


def episodes_of(lines: Lines) -> list[int]:
    return sorted({episode_of(line) for line in lines})


def flipped(lines: Lines, chance: Random) -> Lines:
    text = bytearray(b"".join(lines))
    for _ in range(chance.choice((1, 1, 2, 9))):
        text[chance.randrange(len(text))] ^= 1 << chance.randrange(8)
    return [bytes(text)]


def lost(lines: Lines, chance: Random) -> Lines:
    start = chance.randrange(len(lines))
    del lines[start : start + chance.choice((1, 1, 2, 5))]
    return lines


def doubled(lines: Lines, chance: Random) -> Lines:
    start = chance.randrange(len(lines))
    block = lines[start : start + chance.choice((1, 1, 3))]
    place = chance.randint(0, len(lines))
    return [*lines[:place], *block, *lines[place:]]


def swapped(lines: Lines, chance: Random) -> Lines:
    """Two records of one episode change places."""
    episode = chance.choice(episodes_of(lines))
    own = [place for place, line in enumerate(lines) if episode_of(line) == episode]
    one, other = chance.sample(own, 2)
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def exchanged(lines: Lines, chance: Random) -> Lines:
    """Two episodes change their records of one number, or all from there on."""
    episodes = episodes_of(lines)
    if len(episodes) < 2:
        return swapped(lines, chance)
    one, other = (str(number).encode() for number in chance.sample(episodes, 2))
    named = {one: other, other: one}
    start = chance.randrange(len(lines))
    for place in range(start, chance.choice((start + 1, len(lines)))):
        episode = str(episode_of(lines[place])).encode()
        if episode in named:
            old, new = (b'"episode":%b,' % number for number in (episode, named[episode]))
            lines[place] = lines[place].replace(old, new, 1)
    return lines


def cut(lines: Lines, chance: Random) -> Lines:
    return [b"".join(lines)[: chance.randrange(sum(map(len, lines)))]]


def emptied(lines: Lines, chance: Random) -> Lines:
    return []


def gone(lines: Lines, chance: Random) -> Lines:
    """A whole episode is gone."""
    episode = chance.choice(episodes_of(lines))
    return [line for line in lines if episode_of(line) != episode]


def torn(lines: Lines, chance: Random) -> Lines:
    place = chance.randrange(len(lines))
    within = chance.randrange(1, len(lines[place]))
    lines[place : place + 1] = [lines[place][:within] + b"\n", lines[place][within:]]
    return lines


def zeroed(lines: Lines, chance: Random) -> Lines:
    """A block that never reached the disk."""
    text = bytearray(b"".join(lines))
    length = min(chance.choice((1, 64, 512, 4096)), len(text))
    start = chance.randrange(len(text) - length + 1)
    text[start : start + length] = bytes(length)
    return [bytes(text)]


def strange(lines: Lines, chance: Random) -> Lines:
    """A line that is no record."""
    line = chance.choice(
        (b"\n", b"{}\n", b"null\n", b"[]\n", b"\xff\xfe\n", b'{"record":"call"}\n', b"\x00" * 99)
    )
    lines.insert(chance.randrange(len(lines)), line)
    return lines


DAMAGES: list[Damage] = [
    flipped,
    lost,
    doubled,
    swapped,
    exchanged,
    cut,
    emptied,
    gone,
    torn,
    zeroed,
    strange,
]


def lines_of(out: Path) -> Lines:
    return (out / NAME).read_bytes().splitlines(keepends=True)


def single(damage: Damage, case: Case) -> None:
    """A single damage in the stamped log of a run: named everywhere, repaired, played on."""
    subjects = [case.subjects.debate, case.subjects.branch, *case.subjects.ready]
    subject = subjects[case.index % len(subjects)]
    out = subject.copy(case.folder)
    before = lines_of(out)
    while (after := damage(list(before), case.chance)) == before or b"".join(after) == b"".join(before):
        continue
    case.note(f"the log of {subject.name}, {damage.__name__}")
    (out / NAME).write_bytes(b"".join(after))
    for words in reading(subject):
        _named(palaestra(*words, cwd=case.folder))
    _mended(subject, case.folder, before)


def of_another_run(case: Case) -> None:
    """The log of another run in place of the run's own."""
    one, other = case.chance.sample([case.subjects.debate, case.subjects.branch, *case.subjects.ready], 2)
    case.note(f"the log of {other.name} in the folder of {one.name}")
    out = one.copy(case.folder)
    (out / NAME).write_bytes(b"".join(lines_of(other.whole / OUT)))
    for words in reading(one):
        palaestra(*words, cwd=case.folder).refused()
    palaestra("repair", OUT, "--write", cwd=case.folder).well()
    for words in reading(one):
        palaestra(*words, cwd=case.folder).plain()


def truncated(stamped: bool, case: Case) -> None:
    """The log of a small run, cut at each of its bytes."""
    subject = case.subjects.small
    out = subject.copy(case.folder)
    before = lines_of(out)
    text = b"".join(before)
    length = case.permuted(case.index, len(text))
    case.note(f"the {'stamped' if stamped else 'unstamped'} log of {subject.name} cut to {length} bytes")
    (out / NAME).write_bytes(text[:length])
    if stamped:
        for words in reading(subject) if case.index % 8 == 0 else READING[:1]:
            _named(palaestra(*words, cwd=case.folder))
        _mended(subject, case.folder, before)
    else:
        unstamp(out)
        subject.finish(case.folder)


def _named(ended: Ended) -> None:
    """Raise `Failed` unless the command tells where the log is damaged."""
    ended.refused()
    if NAME not in ended.err or "repair" not in ended.err:
        raise Failed(f"it doesn't name the log and the remedy: {ended.told()}")


def _mended(subject: Subject, folder: Path, before: Lines) -> None:
    """Repair and go on; raise `Failed` where a sound episode was lost, or it comes to anything else."""
    out = folder / OUT
    damaged = (out / NAME).read_bytes()
    if (found := palaestra("repair", OUT, cwd=folder)).code != 1 or found.err:
        raise Failed(f"`repair` finds no damage: {found.told()}")
    if (out / NAME).read_bytes() != damaged:
        raise Failed("`repair` without --write changed the log")
    palaestra("repair", OUT, "--write", cwd=folder).well()
    kept = set(lines_of(out))
    there = set(damaged.splitlines(keepends=True))
    for episode in episodes_of(before):
        own = [line for line in before if episode_of(line) == episode]
        if there.issuperset(own) and not kept.issuperset(own):
            raise Failed(f"`repair` lost episode {episode}, all of whose records were there")
    if not kept <= set(before):
        raise Failed("`repair` kept what was never written")
    subject.finish(folder)


FAMILIES: dict[str, Family] = {
    **{damage.__name__: partial(single, damage) for damage in DAMAGES},
    "of another run": of_another_run,
    "cut when stamped": partial(truncated, True),
    "cut when unstamped": partial(truncated, False),
}
