"""What a kind of engine declares: its settings, the class that answers, and what others ask of both.

Ours are the modules of `palaestra.agents.engines`. Another package adds its own by an entry point in the
group `palaestra.engines`: `echo = "mypackage.echo:ENGINE"`, an `EngineKind`. The class that answers keeps
the protocol `Engine` of `palaestra.sims.engines.engine`. `palaestra new engine` writes such a package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from palaestra.agents.budget import Prices
from palaestra.agents.calls import Prompt
from palaestra.agents.extensions import Extensions, Place, border, fault, loaded
from palaestra.agents.failures import BadInput
from palaestra.agents.policy import Policy, Settings
from palaestra.agents.trust import Allowed, Need

DEFAULT = "vllm"
"""The kind of an engine whose settings name none."""


class EngineSettings(Settings):
    """What a scenario file may set of an engine; each kind adds its fields, `kind` with its name first.

    Where there is a field `model`, it is told as the author in exports; where there is one
    `template_options`, training hands it to the model's chat template.
    """

    serves_adapters: ClassVar[bool] = False
    """Whether policies may name LoRA adapters for the model."""
    free: ClassVar[bool] = False
    """Whether its tokens cost nothing where no `prices` are given, as of a model on this machine."""

    paces_itself: ClassVar[bool] = False
    """Whether its class holds each request to the rates; else each attempt at a call is held to them."""

    thinks: ClassVar[bool] = True
    """Whether policies may leave it to the model to think in its own way (`think: native`); what comes back
    of a thought is told apart in any case."""

    weighs_texts: ClassVar[bool] = False
    """Whether its class tells how probable given texts are as the answer to a prompt: it answers `Likelihood`
    and weighs the options of a choice as whole answers where a policy says `normalise: answer`."""

    kind: str
    context: int | None = Field(
        None,
        ge=1,
        description="Longest prompt plus answer, tokens, which memories must fit. Default: not known before.",
    )
    max_restarts: int = Field(3, ge=0, description="How often in a row an engine that died is started again.")
    prices: Prices | None = Field(
        None, description="What its tokens cost, per million, for `limits.spend`, estimates and summaries."
    )
    requests_per_minute: int | None = Field(
        None, ge=1, description="Most requests a minute, evenly spaced. Default: any number."
    )
    tokens_per_minute: int | None = Field(
        None,
        ge=1,
        description="Most tokens a minute, of prompts and answers together; an answer counts at its longest "
        "until it is there. Default: any number.",
    )

    def local_model(self) -> str | None:
        """The model, where it computes on this machine: estimates take its tokenizer and its last speed."""
        return None

    def gpus(self) -> int:
        """How many GPUs it wants to itself, where there are some; on a cluster it is placed by that."""
        return 0

    def needs(self) -> Iterator[Need]:
        """What a person has to allow before such an engine is built, see `palaestra.agents.trust`.

        A kind that sends a key to an address of the file, or runs code that the file names, tells it here.
        """
        return iter(())


@dataclass(frozen=True, slots=True)
class EngineKind:
    """A kind of engine.

    Attributes:
        settings: what a file may set of it.
        engine: the class that answers, made of the settings and the policies, by name, that it answers
            for; or where it is, as "module:Class", so that it is imported only where an engine is built.
        encoder: makes, of the settings, what gives the token ids of a prompt as this engine's model gets
            them, without starting it; or where it is. None where nobody else can tell: then there are
            no rollouts to export.

    Raises:
        TypeError: `settings` have no `kind` of their own.
    """

    settings: type[EngineSettings]
    engine: str | Callable[[Any, Mapping[str, Policy]], object]
    encoder: str | Callable[[Any], Callable[[Prompt], list[int]]] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.settings.model_fields["kind"].default, str):
            name = self.settings.__name__
            raise TypeError(f'{name} has no name of its own; give it one: kind: Literal["mine"] = "mine"')

    @property
    def name(self) -> str:
        """What a file's `kind` says."""
        return str(self.settings.model_fields["kind"].default)


def _kind(place: Place) -> EngineKind:
    kind = loaded(place, EngineKind, "ENGINE")
    if kind.name != place.name:
        raise TypeError(f"it is registered as {place.name!r}, but its `kind` is {kind.name!r}")
    return kind


ENGINES = Extensions("palaestra.engines", "engine", "palaestra.agents.engines", _kind)
"""All kinds of engine, by name; one that is unknown or doesn't load raises `BadInput` or `ExtensionFault`."""


def unweighed(name: str, settings: EngineSettings) -> tuple[str, str]:
    """That an engine can't weigh texts, and the remedy."""
    kinds = [kind for kind, told in ENGINES.items() if told.settings.weighs_texts]
    return (
        f"engine {name!r}, of kind {settings.kind}, can't tell how probable a given text is",
        f"Ask a policy whose engine is of kind {' or '.join(kinds)}.",
    )


def answering(kind: str) -> Place:
    """Where the code is that answers for engines of this kind."""
    place, engine = ENGINES.places[kind], ENGINES[kind].engine
    if not isinstance(engine, str):
        return place
    module, _, attribute = engine.partition(":")
    return replace(place, module=module, attribute=attribute)


def require_allowed(engines: Mapping[str, EngineSettings], allowed: Allowed, file: str = "") -> None:
    """Check that `allowed` is all that `engines` need.

    Args:
        engines: settings by name.
        allowed: by a person.
        file: that declares them, for the message.

    Raises:
        BadInput: it isn't; the message names each thing that is missing, and the option that allows it.
    """
    missing = []
    for name, settings in engines.items():
        with border(f"engine {settings.kind!r}", ENGINES.places[settings.kind], "needs"):
            told = [need.refusal(allowed) for need in settings.needs()]
        missing += [(name, refusal) for refusal in told if refusal is not None]
    if missing:
        place = f"{file}: " if file else ""
        what = "\n".join(f"{place}engine {name!r}: {refusal.what}" for name, refusal in missing)
        raise BadInput(what, "\n  ".join(dict.fromkeys(refusal.remedy for _, refusal in missing)))


class _OfItsKind:
    """Has pydantic check settings by the kind that they name; only that kind is imported."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        checks: dict[Any, CoreSchema] = {
            name: core_schema.with_info_plain_validator_function(partial(self._checked, name))
            for name in ENGINES
        }
        as_it_is = core_schema.simple_ser_schema("any")
        return core_schema.tagged_union_schema(checks, self._named, serialization=as_it_is)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"oneOf": [handler(kind.settings.__pydantic_core_schema__) for _, kind in ENGINES.items()]}

    @staticmethod
    def _checked(name: str, given: object, told: ValidationInfo) -> EngineSettings:
        settings = ENGINES[name].settings
        try:
            return settings.model_validate(given, context=told.context)
        except ValidationError:
            raise
        except Exception as error:
            raise fault(f"engine {name!r}", ENGINES.places[name], error) from error

    @staticmethod
    def _named(given: object) -> str:
        if isinstance(given, dict):
            return str(given.get("kind", DEFAULT))
        return str(getattr(given, "kind", DEFAULT))


AnyEngine = Annotated[EngineSettings, _OfItsKind()]
"""The settings of an engine of any kind."""
