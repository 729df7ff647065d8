"""A small population for the tests, and ways to change it."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from palaestra.agents.populations.spec import Population

TOWN: dict[str, Any] = {
    "population": "town",
    "names": ["Ada", "Ben", "Cleo"],
    "attributes": {
        "job": {
            "given": {
                "age": {
                    "..65": {"shares": {"nurse": 0.3, "cook": 0.7}},
                    "65..": {"shares": {"retired": 0.9, "cook": 0.1}},
                }
            }
        },
        "age": {"whole": True, "bins": {"edges": [18, 40, 65, 90], "shares": [0.3, 0.45, 0.25]}},
        "height": {"normal": {"mean": 170, "sd": 20, "low": 140, "high": 200}},
        "openness": {
            "normal": {"mean": 0.5, "sd": 0.2, "low": 0, "high": 1},
            "words": {"shy": 0, "bold": 0.6},
        },
        "extraversion": {"uniform": {"low": 0, "high": 1}},
        "cars": {
            "topic": "Ban cars.",
            "given": {
                "job": {
                    "nurse": {"degrees": [0, 0, 0, 0.2, 0.3, 0.5]},
                    "else": {"degrees": [0.5, 0.5, 0, 0, 0, 0]},
                }
            },
        },
    },
    "correlations": [{"of": ["openness", "extraversion"], "rho": 0.5}],
    "persona": "{name} is {age}. Job: {job}. {name} is {openness} and would {cars}.",
}


def town(**attributes: Any) -> Population:
    """The town with some attributes replaced, or left out where they are None."""
    return Population.model_validate(changed(**attributes))


def changed(**attributes: Any) -> dict[str, Any]:
    data = deepcopy(TOWN)
    data["attributes"] |= attributes
    data["attributes"] = {name: value for name, value in data["attributes"].items() if value is not None}
    return data


def write(folder: Path, text: str) -> Path:
    path = folder / "town.yaml"
    path.write_text(text, encoding="utf-8")
    return path
