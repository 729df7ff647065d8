"""`palaestra evolve`: a tribe plays, its answers become pairs, every policy is trained, and again.

This is SPARTA's iteration on one machine. A folder holds it all: `evolution.json` (the scenario and
the settings), and for each generation `play` (a run), `export`, `adapters/POLICY` and `measure` (a
run of the held-out instructions; generation 0 has only this). Each part is made once and whole, so
going on means looking for the first that is missing. Ratings and deviations are carried from one
tournament to the next; all generations are measured with the same seeds on the same instructions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from statistics import fmean
from typing import Any, ClassVar, Literal

from pydantic import Field

from palaestra.agents.failures import BadInput, PalaestraError
from palaestra.agents.policy import Settings
from palaestra.agents.trust import NOTHING, Allowed
from palaestra.runs.exports.described import Described
from palaestra.runs.exports.folder import NothingToExport, export
from palaestra.runs.exports.format import FORMATS
from palaestra.runs.exports.options import ExportOptions
from palaestra.runs.exports.pairing import PairRule
from palaestra.runs.exports.source import Source
from palaestra.runs.record import folder as run_folder
from palaestra.runs.record.disk import unwritable
from palaestra.runs.record.documents import Document
from palaestra.runs.record.state import RunState
from palaestra.scenarios.core.load import Scenario, check
from palaestra.scenarios.duel.config import DuelConfig
from palaestra.scenarios.duel.events import DuelAnswer, Rating
from palaestra.sims.playing import play
from palaestra.sims.training.checkpoints import resumable
from palaestra.sims.training.methods import check_batch, rows_of
from palaestra.sims.training.settings import TrainSettings
from palaestra.sims.training.train import train

FOLDER_NAME = r"\w[\w .=+-]*"
FROZEN = "as it was"
"""The policy and the judge that measure progress where no program can."""
PLAIN_JUDGING: dict[str, Any] = {
    "handicaps": "none",
    "abstain": "never",
    "judge_budget": 1.0,
    "reference": None,
}
"""What of a file's judging has no meaning where a check decides, or one judge scores answers."""


class EvolveSettings(Settings):
    """How a tribe evolves."""

    generations: int = Field(2, ge=1, description="How often to play and train.")
    by: Literal["panel", "truth"] = Field(
        "panel", description="What makes an answer the chosen one: the panel's score, or the file's `check`."
    )
    method: str = Field("dpo", description="How policies are trained: a method of `palaestra train`.")
    at_least: float | None = Field(
        None, description="Least score of an answer that sft trains on; needed with `by: panel`."
    )
    margin: float = Field(0.0, ge=0, description="Least difference of scores in a pair.")
    measurements: int = Field(1, ge=1, description="How often each held-out instruction is answered.")
    train: TrainSettings = Field(TrainSettings(), description="Settings of each training.")


class EvolutionState(Document):
    """What `evolution.json` says: what evolves, from which file, and how."""

    file_name: ClassVar[str] = "evolution.json"
    folder_is: ClassVar[str] = "the folder of an evolution"
    remedy: ClassVar[str] = "Begin one with: palaestra evolve SCENARIO.yaml --out ANOTHER-FOLDER"
    unreadable: ClassVar[type[PalaestraError]] = BadInput

    palaestra: str = ""
    file: str
    scenario: dict[str, Any]
    settings: EvolveSettings


@dataclass(frozen=True, slots=True)
class Measured:
    """One answer to a held-out instruction.

    Attributes:
        generation: 0 is before any training.
        policy: who answered.
        instruction: what was asked.
        measurement: how often it was asked before.
        success: 0–1 where the file's check tells, else the frozen judge's points of 1–10.
    """

    generation: int
    policy: str
    instruction: str
    measurement: int
    success: float


class Evolution:
    """A tribe's evolution in a folder.

    Args:
        folder: where it is or will be.
        scenario: a duel with held-out instructions.
        settings: how it evolves.
        say: told in words what is being done.
        quiet: no progress of runs and trainings.
        allowed: what a person allows its engines.

    Raises:
        BadInput: it can't evolve, or its engines need more than is allowed.
    """

    def __init__(
        self,
        folder: Path,
        scenario: Scenario,
        settings: EvolveSettings,
        say: Callable[[str], None] = lambda _words: None,
        quiet: bool = False,
        allowed: Allowed = NOTHING,
    ) -> None:
        self.folder = folder
        self.settings = settings
        self.config = _duel(scenario, settings)
        scenario.require_allowed(allowed)
        self._allowed = allowed
        self._scenario = scenario
        self._say = say
        self._quiet = quiet

    @classmethod
    def open(
        cls, folder: Path, say: Callable[[str], None], quiet: bool = False, allowed: Allowed = NOTHING
    ) -> Evolution:
        """The evolution that `folder` holds; raises `BadInput` where it holds none, or as the class does."""
        state = EvolutionState.read(folder)
        return cls(folder, check(state.scenario, state.file), state.settings, say, quiet, allowed)

    def begin(self) -> None:
        """Make the folder; raises `BadInput` where there is one already."""
        unfinished = f"{EvolutionState.file_name}.new"
        if self.folder.exists() and any(path.name != unfinished for path in self.folder.iterdir()):
            raise BadInput(
                f"{self.folder} exists already", f"Go on with it: palaestra evolve {quote(str(self.folder))}"
            )
        state = EvolutionState(
            palaestra=run_folder.package_versions().get("palaestra", ""),
            file=self._scenario.file,
            scenario=self.config.model_dump(mode="json"),
            settings=self.settings,
        )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self.folder, error) from error
        state.write(self.folder)

    def run(self) -> None:
        """Do all that isn't done yet; ends early where no answer is better than another.

        Raises:
            PalaestraError: what went wrong; all that was done is kept.
        """
        try:
            self._measure(0)
            for generation in range(1, self.settings.generations + 1):
                if not self._export(generation):
                    return
                for policy in self.tribe:
                    self._train(generation, policy)
                self._measure(generation)
        except PalaestraError as error:
            error.remedy = error.remedy.split("Go on with")[0].rstrip()
            error.remedy = f"{error.remedy}\n  Go on with: palaestra evolve {quote(str(self.folder))}".strip()
            raise

    @property
    def tribe(self) -> list[str]:
        """The policies that fight, each once."""
        return list(dict.fromkeys(fighter.policy for fighter in self.config.fighters))

    def measured(self) -> Iterator[Measured]:
        """Every answer to a held-out instruction so far."""
        for generation in range(self.settings.generations + 1):
            folder = self._part(generation, "measure")
            if (folder / run_folder.NAME).exists():
                yield from _measured(generation, Source(folder))

    def pairs(self) -> dict[int, int]:
        """How many pairs each generation was trained on so far."""
        found = {}
        for generation in range(1, self.settings.generations + 1):
            folder = self._part(generation, "export")
            if folder.exists():
                found[generation] = (
                    Described.read(folder).formats[rows_of(self.settings.method)].get("train", 0)
                )
        return found

    def _part(self, generation: int, name: str) -> Path:
        return self.folder / f"generation-{generation}" / name

    def _step(self, generation: int, doing: str) -> None:
        self._say(f"generation {generation} of {self.settings.generations}: {doing}")

    def _play(self, generation: int, name: str, doing: str, config: DuelConfig) -> None:
        folder = self._part(generation, name)
        if (folder / run_folder.NAME).exists():
            if RunState.read(folder).status != "finished":
                self._step(generation, doing)
                play.resume(folder, quiet=self._quiet, allowed=self._allowed)
        else:
            self._step(generation, doing)
            folder.parent.mkdir(exist_ok=True)
            scenario = check(config.model_dump(mode="json"), self._scenario.file)
            play.start(scenario, folder, quiet=self._quiet, allowed=self._allowed)

    def _policies(self, generation: int) -> dict[str, dict[str, Any]]:
        """All policies as they are after `generation` trainings."""
        policies = {name: policy.model_dump(mode="json") for name, policy in self.config.policies.items()}
        if generation:
            for name in self.tribe:
                policies[name]["adapter"] = str(self._adapter(generation, name).resolve())
        return policies

    def _adapter(self, generation: int, policy: str) -> Path:
        return self._part(generation, "adapters") / policy

    def _tournament(self, generation: int) -> DuelConfig:
        """The tribe as the generation before left it, with its ratings, under new seeds."""
        fighters = [fighter.model_dump(mode="json") for fighter in self.config.fighters]
        if generation > 1:
            ratings = _final_ratings(Source(self._part(generation - 1, "play")))
            fighters = [fighter | ratings[fighter["name"]] for fighter in fighters]
        # Where the check makes the pairs, nobody needs to judge.
        unjudged = {"judging": "none", **PLAIN_JUDGING} if self.settings.by == "truth" else {}
        return self._changed(
            policies=self._policies(generation - 1),
            fighters=fighters,
            seed=self.config.seed + generation - 1,
            **unjudged,
        )

    def _measure(self, generation: int) -> None:
        """Have the tribe answer the held-out instructions, as it is after `generation` trainings."""
        config = self.config
        policies = self._policies(generation)
        changes: dict[str, Any] = {"judging": "none"}
        if config.check is None:
            first = config.policies[config.fighters[0].policy]
            policies[FROZEN] = first.model_dump(mode="json")
            judge = {"name": FROZEN, "policy": FROZEN}
            changes = {"judging": "pointwise", "judges": [judge], "fighters_judge": False}
        self._play(
            generation,
            "measure",
            "measuring",
            self._changed(
                policies=policies,
                instructions=config.held_out,
                held_out=[],
                contest="n_way",
                matches=None,
                iterations=1,
                episodes=self.settings.measurements,
                freeze_ratings=True,
                judgements=config.judgements if config.score_basis == "sample" else 1,
                **PLAIN_JUDGING,
                **changes,
            ),
        )

    def _changed(self, **changes: object) -> DuelConfig:
        return DuelConfig.model_validate(self.config.model_dump(mode="json") | changes)

    def _export(self, generation: int) -> bool:
        """Play the tribe's tournament and export it; False where no answer is better than another."""
        folder = self._part(generation, "export")
        if folder.exists():
            return True
        self._play(generation, "play", "playing", self._tournament(generation))
        self._step(generation, f"exporting by {self.settings.by}")
        least = 1.0 if self.settings.by == "truth" else self.settings.at_least
        options = ExportOptions(
            (rows_of(self.settings.method),),
            basis=self.settings.by,
            pairs=PairRule(take="all", margin=self.settings.margin),
            at_least=least if _needs_least(self.settings) else None,
            test_share=0,  # the held-out instructions are the test
        )
        try:
            command = f"palaestra evolve {quote(str(self.folder))}"
            export([self._part(generation, "play")], folder, options, command=command)
        except NothingToExport as nothing:
            self._say(
                f"generation {generation} has nothing to learn from, so it ends here: {nothing.args[0]}"
            )
            return False
        return True

    def _train(self, generation: int, policy: str) -> None:
        adapter = self._adapter(generation, policy)
        if adapter.exists():
            return
        self._step(generation, f"training {policy}")
        adapter.parent.mkdir(exist_ok=True)
        settings = self.settings.train
        number = self.tribe.index(policy)
        train(
            self._part(generation, "export"),
            adapter,
            method=self.settings.method,
            policy=policy,
            settings=settings.model_copy(update={"seed": settings.seed + number}),
            resume=resumable(adapter),
            quiet=self._quiet,
        )


def _duel(scenario: Scenario, settings: EvolveSettings) -> DuelConfig:
    config = scenario.config
    if not isinstance(config, DuelConfig):
        raise BadInput(
            f"{scenario.file} is a {config.scenario}; a tribe evolves by duels",
            "Take a file of `scenario: duel`.",
        )
    if config.sweep:
        raise BadInput(f"{scenario.file}: a sweep is several scenarios", "Evolve one: --set 'sweep={}'")
    if not config.held_out:
        raise BadInput(
            f"{scenario.file} holds no instruction out, so no progress could be measured",
            "Move some of its `instructions` to `held_out`.",
        )
    if settings.by == "truth" and config.check is None:
        raise BadInput(
            f"{scenario.file} has no `check`, so no program tells which answer is right", "Choose by: panel."
        )
    if settings.by == "panel" and config.judging == "none":
        raise BadInput(f"{scenario.file} has nobody judge", "Choose by: truth, or set `judging`.")
    for fighter in config.fighters:
        if not re.fullmatch(FOLDER_NAME, fighter.policy):
            raise BadInput(
                f"{scenario.file}: the policy {fighter.policy!r} can't name the folder of its adapters",
                "Name it with letters, digits, spaces, and - _ . + = inside.",
            )
    check_batch(settings.method, settings.train, "train.")
    if _needs_least(settings) and settings.by == "panel" and settings.at_least is None:
        raise BadInput(
            f"{settings.method} needs to know which answers are good", "Say how many points: --set at_least=7"
        )
    return config


def _needs_least(settings: EvolveSettings) -> bool:
    """Whether all answers are trained on, good or not, where no least score is asked for."""
    return "--at-least" in FORMATS[rows_of(settings.method)].options


def _final_ratings(source: Source) -> dict[str, dict[str, float]]:
    """Each fighter's rating, and deviation where it has one, at the end; means over tournaments."""
    told: dict[str, list[Rating]] = {}
    for trajectory in source.trajectories():
        last = {event.fighter: event for event in trajectory.told(Rating)}
        for name, event in last.items():
            told.setdefault(name, []).append(event)
    found: dict[str, dict[str, float]] = {}
    for name, events in told.items():
        deviations = [event.deviation for event in events if event.deviation is not None]
        found[name] = {"rating": fmean(event.rating for event in events)}
        if deviations:
            found[name] = {**found[name], "deviation": fmean(deviations)}
    return found


def _measured(generation: int, source: Source) -> Iterator[Measured]:
    for trajectory in source.trajectories():
        scores = {
            answer.call: answer.score
            for judged in source.rules.judged(source.config, trajectory)
            for answer in judged.answers
        }
        success: float | None
        for answer in trajectory.told(DuelAnswer):
            success = answer.passed
            if success is None and answer.call is not None:
                success = scores.get(answer.call)
            if success is not None:
                asked = answer.instruction, trajectory.episode
                yield Measured(generation, answer.policy, *asked, float(success))
