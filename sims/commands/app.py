"""The command line. Everything heavy is imported where it is used, so that help is quick."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from palaestra.agents.failures import BadInput
from palaestra.agents.limits import MOST_INTEGER
from palaestra.agents.trust import Allowed
from palaestra.sims.commands.allowing import AllowKey, AllowRemoteCode
from palaestra.sims.commands.auditing import auditing
from palaestra.sims.commands.border import guarded, require_utf8
from palaestra.sims.commands.conformance import conforming
from palaestra.sims.commands.data import data
from palaestra.sims.commands.drawing import drawing
from palaestra.sims.commands.estimating import print_estimate
from palaestra.sims.commands.judging import judging
from palaestra.sims.commands.light_mesa import promise_heavy_modules
from palaestra.sims.commands.new import new
from palaestra.sims.commands.planning import planning
from palaestra.sims.commands.population import population
from palaestra.sims.commands.repair import repairing
from palaestra.sims.commands.result import print_result
from palaestra.sims.commands.spreading import Actors, Ray, crew_of
from palaestra.sims.commands.study import study
from palaestra.sims.commands.training import training
from palaestra.sims.terminal import BOLD, say, table

if TYPE_CHECKING:
    from palaestra.scenarios.core.load import Scenario
    from palaestra.scenarios.core.sweep import Point
    from palaestra.sims.playing.crew import MakeCrew


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        say(f"palaestra {version('palaestra')}")
        raise typer.Exit


app = typer.Typer(
    name="palaestra",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with: palaestra run debate --dry-run",
)


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Tell the version.")
    ] = False,
) -> None:
    """Simulate groups of LLM agents on a local engine, and keep every word they say."""


app.add_typer(data)
app.add_typer(training)
app.add_typer(study)
app.add_typer(drawing)
app.add_typer(auditing)
app.add_typer(judging)
app.add_typer(planning)
app.add_typer(repairing)
app.add_typer(conforming)
app.add_typer(new)
app.add_typer(population, name="population")

File = Annotated[
    str, typer.Argument(metavar="FILE", help="A scenario file, or the name of a ready-made one.")
]
RunFolder = Annotated[
    Path, typer.Argument(metavar="RUN", help="The folder of a run, such as outputs/debate-….")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Set any field, such as rounds=5. Repeatable."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")]


@app.command(
    epilog="Examples: palaestra run debate -n 8 · palaestra run my.yaml --set rounds=5 --estimate · "
    "palaestra run my.yaml --allow-key OPENAI_API_KEY=gateway.example · palaestra run my.yaml --ray auto"
)
def run(
    file: File,
    episodes: Annotated[int | None, typer.Option("--episodes", "-n", min=1, help="How many to play.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=MOST_INTEGER, help="Seed of the run.")] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder. Default: a new one in outputs/.")] = None,
    settings: Settings = None,
    dry_run: Annotated[bool, typer.Option(help="Play on made-up replies, without a model.")] = False,
    estimate: Annotated[bool, typer.Option(help="Say what it would take, and don't play.")] = False,
    ray: Ray = None,
    actors: Actors = None,
    allow_key: AllowKey = None,
    allow_remote_code: AllowRemoteCode = False,
    quiet: Quiet = False,
) -> None:
    """Play a scenario."""
    allowed = Allowed.typed(allow_key or (), allow_remote_code)
    crew = crew_of(ray, actors)
    chosen = settings or []
    if episodes is not None:
        chosen.append(f"episodes={episodes}")
    if seed is not None:
        chosen.append(f"seed={seed}")
    scenario = _load(file, chosen)
    if scenario.config.sweep:
        from palaestra.scenarios.core.sweep import points

        swept = points(scenario, dry_run)
        swept_fields = {key for point in swept for key in point.settings}
        for setting in chosen:
            if setting.split("=")[0] in swept_fields:
                raise BadInput(
                    f"--set {setting}: the file's sweep sets that",
                    "Vary it there, or play without: --set 'sweep={}'",
                )
        _run_sweep(swept, out, quiet, estimate, allowed, crew)
        return
    if dry_run:
        scenario = scenario.on_scripted_engines()
    if estimate:
        print_estimate(scenario, allowed)
    else:
        from palaestra.sims.playing.play import start

        print_result(start(scenario, out, quiet, allowed=allowed, crew=crew))


@app.command(
    epilog="Examples: palaestra resume RUN · palaestra resume RUN --set episodes=100 · "
    "palaestra resume RUN --allow-key OPENAI_API_KEY=gateway.example"
)
def resume(
    folder: RunFolder,
    settings: Settings = None,
    ray: Ray = None,
    actors: Actors = None,
    allow_key: AllowKey = None,
    allow_remote_code: AllowRemoteCode = False,
    quiet: Quiet = False,
) -> None:
    """Go on with a run that was stopped; nothing recorded is asked again.

    Engines, limits, the number of episodes, how many are live, and retries may be changed with --set;
    of a sweep its limits, for all its runs.
    What was allowed when the run began has to be allowed again.
    """
    from palaestra.runs.record.folder import SWEEP
    from palaestra.sims.playing.play import resume as play_on
    from palaestra.sims.playing.sweep import resume_sweep

    allowed = Allowed.typed(allow_key or (), allow_remote_code)
    crew = crew_of(ray, actors)
    if not (folder / SWEEP).exists():
        print_result(play_on(folder, settings or [], quiet, allowed=allowed, crew=crew))
    else:
        _print_sweep(resume_sweep(folder, quiet, allowed, settings or [], crew))


@app.command(
    epilog="Examples: palaestra validate my.yaml · "
    "palaestra validate my.yaml --allow-key OPENAI_API_KEY=gateway.example"
)
def validate(
    file: File,
    settings: Settings = None,
    allow_key: AllowKey = None,
    allow_remote_code: AllowRemoteCode = False,
) -> None:
    """Check a scenario file, also that nothing in it has to be allowed first, and play nothing."""
    from palaestra.scenarios.core.sweep import points

    scenario = _load(file, settings or [])
    config = scenario.config
    swept = points(scenario) if config.sweep else []
    for each in [point.scenario for point in swept] or [scenario]:
        each.require_allowed(Allowed.typed(allow_key or (), allow_remote_code))
    say(f"{scenario.file}: a valid {config.scenario}, {config.episodes} episodes, seed {config.seed}")
    for point in swept:
        say(f"  {point.name}")


@app.command(epilog="Example: palaestra scenarios")
def scenarios() -> None:
    """List the scenarios and their ready-made files."""
    from palaestra.scenarios.core.ready_made import ready_made, summaries

    for name, summary in summaries():
        say(name, BOLD)
        say(f"  {summary}")
        for short, title in ready_made(name):
            say(f"    {short:<24} {title}")
    say("\nPlay one: palaestra run NAME · see its file: palaestra show NAME")


@app.command(epilog="Example: palaestra schema debate > debate.schema.json")
def schema(scenario: Annotated[str, typer.Argument(help="Name of a scenario, such as debate.")]) -> None:
    """Print a scenario's JSON Schema, with which editors complete and check its files."""
    import json

    from palaestra.scenarios.core.registry import SCENARIOS

    say(json.dumps(SCENARIOS[scenario].config_type.model_json_schema(), indent=2))


@app.command(epilog="Examples: palaestra show outputs/debate-… · palaestra show RUN -e 3 --call 12")
def show(
    what: Annotated[
        str, typer.Argument(metavar="RUN", help="A run folder, or a ready-made scenario's name.")
    ],
    episode: Annotated[
        int, typer.Option("--episode", "-e", min=0, max=MOST_INTEGER, help="Which episode.")
    ] = 0,
    call: Annotated[
        int | None, typer.Option(min=0, max=MOST_INTEGER, help="Show the exact prompt of this call.")
    ] = None,
    events: Annotated[bool, typer.Option("--events", help="Also tell the events of the rules.")] = False,
    thoughts: Annotated[
        bool, typer.Option("--thoughts", help="Also tell what agents thought before they answered.")
    ] = False,
    lines: Annotated[int | None, typer.Option(min=1, help="Show at most this many lines.")] = None,
) -> None:
    """Read a run: an episode's transcript, or the prompt of one call."""
    if not Path(what).is_dir():
        from palaestra.scenarios.core.ready_made import text_of

        say(text_of(what))
        return
    from palaestra.runs.audits.standing import standing
    from palaestra.runs.run import Run
    from palaestra.runs.transcript import transcript

    opened = Run(what)
    if call is not None:
        for role, text in opened.prompt(episode, call):
            say(f"[{role}]", BOLD)
            say(f"{text}\n")
        return
    for number, line in enumerate(transcript(opened, episode, events, thoughts)):
        if lines is not None and number >= lines:
            say("…")
            break
        say(line)
    for words in standing(opened.folder, opened.state, opened.tables):
        say(f"judges: {words}")


@app.command(epilog="Example: palaestra doctor")
def doctor() -> None:
    """Tell what engine, model, GPU and versions are here, and what to do about what is missing.

    The exit code is 1 when something that runs need is missing.
    """
    from palaestra.sims.commands.doctor import examine

    colours = {"ok": "green", "note": "yellow", "missing": "red"}
    found = list(examine())
    rows = [(finding.subject, finding.found, finding.remedy) for finding in found]
    table(("", "found", "what to do"), rows, style=[colours[finding.state] for finding in found])
    raise typer.Exit(any(finding.state == "missing" for finding in found))


def main() -> None:
    """The entry point: failures become one message and an exit code, never a traceback."""
    sys.exit(guarded(_command))


def _command() -> object:
    """Do what was typed; raises `BadInput` where that leads to a folder whose name is no UTF-8."""
    require_utf8(sys.argv[1:])
    promise_heavy_modules()
    return app(prog_name="palaestra", standalone_mode=False)


def _load(file: str, settings: list[str]) -> Scenario:
    from palaestra.scenarios.core.load import load
    from palaestra.scenarios.core.ready_made import find

    return load(find(file), settings)


def _run_sweep(
    swept: Sequence[Point],
    out: Path | None,
    quiet: bool,
    estimate: bool,
    allowed: Allowed,
    crew: MakeCrew | None,
) -> None:
    if estimate:
        for point in swept:
            say(point.name, BOLD)
            print_estimate(point.scenario, allowed)
        return
    from palaestra.sims.playing.sweep import start_sweep

    _print_sweep(start_sweep(swept, out, quiet, allowed, crew))


def _print_sweep(folder: Path) -> None:
    """The runs of a sweep that just ended."""
    from palaestra.runs.run import Run
    from palaestra.sims.playing.sweep import runs

    for run_folder in runs(folder):
        Run(run_folder).write_tables()
        say(f"run folder:  {run_folder}")
    say(f"compare them: palaestra compare {quote(str(folder))}")


if __name__ == "__main__":
    main()
