"""What agents pick drawn: the mean probability of each option beside equal ones."""

from __future__ import annotations

from matplotlib.figure import Figure

from palaestra.metrics.metric import Tables
from palaestra.metrics.plots.marks import dots, name_rows
from palaestra.metrics.plots.means import counted, means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import MUTED, SINGLE, SMALL, figure

SPREAD = 0.6
"""How much of a row's height the dots of several players take."""


@plot(
    "probability.agent probability.option probability.position probability.probability pick.basis",
)
def picks(tables: Tables) -> Figure:
    """Mean probability of each move or number, by player; a dashed line is where all are equally likely.

    The subtitle tells how many of the distributions are from one call's option probabilities, and
    how many from samples.

    Raises:
        Unmeasurable: nobody picked anything.
    """
    rows = some(tables["probability"], "nobody picked anything")
    basis = tables["pick"]["basis"].to_list()
    options = rows.group_by("position", maintain_order=True).agg("option").sort("position")
    labels = [" / ".join(dict.fromkeys(names)) for names in options["option"]]
    found = means(
        rows.select("episode", "agent", "position", value="probability"), ["agent", "position"], bounds=(0, 1)
    )
    players = found["agent"].unique().sort().to_list()
    sources = [
        counted(basis.count("probabilities"), "pick from probabilities", "picks from probabilities"),
        f"{basis.count('sample')} from samples",
    ]
    drawn = figure(
        SINGLE,
        0.9 + 0.1 * len(labels) * max(2, len(players)),
        subtitle=f"{told(found, 'bars')}; {', '.join(sources)}",
    )
    (axes,) = drawn.axes
    for number, ((player,), own) in enumerate(found.group_by("agent", maintain_order=True)):
        offset = SPREAD * ((number + 0.5) / len(players) - 0.5)
        dots(axes, own, [place + offset for place in own["position"]], number=number, label=str(player))
    axes.axvline(1 / len(labels), color=MUTED, linestyle="--", linewidth=0.9, label="equally likely")
    name_rows(axes, labels)
    axes.set_xlabel("mean probability (0–1)")
    drawn.legend(loc="outside lower center", ncols=3, fontsize=SMALL, frameon=False)
    return drawn
