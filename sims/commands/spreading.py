"""The options with which a person has a run played by a cluster."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from palaestra.agents.failures import BadInput

if TYPE_CHECKING:
    from palaestra.sims.playing.crew import MakeCrew

Ray = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Play in actors of this Ray cluster: auto for the one of this machine, HOST:PORT, or local to "
        "start one here.",
    ),
]
Actors = Annotated[
    int | None, typer.Option(min=1, help="How many actors. Default: as many as the cluster has room for.")
]


def crew_of(ray: str | None, actors: int | None) -> MakeCrew | None:
    """Makes the actors of the cluster at the address `ray`; None where none is named.

    Raises:
        BadInput: `actors` are asked for, and no cluster.
    """
    if ray is None:
        if actors is not None:
            raise BadInput(
                f"--actors {actors}: of which cluster?", "Say --ray auto, --ray HOST:PORT or --ray local."
            )
        return None
    from palaestra.sims.playing.ray_crew import RayCrew

    return partial(RayCrew, ray, actors)
