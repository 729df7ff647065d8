"""Where nobody listens, nothing is made of it: placebo groups, who heard whom, made-up replies."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import numpy as np
import polars as pl
import pytest

from palaestra.metrics.comparison import Level, level
from palaestra.metrics.families.conformity import conformity, conformity_excess
from palaestra.metrics.families.opinions import group_pull, group_pull_excess, influence_network
from palaestra.metrics.influence import heard, influence
from palaestra.metrics.metric import Metric
from palaestra.scenarios.parts.opinion_scale import SCALE
from support.command_line import done
from support.metric_tables import table
from support.worked import debate, subtitle

POINTS = np.array(list(SCALE.values()))
LEANING = (0.05, 0.1, 0.15, 0.2, 0.25, 0.25)


def talks(
    episodes: int, seed: int, *, drawn: float = 0.0, shares: tuple[float, ...] | None = None
) -> pl.DataFrame:
    """Groups of five who answer at random, but for a share that goes over to the others' side."""
    random, rows = np.random.default_rng(seed), []
    for episode in range(episodes):
        before, after = (random.choice(POINTS, 5, p=shares) for _ in range(2))
        others = np.sign(before.sum() - before)
        after = np.where((random.random(5) < drawn) & (others != 0), 1.5 * others, after)
        for agent, (first, last) in enumerate(zip(before.tolist(), after.tolist(), strict=True)):
            rows += [(episode, f"A{agent}", "before", first), (episode, f"A{agent}", "after", last)]
    return table("episode agent moment opinion", *rows)


def measured(metric: Metric, opinion: pl.DataFrame) -> Level:
    return level(metric, {"opinion": opinion})


@pytest.mark.parametrize("shares", [None, LEANING])
def test_agents_at_random_conform_and_are_pulled_but_not_beyond_a_placebo(
    shares: tuple[float, ...] | None,
) -> None:
    opinion = talks(60, 4, shares=shares)
    for usual, excess in ((conformity, conformity_excess), (group_pull, group_pull_excess)):
        assert (measured(usual, opinion).low or 0) > 0.3
        told = measured(excess, opinion)
        assert told.low is not None
        assert told.high is not None
        assert told.low <= 0 <= told.high


def test_who_goes_over_to_a_majority_conforms_beyond_the_placebo() -> None:
    opinion = talks(60, 5, drawn=0.6)
    for excess in (conformity_excess, group_pull_excess):
        assert (measured(excess, opinion).low or 0) > 0.1


def test_the_excess_over_agents_of_the_same_side_by_hand() -> None:
    # Two of three who agree face a majority of none; both who disagree face one, and one of them goes over.
    # In the other episode all disagree, and one of three changes sides for no reason.
    rows = [
        *[(0, name, 1.5, 1.5) for name in "abc"],
        *[(0, "d", -1.5, 1.5), (0, "e", -1.5, -1.5)],
        *[(1, "a", -1.5, 0.5), (1, "b", -1.5, -1.5), (1, "c", -1.5, -0.5)],
    ]
    opinion = table(
        "episode agent moment opinion",
        *[
            (e, a, moment, value)
            for e, a, *both in rows
            for moment, value in zip(("before", "after"), both, strict=True)
        ],
    )
    told = conformity_excess.combine(conformity_excess.parts({"opinion": opinion}).sums.sum(axis=0))
    assert float(told) == pytest.approx(1 / 2 - 1 / 3)


def test_those_who_never_read_each_other_have_no_arrow_between_them() -> None:
    calls = table(
        "episode call agent prompt",
        (0, 0, "Ann", "0"),
        (0, 1, "Bo", "0 2-3"),
        (0, 2, "Cem", "0-1"),
        (0, 3, "Ann", "0 2"),
    )
    messages = table("episode message call", (0, 0, None), (0, 1, None), (0, 2, 0), (0, 3, 2))
    assert heard(calls, messages).rows() == [("Ann", "Bo"), ("Cem", "Bo")]
    opinion = debate(6)["opinion"]
    alone = table("source target", ("Ann", "Bo"))
    assert influence(opinion, alone).select("source", "target").rows() == [("Ann", "Bo")]
    deaf = {
        "calls": table("episode call agent prompt", (0, 0, "Ann", "0"), (0, 1, "Bo", "1")),
        "messages": table("episode message call", (0, 0, None), (0, 1, 0)),
    }
    (axes,) = influence_network(debate(6) | deaf).axes
    assert len(axes.patches) == 1, "of two arrows the one from Ann, whom Bo read"


def test_whatever_is_told_of_a_scripted_run_says_that_its_replies_are_made_up(tmp_path: Path) -> None:
    done("run", "debate", "--dry-run", "-q", "-n", "2", "--set", "rounds=1", "--out", "run", cwd=tmp_path)
    assert "made-up replies" in done("metrics", "run", cwd=tmp_path)
    copytree(tmp_path / "run", tmp_path / "other")
    assert "made-up replies" in done("compare", "run", "other", cwd=tmp_path)
    done("plots", "run", "--only", "opinions", "--as", "svg", "--out", "figures", cwd=tmp_path)
    assert "made-up replies" in (tmp_path / "figures/opinions.svg").read_text(encoding="utf-8").replace(
        "<!-- ", ""
    )
    done("report", "run", "--out", "page.html", cwd=tmp_path)
    assert "made up by a scripted engine" in (tmp_path / "page.html").read_text(encoding="utf-8")
    done("export", "run", "--to", "sft", "--out", "rows", cwd=tmp_path)
    assert "made up by a scripted engine" in (tmp_path / "rows/README.md").read_text(encoding="utf-8")


def test_a_figure_of_a_models_words_says_nothing_of_made_up_ones() -> None:
    assert "made-up" not in subtitle(influence_network(debate(6)))
