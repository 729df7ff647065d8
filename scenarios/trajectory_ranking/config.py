"""The fields of a file that has whole episodes compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from palaestra.agents.calls import Message
from palaestra.agents.policy import Settings
from palaestra.agents.speakers import quoted_lines
from palaestra.scenarios.core.config import Location, ScenarioConfig, name_problems
from palaestra.scenarios.parts.abstaining import ABSTAIN_MEANING, Abstain
from palaestra.scenarios.parts.judging import BASIS_MEANING, Judge, ScoreBasis


class RankingJudge(Judge):
    """One of those who compare trajectories."""

    rubric: str = Field("", description="What this judge goes by; it alone is told.")


class SpokenTurn(Settings):
    """What somebody said."""

    agent: str = Field(min_length=1, description="Who said it.")
    text: str = Field(description="What was said.")


class FinishedTrajectory(Settings):
    """What was said in a finished episode."""

    name: str = Field(min_length=1, description="Run and episode, such as debate-1/3; no judge is shown it.")
    author: str = Field(description="One of `authors`: who spoke for its agents.")
    cut: bool = Field(False, description="Whether anything in it was cut at its limit.")
    turns: list[SpokenTurn] = Field(min_length=1, description="What was said, in order.")

    @property
    def text(self) -> str:
        """All turns, each under its speaker's name; no line of one passes for another's."""
        names = [turn.agent for turn in self.turns]
        said = [
            Message(number, "user", turn.text, turn.agent, quoted=quoted_lines(turn.text, turn.agent, names))
            for number, turn in enumerate(self.turns)
        ]
        return "\n\n".join(message.body for message in said)


class TrajectoryGroup(Settings):
    """Trajectories of one task."""

    task: str = Field(min_length=1, pattern=r"\S", description="What all of them were told.")
    item: int | None = Field(
        None, description="Which item of a list they play: groups of one item aren't independent."
    )
    trajectories: list[FinishedTrajectory] = Field(min_length=2, description="What is compared.")


class TrajectoryAuthor(Settings):
    """The policies that spoke in a trajectory, as far as exports tell them."""

    model: str | None = Field(None, description="The model, or several; None where replies are made up.")
    revision: str | None = Field(None, description="Its revision.")
    adapter: str | None = Field(None, description="Its adapter.")
    temperature: float | None = Field(None, description="At which it was sampled.")


class TrajectoryRankingConfig(ScenarioConfig):
    """Groups of finished episodes, and who compares them."""

    scenario: Literal["trajectory_ranking"] = "trajectory_ranking"
    groups: list[TrajectoryGroup] = Field(
        min_length=1, description="What is compared; episode i takes group i modulo their number."
    )
    authors: dict[str, TrajectoryAuthor] = Field(description="Who spoke in the trajectories, by name.")
    judges: list[RankingJudge] = Field(
        [RankingJudge(name="Judge")], min_length=1, description="Who compares them."
    )
    repeats: int = Field(
        1, ge=1, le=20, description="How often each judge reads a group in an order drawn anew, and reversed."
    )
    score_basis: ScoreBasis = Field("expectation", description=BASIS_MEANING)
    abstain: Abstain = Field("never", description=ABSTAIN_MEANING)

    def group_of(self, episode: int) -> TrajectoryGroup:
        """The group of an episode."""
        return self.groups[episode % len(self.groups)]

    def problems(self) -> Iterator[tuple[Location, str]]:
        """Names that collide, trajectories that are compared with themselves, authors that there aren't."""
        yield from name_problems(judges=self.judges)
        for number, group in enumerate(self.groups):
            names = [each.name for each in group.trajectories]
            for place, each in enumerate(group.trajectories):
                where = ("groups", number, "trajectories", place)
                if each.name in names[:place]:
                    yield (*where, "name"), f"{each.name!r} is in this group already"
                if each.author not in self.authors:
                    yield (
                        (*where, "author"),
                        f"no author {each.author!r}; the authors are: {', '.join(self.authors)}",
                    )
