"""`palaestra new`: writes a package with one extension, to begin from.

What it writes stands in `templates`, a folder a kind: packages that work as they are, in which the
extension is called `my_scenario`, `my_metric`, … Only that name is replaced, as `MyScenario` and
`my-scenario` too, in files and in their names.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection
from keyword import iskeyword
from pathlib import Path
from typing import Annotated, Literal

import typer

from palaestra.agents.failures import BadInput
from palaestra.sims.terminal import say

Kind = Literal["scenario", "metric", "engine", "format"]
TEMPLATES = Path(__file__).parent / "templates"
TRY = {
    "scenario": "palaestra run {name} --dry-run",
    "metric": "palaestra metrics RUN --metric {name}",
    "engine": "palaestra run debate --set 'engines.default={{kind: {name}}}'",
    "format": "palaestra export RUN --to {name}",
}
"""How an extension of each kind is tried, once it is installed."""

new = typer.Typer()


@new.command(
    name="new",
    epilog="Examples: palaestra new scenario ultimatum · palaestra new metric politeness --into packages · "
    "palaestra new engine my_server · palaestra new format preference_text",
)
def write_new(
    kind: Annotated[Kind, typer.Argument(help="What to add.")],
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What it will be called, such as ultimatum or fair_share.")
    ],
    into: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Folder to make the package in. Default: here.")
    ] = Path(),
) -> None:
    """Write a small package with a scenario, a metric, an engine or an export format of your own.

    It works as it is and passes its own tests: install it, then change it into what you want.
    """
    folder = write(kind, name, into)
    say(f"package: {folder}\n\nNext:")
    for command in (f"pip install -e {folder}", f"pytest {folder}", TRY[kind].format(name=name)):
        say(f"  {command}")


def write(kind: Kind, name: str, into: Path) -> Path:
    """Write the package of an extension; its folder.

    Args:
        kind: of extension.
        name: of the extension.
        into: the folder to make the package's in.

    Raises:
        BadInput: the name can't be taken, or there is something in its place.
        RunUnwritable: the folder can't be written.
    """
    from palaestra.runs.record.disk import unwritable

    _check(kind, name)
    spellings = {f"my_{kind}": name, f"my-{kind}": name.replace("_", "-")}
    spellings[f"My{kind.capitalize()}"] = "".join(part.capitalize() for part in name.split("_"))
    folder = into / f"palaestra-{spellings[f'my-{kind}']}"
    if folder.exists():
        raise BadInput(f"{folder} exists already", "Choose another name or another --into.")
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        for file in sorted((TEMPLATES / kind).rglob("*")):
            place = file.relative_to(TEMPLATES / kind)
            if file.is_file() and not any(part.startswith((".", "__pycache__")) for part in place.parts):
                target = partial / _spelt(str(place), spellings)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(_spelt(file.read_text(encoding="utf-8"), spellings), encoding="utf-8")
        partial.rename(folder)
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _check(kind: Kind, name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or iskeyword(name):
        raise BadInput(
            f"{name!r} can't be the name of a {kind}",
            "Take small letters and digits, such as fair_share, and no word of Python's own.",
        )
    if name in _taken(kind):
        raise BadInput(f"the {kind} {name!r} exists already", "Choose another name.")


def _taken(kind: Kind) -> Collection[str]:
    """The names that another extension of the kind, or what comes with one, has."""
    if kind == "scenario":
        from palaestra.scenarios.core.ready_made import files
        from palaestra.scenarios.core.registry import SCENARIOS

        return {*SCENARIOS, *files()}
    if kind == "metric":
        from palaestra.runs.measures import families, metrics

        return {*families(), *metrics()}
    if kind == "engine":
        from palaestra.agents.engine import ENGINES

        return {*ENGINES}
    from palaestra.runs.exports.format import FORMATS

    return {*FORMATS}


def _spelt(text: str, spellings: dict[str, str]) -> str:
    for mine, yours in spellings.items():
        text = text.replace(mine, yours)
    return text
