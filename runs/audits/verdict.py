"""What an audit comes to, in words: a verdict, and the faults that it shows."""

from __future__ import annotations

from collections.abc import Iterator

from palaestra.metrics.intervals import Estimate
from palaestra.metrics.judge_audit import AuditFigures

SURE = 0.99
"""The confidence with which a judge is said to be better than chance."""
SURELY_SWAYED = 0.998
"""That with which it is said to be swayed, as many sways of many judges are looked at."""
LEAST_UNDERSTOOD = 0.9
"""The share of pairs below which what could not be understood is a fault."""
MANY_TIES = 0.5
SWAYED = 0.1
"""A sway that moves one verdict in ten matters."""
LEAST_MASS = 0.1
"""Where options hold less of the model's probability, what they say is not what the model would say."""
CHANCE = "no better than chance on this battery"
NONE_COUNTED = "abstains from every pair, as it flips with the order on each"
NONE_UNDERSTOOD = "could not be understood on any pair"


def verdict(found: AuditFigures) -> str:
    """What the accuracy says, with its 95 % interval; where it is no better than chance, that comes first."""
    if found.accuracy is None:
        return NONE_COUNTED if found.abstained else NONE_UNDERSTOOD
    figure = f"right in {percent(found.accuracy)} of {found.pairs - found.abstained} pairs"
    if found.abstained:
        figure += f", abstaining from {found.abstained} on which it flips"
    low, high = _sure(found.accuracy)
    if low > 0.5:
        return figure
    return f"inverted: {figure}" if high < 0.5 else f"{CHANCE}: {figure}"


def faults(found: AuditFigures, mass: float | None = None, leaks: tuple[str, ...] = ()) -> Iterator[str]:
    """What is wrong with a judge, besides that it may know nothing: each fault by its name first."""
    if found.accuracy is not None and _sure(found.accuracy)[1] < 0.5:
        yield "inverted: it prefers the wrong answer"
    if found.ties > MANY_TIES:
        both = "its two orders cancel out" if found.consistency is not None else "both answers score the same"
        yield f"constant: in {found.ties:.0%} of the pairs {both}"
    for name, liked, disliked, sway in (
        ("position", "what it reads first", "what it reads second", found.position),
        ("length", "what is longer", "what is shorter", found.length),
        ("style", "what is more polished", "what is plainer", found.style),
    ):
        if sway is not None and _sways(sway):
            yield f"{name}: favours {liked if sway.value > 0 else disliked} ({signed(sway)})"
    if mass is not None and mass < LEAST_MASS:
        yield f"mass: the options hold {mass:.1%} of the model's probability"
    if leaks:
        yield f"authorship: what it is asked names {', '.join(leaks)}"
    if found.pairs < LEAST_UNDERSTOOD * found.asked:
        yield f"failed: understood on {found.pairs} of {found.asked} pairs only"


def percent(estimate: Estimate) -> str:
    """A share and its interval, such as "81 % [77, 85]"."""
    low, high = estimate.interval() or (0.0, 1.0)
    return f"{100 * estimate.value:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"


def signed(estimate: Estimate, most: float = 1.0) -> str:
    """A difference and its interval, within −`most` … `most`, such as "+0.12 [+0.03, +0.21]"."""
    interval = estimate.interval()
    within = "" if interval is None else f" [{max(-most, interval[0]):+.2f}, {min(most, interval[1]):+.2f}]"
    return f"{estimate.value:+.2f}{within}"


def _sure(estimate: Estimate) -> tuple[float, float]:
    return estimate.interval(SURE) or (0.0, 1.0)


def _sways(sway: Estimate) -> bool:
    interval = sway.interval(SURELY_SWAYED)
    return abs(sway.value) >= SWAYED and interval is not None and not interval[0] <= 0 <= interval[1]
