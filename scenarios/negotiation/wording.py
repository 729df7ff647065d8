"""How issues, values and points are put into words."""

from __future__ import annotations

from collections.abc import Sequence

from palaestra.scenarios.negotiation.config import Issue

MOST_SHOWN = 20
"""Most values of a numeric issue that are listed, or offered as a choice."""


def plain(number: float) -> str:
    """A number with at most two decimals, without trailing zeros."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def with_unit(issue: Issue, value: str) -> str:
    """`value` of `issue`, followed by its unit."""
    return f"{value} {issue.unit}".rstrip()


def issue_line(issue: Issue) -> str:
    """What can be agreed about `issue`, as a line of a list."""
    if not issue.numeric:
        return f"- {issue.name}: " + " or ".join(with_unit(issue, value) for value in issue.values)
    line = f"- {issue.name}: " + with_unit(issue, f"a number from {issue.low} to {issue.high}")
    return line + (f", in steps of {issue.step}" if issue.step > 1 else "")


def worth_line(issue: Issue, worth: Sequence[float]) -> str:
    """What the values of `issue` are worth, as a line of a list; of long ranges only the ends."""
    pairs = list(zip(issue.values, worth, strict=True))
    if issue.numeric and len(pairs) > MOST_SHOWN:
        pairs = [pairs[0], pairs[-1]]
    told = (f"{with_unit(issue, value)} = {plain(points)}" for value, points in pairs)
    return f"- {issue.name}: {', '.join(told)}"


def terms_told(issues: Sequence[Issue], terms: Sequence[int]) -> str:
    """Complete or partial terms as "issue: value; …"."""
    named = zip(issues, terms, strict=False)
    return "; ".join(f"{issue.name}: {with_unit(issue, issue.values[option])}" for issue, option in named)
