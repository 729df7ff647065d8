"""How much of a judge's number is rounding: measured for each engine, kept in the cache, noted in `run.json`.

`palaestra conformance` asks an engine the same choices alone, among others, and where it is told to in
float32; how far the numbers lie apart is its noise. It belongs to what answers, so a run of the same model,
number format and device notes it when it begins, and exports take smaller margins for ties. Two numbers that
differ by noise alone differ by √2 times that of one, and by twice as much in one case of twenty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
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

PLACED = (*COMPARED, "url", "urls", "device", "dtype", "vllm")
"""What of an identity numbers hang on: the model, and what computes it."""
Against = Literal["company", "float32"]
AGAINST: tuple[Against, ...] = ("company", "float32")
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
    against: Against
    when: str = ""

    def __str__(self) -> str:
        beside = " and in float32" if self.against == "float32" else ""
        sizes = ((self.points, "points"), (self.preference, "of a probability"))
        ties = " or ".join(f"{TIMES * size:.2g} {of}" for size, of in sizes if size)
        return (
            f"{self.points:.2g} points, {self.preference:.2g} of a probability (asked alone, among others"
            f"{beside}); " + (f"margins below {ties} are ties" if ties else "so no margin is a tie by it")
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
    """Keep what was measured of the engine that says this of itself; raises `RunUnwritable`.

    It takes the place of what was measured against the same before, and of nothing else.
    """
    path = _path(identity, noise.against)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(path.parent, error) from error
    write_json(path, noise.model_dump(mode="json"))


def known_noise(identity: Mapping[str, JsonValue]) -> EngineNoise | None:
    """The largest that was measured of such an engine, or of a server of such a group, against anything.

    None where nothing was measured, or it is damaged.
    """
    known = []
    for place in _places(identity):
        for against in AGAINST:
            with suppress(OSError, ValidationError):
                known.append(EngineNoise.model_validate_json(_path(place, against).read_bytes()))
    if not known:
        return None
    return EngineNoise(
        points=max(each.points for each in known),
        preference=max(each.preference for each in known),
        against="float32" if any(each.against == "float32" for each in known) else "company",
        when=max(each.when for each in known),
    )


def _places(identity: Mapping[str, JsonValue]) -> Iterator[Mapping[str, JsonValue]]:
    """What says this of itself, and of a group of servers each of them."""
    yield identity
    if "urls" in identity:
        alike = {name: told for name, told in identity.items() if name != "urls"}
        yield from ({**alike, "url": url} for url in str(identity["urls"]).split(", "))


def _path(identity: Mapping[str, JsonValue], against: Against) -> Path:
    told = {name: identity[name] for name in PLACED if name in identity}
    key = blake2b(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=8).hexdigest()
    return cache_folder() / "noise" / f"{key}-{against}.json"
