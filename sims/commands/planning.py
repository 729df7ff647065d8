"""`palaestra plan`: how many episodes a question takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from palaestra.agents.failures import BadInput
from palaestra.sims.terminal import say

planning = typer.Typer()


@planning.command(
    epilog="Examples: palaestra plan outputs/pilot -m conformity --effect 0.1 · "
    "palaestra plan outputs/pilot -m opinion_shift --effect 0.5 --power 0.9"
)
def plan(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="A pilot: a run of the scenario, of ten episodes or more.")
    ],
    effect: Annotated[
        float, typer.Option(help="The smallest difference that matters, in the metric's unit.")
    ],
    metric: Annotated[list[str], typer.Option("--metric", "-m", help="The metric. Repeatable.")],
    power: Annotated[float, typer.Option(help="How often a difference so large shall be found, 0–1.")] = 0.8,
) -> None:
    """Say how many episodes, on how many items, two runs need to tell a difference from chance."""
    from palaestra.metrics.metric import Unmeasurable
    from palaestra.metrics.planning import plan as planned
    from palaestra.runs.measures import metrics
    from palaestra.runs.run import Run

    if effect <= 0:
        raise BadInput(f"--effect {effect:g} is no difference", "Give what matters, above 0.")
    if not 0 < power < 1:
        raise BadInput(f"--power {power:g} is no share", "Give a number between 0 and 1, such as 0.8.")
    known, tables = metrics(), Run(run).tables
    for name in metric:
        if name not in known:
            raise BadInput(f"there is no metric {name!r}", "All of them: palaestra metrics")
        try:
            found = planned(known[name], tables, effect, power=power)
        except Unmeasurable as reason:
            raise BadInput(
                str(reason), "Play a longer pilot: palaestra resume RUN --set episodes=20"
            ) from reason
        on = f" on {found.items} items of the list, each as often as in the pilot" if found.items else ""
        say(
            f"{name}: {found.apart:,} episodes of each of two runs{on} find a difference of {effect:g} "
            f"{known[name].unit} {power:.0%} of the time (p < 0.05, alone; from {found.pilot} observations)."
        )
    say("Runs of one seed are compared in pairs and often need fewer; several metrics at once need more.")
