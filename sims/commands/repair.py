"""`palaestra repair`: what of a damaged run is sound, and leaving just that."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from palaestra.sims.terminal import say

if TYPE_CHECKING:
    from palaestra.runs.record.repair import Survey

repairing = typer.Typer()


@repairing.command(epilog="Examples: palaestra repair RUN · palaestra repair RUN --write")
def repair(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a damaged run.")],
    write: Annotated[bool, typer.Option("--write", help="Leave only what is sound in its log.")] = False,
) -> None:
    """Tell what of a run's log is sound, and with --write leave just that.

    The damaged log is kept beside it as log.damaged-1.jsonl. An episode that isn't sound to its end goes on
    from its last sound record with `palaestra resume`. The exit code is 1 while there is damage.
    """
    from palaestra.runs.record.repair import of_all_logs, survey
    from palaestra.runs.record.repair import repair as mend

    found = of_all_logs(folder, mend if write else survey)
    if all(each.well for each in found.values()):
        begun = sum(each.episodes for each in found.values())
        say(f"{folder}: all {begun} episodes that have begun are sound")
        return
    for place, each in found.items():
        if not each.well:
            for line in _told(each):
                say(line if place == folder else f"{place.relative_to(folder)}: {line}")
    if write:
        say(f"repaired: {folder}\ngo on with: palaestra resume {quote(str(folder))}")
    else:
        say(f"leave what is sound: palaestra repair {quote(str(folder))} --write")
        raise typer.Exit(1)


def _told(found: Survey) -> list[str]:
    """What was found, in words."""
    sound = found.episodes - len(found.losses)
    lines = [f"sound to their ends: {sound} of {found.episodes} episodes that have begun"]
    lines += [
        f"episode {loss.episode}: {loss.kept} records are sound, {loss.lost} after them are lost"
        for loss in found.losses
    ]
    if found.strangers:
        places = ", ".join(map(str, found.strangers[:9])) + (", …" if len(found.strangers) > 9 else "")
        lines.append(f"lines that are no record, or one that is there already: at byte {places}")
    if found.moved:
        lines.append(f"out of order, and put right: {found.moved} records")
    if found.others:
        lines.append(f"other episodes than run.json tells of: {', '.join(map(str, found.others))}")
    return lines
