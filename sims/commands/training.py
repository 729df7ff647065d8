"""The commands that turn training data into adapters, and a tribe into a better one."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from palaestra.agents.failures import BadInput
from palaestra.agents.trust import Allowed
from palaestra.sims.commands.allowing import AllowKey, AllowRemoteCode
from palaestra.sims.commands.data import Export, Quiet, print_table, unused
from palaestra.sims.commands.listing import listing
from palaestra.sims.terminal import say

if TYPE_CHECKING:
    from pydantic import BaseModel

    from palaestra.agents.policy import Settings
    from palaestra.sims.training.evolve import Evolution

SomeSettings = TypeVar("SomeSettings", bound="Settings")

training = typer.Typer()

TrainOptions = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Of the training, such as epochs=2. Repeatable."),
]


def _methods() -> list[str]:
    from palaestra.sims.training.methods import trainable

    return [f"Methods: {', '.join(trainable())}."]


@training.command(
    cls=listing(_methods),
    epilog="Examples: palaestra train EXPORT --out adapters/a · palaestra train EXPORT --method kto "
    "--policy a --out adapters/a --set learning_rate=0.0002 --set epochs=2",
)
def train(
    folder: Export,
    out: Annotated[Path, typer.Option(help="Folder of the adapter, which a scenario's policy can name.")],
    method: Annotated[
        str,
        typer.Option(
            help="What trains, on the export's rows of its name; simpo and mnpo on those of dpo, pro on "
            "ranked, cut on critiques."
        ),
    ] = "dpo",
    policy: Annotated[
        str | None, typer.Option(help="Which of the export's policies; needed where they differ.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Train this model instead of a policy's.")] = None,
    adapter: Annotated[
        Path | None, typer.Option(help="Go on from this LoRA adapter. Default: the policy's.")
    ] = None,
    settings: TrainOptions = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a training that was stopped.")] = False,
    quiet: Quiet = False,
) -> None:
    """Train a LoRA adapter on an export."""
    from palaestra.sims.training.settings import TrainSettings
    from palaestra.sims.training.train import train as train_adapter

    train_adapter(
        folder,
        out,
        method=method,
        policy=policy,
        model=model,
        adapter=adapter,
        settings=_checked(TrainSettings, settings or []),
        resume=resume,
        quiet=quiet,
    )
    say(f"adapter: {out}")
    say(f"play with it: palaestra run SCENARIO --set policies.NAME.adapter={out}")


@training.command(
    cls=listing(_methods),
    epilog="Examples: palaestra evolve evolve-demo · palaestra evolve my.yaml --generations 3 --by truth "
    "--set train.epochs=2 · palaestra evolve outputs/evolution-… (go on)",
)
def evolve(
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A duel with held-out instructions; or the folder of an evolution, to go on."
        ),
    ],
    generations: Annotated[
        int | None, typer.Option("--generations", "-g", min=1, help="How often to train. Default: 2.")
    ] = None,
    by: Annotated[
        Literal["panel", "truth"] | None,
        typer.Option(
            help="What makes an answer good: the panel, or truth (the file's check). Default: panel."
        ),
    ] = None,
    method: Annotated[str | None, typer.Option(help="How policies are trained. Default: dpo.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder. Default: a new one in outputs/.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Such as train.epochs=2 or margin=1. Repeatable."),
    ] = None,
    allow_key: AllowKey = None,
    allow_remote_code: AllowRemoteCode = False,
    quiet: Quiet = False,
) -> None:
    """Play, export, train every policy of the tribe, and play again.

    Ends with the success on held-out instructions after each generation, against the beginning.
    """
    from palaestra.scenarios.core.load import load
    from palaestra.scenarios.core.ready_made import find
    from palaestra.sims.training.evolve import Evolution, EvolveSettings

    def told(words: str) -> None:
        if not quiet:
            say(words)

    allowed = Allowed.typed(allow_key or (), allow_remote_code)
    options = {"generations": generations, "by": by, "method": method}
    named = [f"{name}={value}" for name, value in options.items() if value is not None] + (settings or [])
    if Path(what).is_dir():
        if named or out:
            raise BadInput(
                "an evolution goes on as it was begun", f"Say only: palaestra evolve {quote(str(what))}"
            )
        evolution = Evolution.open(Path(what), told, quiet, allowed)
    else:
        chosen = _checked(EvolveSettings, named)
        folder = out or unused(Path("outputs"), f"evolution-{Path(what).stem}")
        evolution = Evolution(folder, load(find(what)), chosen, told, quiet, allowed)
        evolution.begin()
    evolution.run()
    _print_evolution(evolution)


def _print_evolution(evolution: Evolution) -> None:
    from palaestra.sims.training.evolution_table import rows, sentence

    columns = [
        "generation",
        "pairs",
        "policy",
        "answers",
        "success",
        "95 % interval",
        "gain",
        "95 % interval",
    ]
    print_table(f"held-out success; pairs by {evolution.settings.by}", columns, rows(evolution))
    say(sentence(evolution))
    say(f"evolution: {evolution.folder}")


def _checked(model: type[SomeSettings], settings: list[str]) -> SomeSettings:
    """The settings that `key=value` words make; raises `BadInput` that names the fields there are."""
    from pydantic import ValidationError

    from palaestra.scenarios.core.load import override

    values: dict[str, Any] = {}
    override(values, settings)
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise BadInput(f"--set {field}: {first['msg']}", f"Fields: {', '.join(_fields(model))}.") from error


def _fields(model: type[BaseModel], within: str = "") -> list[str]:
    """The fields that can be set, with those inside them."""
    from palaestra.agents.policy import Settings

    found = []
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Settings):
            found += _fields(kind, f"{within}{name}.")
        else:
            found.append(f"{within}{name}")
    return found
