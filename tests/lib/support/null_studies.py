"""How often a comparison of two runs of agents at random reports any finding (`make nulls`).

Each study plays two runs of made-up replies, of other seeds or of the same with other replies, measures
all metrics that they allow, and corrects for their number as `palaestra compare` does. Prints the share
of studies with any p < 0.05 after the correction, and of single metrics with p < 0.05 before it.
"""

from __future__ import annotations

import argparse
from collections import Counter

from palaestra.metrics.comparison import SIGNIFICANT, differences, holm
from palaestra.runs.measures import readable
from support.metric_tables import play, ready_made

FILES = {
    "debate": ("rounds=1",),
    "prisoners-dilemma": (),
    "knights-knaves": ("players=3",),
    "used-car": (),
}
"""Ready files whose agents answer at random on the scripted engine, shortened."""
EPISODES = 12


def study(name: str, number: int, permutations: int) -> list[tuple[str, float]]:
    """The corrected and uncorrected p-values of one null study: (metric, p), then the least corrected one."""
    scenario = ready_made(name, *FILES[name])
    one, two = (play(scenario, EPISODES, seed=2 * number + run) for run in (0, 1))
    metrics = [metric for metric in readable(one).values() if not metric.restates and not metric.lacks(two)]
    found = differences(metrics, one, two, permutations=permutations, resamples=20, seed=number)
    tested = found.drop_nulls("p")
    corrected = [p for p in holm(tested["p"].to_list()) if p is not None]
    return [*tested.select("metric", "p").iter_rows(), ("least", min(corrected, default=1.0))]


def main() -> None:
    """Print the shares for each ready file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=500, help="of each ready file")
    parser.add_argument("--permutations", type=int, default=2500)
    asked = parser.parse_args()
    for name in FILES:
        least, single = 0, Counter[str]()
        for number in range(asked.studies):
            *tests, (_, corrected) = study(name, number, asked.permutations)
            least += corrected < SIGNIFICANT
            single.update(metric for metric, p in tests if p < SIGNIFICANT)
        often = ", ".join(f"{metric} {count / asked.studies:.1%}" for metric, count in single.most_common(3))
        print(
            f"{name}: any finding in {least / asked.studies:.1%} of {asked.studies} studies; {often}",
            flush=True,
        )


if __name__ == "__main__":
    main()
