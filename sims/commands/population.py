"""The commands that draw people from populations and check them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from palaestra.sims.terminal import BOLD, say, table

if TYPE_CHECKING:
    import polars as pl

population = typer.Typer(
    no_args_is_help=True, help="Draw people from declared shares, and check that they are as declared."
)

LEAST_WIDTH = 110
"""Columns that the table needs."""

Spec = Annotated[str, typer.Argument(metavar="SPEC", help="A population file, or a ready population's name.")]


@population.command(
    epilog="Examples: palaestra population draw townsfolk --size 10000 --out people.parquet · "
    "palaestra population draw my-town.yaml --seed 2 --out people.jsonl"
)
def draw(
    spec: Spec,
    size: Annotated[int, typer.Option(min=1, help="How many people.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same people.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="File to write, .parquet or .jsonl. Default: none, only the check.")
    ] = None,
) -> None:
    """Draw people, check them against what is declared, and tell how long it took."""
    from time import perf_counter

    from palaestra.agents.populations.draw import draw as drawn
    from palaestra.agents.populations.files import check_new, population_path, read_population, write_people
    from palaestra.agents.populations.fit import fit

    if out is not None:
        check_new(out)
    declared = read_population(population_path(spec))
    began = perf_counter()
    people = drawn(declared, size, seed)
    seconds = perf_counter() - began
    if out is not None:
        write_people(people, out)
    say(f"{declared.population}: {size:,} people of seed {seed}, drawn in {seconds:.2f} s")
    say(f"the first:   {people['persona'][0]}")
    _print_fit(fit(declared, people))
    if out is not None:
        say(f"people file: {out}")


@population.command(epilog="Example: palaestra population check people.parquet --against townsfolk")
def check(
    people: Annotated[Path, typer.Argument(metavar="PEOPLE", help="A file of people: .parquet or .jsonl.")],
    against: Annotated[str, typer.Option(help="A population file, or a ready population's name.")],
) -> None:
    """Whether people are distributed as a population declares.

    The exit code is 1 when they differ beyond sampling error (p < 0.05, corrected for the number of tests).
    """
    from palaestra.agents.populations.files import population_path, read_people, read_population
    from palaestra.agents.populations.fit import fit

    declared = read_population(population_path(against))
    raise typer.Exit(_print_fit(fit(declared, read_people(people))))


@population.command(name="list", epilog="Example: palaestra population list")
def list_populations() -> None:
    """List the ready populations."""
    from palaestra.agents.populations.files import ready_populations

    for each in ready_populations():
        say(each.population, BOLD)
        say(f"  {each.title}")
        say(f"  attributes: {', '.join(each.attributes)}; shares: {each.source}")
    say("\nDraw: palaestra population draw NAME · play: palaestra run debate --set population.of=NAME")


def _print_fit(found: pl.DataFrame) -> bool:
    """The table of a check and what it comes to; whether people differ from what is declared."""
    from palaestra.agents.populations.fit import differing

    rows = []
    for row in found.iter_rows(named=True):
        numbers = ["" if row[key] is None else f"{row[key]:.4f}" for key in ("p", "p_holm", "largest")]
        rows.append((row["attribute"], row["given"], f"{row['people']:,}", row["test"], *numbers, row["at"]))
    table(
        ("attribute", "given", "people", "test", "p", "p (Holm)", "largest", "at"),
        rows,
        "drawn against declared",
        right=("people", "p", "p (Holm)", "largest"),
        least_width=LEAST_WIDTH,
    )
    apart = differing(found)
    tests = len(found) - found["p"].null_count()
    if len(apart):
        names = ", ".join(apart["attribute"].unique(maintain_order=True))
        say(f"differs from what is declared beyond sampling error: {names}")
    else:
        say(f"within sampling error of what is declared ({tests} tests, Holm-corrected p ≥ 0.05)")
    return bool(len(apart))
