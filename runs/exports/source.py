"""A run to make training data from: reads its log and asks its scenario what in it is comparable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from agents.failures import BadInput
from runs import folder as run_folder
from runs import log as run_log
from runs.branches import Plan
from runs.exports.outcomes import outcome_samples
from runs.exports.samples import FREE, Basis, Response, Sample, shared_prompt
from runs.trajectories import trajectories
from scenarios.episode import Episode
from scenarios.load import check
from scenarios.registry import scenario_class
from scenarios.trajectory import CHECKED, Judged, Trajectory


@dataclass
class Source:
    """A run to make training data from.

    Args:
        folder: of the run.

    Attributes:
        skipped: how many questions were left out, by reason; filled as samples are read.

    Raises:
        RunUnreadable: it is not a run.
    """

    folder: Path
    skipped: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state: dict[str, Any] = run_folder.read_state(self.folder)
        self.scenario: str = self.state["scenario"]["scenario"]
        self.rules = scenario_class(self.scenario)
        self.config = check(self.state["scenario"], str(self.folder / run_folder.NAME)).config

    @property
    def name(self) -> str:
        """What rows call the run: its folder's name."""
        return self.folder.resolve().name

    @property
    def branched(self) -> bool:
        """Whether it plays other answers to the calls of another run."""
        return Plan.of(self.state) is not None

    @property
    def has_panel(self) -> bool:
        """Whether the scenario's rules have answers judged."""
        return self.rules.judged.__func__ is not Episode.judged.__func__  # type: ignore[attr-defined]

    @cached_property
    def policies(self) -> dict[str, dict[str, Any]]:
        """Each policy with its model and the options of its chat template."""
        found = {}
        for name, policy in self.state["scenario"]["policies"].items():
            engine = self.state["scenario"]["engines"][policy["engine"]]
            options = engine.get("template_options", {})
            found[name] = {"model": engine.get("model"), "template_options": options, **policy}
        return found

    def trajectories(self) -> Iterator[Trajectory]:
        """The finished episodes."""
        return trajectories(run_log.read(self.folder), self.rules.event_types)

    def samples(self, basis: Basis | None = None) -> Iterator[Sample]:
        """The questions whose answers can be told apart.

        Args:
            basis: what scores rest on. Default: the outcomes of a branched run, else the panel.

        Raises:
            BadInput: nothing in this run is scored in that way.
        """
        basis = basis or ("outcome" if self.branched else "panel")
        if basis == "outcome":
            if not self.branched:
                raise BadInput(
                    f"{self.folder} plays each answer only once, so no outcome belongs to an answer",
                    f"Play others too with: palaestra branch {self.folder}",
                )
            yield from outcome_samples(self.folder, self.name, self.scenario, self.rules.reward_unit)
            return
        if not self.has_panel:
            raise BadInput(f"{self.folder}: nobody judges answers in a {self.scenario}", self._remedy())
        for trajectory in self.trajectories():
            for judged in self.rules.judged(self.config, trajectory):
                sample = self._sample(trajectory, judged, basis)
                if sample is not None:
                    yield sample

    def rewarded_samples(self) -> Iterator[Sample]:
        """Each free turn of the agents to whom the outcome is worth something, with that worth as score.

        Raises:
            BadInput: the outcome is worth nothing to anybody.
        """
        if not self.rules.reward_unit:
            raise BadInput(
                f"{self.folder}: a {self.scenario} has neither judged answers nor an outcome to score by",
                self._remedy(),
            )
        for trajectory in self.trajectories():
            rewards = self.rules.rewards(self.config, trajectory)
            yield from (
                sample for sample in self._turns(trajectory, rewards) if sample.responses[0].score is not None
            )

    def free_turns(self) -> Iterator[Sample]:
        """Each turn in which a model spoke for itself, scored by its agent's reward where there is one."""
        for trajectory in self.trajectories():
            yield from self._turns(trajectory, self.rules.rewards(self.config, trajectory))

    def _turns(self, trajectory: Trajectory, rewards: dict[str, float]) -> Iterator[Sample]:
        for turn in trajectory.turns.values():
            if not turn.failed and turn.answer["kind"] in FREE:
                response = Response(turn, trajectory.episode, rewards.get(turn.agent))
                number = turn.about.get("round")
                yield Sample(
                    self.name,
                    self.scenario,
                    trajectory.episode,
                    trajectory.turns,
                    turn.prompt,
                    (response,),
                    (),
                    self.rules.reward_unit,
                    "outcome",
                    number if isinstance(number, int) else None,
                )

    def _remedy(self) -> str:
        if self.rules.reward_unit:
            return (
                f"Its outcome makes pairs: palaestra branch {self.folder}, then export what that plays. "
                "Or export it --to kto, sft or rollouts."
            )
        return "Export it --to sft, or play a scenario with judges, such as duel, debate or panel_of_peers."

    def _sample(self, trajectory: Trajectory, judged: Judged, basis: Basis) -> Sample | None:
        responses = []
        for answer in judged.answers:
            score = answer.truth if basis == "truth" else answer.score
            turn = trajectory.turns[answer.call]
            responses.append(
                Response(turn, trajectory.episode, score, answer.truth, critiques=answer.critiques)
            )
        first = judged.answers[0]
        revised = len(judged.answers) == 1 and first.revision is not None
        asked = shared_prompt([response.turn for response in responses])
        if asked is None:
            self.skipped["answers to different prompts"] = (
                self.skipped.get("answers to different prompts", 0) + 1
            )
            return None
        if first.revision is not None:
            responses.append(
                Response(trajectory.turns[first.revision], trajectory.episode, first.revised_score)
            )
        unit = CHECKED if basis == "truth" else judged.unit
        return Sample(
            self.name,
            self.scenario,
            trajectory.episode,
            trajectory.turns,
            asked,
            tuple(responses),
            judged.scores,
            unit,
            basis,
            judged.round,
            revised,
        )
