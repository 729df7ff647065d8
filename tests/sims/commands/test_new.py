"""`palaestra new`: what it writes works as it is, and what it can't write it refuses before it begins."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner

from palaestra.agents.engine import ENGINES
from palaestra.agents.failures import BadInput, RunUnwritable
from palaestra.runs.exports.format import FORMATS
from palaestra.scenarios.core.registry import SCENARIOS
from palaestra.sims.commands.app import app
from palaestra.sims.commands.new import TEMPLATES, TRY, Kind, write
from support.packages import commands_with, python_with

RUFF = Path(sys.executable).with_name("ruff")
KINDS: tuple[Kind, ...] = get_args(Kind)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of each kind, all in one folder, and beside it `site`, into which they are installed."""
    folder = tmp_path_factory.mktemp("new") / "packages"
    written = [str(write(kind, f"own_{kind}", folder)) for kind in KINDS]
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet")
    pip = (sys.executable, "-m", "pip", "install", *offline, "--target", str(folder.parent / "site"))
    subprocess.run([*pip, *written], check=True)
    return folder


@pytest.mark.xdist_group("new-packages")
def test_every_package_passes_its_own_tests_at_once(packages: Path) -> None:
    words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode", "importlib", str(packages))
    done = python_with(packages.parent / "site", *words, cwd=packages)
    assert done.returncode == 0, done.stdout
    assert "8 passed" in done.stdout


def test_every_package_is_formatted_as_its_own_settings_say(tmp_path: Path) -> None:
    for kind in KINDS:
        write(kind, f"own_{kind}", tmp_path)
    for words in (("format", "--check"), ("check",)):
        done = subprocess.run([RUFF, *words, tmp_path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.whole
@pytest.mark.xdist_group("new-packages")
def test_the_packages_go_together_on_the_command_line(packages: Path, tmp_path: Path) -> None:
    engine = "engines.default={kind: own_engine, phrases: [Shall we share? Yes?, All for me.]}"
    done = commands_with(
        packages.parent / "site",
        "validate own_scenario",
        f"run own_scenario --set '{engine}' --out run -q",
        "metrics run -m own_metric",
        "export run --to own_format --to kto",
        "formats own_format",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "a valid own_scenario, 4 episodes" in done.stdout
    assert "Shall we share? Yes?" in done.stdout
    assert re.search(r"own_metric +\d\.\d+ +questions", done.stdout)
    assert re.search(r"own_format +\d", done.stdout)
    assert "for what reads JSON lines" in done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_written_package_has_the_name_everywhere_and_the_template_s_nowhere(
    kind: Kind, tmp_path: Path
) -> None:
    folder = write(kind, "fair_share", tmp_path)
    assert folder == tmp_path / "palaestra-fair-share"
    files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    sources = [
        path for path in (TEMPLATES / kind).rglob("*.*") if path.suffix in (".md", ".py", ".toml", ".yaml")
    ]
    assert len(files) == len(sources)
    assert not [name for name, text in files.items() if "my" in name or f"my_{kind}" in text or "My" in text]
    assert 'name = "palaestra-fair-share"' in files["pyproject.toml"]
    assert "fair_share = " in files["pyproject.toml"]
    assert "tests/test_fair_share.py" in files
    assert list(tmp_path.iterdir()) == [folder]


def test_the_rules_and_prompts_of_a_new_scenario_are_under_eighty_lines(tmp_path: Path) -> None:
    source = write("scenario", "fair_share", tmp_path) / "src" / "palaestra_fair_share"
    assert sum((source / name).read_text().count("\n") for name in ("rules.py", "prompts.yaml")) < 80


def test_the_command_ends_with_what_to_type_next(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["new", "engine", "mine", "--into", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-3:] == [
        f"  pip install -e {tmp_path}/palaestra-mine",
        f"  pytest {tmp_path}/palaestra-mine",
        "  palaestra run debate --set 'engines.default={kind: mine}'",
    ]


def test_every_kind_has_a_template_and_a_way_to_try_it() -> None:
    assert {path.name for path in TEMPLATES.iterdir()} == set(KINDS) == TRY.keys()


@pytest.mark.parametrize("name", ["Fair", "fair-share", "2fair", "class", "fair_", "_fair", "", "a b", "ü"])
def test_what_is_no_plain_identifier_is_no_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="can't be the name of a scenario\n  Take small letters"):
        write("scenario", name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *(("scenario", name) for name in (next(iter(SCENARIOS)), "werewolf")),  # the latter a ready-made file
        *(("engine", name) for name in ENGINES),
        *(("format", name) for name in FORMATS),
        *(("metric", name) for name in ("speech", "opinion_shift")),  # a family, and a metric
    ],
)
def test_a_name_that_is_taken_is_refused(kind: Kind, name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"the {kind} '{name}' exists already"):
        write(kind, name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over_or_into_a_file(tmp_path: Path) -> None:
    folder = write("metric", "fair_share", tmp_path)
    before = (folder / "README.md").read_text()
    with pytest.raises(BadInput, match="exists already"):
        write("engine", "fair_share", tmp_path)
    assert (folder / "README.md").read_text() == before
    with pytest.raises(RunUnwritable):
        write("metric", "fair_share", folder / "README.md")
