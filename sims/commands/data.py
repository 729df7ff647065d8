"""The commands that turn runs into training data."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from palaestra.agents.failures import BadInput
from palaestra.agents.trust import Allowed
from palaestra.sims.commands.allowing import AllowKey, AllowRemoteCode
from palaestra.sims.commands.cleaning import Options, means_for, refuse_none, treatments
from palaestra.sims.commands.listing import listing
from palaestra.sims.terminal import BOLD, say, table, visible

if TYPE_CHECKING:
    from palaestra.runs.exports.described import Described

data = typer.Typer()

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")]
Export = Annotated[Path, typer.Argument(metavar="EXPORT", help="The folder that `palaestra export` made.")]


def _formats() -> list[str]:
    from rich.markup import escape

    from palaestra.runs.exports.format import formats

    told = {escape(visible(name)): escape(visible(form.help)) for name, form in formats().items()}
    return ["Formats:", *(f"[bold]{name}[/bold]: {words}" for name, words in told.items())]


@data.command(
    cls=listing(_formats),
    epilog="Examples: palaestra export RUN · palaestra export RUN --to dpo --to sft --as parquet · "
    "palaestra export RUN --to dpo --pairs all --margin 1",
)
def export(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Folders of runs.")],
    to: Annotated[
        list[str] | None,
        typer.Option(metavar="FORMAT", help="One of the formats below. Repeatable. Default: dpo."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to make. Default: a new one in RUN/exports.")
    ] = None,
    file_type: Annotated[
        Literal["jsonl", "parquet"], typer.Option("--as", help="Type of the files.")
    ] = "jsonl",
    by: Annotated[
        Literal["panel", "truth", "outcome"] | None,
        typer.Option(help="What scores rest on. Default: outcomes of a branched run, else the panel."),
    ] = None,
    pairs: Annotated[
        Literal["extremes", "all"],
        typer.Option(help="The best and the worst answer to a question, or every two."),
    ] = "extremes",
    margin: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Least difference of scores in a pair. Default: what the scenario asks, and more than the "
            "rounding of the judges' engine, where `palaestra conformance` measured it; else 0.",
        ),
    ] = None,
    floor: Annotated[
        float | None,
        typer.Option(help="Least score of a chosen answer. Default: what the scenario asks, else none."),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Scores above it are good for kto. Default: each run's mean; of a check 0.5."),
    ] = None,
    at_least: Annotated[
        float | None,
        typer.Option(
            help="Least score of an answer for sft, which leaves out what has none, such as choices. "
            "Default: all answers."
        ),
    ] = None,
    asked: Annotated[
        Literal["shown", "question"],
        typer.Option(
            help="What a judged answer stands after in sft: all that its author was shown, or the question "
            "as pairs have it (what several answers share; of a revision not what led to it)."
        ),
    ] = "shown",
    purpose: Annotated[
        list[str] | None,
        typer.Option(
            help="Only answers to calls of this purpose, in sft also where they are choices. Repeatable."
        ),
    ] = None,
    policy: Annotated[list[str] | None, typer.Option(help="Only answers of this policy. Repeatable.")] = None,
    keep: Annotated[
        Literal["all", "whole"],
        typer.Option(help="All answers, or only those that weren't cut at their limit."),
    ] = "all",
    thoughts: Annotated[
        Literal["drop", "keep"],
        typer.Option(
            help="Whether answers keep what their authors thought before, as `reasoning_content` and "
            "`thinking` of the message. Prompts never have it."
        ),
    ] = "drop",
    test_share: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of the prompts that go to the test split.")
    ] = 0.1,
    quiet: Quiet = False,
) -> None:
    """Write a run as training data, with a dataset card and a quality report."""
    from palaestra.runs.exports.folder import export as write
    from palaestra.runs.exports.options import ExportOptions
    from palaestra.runs.exports.pairing import PairRule
    from palaestra.runs.record.disk import own_folder
    from palaestra.sims.engines.prompt_encoder import prompt_encoder

    formats = tuple(dict.fromkeys(to or ["dpo"]))
    options = ExportOptions(
        formats=formats,
        file_type=file_type,
        basis=by,
        pairs=PairRule(pairs, margin, floor),
        threshold=threshold,
        at_least=at_least,
        asked=asked,
        purposes=tuple(purpose or ()),
        policies=tuple(policy or ()),
        whole=keep == "whole",
        test_share=test_share,
        thoughts=thoughts,
    )
    where = out or unused(own_folder(runs[0], "exports"), "-".join(formats))
    described = write(runs, where, options, prompt_encoder(runs), command=_command())
    if not quiet:
        _print_export(described)
    say(f"export: {where}")


def unused(folder: Path, name: str) -> Path:
    """The first of `name`, `name-2`, … that isn't in `folder` yet."""
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(folder / each for each in names if not (folder / each).exists())


def _command() -> str:
    """The command line that was given, to be given again."""
    return shlex.join(["palaestra", *sys.argv[1:]])


def _print_export(described: Described) -> None:
    rows = [
        [name, f"{splits.get('train', 0):,}", f"{splits.get('test', 0):,}"]
        for name, splits in described.formats.items()
    ]
    print_table("rows", ["format", "train", "test"], rows)
    left_out = [
        [name, reason, f"{number:,}"]
        for name, reasons in described.left_out.items()
        for reason, number in reasons.items()
    ]
    if left_out:
        print_table("left out", ["of", "why", "how many"], left_out)


def print_table(title: str, columns: list[str], rows: Iterable[list[str]]) -> None:
    """Print a table under its title, and a line after it."""
    table(columns, rows, title)
    say()


@data.command(name="formats", epilog="Examples: palaestra formats · palaestra formats dpo")
def list_formats(
    name: Annotated[
        str | None, typer.Argument(metavar="[FORMAT]", help="A format. Without one: what there is.")
    ] = None,
) -> None:
    """List the formats of training data, or the columns of one with their types and meanings."""
    from palaestra.runs.exports.format import FORMATS, formats

    if name is None:
        for each, form in formats().items():
            say(each, BOLD)
            say(f"  {form.help}")
        say("\nColumns: palaestra formats NAME · write it: palaestra export RUN --to NAME")
        return
    found = FORMATS[name]
    columns = [[column, told.type, told.meaning] for column, told in found.columns.items()]
    print_table(f"{name}: one row is {found.row}", ["column", "type", "meaning"], columns)
    say(f"for {found.loader}")


@data.command(
    epilog="Examples: palaestra branch RUN --calls purpose=argue --answers 3 --repeats 2 --most 20 · "
    "palaestra branch RUN --calls uncertain --most 10"
)
def branch(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a run.")],
    calls: Annotated[
        list[str] | None,
        typer.Option(
            help="Which calls: all, uncertain (by their options' probabilities), purpose=NAME or agent=NAME. "
            "Repeatable. Default: all."
        ),
    ] = None,
    answers: Annotated[int, typer.Option(min=1, help="How many other answers to try at each call.")] = 1,
    repeats: Annotated[
        int, typer.Option(min=1, help="How often to play each answer to the end; 2 or more give errors.")
    ] = 1,
    most: Annotated[int | None, typer.Option(min=1, help="Branch at most so many calls.")] = None,
    episodes: Annotated[str, typer.Option(help="Only these episodes, such as 0-3,7.")] = "",
    out: Annotated[Path | None, typer.Option(help="Run folder. Default: a new one in outputs/.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change engines, limits, live or retries. Repeatable."
        ),
    ] = None,
    allow_key: AllowKey = None,
    allow_remote_code: AllowRemoteCode = False,
    quiet: Quiet = False,
) -> None:
    """Play recorded episodes again with other answers, so that outcomes tell which answer was better.

    What it plays is a run; `palaestra export` makes pairs of it whose margin is the difference in
    what the answers led to. A play that stops goes on with `palaestra resume`.
    """
    from palaestra.sims.playing.branch import branch as play_branches
    from palaestra.sims.playing.branch import selection

    chosen = selection(calls or [], episodes, most)
    allowed = Allowed.typed(allow_key or (), allow_remote_code)
    folder = play_branches(run, out, chosen, answers, repeats, settings or [], quiet, allowed)
    say(f"run folder: {folder}")
    say(f"make pairs of it: palaestra export {quote(str(folder))}")


@data.command(
    cls=listing(treatments),
    epilog="Examples: palaestra quality EXPORT · palaestra quality EXPORT --keep 'margin>=1' "
    "--keep duplicates --out CLEANED · palaestra quality EXPORT --clean rw_gap_r --out CLEANED",
)
def quality(
    folder: Export,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            help="Keep only such pairs: margin>=X, agreement>=X, label_agrees, duplicates (the first "
            "of each), whole, same_model, cross_model, map=REGION, … Repeatable, in order."
        ),
    ] = None,
    clean: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TREATMENT", help="Clean by a treatment below, after the filters. Repeatable, in order."
        ),
    ] = None,
    fraction: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="p: the share that rw_gap_* and ifd_* act on; published are 0.1 to 0.4. Default: 0.1.",
        ),
    ] = None,
    reward_model: Annotated[
        list[str] | None,
        typer.Option(
            help="Folder or id of a reward model for llm_judge_*, rw_gap_*, vote_*. Repeatable. Default: "
            "the judges whose verdicts stand in the rows."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Whose loss ifd_* read: smollm2, a folder or an id. Default: smollm2."),
    ] = None,
    tags: Annotated[
        Path | None,
        typer.Option(help="JSON lines of prompt_id and tags for ins_tag_*. Default: the words of prompts."),
    ] = None,
    cap: Annotated[
        int | None, typer.Option(min=1, help="Prompts that ins_tag_* keep at most. Default: 6000.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the export of the pairs that are kept.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap, shuffled labels, drawn prompts.")] = 0,
) -> None:
    """Measure preference pairs: judges' agreement and biases, margins, duplicates, separability.

    What is out of the ordinary is marked with `!`. With --keep and --clean, what each filter and
    treatment drops or turns round is told and the rest is measured, and written as an export of its
    own to --out.
    """
    from palaestra.runs.audits.standing import standing_of
    from palaestra.runs.exports.described import Described
    from palaestra.runs.exports.filtered import write_kept
    from palaestra.runs.exports.unfinished import exists
    from palaestra.runs.quality.filters import apply, parse
    from palaestra.runs.quality.pairs import read_pairs
    from palaestra.runs.quality.report import quality_report
    from palaestra.runs.quality.treatments import apply_treatments

    filters = [parse(words) for words in keep or []]
    names = clean or []
    given = Options(tuple(reward_model or ()), model, tags, fraction, cap)
    given.check(names)
    if out is not None and not filters and not names:
        raise BadInput("--out is for the pairs that filters keep", "Name one: --keep 'margin>=1'")
    if out is not None and out.exists():
        raise exists(out)
    pairs, dropped = apply(read_pairs(folder), filters)
    if dropped:
        rows = [[item.name, f"{item.before:,}", f"{item.dropped:,}"] for item in dropped]
        print_table("filters", ["keeps", "of", "drops"], rows)
    refuse_none(pairs)
    means = means_for(names, pairs, given, seed)
    pairs, treated = apply_treatments(pairs, names, means)
    if treated:
        rows = [[item.name, f"{item.before:,}", f"{item.removed:,}", f"{item.flipped:,}"] for item in treated]
        print_table("treatments", ["treatment", "of", "removes", "turns round"], rows)
    refuse_none(pairs)
    report = quality_report(pairs, seed)
    for line in report.lines():
        say(line)
    for words in standing_of(Described.read(folder)):
        say(f"judges: {words}")
    if out is not None:
        write_kept(folder, pairs, dropped, treated, report, out, _command())
        say(f"export: {out}")
