"""Finished episodes as judges read them that compare whole episodes: what was said, and the public task.

What was said is what others than its speaker were shown (`palaestra.runs.said`). The task is the rules that
all who spoke were told, with the topic that every prompt of the episode may use: nothing else that stands in
a prompt is sure to be public.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from random import Random
from shlex import quote
from typing import Any, Literal

import polars as pl

from palaestra.agents.calls import derive_seed
from palaestra.agents.failures import BadInput
from palaestra.runs.exports.source import Source
from palaestra.runs.run import Run
from palaestra.runs.said import EpisodeRead, Rows
from palaestra.scenarios.core.registry import rules_border

Grouping = Literal["topic", "seed"]


@dataclass(frozen=True, slots=True)
class FinishedEpisode:
    """A finished episode.

    Attributes:
        name: run and number.
        task: the rules that all who spoke were told, and the topic.
        item, seed: see the table `episodes`.
        run: its name.
        policies: those that spoke, in the order in which they did.
        cut: whether anything that was said was cut at its limit.
        turns: who said what, in order.
    """

    name: str
    task: str
    item: int | None
    seed: int
    run: str
    policies: tuple[str, ...]
    cut: bool
    turns: tuple[tuple[str, str], ...]

    @property
    def author(self) -> str:
        """Who spoke in it: the policies, with the run's name."""
        return f"{self.run}/{'+'.join(self.policies)}"


@dataclass(slots=True)
class FoundEpisodes:
    """The finished episodes of runs in which anything was said.

    Attributes:
        episodes: they.
        authors: who spoke in them, by `FinishedEpisode.author`.
        strange: how many lines were heard as an agent's that no model said.
    """

    episodes: list[FinishedEpisode] = field(default_factory=list)
    authors: dict[str, dict[str, Any]] = field(default_factory=dict)
    strange: int = 0


def finished_episodes(runs: Sequence[Path]) -> FoundEpisodes:
    """The finished episodes of runs in which anything was said.

    Raises:
        BadInput: a run is named twice, no episode is over, nothing was said in any, or those who spoke in
            one share no task.
    """
    found = FoundEpisodes()
    for folder, name in zip(runs, _names(runs), strict=True):
        source = Source(folder, name)
        for episode in _episodes(source, found):
            if episode.author not in found.authors:
                spoke = [source.policies[policy].model_dump(mode="json") for policy in episode.policies]
                found.authors[episode.author] = _together(spoke)
            found.episodes.append(episode)
    if not found.episodes:
        told = ", ".join(map(str, runs))
        over = sum(Run(folder).episodes["ended"].sum() for folder in runs)
        if over:
            raise BadInput(
                f"nothing was said in any of the {over} finished episodes of {told}: no agent was shown what "
                "another one said",
                "Compare episodes in which agents speak to each other.",
            )
        raise BadInput(
            f"no episode of {told} is over yet", f"Play on with: palaestra resume {quote(str(runs[0]))}"
        )
    return found


def grouped(
    episodes: Iterable[FinishedEpisode], by: Grouping, size: int, seed: int
) -> list[list[FinishedEpisode]]:
    """Groups of at most `size` episodes of one task, of nearly equal sizes, in chance order.

    Args:
        episodes: of one or more runs.
        by: "topic": those that play the same item of a list, if any. "seed": those with the same seed, as
            several runs have that differ in their models. Their task is the same, too.
        size: at most so many in a group, ≥ 2.
        seed: decides who meets whom.
    """
    alike: dict[tuple[int | None, str], list[FinishedEpisode]] = defaultdict(list)
    for episode in episodes:
        alike[episode.item if by == "topic" else episode.seed, episode.task].append(episode)
    groups: list[list[FinishedEpisode]] = []
    for key, same in alike.items():
        Random(derive_seed("whole episodes", seed, str(key))).shuffle(same)
        count = ceil(len(same) / size)
        groups += [same[number::count] for number in range(count)]
    return [group for group in groups if len(group) > 1]


def as_declared(group: Sequence[FinishedEpisode]) -> dict[str, Any]:
    """A group as a file of `trajectory_ranking` declares it."""
    items = {episode.item for episode in group}
    return {
        "task": group[0].task,
        "item": items.pop() if len(items) == 1 else None,
        "trajectories": [
            {
                "name": episode.name,
                "author": episode.author,
                "cut": episode.cut,
                "turns": [{"agent": agent, "text": text} for agent, text in episode.turns],
            }
            for episode in group
        ],
    }


def _names(runs: Sequence[Path]) -> list[str]:
    """What each run is called: its folder's name, or a longer part of its path."""
    paths = [run.resolve() for run in runs]
    for path in paths:
        if paths.count(path) > 1:
            raise BadInput(f"{path} is named twice", "Its episodes would be too; name each run once.")
    for parts in range(1, max(len(path.parts) for path in paths)):
        names = ["/".join(path.parts[-parts:]) for path in paths]
        if len({*names}) == len(names):
            return names
    return [str(path) for path in paths]


def _together(authors: Rows) -> dict[str, Any]:
    """Those who spoke in one episode as one author."""
    told = {}
    for key in ("model", "revision", "adapter"):
        values = {str(author[key]) for author in authors if author[key] is not None}
        told[key] = " + ".join(sorted(values)) or None
    temperatures = {author["temperature"] for author in authors}
    return {**told, "temperature": temperatures.pop() if len(temperatures) == 1 else None}


def _episodes(source: Source, found: FoundEpisodes) -> Iterator[FinishedEpisode]:
    """The finished episodes of one run in which anything was said; notes what is strange in them."""
    run, name = Run(source.folder), source.name
    calls = _by_episode(
        run.calls.select("episode", "call", "agent", "purpose", "policy", "prompt", "finish", "text")
    )
    messages = _by_episode(run.messages.select("episode", "message", "role", "label", "call", "text"))
    ended = run.episodes.filter("ended").select("episode", "seed", "item").to_dicts()
    read = {row["episode"]: EpisodeRead(calls[row["episode"]], messages[row["episode"]]) for row in ended}
    kinds = {kind for each in read.values() for kind in each.kinds_read_by_others()}
    for row in ended:
        number = row["episode"]
        each = read[number]
        found.strange += each.strange()
        said = each.said(kinds)
        if not said:
            continue
        task = _task(each.rules(spoken.agent for spoken in said), _topic(source, number))
        if not task:
            raise BadInput(
                f"{source.folder}: those who spoke in episode {number} share no task: they were told "
                "different rules, and there is no topic",
                f"Episodes of a {source.scenario} can't be compared as wholes.",
            )
        yield FinishedEpisode(
            f"{name}/{number}",
            task,
            row["item"],
            row["seed"],
            name,
            tuple(dict.fromkeys(each.policy_of[spoken.agent] for spoken in said)),
            any(spoken.cut for spoken in said),
            tuple((spoken.speaker, spoken.text) for spoken in said),
        )


def _topic(source: Source, number: int) -> dict[str, str]:
    """What every prompt of an episode may say of its topic: its rules tell before they ask anything."""
    branch = source.state.branch
    index = number if branch is None else branch.branches()[number].episode
    with rules_border(source.rules, f"the topic of episode {number}"):
        episode = source.rules(source.config, index=index)
        episode.begin()
    return {name: value for name, value in episode.topic.items() if isinstance(value, str)}


def _task(rules: str, topic: dict[str, str]) -> str:
    """The rules, and what of the topic they don't say."""
    more = [f"{name}: {value}" for name, value in topic.items() if value.strip() and value not in rules]
    return "\n".join(filter(None, (rules, *more)))


def _by_episode(table: pl.DataFrame) -> defaultdict[int, Rows]:
    found: defaultdict[int, Rows] = defaultdict(list)
    for row in table.iter_rows(named=True):
        found[row["episode"]].append(row)
    return found
