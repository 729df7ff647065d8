"""One look for all figures: sizes of a paper's columns, and colours that survive grey and colour blindness.

Series differ by colour, line and marker at once; areas by colour and hatch. The numbers of
colours, lines and markers have no common divisor, so that series only look alike after hundreds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from textwrap import fill

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

SINGLE = 3.4
"""Width of one column, inches."""
DOUBLE = 7.0
"""Width of two columns, inches."""
TEXT = 7.0
"""Size of labels, points."""
SMALL = 6.0
"""Size of tick labels and notes, points."""
LETTERS_AN_INCH = 21
"""How many letters of `SMALL` size fit in an inch."""

INK = "#222222"
MUTED = "#666666"
GRID = "#E2E2E2"
COLOURS = ("#004488", "#DDAA33", "#BB5566", "#111111", "#6699CC", "#997700", "#EE99AA", "#777777")
"""Paul Tol's high- and medium-contrast sets, made to be told apart in grey, neighbours farthest apart."""
LINES: tuple[str | tuple[int, tuple[int, ...]], ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
HATCHES = ("////", "....")
MISSING = {"facecolor": "white", "edgecolor": "#C8C8C8", "hatch": "//////", "linewidth": 0.0}
"""Of the ground of a heat map, which shows where there is no cell."""
HEAT = "cividis"
"""Colour map of heat maps: as bright as the value, for everybody."""
HALO = [withStroke(linewidth=1.5, foreground="white")]
"""Path effect of words that stand on marks."""
LINE = 1.2
"""Width of a line, points."""
MARK = 3.5
"""Size of a marker, points."""


def plain_text() -> AbstractContextManager[None]:
    """While figures are made and saved: text is only text, a dollar sign in a motion begins no formula."""
    return rc_context({"text.parse_math": False})


MADE_UP = ContextVar("MADE_UP", default=False)


@contextmanager
def made_up(replies: bool) -> Iterator[None]:
    """While figures are made: each says that its numbers are of made-up replies, where they are."""
    before = MADE_UP.set(replies)
    try:
        yield
    finally:
        MADE_UP.reset(before)


def figure(
    width: float,
    height: float,
    rows: int = 1,
    columns: int = 1,
    *,
    subtitle: str,
    heights: Sequence[float] | None = None,
) -> Figure:
    """A figure with its axes, row by row in `figure(…).axes`.

    Args:
        width: in inches.
        height: in inches, without the subtitle's.
        rows: of axes.
        columns: of axes.
        subtitle: what the numbers are of, at the top; wrapped.
        heights: of the rows, relative to each other.
    """
    told = fill(f"made-up replies; {subtitle}" if MADE_UP.get() else subtitle, int(width * LETTERS_AN_INCH))
    lines = told.count("\n") + 1
    drawn = Figure(figsize=(width, height + 0.11 * lines), layout="constrained", facecolor="white")
    drawn.suptitle(told, x=0.01, horizontalalignment="left", fontsize=SMALL, color=MUTED)
    drawn.subplots(rows, columns, squeeze=False, height_ratios=heights)
    for axes in drawn.axes:
        axes.tick_params(labelsize=SMALL, labelcolor=INK, color=MUTED, length=2.5, width=0.6)
        axes.grid(visible=True, color=GRID, linewidth=0.5)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set(linewidth=0.6, color=MUTED)
        for label in (axes.xaxis.label, axes.yaxis.label):
            label.set(fontsize=TEXT, color=INK)
    return drawn
