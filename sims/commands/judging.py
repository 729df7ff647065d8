"""`palaestra judge`: finished episodes of one task compared side by side by judges."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from palaestra.agents.failures import BadInput
from palaestra.agents.limits import MOST_INTEGER
from palaestra.agents.trust import Allowed
from palaestra.sims.commands.allowing import AllowKey, AllowRemoteCode
from palaestra.sims.commands.estimating import print_estimate
from palaestra.sims.commands.result import print_result
from palaestra.sims.terminal import say

if TYPE_CHECKING:
    from palaestra.scenarios.core.load import Scenario

judging = typer.Typer()

KIND = "trajectory_ranking"
SIZE, MOST_SIZE = 4, 20


@judging.command(
    epilog="Examples: palaestra judge RUN · palaestra judge RUN --by referee --size 3 · palaestra judge RUN "
    "OTHER --group seed --with judges.yaml · palaestra judge RUN --dry-run"
)
def judge(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Folders of runs of one scenario.")],
    by: Annotated[
        str | None,
        typer.Option(
            metavar="POLICY",
            help="The policy of the first run whose model judges. Default: its only one.",
        ),
    ] = None,
    given: Annotated[
        Path | None,
        typer.Option(
            "--with",
            metavar="FILE",
            help=f"A file of {KIND} whose engines, policies, judges and settings are taken, such as what "
            "`palaestra show whole-episodes` prints; what it compares is left out.",
        ),
    ] = None,
    group: Annotated[
        Literal["topic", "seed"],
        typer.Option(
            help="What is compared: episodes on the same topic (item of a list), or with the same seed, as "
            "runs have that differ in their models."
        ),
    ] = "topic",
    size: Annotated[
        int, typer.Option(min=2, max=MOST_SIZE, help="Most episodes in a group; all are read in one prompt.")
    ] = SIZE,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=MOST_INTEGER,
            help="Of who meets whom, and of the orders of reading. Default: the FILE's, else 0.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder. Default: a new one beside the first run.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Set any field, such as repeats=2. Repeatable."),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Judge by made-up replies, without a model.")] = False,
    estimate: Annotated[bool, typer.Option(help="Say what it would take, and don't judge.")] = False,
    allow_key: AllowKey = None,
    allow_remote_code: AllowRemoteCode = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")] = False,
) -> None:
    """Compare whole episodes: judges read several of one task side by side, in both orders, and score each.

    A judge is shown what was said, and none of the thoughts, notes and private answers. The result is a run
    beside the one that is judged: with tables and metrics, and `palaestra export` makes pairs of it whose
    chosen and rejected answers are whole trajectories.
    """
    from palaestra.sims.commands.data import unused
    from palaestra.sims.playing.play import start

    _require_one_kind(runs)
    if by is not None and given is not None:
        raise BadInput("--by and --with both say who judges", "Leave one of them out.")
    data, file = _from_run(runs[0], by) if given is None else _from_file(given)
    chosen = data.get("seed", 0) if seed is None else seed
    compared = _compared(runs, group, size, chosen if isinstance(chosen, int) else 0)
    compared["seed"] = chosen
    scenario = _checked(data | compared, file, settings or [])
    if dry_run:
        scenario = scenario.on_scripted_engines()
    allowed = Allowed.typed(allow_key or (), allow_remote_code)
    if estimate:
        print_estimate(scenario, allowed)
        return
    beside = runs[0].resolve()
    folder = start(scenario, out or unused(beside.parent, f"{beside.name}-judged"), quiet, allowed=allowed)
    print_result(folder)
    _tell_too_long(folder, size)
    say(f"make pairs of it: palaestra export {quote(str(folder))} --pairs all")


def _compared(runs: list[Path], group: Literal["topic", "seed"], size: int, seed: int) -> dict[str, Any]:
    """The fields of the file that say what is compared; says how much that is."""
    from palaestra.runs.whole_episodes import as_declared, finished_episodes, grouped

    found = finished_episodes(runs)
    episodes = found.episodes
    groups = grouped(episodes, group, size, seed)
    if not groups:
        raise BadInput(
            f"none of the {len(episodes)} episodes has another of the same {group} and task to be compared "
            "with",
            "Play more episodes, name more runs, or group by the other: --group topic, --group seed.",
        )
    alone = len(episodes) - sum(map(len, groups))
    left_out = f"; {alone} left out, without another of the same {group} and task" if alone else ""
    say(f"{len(episodes) - alone} episodes in {len(groups)} groups{left_out}")
    if found.strange:
        say(f"{found.strange} lines left out that were heard as an agent's and that no model said")
    return {
        "episodes": len(groups),
        "groups": [as_declared(each) for each in groups],
        "authors": found.authors,
    }


def _tell_too_long(folder: Path, size: int) -> None:
    from palaestra.agents.calls import OVERFLOW
    from palaestra.runs.run import Run

    calls = Run(folder).calls
    long = calls.filter(calls["finish"] == OVERFLOW)["episode"].n_unique()
    if long:
        remedy = f"--size {size - 1}, or less" if size > 2 else "a judge with a longer context"
        say(f"{long} groups were too long for a judge's context and count as failed; judge with {remedy}")


def _checked(data: dict[str, Any], file: str, settings: list[str]) -> Scenario:
    from palaestra.agents.declared import Where
    from palaestra.scenarios.core.load import check, override, refuse_moot

    overridden = override(data, settings)
    scenario = check(data, file, overridden)
    refuse_moot(scenario, Where(file, data, overridden))
    return scenario


def _require_one_kind(runs: list[Path]) -> None:
    from palaestra.runs.record.state import RunState

    kinds = {RunState.read(run).kind for run in runs}
    if len(kinds) > 1:
        raise BadInput(
            f"these are runs of different scenarios: {', '.join(sorted(kinds))}",
            "Compare episodes of one scenario.",
        )
    if kinds == {KIND}:
        raise BadInput(f"{runs[0]} compares episodes itself", "Judge the run whose episodes it compares.")


def _from_run(run: Path, by: str | None) -> tuple[dict[str, Any], str]:
    """A file with one judge, whom a policy of the run plays."""
    from palaestra.runs.record.state import RunState

    state = RunState.read(run)
    policies = state.settings["policies"]
    known = ", ".join(policies)
    if by is None and len(policies) > 1:
        raise BadInput(f"{run} has several policies: {known}", "Say which judges: --by POLICY")
    name = next(iter(policies)) if by is None else by
    if name not in policies:
        raise BadInput(f"--by {name}: {run} has no policy of that name", f"It has: {known}.")
    engine = policies[name].get("engine", "default")
    data = {
        "scenario": KIND,
        "title": f"whole episodes of {run.resolve().name} compared",
        "engines": {engine: state.settings["engines"][engine]},
        "policies": {name: policies[name]},
        "judges": [{"name": "Judge", "policy": name}],
    }
    return data, str(run / state.file_name)


def _from_file(file: Path) -> tuple[dict[str, Any], str]:
    """What a file of judges says, whatever it compares."""
    from palaestra.agents.declared import parse
    from palaestra.scenarios.core.ready_made import find

    path, begin = find(str(file)), f"scenario: {KIND}"
    data: Mapping[str, Any] = parse(path, "a scenario file", listed="palaestra scenarios", begin=begin)
    if data.get("scenario") != KIND:
        raise BadInput(
            f"{path}: this is no file of judges that compare whole episodes", f"Begin with: {begin}"
        )
    return dict(data), str(path)
