"""The look of all figures: what can be told apart, in grey too, and what a figure starts with."""

from __future__ import annotations

from itertools import combinations, pairwise
from math import gcd

from matplotlib.colors import to_rgb

from palaestra.metrics.plots.style import COLOURS, LINES, MARKERS, SINGLE, figure


def grey(colour: str) -> float:
    """ITU-R BT.601 luma, 0–1."""
    red, green, blue = to_rgb(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_colours_can_be_told_apart_in_grey() -> None:
    assert all(abs(grey(one) - grey(other)) > 0.1 for one, other in pairwise(COLOURS))
    assert all(abs(grey(one) - grey(other)) > 0.15 for one, other in combinations(COLOURS[:4], 2))


def test_colour_line_and_marker_only_come_together_again_after_all_their_combinations() -> None:
    kinds = (COLOURS, LINES, MARKERS)
    assert all(gcd(len(one), len(other)) == 1 for one, other in combinations(kinds, 2))


def test_a_figure_has_its_axes_and_a_subtitle_that_fits() -> None:
    drawn = figure(SINGLE, 2, 2, 3, subtitle="word " * 40)
    assert len(drawn.axes) == 6
    longest = max(map(len, drawn.get_suptitle().split("\n")))
    assert longest <= SINGLE * 21
    assert drawn.get_figheight() > 2
    assert not drawn.axes[0].spines["top"].get_visible()
