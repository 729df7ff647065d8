"""`palaestra plan`: how many episodes a question takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from palaestra.agents.failures import BadInput
from palaestra.sims.terminal import say

if TYPE_CHECKING:
    from palaestra.metrics.metric import Metric, Tables, Unmeasurable
    from palaestra.scenarios.core.load import Scenario

planning = typer.Typer()

LOOKED_AT = 2
"""Episodes of a file that are played on made-up replies, to see what can be measured of it."""
MOST_BEGUN = 1000
"""Episodes of a file that are begun, to see which item of a list each plays."""


@planning.command(
    epilog="Examples: palaestra plan outputs/pilot -m conformity --effect 0.1 · "
    "palaestra plan outputs/pilot -m opinion_shift --effect 0.5 --power 0.9 · "
    "palaestra plan debate -m opinion_shift --effect 0.5 --spread 1.2"
)
def plan(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RUN|FILE",
            help="A pilot: a run of the scenario, of ten episodes or more. Or a file, or the name of a "
            "ready-made one, of which no pilot was played yet.",
        ),
    ],
    effect: Annotated[
        float, typer.Option(help="The smallest difference that matters, in the metric's unit.")
    ],
    metric: Annotated[list[str], typer.Option("--metric", "-m", help="The metric. Repeatable.")],
    power: Annotated[float, typer.Option(help="How often a difference so large shall be found, 0–1.")] = 0.8,
    spread: Annotated[
        float | None,
        typer.Option(
            help="Of a file: the standard deviation of the metric over episodes (over items, where a list is "
            "shorter than the run). Default, of a mean between two bounds: the largest that there can be.",
        ),
    ] = None,
) -> None:
    """Say how many episodes, on how many items, two runs need to tell a difference from chance."""
    from palaestra.runs.measures import metrics

    if effect <= 0:
        raise BadInput(f"--effect {effect:g} is no difference", "Give what matters, above 0.")
    if not 0 < power < 1:
        raise BadInput(f"--power {power:g} is no share", "Give a number between 0 and 1, such as 0.8.")
    if spread is not None and (Path(what).is_dir() or spread <= 0):
        raise BadInput(f"--spread {spread:g}: a pilot tells its own, and no spread is 0", "Leave it out.")
    known = metrics()
    for name in metric:
        if name not in known:
            raise BadInput(f"there is no metric {name!r}", "All of them: palaestra metrics")
    chosen = [known[name] for name in metric]
    if Path(what).is_dir():
        _of_pilot(Path(what), chosen, effect, power)
    else:
        _of_file(what, chosen, effect, power, spread)
    say("Runs of one seed are compared in pairs and often need fewer; several metrics at once need more.")


def _of_pilot(run: Path, chosen: list[Metric], effect: float, power: float) -> None:
    from palaestra.metrics.metric import Unmeasurable
    from palaestra.metrics.planning import plan as planned
    from palaestra.runs.run import Run

    tables = Run(run).tables
    for metric in chosen:
        try:
            found = planned(metric, tables, effect, power=power)
        except Unmeasurable as reason:
            raise _unplanned(
                reason, "Play a longer pilot: palaestra resume RUN --set episodes=20"
            ) from reason
        on = f" on {found.items} items of the list, each as often as in the pilot" if found.items else ""
        _say(metric, f"{found.apart:,} episodes", on, effect, power, f"from {found.pilot} observations")


def _of_file(what: str, chosen: list[Metric], effect: float, power: float, spread: float | None) -> None:
    """What a file needs of which there is no pilot; how often it plays an item of a list, it says itself."""
    from palaestra.metrics.metric import Unmeasurable
    from palaestra.metrics.planning import largest_spread, observations_for
    from palaestra.scenarios.core.load import load
    from palaestra.scenarios.core.ready_made import find

    scenario = load(find(what)).on_scripted_engines()
    tables, items, played = _tables(scenario), _items(scenario), scenario.config.episodes
    begun = min(played, MOST_BEGUN)
    again, least = begun // items if items else 1, "at least " if begun < played else ""
    for metric in chosen:
        if lacking := metric.lacks(tables):
            told = f"{metric.name} can't be measured here: there is {lacking}"
            raise BadInput(told, "See: palaestra metrics")
        try:
            needed = observations_for(metric, effect, spread, power=power)
        except Unmeasurable as reason:
            raise _unplanned(reason, "Say how much: --spread; or name a pilot's folder.") from reason
        on = f" on {needed:,} items, each {least}{again} times as in the file," if again > 1 else ""
        largest = "the largest there can be: a pilot may tell of fewer"
        of = f"spread {spread:g}" if spread is not None else f"spread {largest_spread(metric):g}, {largest}"
        _say(metric, f"{least if again > 1 else ''}{again * needed:,} episodes", on, effect, power, of)
    on = f", on {least}{items:,} items of its list" if items else ""
    say(f"The file plays {played:,} episodes{on}.")


def _unplanned(reason: Unmeasurable, remedy: str) -> BadInput:
    """Why there is no plan; the remedy is for all but too small an effect."""
    from palaestra.metrics.planning import EffectTooSmall

    larger = "Give a larger difference: --effect."
    return BadInput(str(reason), larger if isinstance(reason, EffectTooSmall) else remedy)


def _say(metric: Metric, episodes: str, on: str, effect: float, power: float, of: str) -> None:
    say(
        f"{metric.name}: {episodes} of each of two runs{on} find a difference of {effect:g} {metric.unit} "
        f"{power:.0%} of the time (p < 0.05, alone; {of})."
    )


def _tables(scenario: Scenario) -> Tables:
    """The tables of some of its episodes, on made-up replies."""
    from palaestra.runs.run import Run
    from palaestra.sims.playing.play import start

    config = scenario.config.model_copy(
        update={"episodes": min(LOOKED_AT, scenario.config.episodes), "sweep": {}}
    )
    with TemporaryDirectory() as folder:
        return Run(start(replace(scenario, config=config), Path(folder) / "run", quiet=True)).tables


def _items(scenario: Scenario) -> int | None:
    """How many items of a list the episodes play that are begun; None where they play none."""
    found = set()
    for index in range(min(scenario.config.episodes, MOST_BEGUN)):
        episode = scenario.rules(scenario.config, index=index)
        episode.begin()
        found.add(episode.item)
    return len(found) if None not in found else None
