"""What `palaestra quality` does before it measures: filters and published treatments, in the order given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from palaestra.agents.failures import BadInput

if TYPE_CHECKING:
    import polars as pl

    from palaestra.runs.quality.treatments import Means


def refuse_none(pairs: pl.DataFrame) -> None:
    """Raise BadInput where no pair is left."""
    if pairs.is_empty():
        raise BadInput("no pair is left", "Take weaker filters.")


@dataclass(frozen=True, slots=True)
class Options:
    """The options of treatments, as typed; None, or empty, where they weren't."""

    reward_model: Sequence[str] = ()
    model: str | None = None
    tags: Path | None = None
    fraction: float | None = None
    cap: int | None = None

    def check(self, names: Sequence[str]) -> None:
        """Refuse treatments that there aren't, and options that none of these takes."""
        from palaestra.runs.quality.treatments import TREATMENTS, treatment

        taken = {option for name in names for option in treatment(name).options}
        for option in fields(self):
            if getattr(self, option.name) not in (None, ()) and option.name not in taken:
                takers = [name for name, one in TREATMENTS.items() if option.name in one.options]
                raise BadInput(
                    f"--{option.name.replace('_', '-')} serves {', '.join(takers)}",
                    "Leave it out, or name one of these with --clean.",
                )


def means_for(names: Sequence[str], pairs: pl.DataFrame, given: Options, seed: int) -> Means:
    """What the treatments named work with; models are loaded only where one of them needs them.

    Raises:
        BadInput: a file of tags can't be read, or a model not be loaded.
    """
    from palaestra.runs.quality.cleaning import of_answers
    from palaestra.runs.quality.treatments import CAP, FRACTION, Means, read_tags, treatment

    told = read_tags(given.tags, pairs) if given.tags is not None else None
    gaps, loss = None, None
    if given.reward_model:
        from palaestra.sims.training.scorers import reward_model

        gaps = [of_answers(reward_model(name)) for name in given.reward_model]
    if any(treatment(name).needs == "loss" for name in names):
        from palaestra.agents.engines.vllm import EMBEDDED_MODEL
        from palaestra.sims.training.scorers import mean_loss

        loss = mean_loss(given.model or EMBEDDED_MODEL)
    p, most = FRACTION if given.fraction is None else given.fraction, given.cap or CAP
    return Means(gaps=gaps, loss=loss, tags=told, fraction=p, cap=most, seed=seed)


def treatments() -> list[str]:
    """The treatments with what they do, for the help of the command."""
    from palaestra.runs.quality.treatments import TREATMENTS

    return ["Treatments:", *(f"[bold]{name}[/bold]: {one.about}" for name, one in TREATMENTS.items())]
