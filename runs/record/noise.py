"""How much of a judge's number is rounding: measured for each engine, kept in the cache, noted in `run.json`.

`palaestra conformance` asks an engine the same choices alone, among others, and where it is told to in
float32; how far the numbers lie apart is its noise. It belongs to what answers, so a run of the same model,
number format and device notes it when it begins, and exports take smaller margins for ties. Two numbers that
differ by noise alone differ by √2 times that of one, and by twice as much in one case of twenty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from math import sqrt
from pathlib import Path
from typing import Literal

import orjson
from pydantic import BaseModel, Field, JsonValue, ValidationError

from palaestra.runs.record.cache import cache_folder
from palaestra.runs.record.disk import unwritable
from palaestra.runs.record.documents import KEPT, write_json
from palaestra.runs.record.served import COMPARED

PLACED = (*COMPARED, "url", "device", "dtype", "vllm")
"""What of an identity numbers hang on: the model, and what computes it."""
TIMES = 2 * sqrt(2)
"""How many times the noise of one number a margin of two is by noise alone in one case of twenty."""


class EngineNoise(BaseModel):
    """The root mean square by which an engine's numbers move.

    Attributes:
        points: of an expected score of 1–10, points.
        preference: of the probability of one of two options, 0–1.
        against: what they were compared with: the same asked in other `company`, or that and `float32`.
        when: ISO 8601, UTC.
    """

    model_config = KEPT
    points: float = Field(ge=0, allow_inf_nan=False)
    preference: float = Field(ge=0, le=1, allow_inf_nan=False)
    against: Literal["company", "float32"]
    when: str = ""

    def __str__(self) -> str:
        beside = " and in float32" if self.against == "float32" else ""
        ties = f"{TIMES * self.points:.2g} points or {TIMES * self.preference:.2g} of a probability"
        return (
            f"{self.points:.2g} points, {self.preference:.2g} of a probability (asked alone, among others"
            f"{beside}); margins below {ties} are ties"
        )


def margin_of(noise: Iterable[EngineNoise], unit: str) -> float:
    """The margin below which scores of this unit are ties, by the noisiest of these engines.

    Args:
        noise: of each engine that judged.
        unit: of the scores; of others than points and probabilities nothing is known, which is 0.
    """
    of = {"points 1–10": "points", "probability 0–1": "preference"}.get(unit)
    return 0.0 if of is None else TIMES * max((getattr(each, of) for each in noise), default=0.0)


def keep_noise(identity: Mapping[str, JsonValue], noise: EngineNoise) -> None:
    """Keep what was measured of the engine that says this of itself; raises `RunUnwritable`."""
    path = _path(identity)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path.parent, error) from error
    write_json(path, noise.model_dump(mode="json"))


def known_noise(identity: Mapping[str, JsonValue]) -> EngineNoise | None:
    """What was measured of such an engine; None where nothing was, or it is damaged."""
    try:
        return EngineNoise.model_validate_json(_path(identity).read_bytes())
    except (OSError, ValidationError):
        return None


def _path(identity: Mapping[str, JsonValue]) -> Path:
    told = {name: identity[name] for name in PLACED if name in identity}
    key = blake2b(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
    return cache_folder() / "noise" / f"{key}.json"
