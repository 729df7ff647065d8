"""A run to make training data from: reads its log and asks its scenario what in it is comparable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from inspect import getattr_static
from pathlib import Path
from shlex import quote

from palaestra.agents.failures import BadInput
from palaestra.runs.exports.described import Author
from palaestra.runs.exports.outcomes import outcome_samples
from palaestra.runs.exports.samples import FREE, Basis, Response, Sample, shared_prompt
from palaestra.runs.record import log as run_log
from palaestra.runs.record.noise import margin_of
from palaestra.runs.record.state import RunState
from palaestra.runs.record.trajectories import trajectories
from palaestra.scenarios.core.episode import Episode
from palaestra.scenarios.core.load import check
from palaestra.scenarios.core.registry import SCENARIOS
from palaestra.scenarios.core.trajectory import CHECKED, Judged, Trajectory
from palaestra.scenarios.core.worth import judged, rewards

TEMPLATED = ("model", "revision", "template_options", "chat_template", "day")
"""The settings of an engine on which the tokens of a prompt depend."""


@dataclass
class Source:
    """A run to make training data from.

    Args:
        folder: of the run.
        name: what rows call it. Default: its folder's name.

    Attributes:
        ended: how many finished episodes have been read.
        skipped: how many questions were left out, by reason; filled as samples are read.

    Raises:
        RunUnreadable: it is not a run.
    """

    folder: Path
    name: str = ""
    ended: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.name = self.name or self.folder.resolve().name
        self.state = RunState.read(self.folder)
        self.scenario = self.state.kind
        self.rules = SCENARIOS[self.scenario]
        self.config = check(self.state.settings, str(self.folder / RunState.file_name)).config

    @property
    def branched(self) -> bool:
        """Whether it plays other answers to the calls of another run."""
        return self.state.branch is not None

    @property
    def has_panel(self) -> bool:
        """Whether the scenario's rules have answers judged."""
        return getattr_static(self.rules, "judged") is not getattr_static(Episode, "judged")

    @cached_property
    def policies(self) -> dict[str, Author]:
        """Each policy with its model and the options of its chat template.

        Raises:
            BadInput: the run was resumed with another model, so it is not known who wrote what.
        """
        found = {}
        for name, policy in self.state.scenario.policies.items():
            served_by = str(policy["engine"])
            engine = self.state.scenario.engines[served_by]
            sat = [sitting.engines.get(served_by, {}) for sitting in self.state.sittings]
            models = sorted({str(identity["model"]) for identity in sat if "model" in identity})
            if len(models) > 1:
                raise BadInput(
                    f"{self.folder} was played by several models in turn: {', '.join(models)}",
                    "What each of them wrote is not recorded; export a run of one model.",
                )
            served = {key: engine[key] for key in TEMPLATED if key in engine}
            found[name] = Author.model_validate(served | policy)
        return found | {name: Author(**told) for name, told in self.rules.authors(self.config).items()}

    def trajectories(self) -> Iterator[Trajectory]:
        """The finished episodes."""
        self.ended = 0
        for trajectory in trajectories(run_log.read(self.folder), self.rules.event_types):
            self.ended += 1
            yield trajectory

    def samples(self, basis: Basis | None = None) -> Iterator[Sample]:
        """The questions whose answers can be told apart.

        Args:
            basis: what scores rest on. Default: the outcomes of a branched run, else the panel.

        Raises:
            BadInput: nothing in this run is scored in that way.
        """
        if self.branched:
            if basis not in (None, "outcome"):
                raise BadInput(
                    f"{self.folder} plays the episodes of another run again, to compare outcomes",
                    "What its panel said is in that run; leave out --by.",
                )
            yield from outcome_samples(self.folder, self.name, self.scenario, self.rules.reward_unit)
            return
        self._require_panel(basis)
        told = False
        for trajectory in self.trajectories():
            for sample in self.questions(trajectory, basis):
                told = told or any(response.truth is not None for response in sample.responses)
                yield sample
        if basis == "truth" and self.ended and not told:
            raise BadInput(
                f"{self.folder}: no program says which answers are right",
                "Play it with a `check`, or choose --by panel.",
            )

    def rewarded_samples(self, basis: Basis | None = None) -> Iterator[Sample]:
        """Each free turn of the agents to whom the outcome is worth something, with that worth as score.

        Raises:
            BadInput: the outcome is worth nothing to anybody, or another basis is asked for.
        """
        if not self.rules.reward_unit or basis not in (None, "outcome"):
            raise BadInput(
                f"{self.folder}: a {self.scenario} has no answers that are scored by {basis or 'anything'}",
                self._remedy(),
            )
        for trajectory in self.trajectories():
            for sample in self.turns(trajectory):
                if sample.responses[0].score is not None and sample.responses[0].turn.answer["kind"] in FREE:
                    yield sample

    def scored_samples(self, basis: Basis | None = None) -> Iterator[Sample]:
        """What is comparable; where nobody judges and nothing was branched, turns with their rewards.

        Raises:
            BadInput: see `samples` and `rewarded_samples`.
        """
        if self.has_panel or self.branched:
            return self.samples(basis)
        return self.rewarded_samples(basis)

    def rewards(self, trajectory: Trajectory) -> dict[str, float]:
        """What the outcome of an episode is worth to each agent."""
        return rewards(self.rules, self.config, trajectory)

    def questions(self, trajectory: Trajectory, basis: Basis | None) -> Iterator[Sample]:
        """The judged questions of one episode."""
        engines = self._answering(trajectory)
        for question in judged(self.rules, self.config, trajectory):
            sample = self._sample(trajectory, question, basis or "panel", engines)
            if sample is not None:
                yield sample

    def turns(self, trajectory: Trajectory, basis: Basis | None = None) -> Iterator[Sample]:
        """Each turn of one episode that was understood, alone.

        A judged answer has its score, and belongs to its question; any other has its agent's
        reward, where there is one.
        """
        answers = {
            response.turn.call: replace(question, responses=(response,))
            for question in self.questions(trajectory, basis)
            for response in question.responses
        }
        worth = self.rewards(trajectory)
        for turn in trajectory.turns.values():
            if turn.failed:
                continue
            if turn.call in answers:
                yield answers[turn.call]
                continue
            reward = worth.get(turn.agent)
            number = turn.about.get("round")
            yield Sample(
                self.name,
                self.scenario,
                trajectory.episode,
                trajectory.turns,
                turn.prompt,
                (Response(turn, trajectory.episode, reward),),
                (),
                "" if reward is None else self.rules.reward_unit,
                None if reward is None else "outcome",
                number if isinstance(number, int) else None,
            )

    def _require_panel(self, basis: Basis | None) -> None:
        if basis == "outcome":
            raise BadInput(
                f"{self.folder} plays each answer only once, so no outcome belongs to an answer",
                f"Play others too with: palaestra branch {quote(str(self.folder))}"
                if self.rules.reward_unit
                else f"The outcome of a {self.scenario} is worth nothing to anybody; choose --by panel.",
            )
        if not self.has_panel:
            raise BadInput(f"{self.folder}: nobody judges answers in a {self.scenario}", self._remedy())

    def _remedy(self) -> str:
        if self.rules.reward_unit:
            return (
                f"Its outcome makes pairs: palaestra branch {quote(str(self.folder))}, then export what "
                "that plays. Or export it --to kto, sft or rollouts."
            )
        return "Export it --to sft, or play a scenario with judges, such as duel, debate or panel_of_peers."

    def _answering(self, trajectory: Trajectory) -> dict[str, set[str]]:
        """The engines that answered for each agent."""
        policies = self.state.scenario.policies
        found: dict[str, set[str]] = {}
        for turn in trajectory.turns.values():
            found.setdefault(turn.agent, set()).add(str(policies[turn.policy]["engine"]))
        return found

    def _noise(self, question: Judged, unit: str, engines: Mapping[str, set[str]]) -> float:
        """The margin that may be rounding: of expectations only, by the engines of those who judged."""
        if getattr(self.config, "score_basis", "expectation") == "sample":
            return 0.0
        judges = {score.judge for score in question.scores}
        judging = {engine for judge in judges for engine in engines.get(judge, ())}
        known = self.state.noise
        return margin_of([known[engine] for engine in judging if engine in known], unit)

    def _sample(
        self, trajectory: Trajectory, question: Judged, basis: Basis, engines: Mapping[str, set[str]]
    ) -> Sample | None:
        if question.unit == CHECKED:
            basis = "truth"
        episode, turns = trajectory.episode, {**trajectory.turns, **question.recorded_elsewhere}
        responses = []
        for answer in question.answers:
            score = answer.truth if basis == "truth" else answer.score
            turn = turns[answer.call]
            responses.append(Response(turn, episode, score, answer.truth, critiques=answer.critiques))
        asked = shared_prompt([response.turn for response in responses])
        if asked is None:
            self.skipped["answers to different prompts"] += 1
            return None
        first = question.answers[0]
        revised = len(question.answers) == 1 and first.revision is not None
        if revised and first.revision is not None:
            score = None if basis == "truth" else first.revised_score
            responses.append(Response(turns[first.revision], episode, score))
        unit = CHECKED if basis == "truth" else question.unit
        return Sample(
            self.name,
            self.scenario,
            episode,
            trajectory.turns,
            asked,
            tuple(responses),
            question.scores,
            unit,
            basis,
            question.round,
            revised,
            *(
                (question.floor, question.margin, self._noise(question, unit, engines))
                if basis == "panel"
                else ()
            ),
        )
