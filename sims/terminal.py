"""The border where text goes to a terminal: what it holds is shown there, and does nothing.

Models, personas, files and their names say what they like. A terminal obeys control characters (it moves the
cursor, changes the clipboard, hides what stands before) and Rich obeys markup. So what a command says goes
through `say` and `table`, and what progress shows through `visible`; nothing else may print (ruff checks it).
Files keep the text as it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from io import TextIOWrapper
from typing import IO, TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters, but for tab and line end
    "\u2028\u2029"  # line and paragraph separators
    "\u202a-\u202e\u2066-\u2069"  # overrides of the direction of writing
    "\ud800-\udfff]"  # what is no character: bytes of a file's name
)
BOLD, DIM, RED = "bold", "dim", "red"


class Unsayable(OSError):
    """What a command says can't be written: the disk under a redirected output is full, say."""


@contextmanager
def _saying() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unsayable(error.errno, error.strerror) from error


def visible(text: str) -> str:
    r"""`text` with all that a terminal would obey spelt as Python does: `\x1b`, `\r`, `\u202e`."""
    return OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def say(words: object = "", style: str = "", *, to: IO[str] | None = None) -> None:
    """Write a line of words.

    Args:
        words: whatever they hold is shown and not obeyed.
        style: "", `BOLD`, `DIM` or `RED`, for a terminal.
        to: standard output by default.
    """
    stream = to or sys.stdout
    if stream is None:  # closed by who called: nobody listens
        return
    text = visible(str(words))
    if style and stream.isatty():
        text = typer.style(
            text, bold=style == BOLD or None, dim=style == DIM or None, fg=RED if style == RED else None
        )
    with _saying():
        stream.write(f"{text}\n")
        stream.flush()


def warn(words: object) -> None:
    """Write a line of words to standard error."""
    if sys.stderr is not None:
        say(words, RED, to=sys.stderr)


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    title: str = "",
    *,
    right: Collection[str] = (),
    whole: Collection[str] = (),
    least_width: int = 0,
    style: Sequence[str] = (),
) -> None:
    """Write a table.

    Args:
        heads: of its columns.
        rows: a cell for each.
        title: above it.
        right: the columns that are aligned to the right.
        whole: the columns whose cells are never wrapped.
        least_width: columns that it needs. Lines that a narrow terminal wraps can be read; numbers that are
            cut off can't.
        style: the colour of each row's first cell, if any.
    """
    from rich.table import Table

    told = Table(title=shown(title) if title else None, title_justify="left", box=None)
    for head in heads:
        told.add_column(
            shown(head), justify="right" if head in right else "left", no_wrap=head in whole, overflow="fold"
        )
    colours = iter(style)
    for row in rows:
        first, *rest = map(shown, row)
        first.stylize(next(colours, ""))
        told.add_row(first, *rest)
    screen = console()
    screen.width = max(screen.width, least_width)
    with _saying():
        screen.print(told)


def shown(text: str) -> Text:
    """`text` as Rich shows it, its markup and all else taken as it stands."""
    from rich.text import Text

    return Text(visible(text), overflow="fold")


def console(to: IO[str] | None = None) -> Console:
    """A console of Rich's on a stream, standard output by default; for what `shown` and `visible` return."""
    return _screen()(file=to or sys.stdout)


@cache
def _screen() -> type[Console]:
    """Rich's console, which leaves it to the command what a reader who went away means."""
    from rich.console import Console

    class Screen(Console):
        def on_broken_pipe(self) -> NoReturn:
            raise BrokenPipeError

    return Screen


def take_any_text() -> None:
    """Let standard output and error take all text in any encoding: what they can't show becomes "?"."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
