"""The default case: eight measures for a street, six groups who live with it; numbers of our own."""

from __future__ import annotations

CRITERIA = {
    "accessibility": "everyone can reach and use the street",
    "inclusivity": "everyone feels welcome in it",
    "aesthetics": "it is a pleasure to look at",
    "practicality": "it works well on an ordinary day",
}
BUDGET = 100
UNIT = "thousand dollars"

_MEASURES = {
    "ramps": ("ramps at every kerb", 18, (5, 4, 0, 3)),
    "sidewalk": ("a wider sidewalk", 34, (4, 3, 2, 4)),
    "trees": ("a row of trees", 22, (1, 2, 5, 1)),
    "benches": ("benches with armrests", 12, (3, 3, 2, 2)),
    "lights": ("warm street lights", 20, (3, 3, 3, 4)),
    "bike_lane": ("a protected bike lane", 30, (2, 2, 1, 4)),
    "loading": ("loading bays for shops", 14, (0, 1, 0, 5)),
    "mural": ("a mural by neighbours", 10, (0, 4, 4, 0)),
}
ITEMS = [
    {"id": item, "name": name, "cost": cost, "scores": dict(zip(CRITERIA, scores, strict=True))}
    for item, (name, cost, scores) in _MEASURES.items()
]

_GROUPS = {
    "Seniors": ("You walk slowly and need to rest on the way.", (5, 2, 1, 2)),
    "Wheelchair users": ("You can't use a street with high kerbs.", (7, 2, 0, 1)),
    "Parents": ("You walk to school with small children.", (3, 2, 1, 4)),
    "Shopkeepers": ("You need customers and deliveries every day.", (1, 1, 2, 6)),
    "Newcomers": ("You want a street where you are not a stranger.", (2, 6, 1, 1)),
    "Artists": ("You want a street with colour and green.", (1, 3, 5, 1)),
}
STAKEHOLDERS = [
    {"name": name, "persona": persona, "weights": dict(zip(CRITERIA, weights, strict=True))}
    for name, (persona, weights) in _GROUPS.items()
]
