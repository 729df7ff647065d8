"""The package on every Python that it promises, with the newest and the oldest Mesa that it allows.

`make pythons` plays every ready-made file on made-up replies and runs the tests that need no PyTorch.
Nothing is pinned: a user's `pip install` is what is tried, once as the wheel with the newest Mesa, once
editable with the oldest, both beside `openai-agents`, whose package is called `agents`. `make pythons-quick`
does so on the Pythons other than the one that runs this, each in one of these shapes, with a slice of the
tests. Environments are kept in `.venv-pythons/` while pyproject.toml asks for the same.

A Python that isn't here is named in the table, and the exit code is that of those that are.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

PYTHONS = ("3.11", "3.12", "3.13")
CHECKOUT = Path(__file__).parents[1]
ENVIRONMENTS = CHECKOUT / ".venv-pythons"
SELECTED = "not engine and not torch and not browser and not whole"
QUICK = ("tests/agents", "tests/scenarios/core", "tests/sims/playing", "tests/test_the_name.py")

DRY_RUNS = """
import palaestra
from palaestra.scenarios.core.ready_made import ready_made
from palaestra.scenarios.core.registry import SCENARIOS
names = [name for scenario in SCENARIOS for name, _ in ready_made(scenario)]
for name in names:
    run = palaestra.play(name, dry_run=True, quiet=True, out=name)
    assert run.state.status == "finished" and run.episodes["ended"].all(), name
print(len(names), "files played")
"""
NEIGHBOUR = """
import agents, palaestra
assert agents.Agent is not palaestra.Agent
assert agents.Agent.__module__.startswith("agents.")
"""


def interpreter(version: str) -> Path | None:
    """A Python of this version: this one, one on the PATH, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    on_path = shutil.which(f"python{version}")
    candidates = [Path(sys.executable), *([Path(on_path)] if on_path else [])]
    for candidate in [*candidates, *sorted(pyenv.glob(f"{version}.*/bin/python"))]:
        asked = [str(candidate), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        if subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() == version:
            return candidate
    return None


def read_project() -> dict[str, Any]:
    """What pyproject.toml says of the project."""
    project: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    return project


def allowed_mesa() -> tuple[str, str]:
    """The Mesa that the project asks for, and the oldest of it."""
    (mesa,) = (need for need in read_project()["dependencies"] if re.match(r"mesa\b", need))
    (lowest,) = re.findall(r">=([\d.]+)", mesa)
    return mesa, f"mesa=={lowest}"


def wheel(folder: Path) -> Path:
    """The wheel, built from a copy: leftovers of an earlier build in the checkout would get into it."""
    left_out = shutil.ignore_patterns(".*", "outputs", "build", "*.egg-info", "notebooks", "__pycache__")
    shutil.copytree(CHECKOUT, folder / "source", symlinks=True, ignore=left_out)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder)]
    subprocess.run([*build, str(folder / "source")], check=True)
    (built,) = folder.glob("*.whl")
    return built


class Environment:
    """A virtual environment of one Python, with all that the package and its light tests need.

    Args:
        python: what makes it.
        version: of that Python.
    """

    def __init__(self, python: Path, version: str) -> None:
        self.folder = ENVIRONMENTS / version
        self.python = self.folder / "bin/python"
        project = read_project()
        made_from = "\n".join([*project["dependencies"], *project["optional-dependencies"]["test"]])
        stamp = self.folder / "made-from"
        if stamp.is_file() and stamp.read_text() == made_from:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        subprocess.run([str(python), "-m", "venv", str(self.folder)], check=True)
        self.install("--editable", f"{CHECKOUT}[test]", "openai-agents")
        stamp.write_text(made_from)

    def install(self, *what: str) -> None:
        """Install with pip; what it says is shown only when it fails."""
        words = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}\n{done.stdout}{done.stderr}")

    def version(self, package: str) -> str:
        code = f"from importlib.metadata import version; print(version({package!r}))"
        return subprocess.check_output([str(self.python), "-c", code], text=True).strip()

    def run(self, command: str, *words: str, cwd: Path) -> bool:
        """Run a command of the environment; whether all was well."""
        print(f"$ {self.folder.name}/{command} {words[0][:40].strip()} …", flush=True)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run([self.folder / "bin" / command, *words], cwd=cwd, env=environment, check=False)
        return done.returncode == 0


def tried(environment: Environment, tests: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Each thing that is tried, by its column in the table, and whether it went well."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "neighbour.py").write_text(NEIGHBOUR)
        (folder / "dry_runs.py").write_text(DRY_RUNS)
        yield "beside openai-agents", environment.run("python", "neighbour.py", cwd=folder)
        yield "dry runs", environment.run("python", "dry_runs.py", cwd=folder)
    yield "tests", environment.run("pytest", "--numprocesses=2", "-m", SELECTED, *tests, cwd=CHECKOUT)


def main() -> int:
    """Try all; print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help="a slice: other Pythons than this, some tests, one shape each"
    )
    parser.add_argument("pythons", nargs="*", help=f"of {', '.join(PYTHONS)}")
    chosen = parser.parse_args()
    here = "{}.{}".format(*sys.version_info)
    others = [version for version in PYTHONS if version != here]
    versions = chosen.pythons or (others if chosen.quick else PYTHONS)
    newest, oldest = allowed_mesa()
    again = ("--no-deps", "--force-reinstall")
    table, failed = [], False
    with tempfile.TemporaryDirectory() as folder:
        shapes = (
            ("wheel", (*again, str(wheel(Path(folder)))), ("--upgrade", newest)),
            ("editable", (*again, "--editable", str(CHECKOUT)), (oldest,)),
        )
        for number, version in enumerate(versions):
            python = interpreter(version)
            if python is None:
                table.append(f"{version:6} is not here: nothing was tried")
                continue
            environment = Environment(python, version)
            for shape, package, mesa in [shapes[number % 2]] if chosen.quick else shapes:
                environment.install(*package)
                environment.install(*mesa)
                began = monotonic()
                results = dict(tried(environment, QUICK if chosen.quick else ("tests",)))
                failed |= not all(results.values())
                told = ", ".join(f"{what} {'passed' if well else 'FAILED'}" for what, well in results.items())
                row = f"{version:6} {shape:9} mesa {environment.version('mesa'):6} {told}"
                table.append(f"{row} ({monotonic() - began:.0f} s)")
    print("\n".join(["", *table]))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
