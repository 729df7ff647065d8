"""Games in normal form: a named one, one of a table, and one of three players."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from palaestra.scenarios.core.load import check
from palaestra.scenarios.normal_form_game.config import NormalFormGameConfig
from palaestra.scenarios.normal_form_game.rules import NormalFormGame

DILEMMA: dict[str, Any] = {
    "scenario": "normal_form_game",
    "game": "prisoners_dilemma",
    "players": [{"name": "Ann", "persona": "Kind."}, {"name": "Bo", "persona": "Shrewd."}],
}
# Ann has two moves and Bo three.
TABLE: dict[str, Any] = {
    "scenario": "normal_form_game",
    "payoffs": [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [-1, 0.5]]],
    "moves": [["up", "down"], ["left", "middle", "right"]],
    "players": [{"name": "Ann"}, {"name": "Bo"}],
}
THREE: dict[str, Any] = {
    "scenario": "normal_form_game",
    "payoffs": [
        [[[0, 0, 0], [1, 1, 5]], [[1, 5, 1], [2, 6, 7]]],
        [[[5, 1, 1], [6, 2, 8]], [[7, 9, 3], [4, 4, 4]]],
    ],
    "moves": ["stay", "go"],
    "cooperative": "go",
    "players": [{"name": "Ann"}, {"name": "Bo"}, {"name": "Cem"}],
}


def game(file: dict[str, Any], index: int = 0, **fields: Any) -> NormalFormGame:
    config = check(deepcopy(file) | fields, "test.yaml").config
    assert isinstance(config, NormalFormGameConfig)
    return NormalFormGame(config, index=index)
