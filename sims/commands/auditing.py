"""`palaestra audit-judges`: whether judges know right from wrong, found out on planted pairs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from palaestra.agents.failures import LimitReached
from palaestra.agents.limits import MOST_INTEGER
from palaestra.agents.trust import Allowed
from palaestra.sims.commands.allowing import AllowKey, AllowRemoteCode
from palaestra.sims.terminal import say, table

if TYPE_CHECKING:
    from palaestra.metrics.intervals import Estimate
    from palaestra.metrics.judge_audit import AuditFigures
    from palaestra.scenarios.core.load import Scenario
    from palaestra.sims.playing.audit import Tried

auditing = typer.Typer()

PAIRS, MOST_PAIRS = 500, 20_000
HEADS = ("judge", "right", "AUC", "ECE", "both orders", "position", "length", "style", "mass")
LEAST_WIDTH = 160
UNAUDITED_SELF = "self-preference: not measured; it takes answers that judges wrote themselves, as a run has"


@auditing.command(
    name="audit-judges",
    epilog="Examples: palaestra audit-judges sparta · palaestra audit-judges RUN · "
    "palaestra audit-judges my.yaml --pairs 100 --mode pairwise · palaestra audit-judges sparta --dry-run",
)
def audit_judges(
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE|RUN", help="A scenario file, the name of a ready-made one, or a run's folder."
        ),
    ],
    pairs: Annotated[
        int, typer.Option(min=1, max=MOST_PAIRS, help="How many planted pairs; fewer tell less.")
    ] = PAIRS,
    mode: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this way of judging, such as pairwise. Repeatable. Default: all; claims only with "
            "--set judging=claims, as each takes a call more."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=MOST_INTEGER, help="Of the planted pairs.")] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Set any field, such as limits.minutes=30."),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Ask for made-up replies, without a model.")] = False,
    allow_key: AllowKey = None,
    allow_remote_code: AllowRemoteCode = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only the result.")] = False,
) -> None:
    """Put pairs of a right and a wrong answer to the judges of a file or run, and tell what they know.

    The pairs are made by a program, which knows the truth: arithmetic, logic, facts in a text, the form of
    an answer. Each judge is asked in its own words, in each way of judging. What is found is kept, and stands
    beside the results of these judges from then on.
    """
    from palaestra.runs.audits.kept import keep
    from palaestra.runs.audits.own_answers import of_themselves
    from palaestra.scenarios.parts.planted import planted_pairs
    from palaestra.sims.playing.audit import audit, modes_of

    scenario, run = _scenario(what, settings or [])
    if dry_run:
        scenario = scenario.on_scripted_engines()
    modes = modes_of(scenario, mode or ())
    allowed = Allowed.typed(allow_key or (), allow_remote_code)
    try:
        kept = partial(keep, run=run)
        tried = audit(scenario, modes, planted_pairs(pairs, seed), seed, quiet, allowed, kept)
    except LimitReached as reached:
        reached.remedy = f"Raise it with: --set {reached.raised}"
        raise
    for name in modes:
        _print_mode(name, [one for one in tried if one.judge.mode == name])
    for words in of_themselves(run) if run is not None else (UNAUDITED_SELF,):
        say(words)
    if dry_run:
        say("These are made-up replies: what they say of judges is nothing.")


def _scenario(what: str, settings: Sequence[str]) -> tuple[Scenario, Path | None]:
    """The scenario that is meant, and the folder of the run where it is one."""
    from palaestra.scenarios.core.load import check, load, override
    from palaestra.scenarios.core.ready_made import find

    if not Path(what).is_dir():
        return load(find(what), settings), None
    from palaestra.runs.record.state import RunState

    run = Path(what)
    state = RunState.read(run)
    data = state.settings
    return check(data, str(run / state.file_name), override(data, settings)), run


def _print_mode(mode: str, tried: Sequence[Tried]) -> None:
    """The table of one way of judging, and what it comes to; judges that are one have one row."""
    from palaestra.metrics.judge_audit import audit_figures, panel_table
    from palaestra.runs.audits.standing import called, in_words, panel_in_words
    from palaestra.runs.audits.verdict import percent

    names = called([each.judge for each in tried])
    rows, told = [], []
    audits, abstain = [each.audit for each in tried], tried[0].judge.abstains
    for audit in {each.fingerprint: each for each in audits}.values():
        name, figures = names[audit.fingerprint], audit_figures(audit.table, audit.beside, abstain)
        rows.append(_row(name, figures, audit.mass))
        told.append(f"{name}: {in_words(audit, abstain)}")
        told.append("  " + ", ".join(f"{kind} {percent(share)}" for kind, share in figures.by_kind.items()))
    if len(tried) > 1:
        panel = panel_table([each.table for each in audits], abstain)
        rows.append(_row(f"panel of {len(tried)}", audit_figures(panel, audits[0].beside), None))
        told.append(f"panel of {len(tried)}: {panel_in_words(audits, abstain)}")
    table(HEADS, rows, mode, right=HEADS[1:], least_width=LEAST_WIDTH)
    for words in told:
        say(words)
    say()


def _row(name: str, found: AuditFigures, mass: float | None) -> tuple[str, ...]:
    from palaestra.runs.audits.verdict import percent, signed

    def told(estimate: Estimate | None, how: str = "share") -> str:
        if estimate is None:
            return "–"
        if how == "area":
            low, high = estimate.interval() or (0.0, 1.0)
            return f"{estimate.value:.2f} [{max(low, 0):.2f}, {min(high, 1):.2f}]"
        return percent(estimate) if how == "share" else signed(estimate)

    return (
        name,
        told(found.accuracy),
        told(found.area, "area"),
        "–" if found.calibration is None else f"{found.calibration:.2f}",
        told(found.consistency),
        told(found.position, "sway"),
        told(found.length, "sway"),
        told(found.style, "sway"),
        "–" if mass is None else f"{100 * mass:.2g} %",
    )
