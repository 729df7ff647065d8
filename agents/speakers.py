"""Nobody speaks for another: lines of what somebody says that would read as the beginning of another's turn.

A prompt shows what was said as "Ann: …". A later line of Ann's text that begins with "Bo:" would make
the very prompt of Bo saying it. Such lines are shown as quoted, with "> " before them; the text itself
stays as it was said. A name counts however it is cased, decorated or spaced, and so does any name of the
form of the speaker's own ("Speaker 2" where Speaker 1 speaks).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

QUOTED = "> "
_DECORATION = r"[\W_]*"
_COLON = r"[\W_]*?[:：︓﹕ː∶꞉]"


def quoted_lines(
    text: str, speaker: str, names: Iterable[str], headings: Iterable[str] = ()
) -> tuple[int, ...]:
    """The lines of a speaker's text, from 0, that begin as somebody's turn would, or read as a heading.

    Args:
        text: what was said; its first line follows the speaker's own name.
        speaker: the name under which it is heard.
        names: of all who may be heard.
        headings: lines under which what is heard is put in order, such as "Trajectory 1".
    """
    lines = text.splitlines()
    if len(lines) < 2:
        return ()
    begins, reads = _turns_of(frozenset((speaker, *names))), _headings(frozenset(headings))
    folded = [(n, _folded(line)) for n, line in enumerate(lines) if n]
    return tuple(n for n, line in folded if begins.match(line) or reads.fullmatch(line))


def as_shown(text: str, quoted: tuple[int, ...]) -> str:
    """The text as prompts show it, its `quoted` lines marked."""
    if not quoted:
        return text
    lines = text.splitlines(keepends=True)
    return "".join(QUOTED + line if number in quoted else line for number, line in enumerate(lines))


@lru_cache(maxsize=256)
def _turns_of(names: frozenset[str]) -> re.Pattern[str]:
    """What begins a turn of one of these."""
    forms = {_form(name) for name in names if any(map(str.isalnum, name))}
    named = "|".join(sorted(forms)) or "(?!)"
    return re.compile(f"{_DECORATION}(?:{named}){_COLON}")


@lru_cache(maxsize=256)
def _headings(lines: frozenset[str]) -> re.Pattern[str]:
    """What reads as one of these, however it is decorated."""
    forms = {_form(re.sub(r"^[\W_]+|[\W_]+$", "", line)) for line in lines if any(map(str.isalnum, line))}
    return re.compile(f"{_DECORATION}(?:{'|'.join(sorted(forms)) or '(?!)'}){_DECORATION}")


def _form(name: str) -> str:
    """A pattern of a name: any number in a number's place, any space in a space's."""
    escaped = re.escape(_folded(name).strip())
    if any(map(str.isalpha, name)):
        escaped = re.sub(r"\d+", r"\\d+", escaped)
    return re.sub(r"(?:\\ )+", r"\\W+", escaped)


def _folded(text: str) -> str:
    """A text without case, accents, and what can't be seen."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in apart if unicodedata.category(letter) not in ("Cf", "Mn")).casefold()
