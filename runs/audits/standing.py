"""What is known of a run's judges, for all who read its results: their audits' verdicts, or that none is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote

import polars as pl

from palaestra.agents.failures import BadInput, ExtensionFault, PalaestraError
from palaestra.metrics.judge_audit import TIE, audit_figures, effective_judges, panel_table, without_flips
from palaestra.runs.audits.fingerprint import KnownJudge, known_judges
from palaestra.runs.audits.kept import JudgeAudit, find, places
from palaestra.runs.audits.verdict import faults, verdict
from palaestra.runs.exports.described import Described
from palaestra.runs.record.state import RunState
from palaestra.scenarios.core.load import check

NOT_AUDITED = "not audited"
ONE = "judges are one"
JUDGED = {
    "judgement": (("contest", "contestant"), "score", "points", "answers"),
    "comparison": (("contest", "first", "second"), "first_better", "of a probability", "comparisons"),
}
"""What judges of a tournament say: of what, which column, its unit, and how it is called."""
JUDGES = {"judge", "reviewer"}
"""What columns are called that say who judged."""
UNTRIED = "no audit can try judges of this scenario yet"


def standing(folder: Path, state: RunState, tables: dict[str, pl.DataFrame] | None = None) -> list[str]:
    """What is known of a run's judges, a line each; none where nobody judged.

    Args:
        folder: of the run.
        state: what its `run.json` says.
        tables: of the run, to tell whether anybody judged. Default: taken for granted.
    """
    if tables is not None and not any(len(t) for t in tables.values() if JUDGES & {*t.columns}):
        return []
    try:
        scenario = check(state.settings, str(folder / state.file_name))
        modes = list(scenario.rules.trials(scenario.config))
    except (BadInput, ExtensionFault):
        return [NOT_AUDITED]
    if not modes:
        nobody = getattr(scenario.config, "judging", "") == "none"
        return [] if nobody else [f"{NOT_AUDITED}: {UNTRIED}"]
    engines = state.sittings[-1].engines if state.sittings else {}
    judges = known_judges(scenario.rules, scenario.config, modes[0], engines)
    audits = [find(judge.fingerprint, places(folder)) for judge in judges]
    names = called(judges)
    apart = [
        *_apart(tables or {}),
        *(f"numbers of the engine {n!r} move by {told}" for n, told in state.noise.items()),
    ]
    if not any(audits):
        ones = [name for name in names.values() if ONE in name]
        return [f"{NOT_AUDITED} (palaestra audit-judges {quote(str(folder))})", *ones, *apart]
    of = {judge.fingerprint: audit for judge, audit in zip(judges, audits, strict=True)}
    abstain = judges[0].abstains
    told = [f"{names[key]}: {NOT_AUDITED if a is None else in_words(a, abstain)}" for key, a in of.items()]
    known = [audit for audit in audits if audit is not None]
    if len(judges) > 1 and len(known) == len(judges):
        told.append(f"panel of {len(judges)}: {panel_in_words(known, abstain)}")
    return [*told, *apart]


def _apart(tables: Mapping[str, pl.DataFrame]) -> Iterator[str]:
    """How much the judges of a run differ where several judged the same."""
    for name, (of, value, unit, what) in JUDGED.items():
        if name not in tables or not {*of, value} <= set(tables[name].columns):
            continue
        same = tables[name].drop_nulls(value).group_by("episode", *of, "judge").agg(pl.col(value).mean())
        spread = (
            same.group_by("episode", *of)
            .agg(judges=pl.len(), spread=pl.col(value).max() - pl.col(value).min())
            .filter(pl.col("judges") > 1)["spread"]
        )
        if len(spread):
            differ = f"they differ on {(spread > TIE).sum()} of {len(spread)} {what}"
            yield f"{differ}, by {float(spread.to_numpy().mean()):.2g} {unit} on average"


def standing_of(described: Described) -> list[str]:
    """What is known of the judges behind an export: now, where its runs are there; else as it was then."""
    told: list[str] = []
    for run in described.runs:
        try:
            told += standing(run, RunState.read(run)) if described.judges else []
        except PalaestraError:
            return list(described.judges)
    return list(dict.fromkeys(told))


def in_words(audit: JudgeAudit, abstains: bool = False) -> str:
    """The verdict of an audit with the faults that it shows, and in which way of judging.

    Args:
        audit: of a judge.
        abstains: whether that judge counts for nothing where it flips with the order.
    """
    figures = audit_figures(audit.table, audit.beside, abstains)
    wrong = [fault for fault in faults(figures, audit.mass, audit.leaks) if not fault.startswith("inverted")]
    made_up = "made-up replies, " if audit.engine.get("kind") == "scripted" else ""
    return "; ".join([f"{made_up}{verdict(figures)} ({audit.mode})", *wrong])


def panel_in_words(audits: Sequence[JudgeAudit], abstains: bool = False) -> str:
    """The verdict on the judges' mean, and how many independent judges they are worth; see `in_words`."""
    if len({(audit.seed, audit.battery, len(audit.table)) for audit in audits}) > 1:
        return f"{NOT_AUDITED}: its judges were tried on different pairs"
    tables, beside = [audit.table for audit in audits], audits[0].beside
    figures = audit_figures(panel_table(tables, abstains), beside)
    worth = effective_judges([without_flips(table) for table in tables] if abstains else tables, beside)
    count = "" if worth is None else f"; worth {worth:.1f} independent judges"
    return f"{verdict(figures)} ({audits[0].mode}){count}"


def called(judges: Sequence[KnownJudge]) -> dict[str, str]:
    """What each judge is called, by fingerprint: those that are one by all their names, which is told."""
    groups: dict[str, list[str]] = {}
    for judge in judges:
        groups.setdefault(judge.fingerprint, []).append(judge.name)
    return {
        key: ", ".join(names) + (f" (these {len(names)} {ONE})" if len(names) > 1 else "")
        for key, names in groups.items()
    }
