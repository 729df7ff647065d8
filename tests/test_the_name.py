"""One name: all is `palaestra.…`, nothing answers to a bare name, and the public interface is light."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import palaestra

CHECKOUT = Path(__file__).parents[1]


def python(code: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", code]
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["agents", "metrics", "runs", "scenarios", "sims"])
def test_nothing_answers_to_a_bare_name(name: str, tmp_path: Path) -> None:
    """Elsewhere another package may: `agents` is openai-agents' where that is installed."""
    assert f"this package is palaestra.{name}" in python(f"import {name}", CHECKOUT).stderr
    done = python(f"import {name}; print({name}.__file__)", tmp_path)
    assert "ModuleNotFoundError" in done.stderr or "site-packages" in done.stdout


def test_a_module_beside_a_script_that_is_called_as_one_of_ours_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "agents.py").write_text("MINE = 1\n")
    done = python("import agents, palaestra; print(agents.MINE, palaestra.Agent.__name__)", tmp_path)
    assert done.stdout.split() == ["1", "Agent"], done.stderr


def test_every_public_name_is_there(tmp_path: Path) -> None:
    assert {name: getattr(palaestra, name) for name in palaestra.__all__}
    assert set(palaestra.__all__) <= set(dir(palaestra))
    with pytest.raises(AttributeError, match="'palaestra' has no attribute 'nothing'"):
        _ = palaestra.nothing


def test_the_name_alone_imports_nothing_heavy(tmp_path: Path) -> None:
    heavy = "{'vllm', 'torch', 'transformers', 'matplotlib', 'polars', 'pydantic', 'mesa', 'openai'}"
    done = python(f"import palaestra, sys; print(sorted({heavy} & set(sys.modules)))", tmp_path)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_dry_run_from_python_is_played_and_read(tmp_path: Path) -> None:
    run = palaestra.play("debate", ["episodes=2", "rounds=1"], out=tmp_path / "run", dry_run=True, quiet=True)
    assert run.episodes["ended"].to_list() == [True, True]
    assert palaestra.resume(run, ["episodes=3"], quiet=True).episodes.height == 3


def test_the_readme_holds_on_a_package_index(tmp_path: Path) -> None:
    links = re.findall(r"\]\(([^)]*)\)", (CHECKOUT / "README.md").read_text(encoding="utf-8"))
    assert [link for link in links if not link.startswith("https://")] == []


def test_versions_agree() -> None:
    assert f"version: {palaestra.__version__}\n" in (CHECKOUT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {palaestra.__version__}" in (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_a_class_has_a_name_of_its_own() -> None:
    """So that a name in a traceback, a log or a question says which is meant."""
    found: dict[str, list[str]] = {}
    for room in ("agents", "metrics", "runs", "scenarios", "sims"):
        for path in sorted((CHECKOUT / room).rglob("*.py")):
            if "templates" not in path.parts:
                for name in re.findall(r"^class (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
                    found.setdefault(name, []).append(path.relative_to(CHECKOUT).as_posix())
    assert {name: places for name, places in found.items() if len(places) > 1} == {}
