"""Populations and people as files: ready-made ones, one's own, and people once drawn."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from palaestra.agents.declared import Where, parse, tell
from palaestra.agents.failures import BadInput, RunUnwritable
from palaestra.agents.limits import MOST_PEOPLE_BYTES, require_file
from palaestra.agents.populations.spec import Population

if TYPE_CHECKING:
    import polars as pl

READY = Path(__file__).parent / "ready"
LISTED = "palaestra population list"
SPEC_SUFFIXES = (".yaml", ".yml")
PEOPLE_SUFFIXES = (".parquet", ".jsonl")


def ready_populations() -> Iterator[Population]:
    """The populations that come with the package."""
    for path in sorted(READY.glob("*.yaml")):
        yield read_population(path)


def population_path(name: str) -> Path:
    """The population file that `name` names: a path, relative to the working directory, or a ready one.

    Raises:
        BadInput: there is neither.
    """
    path = Path(name)
    if path.suffix in SPEC_SUFFIXES:
        return path
    known = {ready.stem: ready for ready in sorted(READY.glob("*.yaml"))}
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise BadInput(
        f"there is no population {name!r}", f"{hint}Name a .yaml file, or one of: {', '.join(known)}."
    )


def read_population(path: Path) -> Population:
    """The population in the YAML file `path`.

    Raises:
        BadInput: it is none; every problem is told with file, line and column.
    """
    data = parse(path, "a population file", listed=LISTED, begin="population: my town")
    try:
        return Population.model_validate(data)
    except ValidationError as error:
        where = Where(str(path), data, {})
        told = [tell(problem, Population, where) for problem in error.errors()]
        raise BadInput("\n".join(told), f"A file to learn from: {READY / 'townsfolk.yaml'}") from error


def write_people(people: pl.DataFrame, path: Path) -> None:
    """Write people that were drawn, whole or not at all; an existing file is never replaced.

    Raises:
        BadInput: see `check_new`.
        RunUnwritable: it can't be written.
    """
    check_new(path)
    new = path.with_name(f"{path.name}.new")
    try:
        if path.suffix == ".parquet":
            people.write_parquet(new)
        else:
            people.write_ndjson(new)
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise RunUnwritable(f"{path} can't be written: {error.strerror or error}") from error


def check_new(path: Path) -> None:
    """Raise `BadInput` unless people can be written to a new file `path`."""
    if path.suffix not in PEOPLE_SUFFIXES:
        raise BadInput(f"{path}: people are written as .parquet or .jsonl")
    if path.exists():
        raise BadInput(f"{path} exists already", "Runs may use these people; choose a new file.")
    if not path.parent.is_dir():
        raise BadInput(f"{path}: there is no folder {path.parent}")


def read_people(path: Path) -> pl.DataFrame:
    """The people in a file that `write_people` wrote.

    Raises:
        BadInput: it can't be read, or somebody in it has no number or no text.
    """
    import polars as pl

    if path.suffix not in PEOPLE_SUFFIXES:
        raise BadInput(f"{path}: people are read from .parquet or .jsonl")
    try:
        require_file(path, MOST_PEOPLE_BYTES)
        if path.suffix == ".parquet":
            people = pl.read_parquet(path, glob=False)
        else:
            people = pl.read_ndjson(path.read_bytes(), infer_schema_length=None)
    except FileNotFoundError as error:
        raise BadInput(f"there is no file {path}", "Draw people with: palaestra population draw") from error
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise BadInput(f"{path} can't be read: {error}") from error
    for name, kind in (("person", pl.Int64), ("persona", pl.String)):
        if people.schema.get(name) != kind or people[name].null_count():
            raise BadInput(
                f"{path}: not everybody has a `{name}`", "Draw people with: palaestra population draw"
            )
    return people


def hash_of(path: Path) -> str:
    """The SHA-256 of a file; raises `BadInput` where it can't be read."""
    try:
        require_file(path, MOST_PEOPLE_BYTES)
        return sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BadInput(f"{path} can't be read: {error.strerror or error}") from error
