"""The default town: three groups of citizens and eight laws, with numbers of our own."""

from __future__ import annotations

from palaestra.scenarios.council.budget import Law

GROUPS = ("workers", "owners", "pensioners")

_LAWS = {
    "free school meals": (10, (8, 0, 0)),
    "a new clinic": (15, (5, 2, 10)),
    "repair of the roads": (12, (4, 7, 2)),
    "a tax on large estates": (-15, (0, -8, 0)),
    "a tax on food": (-12, (-5, -1, -5)),
    "double pay for the council": (8, (-2, -2, -2)),
    "a guard for the chair": (6, (-3, -1, -3)),
    "emergency powers for the chair": (0, (-4, -2, -4)),
}
LAWS = tuple(
    Law(name=name, cost=cost, effects=dict(zip(GROUPS, effects, strict=True)))
    for name, (cost, effects) in _LAWS.items()
)
