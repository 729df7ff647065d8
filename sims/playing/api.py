"""Playing from Python: what `palaestra run`, `resume` and `validate` do, as functions that return values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from palaestra.agents.trust import NOTHING, Allowed
from palaestra.runs.run import Run
from palaestra.scenarios.core import load as loading
from palaestra.scenarios.core.load import Scenario
from palaestra.scenarios.core.ready_made import find
from palaestra.sims.playing import play as playing


def load(name: str | Path, settings: Sequence[str] = (), dry_run: bool = False) -> Scenario:
    """The scenario in a file, or a ready-made one by its name, checked.

    Args:
        name: of the file, or of a ready-made one, such as "debate".
        settings: `key=value` overrides, such as "rounds=5".
        dry_run: play it on made-up replies, without a model.

    Raises:
        BadInput: there is none, or anything is wrong with it.
    """
    scenario = loading.load(find(str(name)), settings)
    return scenario.on_scripted_engines() if dry_run else scenario


def play(
    scenario: Scenario | str | Path,
    settings: Sequence[str] = (),
    *,
    out: Path | str | None = None,
    dry_run: bool = False,
    quiet: bool = False,
    allowed: Allowed = NOTHING,
) -> Run:
    """Play a scenario into a new run folder; the finished run.

    Args:
        scenario: loaded, or what `load` takes.
        settings: overrides, see `load`; only for a scenario that is not loaded yet.
        out: the run folder; by default a new one in `outputs/`.
        dry_run: play on made-up replies, without a model.
        quiet: no progress.
        allowed: what the engines may do that no file can allow, such as
            `Allowed(keys=frozenset({("MY_KEY", "gateway.example")}))` or `Allowed(remote_code=True)`.

    Raises:
        BadInput: see `load`; or `out` is in use, or the scenario is a sweep, or its engines need more than
            is allowed.
        PalaestraError: what went wrong; what was recorded until then can be resumed.
    """
    if not isinstance(scenario, Scenario):
        scenario = load(scenario, settings)
    elif settings:
        raise TypeError("settings change what is loaded: load(name, settings)")
    if dry_run:
        scenario = scenario.on_scripted_engines()
    return Run(playing.start(scenario, None if out is None else Path(out), quiet, allowed=allowed))


def resume(
    run: Run | Path | str,
    settings: Sequence[str] = (),
    *,
    quiet: bool = False,
    allowed: Allowed = NOTHING,
) -> Run:
    """Play on a run that was stopped; nothing recorded is asked again.

    Args:
        run: the run or its folder.
        settings: changes of the engines, of `limits`, `episodes`, `live` or `retries`.
        quiet: no progress.
        allowed: see `play`; what was allowed before isn't kept.

    Raises:
        PalaestraError: see `palaestra.sims.playing.play.resume`.
    """
    folder = run.folder if isinstance(run, Run) else Path(run)
    return Run(playing.resume(folder, settings, quiet, allowed=allowed))
