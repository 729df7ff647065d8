"""What `palaestra quality` does before it measures: filters and published treatments, in the order given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from palaestra.agents.failures import BadInput

if TYPE_CHECKING:
    import polars as pl

    from palaestra.runs.quality.treatments import Means

SERVES = {
    "--reward-model": ("llm_judge_", "rw_gap_", "vote_"),
    "--model": ("ifd_",),
    "--tags": ("ins_tag_",),
    "--fraction": ("rw_gap_", "ifd_"),
    "--cap": ("ins_tag_",),
}
"""How the names of the treatments begin that take an option."""


def refuse_none(pairs: pl.DataFrame) -> None:
    """Raise BadInput where no pair is left."""
    if pairs.is_empty():
        raise BadInput("no pair is left", "Take weaker filters.")


def means_for(
    names: Sequence[str],
    pairs: pl.DataFrame,
    reward_models: Sequence[str] | None,
    model: str | None,
    tags: Path | None,
    fraction: float | None,
    cap: int | None,
    seed: int,
) -> Means:
    """What the treatments named work with; models are loaded only where one of them needs them.

    Raises:
        BadInput: an option is given that none of them takes, or a model can't be loaded.
    """
    from palaestra.runs.quality.cleaning import of_answers
    from palaestra.runs.quality.treatments import CAP, FRACTION, Means, read_tags, treatment

    needs = {treatment(name).needs for name in names}
    given = {
        "--reward-model": reward_models or None,
        "--model": model,
        "--tags": tags,
        "--fraction": fraction,
        "--cap": cap,
    }
    for option, value in given.items():
        if value is not None and not any(name.startswith(SERVES[option]) for name in names):
            takers = ", ".join(f"{prefix}*" for prefix in SERVES[option])
            raise BadInput(f"{option} serves {takers}", "Leave it out, or name one of these with --clean.")
    gaps, loss = None, None
    if reward_models:
        from palaestra.sims.training.scorers import reward_model

        gaps = [of_answers(reward_model(name)) for name in reward_models]
    if "loss" in needs:
        from palaestra.agents.engines.vllm import EMBEDDED_MODEL
        from palaestra.sims.training.scorers import mean_loss

        loss = mean_loss(model or EMBEDDED_MODEL)
    told = read_tags(tags, pairs) if tags is not None else None
    p, most = FRACTION if fraction is None else fraction, cap or CAP
    return Means(gaps=gaps, loss=loss, tags=told, fraction=p, cap=most, seed=seed)


def treatments() -> list[str]:
    """The treatments with what they do, for the help of the command."""
    from palaestra.runs.quality.treatments import TREATMENTS

    return ["Treatments:", *(f"[bold]{name}[/bold]: {one.about}" for name, one in TREATMENTS.items())]
