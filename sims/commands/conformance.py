"""`palaestra conformance`: what a server or a local model can do, found out by asking it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from palaestra.agents.failures import BadInput
from palaestra.agents.trust import Allowed
from palaestra.sims.commands.allowing import AllowKey, AllowRemoteCode
from palaestra.sims.terminal import DIM, say, table

if TYPE_CHECKING:
    from palaestra.agents.engine import EngineSettings

COLOURS = {"yes": "green", "partly": "yellow", "no": "red", "not tried": "dim"}

conforming = typer.Typer()


@conforming.command(
    epilog="Examples: palaestra conformance smollm2 · "
    "palaestra conformance http://127.0.0.1:8000/v1 --model Qwen/Qwen3-4B --set key_variable=null · "
    "palaestra conformance https://api.openai.com/v1 --model gpt-5-mini"
)
def conformance(
    what: Annotated[
        str,
        typer.Argument(metavar="URL|MODEL", help="A server's address with its /v1, or a model for vLLM."),
    ],
    model: Annotated[str | None, typer.Option(help="The model's name as the server knows it.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A field of the engine, such as context=4096."),
    ] = None,
    float32: Annotated[
        bool,
        typer.Option(
            "--float32",
            help="Also start the model in float32 afterwards, to measure what its number format rounds.",
        ),
    ] = False,
    allow_key: AllowKey = None,
    allow_remote_code: AllowRemoteCode = False,
) -> None:
    """Ask a server or a model some 140 small calls, and tell what it can do.

    Constraints, probabilities and their noise, seeds, thoughts, counts, overlong prompts, adapters: each as
    it was seen, not as it is documented. A hosted model is paid for it: about 7,000 tokens, and one prompt
    that is too long. How much its numbers move is kept: runs note it, and exports take smaller margins for
    ties.
    """
    import asyncio

    from palaestra.agents.engine import require_allowed

    allowed = Allowed.typed(allow_key or (), allow_remote_code)
    engine = _engine(what, model, settings or [])
    require_allowed({"default": engine}, allowed)
    if float32 and engine.kind != "vllm":
        raise BadInput("--float32: a server's number format is its own", "Leave it out.")
    exact = engine.model_copy(update={"dtype": "float32"}) if float32 else None
    asyncio.run(_examine(engine, what, allowed, exact))


def _engine(what: str, model: str | None, chosen: list[str]) -> EngineSettings:
    """The settings of the engine that is meant."""
    from pydantic import ValidationError

    from palaestra.agents.declared import Where, tell
    from palaestra.agents.engine import ENGINES
    from palaestra.scenarios.core.load import override

    server = what.startswith(("http://", "https://"))
    if server and model is None:
        raise BadInput("a server has to be told which model is meant", "Name it: --model NAME")
    if not server and model is not None:
        raise BadInput(f"--model is a server's, and {what} is no address", "Leave one of the two off.")
    settings = {"kind": "openai", "url": what, "model": model} if server else {"kind": "vllm", "model": what}
    overridden = override(settings, chosen)
    kind = ENGINES[str(settings["kind"])].settings
    try:
        return kind.model_validate(settings)
    except ValidationError as error:
        where = Where(what, settings, overridden)
        raise BadInput("\n".join(tell(problem, kind, where) for problem in error.errors())) from error


async def _examine(
    settings: EngineSettings, what: str, allowed: Allowed, exact: EngineSettings | None
) -> None:
    from palaestra.sims.engines.battery import POLICIES, examined
    from palaestra.sims.engines.fleet import build

    said: list[str] = []
    found = []
    async for finding in examined(settings, build(settings, POLICIES), said.append, allowed, exact):
        found.append(finding)
        say(f"{finding.what}: {finding.can}", DIM, to=sys.stderr)
    rows = [(finding.what, finding.can, finding.seen) for finding in found]
    table(
        (what, "", "what was seen"), rows, style=[COLOURS[finding.can] for finding in found], least_width=110
    )
    for words in dict.fromkeys(said):
        say(words)
