"""`run.json`: what was run and how it stands; what is secret is not in it.

| field | what |
|---|---|
| `palaestra` | version that began the run |
| `scenario` | the resolved scenario file |
| `file` | its name |
| `status` | "running", "interrupted", "limited", "failed" or "finished"; `error` says what stopped it |
| `limited_by` | of a run that is "limited": which of its `limits` it has reached |
| `started`, `ended` | ISO 8601, UTC |
| `seconds` | from the engines' start to the end, over all sittings |
| `sittings` | of each: `started`, `engines` (what each said of itself), `versions` and the rest, see below |
| `counts` | `episodes` that are over, `calls`, `prompt_tokens`, `cached_tokens`, `output_tokens` |
| `heads` | of each episode: its records and their checksum, see `palaestra.runs.record.chain` |
| `branch` | of a branch run: its plan, see `palaestra.runs.record.plan` |
| `shards` | of a run played in shards: of each its `folder`, its `first` episode and `end`, the one after |
| `only` | of a shard: the first of its episodes, and the one after the last |
| `id` | of a run played in shards and of each of them: what no other run has |
| `lost` | how often an actor that played a shard was lost |

A run that is played in shards has a run folder for each in its own, and its `sittings` and `counts` are
gathered from them, whenever its `run.json` is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from os.path import normpath
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, Field, JsonValue, StringConstraints

from palaestra.agents.budget import Limit
from palaestra.agents.failures import LimitReached, RunUnreadable
from palaestra.runs.record.disk import reading
from palaestra.runs.record.documents import KEPT, Document
from palaestra.runs.record.folder import LOG, NAME, SWEEP, now, package_versions
from palaestra.runs.record.noise import EngineNoise
from palaestra.runs.record.plan import Plan

HEAD = r"^\d+-[0-9a-f]{8}$"
"""An episode's records and their checksum, see `palaestra.runs.record.chain`."""
Status = Literal["running", "interrupted", "limited", "failed", "finished"]


class PlayedScenario(BaseModel):
    """The resolved scenario file: what all kinds of scenarios have by name, and all else as it stands.

    `palaestra.scenarios.core.load.check` makes a configuration of it, where the scenario's package is there.
    """

    model_config = KEPT
    scenario: str
    title: str = ""
    seed: int = 0
    engines: dict[str, dict[str, JsonValue]] = {}
    policies: dict[str, dict[str, JsonValue]] = {}


class SittingRecord(BaseModel):
    """One sitting at a run: when it began, what its engines said of themselves, what was installed.

    Attributes:
        faults: what each engine met and got over, or what was recorded as failed: how often each kind.
        changed: in words, which engines aren't what answered before, see `palaestra.runs.record.served`.
        noise: how much numbers of each engine move, where that was measured before.
    """

    model_config = KEPT
    started: str
    engines: dict[str, dict[str, JsonValue]] = {}
    versions: dict[str, str] = {}
    faults: dict[str, dict[str, int]] = {}
    changed: tuple[str, ...] = ()
    noise: dict[str, EngineNoise] = {}

    def joined(self, other: SittingRecord) -> SittingRecord:
        """This one, with what `other` met too, on the same engines."""
        met = {name: Counter(faults) for name, faults in self.faults.items()}
        for name, faults in other.faults.items():
            met.setdefault(name, Counter()).update(faults)
        changed = tuple(dict.fromkeys((*self.changed, *other.changed)))
        faults_of = {name: dict(faults) for name, faults in met.items()}
        noise = {**self.noise, **other.noise}
        return self.model_copy(update={"faults": faults_of, "changed": changed, "noise": noise})


class Counts(BaseModel):
    """How much a run's log holds."""

    model_config = KEPT
    episodes: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    def __add__(self, other: Counts) -> Counts:
        fields = type(self).model_fields
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in fields})


class Shard(BaseModel):
    """The episodes from `first` to before `end` of a run, played in a run folder within the run's."""

    model_config = KEPT
    folder: Annotated[str, StringConstraints(pattern=r"^shards/\d+$")]
    first: int
    end: int


class RunState(Document):
    """What `run.json` says."""

    file_name: ClassVar[str] = NAME
    folder_is: ClassVar[str] = "the folder of a run"
    remedy: ClassVar[str] = f"It has no {NAME}; runs are made by `palaestra run`."

    palaestra: str = ""
    scenario: PlayedScenario
    file: str = ""
    status: Status
    limited_by: Limit | None = None
    error: str | None = None
    started: str = ""
    ended: str | None = None
    seconds: float = 0.0
    sittings: tuple[SittingRecord, ...] = ()
    counts: Counts = Counts()
    heads: dict[int, Annotated[str, StringConstraints(pattern=HEAD)]] = Field({})
    branch: Plan | None = None
    shards: tuple[Shard, ...] = ()
    only: tuple[int, int] | None = None
    id: str = ""
    lost: int = 0

    @classmethod
    def begun(cls, settings: dict[str, JsonValue], file: str, branch: Plan | None = None) -> Self:
        """That of a run that begins now, of this resolved scenario file."""
        return cls(
            palaestra=package_versions().get("palaestra", ""),
            scenario=PlayedScenario.model_validate(settings),
            file=file,
            status="running",
            started=now(),
            branch=branch,
        )

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The state of the run in `folder`, gathered from its shards where it has some.

        Raises:
            RunUnreadable: there is none, or a `run.json` can't be read.
        """
        state = cls.told(folder)
        return state.gathered([cls.told(folder / shard.folder) for shard in state.shards])

    @classmethod
    def told(cls, folder: Path) -> Self:
        """What `run.json` in `folder` itself says; raises `RunUnreadable` where there is none."""
        with reading(folder):
            if (folder / SWEEP).exists() and not (folder / NAME).exists():
                first = next(folder.glob(f"*/{NAME}"), folder / "0-…" / NAME).parent
                raise RunUnreadable(
                    f"{folder} is the folder of a sweep", f"Name one of its runs, such as {first}"
                )
        try:
            return super().read(folder)
        except RunUnreadable as error:
            with suppress(OSError):
                log = folder / LOG
                if not (folder / NAME).exists() and log.is_file() and log.stat().st_size:
                    raise RunUnreadable(
                        f"{folder} has a log, but no {NAME} that says of what",
                        f"Put its {NAME} back from a copy, or play anew into another folder.",
                    ) from error
            raise

    def whole(self, folder: Path) -> Path:
        """The folder of the run that stands in `folder`, or of which a shard does."""
        return folder if self.only is None else Path(normpath(folder / "../.."))

    @property
    def kind(self) -> str:
        """The kind of scenario."""
        return self.scenario.scenario

    @property
    def settings(self) -> dict[str, Any]:
        """A copy of the resolved scenario file, as YAML would give it."""
        return self.scenario.model_dump(mode="json", exclude_unset=True)

    @property
    def made_up(self) -> bool:
        """Whether some of the replies are made up: an engine that answered was a scripted one."""
        told = (engine.get("kind") for sitting in self.sittings for engine in sitting.engines.values())
        return "scripted" in told

    def still_limited(self, settings: Mapping[str, JsonValue]) -> Limit | None:
        """The limit that stopped it, unless these settings raise one, or change what its engines cost."""
        known = self.settings
        changed = any(known.get(field) != settings[field] for field in ("engines", "limits"))
        return None if changed else self.limited_by

    def continued(self, settings: dict[str, JsonValue], *sitting: SittingRecord) -> Self:
        """The same, played on with these settings in one more sitting, or in those of its shards."""
        scenario = PlayedScenario.model_validate(settings)
        changes = {
            "status": "running",
            "limited_by": None,
            "scenario": scenario,
            "sittings": (*self.sittings, *sitting),
        }
        return self.model_copy(update=changes)

    def gathered(self, shards: Sequence[Self]) -> Self:
        """The same, with what its shards count and what their sittings tell: one for all that agree."""
        if not shards:
            return self
        sat: dict[str, SittingRecord] = {}
        for sitting in sorted((s for shard in shards for s in shard.sittings), key=lambda s: s.started):
            same = sitting.model_dump_json(include={"engines", "versions"})
            sat[same] = sat[same].joined(sitting) if same in sat else sitting
        counts = sum((shard.counts for shard in shards), Counts())
        return self.model_copy(update={"sittings": tuple(sat.values()), "counts": counts})

    @property
    def noise(self) -> dict[str, EngineNoise]:
        """How much numbers of each engine move, as the last sitting knew that."""
        return {name: noise for sitting in self.sittings for name, noise in sitting.noise.items()}

    @property
    def faults(self) -> dict[str, dict[str, int]]:
        """What each engine met over all sittings: how often each kind, the most frequent first."""
        met: dict[str, Counter[str]] = {}
        for sitting in self.sittings:
            for engine, faults in sitting.faults.items():
                met.setdefault(engine, Counter()).update(faults)
        if self.lost:
            met["ray"] = Counter({"an actor that was lost": self.lost})
        return {engine: dict(counts.most_common()) for engine, counts in met.items()}

    def met(self, faults: dict[str, dict[str, int]]) -> Self:
        """The same, with what its engines met in the sitting that is under way."""
        *before, last = self.sittings
        return self.model_copy(update={"sittings": (*before, last.model_copy(update={"faults": faults}))})

    def caught_up(self, counts: Counts, seconds: float) -> Self:
        """The same, where a sitting of so many seconds was killed before it could note how it stood."""
        return self.model_copy(update={"counts": counts, "seconds": round(self.seconds + seconds, 3)})

    def stopped(
        self,
        status: Status,
        counts: Counts,
        heads: dict[int, str],
        seconds: float = 0.0,
        problem: Exception | None = None,
    ) -> Self:
        """The same, after a sitting of so many seconds that ended now, by `problem` if there was one."""
        changes = {
            "status": status,
            "counts": counts,
            "heads": heads,
            "seconds": round(self.seconds + seconds, 3),
            "ended": now(),
            "error": None if problem is None else str(problem) or repr(problem),
            "limited_by": problem.limit if isinstance(problem, LimitReached) else None,
        }
        return self.model_copy(update=changes)
