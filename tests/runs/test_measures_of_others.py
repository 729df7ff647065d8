"""Families of other packages are found beside ours, and told by name, line and remedy when they fail."""

from __future__ import annotations

import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from matplotlib.figure import Figure

from palaestra.agents.extensions import Place
from palaestra.agents.failures import ExtensionFault
from palaestra.metrics.comparison import differences, level
from palaestra.metrics.comparison import levels as levels_of
from palaestra.metrics.metric import Unmeasurable
from palaestra.runs.measures import FAMILIES, drawable, families, metrics, plots, readable
from support.worked import debate, ended, puzzles

HEAD = """\
import polars as pl
from matplotlib.figure import Figure
from palaestra import metric, plot

"""
POLITE = '''\
@metric("opinion.agent opinion.opinion", unit="bows", low=0)
def politeness(opinion):
    """How often everybody bows."""
    return opinion.select("episode", value=pl.lit(1.0))


@plot("opinion.agent")
def bows(tables):
    """Bows."""
    return Figure()
'''
RUDE = '''\
@metric("opinion.agent", unit="bows")
def rudeness(opinion):
    """How rude they are."""
    return {"episode": 0}["rude"]


@plot("opinion.agent")
def rude_gestures(tables):
    """Rude gestures."""
    return tables["gesture"]
'''

Register = Callable[[str], Path]


@pytest.fixture
def register(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Register:
    """Lets a package register the family `manners`, a module of this source; gives its file."""

    def registering(source: str) -> Path:
        module = "manners_" + re.sub(r"\W", "_", tmp_path.name)
        file = tmp_path / f"{module}.py"
        file.write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        place = Place("manners", module, package="polite-package")
        monkeypatch.setattr(FAMILIES, "places", {**FAMILIES.find(), "manners": place})
        return file

    return registering


def only_warning() -> str:
    """What `families` warns of, which is one thing."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        families()
    (warning,) = told
    return str(warning.message)


def test_a_family_of_another_package_counts_with_its_figures_beside_ours(register: Register) -> None:
    ours = list(families())
    register(HEAD + POLITE)
    assert list(families()) == [*ours, "manners"]
    assert level(metrics()["politeness"], debate(12)).value == 1
    assert isinstance(plots()["bows"](debate()), Figure)
    assert list(plots())[-2:] == ["bows", "levels"]
    assert "politeness" in readable(debate())
    assert "bows" in drawable(debate())


def test_a_family_that_is_installed_is_found_by_its_entry_point(tmp_path: Path) -> None:
    (tmp_path / "polite.py").write_text(HEAD + POLITE)
    package = tmp_path / "polite_package-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: polite-package\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[palaestra.metrics]\nmanners = polite\n")
    code = f"""
        import sys
        sys.path.insert(0, {str(tmp_path)!r})
        from palaestra.runs.measures import FAMILIES, families
        found = families()["manners"]
        print(found.metrics[0].name, found.plots[0].name, FAMILIES.places["manners"].package)
    """
    done = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["politeness", "bows", "polite-package"], done.stderr


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_package\n", "py:1: ModuleNotFoundError: No module named 'no_such_package'"),
        (
            HEAD + POLITE.replace("opinion.agent", "belief.agent"),
            "py:5: TypeError: politeness needs 'belief.agent'",
        ),
        ("COUNT = 3\n", "TypeError: manners_.* holds no Metric and no Plot"),
    ],
)
def test_one_that_does_not_load_is_left_out_with_one_warning_and_hides_no_other(
    source: str, said: str, register: Register
) -> None:
    ours = list(families())
    file = register(source)
    told = only_warning()
    assert re.search(
        rf"left out: the metric family 'manners' \({file.stem}\) failed.*{said}.*\n"
        r"  Mend it there, or: pip uninstall polite-package\.",
        told,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert list(families()) == ours
        assert "opinion_shift" in metrics()


@pytest.mark.parametrize(("what", "name"), [("metric", "echo"), ("plot", "trust"), ("plot", "levels")])
def test_a_name_that_another_family_has_is_told_with_both(what: str, name: str, register: Register) -> None:
    mine = {"metric": "politeness", "plot": "bows"}[what]
    file = register(HEAD + POLITE.replace(f"def {mine}(", f"def {name}("))
    told = only_warning()
    assert f"left out: the family 'manners' ({file.stem}) has the {what} '{name}' ({file}:" in told
    other = {
        "echo": "the family 'speech' (palaestra.metrics.families.speech)",
        "trust": "the family 'deduction' (palaestra.metrics.families.deduction)",
        "levels": "the module palaestra.runs.measures",
    }[name]
    assert f"and so has {other}" in told
    assert "Rename it, or: pip uninstall polite-package." in told


def test_two_of_one_name_in_a_family_are_told_too(register: Register) -> None:
    again = (
        "from dataclasses import replace\ncourtesy = replace(politeness, unit='nods')\nsame = politeness\n"
    )
    file = register(HEAD + POLITE + again)
    told = only_warning()
    assert f"has the metric 'politeness' ({file}:5), and so has the family 'manners' ({file.stem})" in told


def test_a_second_name_for_a_metric_makes_no_second_one(register: Register) -> None:
    register(HEAD + POLITE + "courtesy = politeness\n")
    assert [metric.name for metric in families()["manners"].metrics] == ["politeness"]


def test_a_metric_and_a_plot_may_have_one_name(register: Register) -> None:
    plot = POLITE.replace("def politeness(", "def trust(")
    register(HEAD + plot)
    assert metrics()["trust"].unit == "bows"


def test_what_a_family_imports_from_another_stays_that_ones(register: Register) -> None:
    register(HEAD + "from palaestra.metrics.families.opinions import opinion_shift\n" + POLITE)
    assert [metric.name for metric in families()["manners"].metrics] == ["politeness"]
    assert "opinion_shift" in [metric.name for metric in families()["opinions"].metrics]


def test_a_metric_that_fails_is_told_by_family_line_and_remedy_and_all_others_are_measured(
    register: Register,
) -> None:
    file = register(HEAD + POLITE + RUDE)
    tables = debate(12) | {"episodes": ended(12, seed=list(range(12)))}
    found = levels_of(readable(tables).values(), tables)
    told = dict(found.select("metric", "note").iter_rows())
    line = 1 + (HEAD + POLITE + RUDE).split("\n").index('    return {"episode": 0}["rude"]')
    assert told["rudeness"] == (
        f"the metric 'rudeness' of the family 'manners' ({file.stem}) failed at {file}:{line}: "
        "KeyError: 'rude'\n  Mend it there, or: pip uninstall polite-package."
    )
    values = dict(found.select("metric", "value").iter_rows())
    assert values["politeness"] == 1
    assert values["opinion_shift"] == 0.5
    compared = differences(readable(tables).values(), tables, tables)
    assert dict(compared.select("metric", "note").iter_rows())["rudeness"] == told["rudeness"]
    with pytest.raises(ExtensionFault, match="KeyError: 'rude'"):
        metrics()["rudeness"].by_episode(debate())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ('opinion.select("episode", number=pl.lit(1.0))', "gives rows that can't be summed: .*value"),
        ('opinion.select("episode", value=pl.lit("many"))', "gives rows that can't be summed: "),
        ("1.0", "gives rows that can't be summed: 'float' object has no attribute"),
    ],
)
def test_a_metric_that_gives_something_else_is_told_with_its_place(
    given: str, said: str, register: Register
) -> None:
    file = register(HEAD + POLITE.replace('opinion.select("episode", value=pl.lit(1.0))', given))
    with pytest.raises(
        ExtensionFault, match=rf"'politeness' of the family 'manners'(.|\n)*{file}:5\) {said}"
    ):
        level(metrics()["politeness"], debate(12))


def test_a_statistic_that_fails_is_its_metrics_fault(register: Register) -> None:
    statistic = """\
from palaestra.metrics.metric import Statistic
WORST = Statistic(("value",), {"value": pl.col("value").sum()}, lambda parts: parts["worst"])
"""
    file = register(HEAD + statistic + POLITE.replace("low=0", "statistic=WORST"))
    with pytest.raises(
        Unmeasurable, match=f"'politeness' of the family 'manners' .* failed at {file}:6: IndexError"
    ):
        level(metrics()["politeness"], debate(12))


@pytest.mark.parametrize(
    ("given", "said"),
    [('tables["gesture"]', "KeyError: 'gesture'"), ("3", "TypeError: rude_gestures gives 3")],
)
def test_a_figure_that_fails_is_told_in_the_same_way(given: str, said: str, register: Register) -> None:
    register(HEAD + RUDE.replace('tables["gesture"]', given))
    with pytest.raises(
        Unmeasurable, match=f"the plot 'rude_gestures' of the family 'manners' .* failed.*{said}"
    ):
        plots()["rude_gestures"](debate())
    assert isinstance(plots()["opinions"](debate()), Figure)


def test_a_metric_without_an_occasion_is_no_fault(register: Register) -> None:
    register(HEAD + POLITE)
    with pytest.raises(Unmeasurable, match="politeness can't be measured here: there is no table 'opinion'"):
        metrics()["politeness"].parts({"episodes": ended(1), **puzzles()})
