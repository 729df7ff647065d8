"""What `palaestra quality` does before it measures: filters and published treatments, in the order given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from palaestra.agents.failures import BadInput

if TYPE_CHECKING:
    import polars as pl

    from palaestra.runs.quality.filters import Dropped
    from palaestra.runs.quality.treatments import Means, Treatment


def treated(
    pairs: pl.DataFrame, names: Sequence[str], means: Means
) -> tuple[pl.DataFrame, list[Dropped], dict[str, int]]:
    """The pairs after the treatments, one after another.

    Returns:
        The pairs, what each treatment removed, and how many pairs each turned round.

    Raises:
        BadInput: there is no such treatment, or it lacks what it needs.
    """
    from palaestra.runs.quality.filters import Dropped
    from palaestra.runs.quality.treatments import treatment

    dropped, turned = [], {}
    for name in names:
        before = pairs.height
        cleaned = treatment(name).treat(pairs, means)
        pairs = cleaned.pairs
        dropped.append(Dropped(name, before, cleaned.removed))
        if cleaned.flipped:
            turned[name] = cleaned.flipped
    return pairs, dropped, turned


def means_for(
    names: Sequence[str],
    pairs: pl.DataFrame,
    reward_models: Sequence[str],
    model: str,
    tags: Path | None,
    fraction: float,
    cap: int,
    seed: int,
) -> Means:
    """What the treatments named work with; models are loaded only where one of them needs them.

    Raises:
        BadInput: an option is given that none of them takes, or a model can't be loaded.
    """
    from palaestra.runs.quality.cleaning import of_answers
    from palaestra.runs.quality.treatments import Means, read_tags, treatment

    wanted: list[Treatment] = [treatment(name) for name in names]
    needs = {one.needs for one in wanted}
    if reward_models and not needs & {"gaps", "verdicts"}:
        raise BadInput("--reward-model serves llm_judge_*, rw_gap_* and vote_*", "Leave it out, or name one.")
    if tags is not None and "tags" not in needs:
        raise BadInput("--tags serves ins_tag_*", "Leave it out, or name one of these treatments.")
    gaps, loss = None, None
    if reward_models:
        from palaestra.sims.training.scorers import reward_model

        gaps = [of_answers(reward_model(name)) for name in reward_models]
    if "loss" in needs:
        from palaestra.sims.training.scorers import mean_loss

        loss = mean_loss(model)
    told = read_tags(tags, pairs) if tags is not None else None
    return Means(gaps=gaps, loss=loss, tags=told, fraction=fraction, cap=cap, seed=seed)


def treatments() -> list[str]:
    """The treatments with what they do, for the help of the command."""
    from palaestra.runs.quality.treatments import TREATMENTS

    return ["Treatments:", *(f"[bold]{name}[/bold]: {one.about}" for name, one in TREATMENTS.items())]
