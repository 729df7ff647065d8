"""Finished episodes as judges read them that compare whole episodes: what was said, and what all were told.

What was said is what others than its speaker were shown. Thoughts are no part of any prompt; notes,
memories, personas and private answers are in their owner's prompts alone. So all that a judge gets is read
off the prompts, whatever the scenario.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from random import Random
from shlex import quote
from typing import Any, Literal

import polars as pl

from palaestra.agents.calls import derive_seed
from palaestra.agents.failures import BadInput
from palaestra.runs.exports.options import CUT
from palaestra.runs.exports.source import Source
from palaestra.runs.record.prompts import numbers
from palaestra.runs.run import Run

Grouping = Literal["topic", "seed"]
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class FinishedEpisode:
    """A finished episode.

    Attributes:
        name: run and number.
        task: what all who speak were told before they spoke first.
        item, seed: see the table `episodes`.
        author: name of the policies that spoke, with the run's.
        cut: whether anything that was said was cut at its limit.
        turns: who said what, in order.
    """

    name: str
    task: str
    item: int | None
    seed: int
    author: str
    cut: bool
    turns: tuple[tuple[str, str], ...]


def finished_episodes(runs: Sequence[Path]) -> tuple[list[FinishedEpisode], dict[str, dict[str, Any]]]:
    """The finished episodes of runs in which anything was said, and who spoke in them.

    Raises:
        BadInput: a run is named twice, no episode is over, or nothing was said in any.
    """
    found: list[FinishedEpisode] = []
    authors: dict[str, dict[str, Any]] = {}
    for folder, name in zip(runs, _names(runs), strict=True):
        own = list(_episodes(Run(folder), name))
        policies = Source(folder, name).policies
        for episode in own:
            spoke = [policies[policy] for policy in episode.author.removeprefix(f"{name}/").split("+")]
            authors[episode.author] = _together([author.model_dump(mode="json") for author in spoke])
        found += own
    if not found:
        told = ", ".join(map(str, runs))
        raise BadInput(
            f"nothing was said in any finished episode of {told}, so there is nothing to compare",
            f"Play on with: palaestra resume {quote(str(runs[0]))}; or compare what was said in other runs.",
        )
    return found, authors


def grouped(
    episodes: Iterable[FinishedEpisode], by: Grouping, size: int, seed: int
) -> list[list[FinishedEpisode]]:
    """Groups of at most `size` episodes of one topic (or one seed), of nearly equal sizes, in chance order.

    Args:
        episodes: of one or more runs.
        by: "topic": those that play the same item of a list, or all where there is none. "seed": those with
            the same seed, as several runs have that differ in their models.
        size: at most so many in a group, ≥ 2.
        seed: decides who meets whom.
    """
    alike: dict[int | None, list[FinishedEpisode]] = defaultdict(list)
    for episode in episodes:
        alike[episode.item if by == "topic" else episode.seed].append(episode)
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
    names = [path.name for path in paths]
    return names if len({*names}) == len(names) else ["/".join(path.parts[-3:]) for path in paths]


def _together(authors: Rows) -> dict[str, Any]:
    """Those who spoke in one episode as one author."""
    told = {}
    for field in ("model", "revision", "adapter"):
        values = {str(author[field]) for author in authors if author[field] is not None}
        told[field] = " + ".join(sorted(values)) or None
    temperatures = {author["temperature"] for author in authors}
    return {**told, "temperature": temperatures.pop() if len(temperatures) == 1 else None}


def _episodes(run: Run, name: str) -> Iterator[FinishedEpisode]:
    """The finished episodes of one run in which anything was said."""
    calls = _by_episode(run.calls.select("episode", "call", "agent", "purpose", "policy", "prompt", "finish"))
    messages = _by_episode(run.messages.select("episode", "message", "label", "call", "text"))
    ended = run.episodes.filter("ended").select("episode", "seed", "item").to_dicts()
    told = {row["episode"]: _EpisodeRead(calls[row["episode"]], messages[row["episode"]]) for row in ended}
    purposes = {purpose for each in told.values() for purpose in each.purposes_read_by_others()}
    fallback = f"{run.state.kind.replace('_', ' ')}: {run.state.scenario.title or name}"
    for row in ended:
        each = told[row["episode"]]
        said = each.said(purposes)
        if said:
            policies = "+".join(dict.fromkeys(each.policy_of[spoken.agent] for spoken in said))
            yield FinishedEpisode(
                f"{name}/{row['episode']}",
                each.task(said) or fallback,
                row["item"],
                row["seed"],
                f"{name}/{policies}",
                any(spoken.cut for spoken in said),
                tuple((spoken.agent, spoken.text) for spoken in said),
            )


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What an agent said; `call` is None where its reply held more than that."""

    agent: str
    text: str
    call: int | None
    cut: bool


class _EpisodeRead:
    """What the log tells of one episode: its calls and messages, and who was shown which."""

    def __init__(self, calls: Rows, messages: Rows) -> None:
        self._calls: Mapping[int, dict[str, Any]] = {call["call"]: call for call in calls}
        self._messages = messages
        self._prompts = {call["call"]: numbers(call["prompt"]) for call in calls}
        self.policy_of = {call["agent"]: call["policy"] for call in calls}
        self._readers: dict[int, set[str]] = defaultdict(set)
        for call in calls:
            for number in self._prompts[call["call"]]:
                self._readers[number].add(call["agent"])

    def purposes_read_by_others(self) -> Iterator[str]:
        """For what replies were asked that others were shown."""
        for message in self._messages:
            if message["call"] is not None and self._others(message):
                yield self._calls[message["call"]]["purpose"]

    def said(self, purposes: set[str]) -> list[_Spoken]:
        """What was said; last words, which nobody was shown any more, are known by their purpose."""
        found: list[_Spoken] = []
        quoted: set[int] = set()
        for message in self._messages:
            source = message["call"]
            call = None if source is None else self._calls[source]
            unread = (
                call is not None and call["purpose"] in purposes and not self._readers[message["message"]]
            )
            if source in quoted or not (self._others(message) or unread):
                continue
            if call is None:
                found.append(_Spoken(message["label"], message["text"], None, cut=False))
            else:
                quoted.add(source)
                found.append(_Spoken(call["agent"], message["text"], source, call["finish"] == CUT))
        return found

    def task(self, said: Iterable[_Spoken]) -> str:
        """What all who speak were told when they spoke first; of one alone, what it was asked."""
        firsts: dict[str, int] = {}
        for spoken in said:
            own = (number for number, call in self._calls.items() if call["agent"] == spoken.agent)
            firsts.setdefault(spoken.agent, next(own) if spoken.call is None else spoken.call)
        first, *others = [self._prompts[call] for call in firsts.values()]
        shared = set(first).intersection(*others) if others else set(first[-1:])
        told = [self._messages[number] for number in first if number in shared]
        return "\n".join(m["text"].strip() for m in told if m["call"] is None and not m["label"])

    def _others(self, message: dict[str, Any]) -> bool:
        """Whether somebody else was shown what an agent said."""
        source = message["call"]
        own = message["label"] if source is None else self._calls[source]["agent"]
        return own in self.policy_of and bool(self._readers[message["message"]] - {own})


def _by_episode(table: pl.DataFrame) -> defaultdict[int, Rows]:
    found: defaultdict[int, Rows] = defaultdict(list)
    for row in table.iter_rows(named=True):
        found[row["episode"]].append(row)
    return found
