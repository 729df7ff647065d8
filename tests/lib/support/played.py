"""Tables of games and of picks, from what each player does in each round."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import polars as pl

from palaestra.metrics.bounds import Numbers
from support.metric_tables import table


def games(payoffs: Numbers, episodes: int, names: Sequence[str] = ("Ann", "Bo")) -> pl.DataFrame:
    row = json.dumps(list(names)), json.dumps(payoffs.tolist())
    return table("episode players payoffs", *((episode, *row) for episode in range(episodes)))


def likely(*episodes: Mapping[str, Sequence[Sequence[float]]]) -> pl.DataFrame:
    """The distributions of each agent, round by round."""
    return table(
        "episode agent round position probability",
        *(
            (episode, agent, number, position, share)
            for episode, own in enumerate(episodes)
            for agent, rounds in own.items()
            for number, shares in enumerate(rounds, 1)
            for position, share in enumerate(shares)
        ),
    )


def picked(options: int, *episodes: Mapping[str, Sequence[int | None]]) -> pl.DataFrame:
    """What each agent picked, round by round."""
    return table(
        "episode agent round position options",
        *(
            (episode, agent, number, position, options)
            for episode, own in enumerate(episodes)
            for agent, positions in own.items()
            for number, position in enumerate(positions, 1)
        ),
    )
