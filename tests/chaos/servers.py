"""A server of which a fifth of all requests is answered badly, in fifty ways: each run ends in one sitting.

What a retry or a plainer request can answer is answered, and no probability comes out of noise.
"""

from __future__ import annotations

from functools import cache
from math import isclose

from tests.chaos.case import Case, Family
from tests.chaos.child import Failed, palaestra

from palaestra.runs.record import log as run_log
from palaestra.runs.record.state import RunState
from palaestra.scenarios.core.ready_made import ready_made, summaries
from support.faulty_server import FaultyServer

WEIGHING = ("likelihood",)
"""Ready files that weigh texts, which a server doesn't: refused before they are played."""
SHARE = 0.2
MOST_FAILED = 0.01
TRUE_MASS = 0.9
"""What the options of an honest answer hold of the model's probability."""


@cache
def _files() -> list[str]:
    return [short for name, _ in summaries() for short, _ in ready_made(name) if short not in WEIGHING]


def ready_file(case: Case) -> None:
    """A ready file at a faulty server."""
    files = _files()
    file = files[case.index % len(files)]
    case.note(file)
    case.folder.mkdir(parents=True)
    server = FaultyServer(SHARE, seed=case.chance.randrange(2**31))
    engine = f"engines={{default: {{kind: openai, model: m, url: '{server.url}', key_variable: null}}}}"
    words = ("run", file, "--out", "run", "--quiet", "--set", engine, "--set", "sweep={}")
    try:
        palaestra(*words, cwd=case.folder).well()
    finally:
        server.stop()
    run = case.folder / "run"
    state = RunState.read(run)
    if state.status != "finished" or len(state.sittings) != 1:
        raise Failed(f"{file} is {state.status} after {len(state.sittings)} sittings")
    calls = [each for each in run_log.read(run) if each["record"] == "call"]
    failed = sum(bool(call.get("failed")) for call in calls)
    if failed > MOST_FAILED * len(calls):
        raise Failed(f"{failed} of {len(calls)} calls failed")
    for call in calls:
        if ("mass" in call) != ("probabilities" in call) or not isclose(
            call.get("mass", TRUE_MASS), TRUE_MASS
        ):
            raise Failed(f"call {call['call']} has probabilities out of noise")


FAMILIES: dict[str, Family] = {"ready file": ready_file}
