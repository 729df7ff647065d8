"""How agents play games and draw at random: exploitability, equilibrium, cooperation, predictability.

The scenarios `normal_form_game` and `random_numbers` record what was picked (table `pick`) and how
likely each option was (table `probability`, from option probabilities or from samples, as the
pick's `basis` says). An observer who looks for the habits of a player learns them from other
episodes than those in which it is tried (`FOLDS`), so that chance is no habit.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import polars as pl

from palaestra.metrics.families.equilibria import Equilibrium, constant_sum, equilibria, values
from palaestra.metrics.intervals import Numbers
from palaestra.metrics.metric import RATIO, Statistic, metric

FOLDS = 4
"""Groups of episodes, by index modulo their number; habits are learnt in the others."""
MOST_PLAYERS = 8
MOST_MOVES = 8
MOST_OPTIONS = 21

WEST_POTTS = "West and Potts on the randomness of base and aligned models, notes"
PEARSON = "Pearson, Philosophical Magazine 50 (1900)"
SHANNON = "Shannon, A Mathematical Theory of Communication (1948)"
PICK = "pick.agent pick.round pick.position pick.options"
PROBABILITY = "probability.agent probability.round probability.position probability.probability"


def _cell(value: str, **at: int) -> pl.Expr:
    """The sum of `value` over the rows at these numbers."""
    return pl.col(value).filter(pl.all_horizontal(pl.col(name) == place for name, place in at.items())).sum()


# A best reply


def _exploited(parts: Numbers) -> Numbers:
    lead = parts.shape[:-1]
    cells = parts.reshape(*lead, 2, FOLDS, 2, MOST_MOVES)
    gain, rounds = cells[..., 0, :, :, :], cells[..., 1, :, :, :]
    others, seen = (cell.sum(axis=-3, keepdims=True) - cell for cell in (gain, rounds))
    with np.errstate(divide="ignore", invalid="ignore"):
        best = np.where(seen > 0, others / seen, -np.inf).argmax(axis=-1)[..., None]
        tried = np.take_along_axis(seen, best, -1) > 0
        won, played = (np.where(tried, np.take_along_axis(c, best, -1), 0) for c in (gain, rounds))
        found: Numbers = (won.sum(axis=(-3, -1)) / played.sum(axis=(-3, -1))).mean(axis=-1)
        return found


EXPLOITED = Statistic(
    ("fold", "seat", "reply", "gain", "rounds"),
    {
        f"{value} {fold} {seat} {reply}": _cell(value, fold=fold, seat=seat, reply=reply)
        for value in ("gain", "rounds")
        for fold in range(FOLDS)
        for seat in range(2)
        for reply in range(MOST_MOVES)
    },
    _exploited,
)
"""Gains of the best reply that is learnt in the other folds, a round, mean of two seats."""


@metric(
    f"game.players game.payoffs {PROBABILITY}",
    unit="points a round",
    statistic=EXPLOITED,
    source=WEST_POTTS,
)
def exploitability(game: pl.DataFrame, probability: pl.DataFrame) -> pl.DataFrame:
    """What an opponent who knows a player's mean distribution wins a round, over the game's value.

    max_a Σ_b q(b) · payoff(a, b) − value, of games of two players with constant sum; the mean of both
    players. The best reply to a mean of noisy distributions would win by chance even against a
    uniform player. So the reply is chosen on the other folds' episodes and tried on each fold's own:
    without a pattern the mean is 0, with one it is at most the true number, and near it once there
    are episodes enough to choose the right reply. Undefined with fewer than two folds.
    """
    own = _distributions(probability)
    rows: list[tuple[int, int, int, int, float, float]] = []
    for episode, players, text in game.select("episode", "players", "payoffs").iter_rows():
        if not constant_sum(_payoffs(text)):
            continue
        for seat, name in enumerate(json.loads(players)):
            if (episode, name) not in own:
                continue
            total, rounds = own[episode, name]
            against = np.moveaxis(_payoffs(text)[..., 1 - seat], seat, 0)
            gains = total[: len(against)] @ against - rounds * _values(text)[1 - seat]
            rows += [
                (episode, episode % FOLDS, seat, reply, gain, rounds) for reply, gain in enumerate(gains)
            ]
    return _frame(rows, fold=pl.Int64, seat=pl.Int64, reply=pl.Int64, gain=pl.Float64, rounds=pl.Float64)


# Equilibrium


def _variation(parts: Numbers) -> Numbers:
    lead = parts.shape[:-1]
    apart = parts[..., : MOST_PLAYERS * MOST_MOVES].reshape(*lead, MOST_PLAYERS, MOST_MOVES)
    return _mean_of_players(np.abs(apart).sum(axis=-1) / 2, parts[..., MOST_PLAYERS * MOST_MOVES :])


def _mean_of_players(totals: Numbers, counts: Numbers) -> Numbers:
    """The mean over players of total / count; those without a count are left out."""
    with np.errstate(divide="ignore", invalid="ignore"):
        each: Numbers = np.where(counts > 0, totals / counts, 0).sum(axis=-1) / (counts > 0).sum(axis=-1)
        return each


VARIATION = Statistic(
    ("seat", "position", "apart", "rounds"),
    {
        f"apart {seat} {position}": _cell("apart", seat=seat, position=position)
        for seat in range(MOST_PLAYERS)
        for position in range(MOST_MOVES)
    }
    | {f"rounds {seat}": _cell("rounds", seat=seat, position=0) for seat in range(MOST_PLAYERS)},
    _variation,
)
"""½ Σ |q − e| of summed distributions, mean of the players."""


@metric(
    f"game.players game.payoffs {PROBABILITY}",
    unit="total variation",
    low=0,
    high=1,
    statistic=VARIATION,
)
def equilibrium_distance(game: pl.DataFrame, probability: pl.DataFrame) -> pl.DataFrame:
    """How far the players' mean distributions are from the nearest equilibrium: ½ Σ_b |q(b) − e(b)|.

    The mean of the players; the nearest to the run as a whole, of those that
    `palaestra.metrics.families.equilibria` finds
    (of three players and more, only pure ones). 0 is the equilibrium. Too high where distributions rest on
    few samples: n moves of a player who picks k moves at random are about √((k − 1) / (2πn)) from uniform,
    and near that the bootstrap's interval is no guide.
    """
    own = _distributions(probability)
    rows = []
    for text in game["payoffs"].unique(maintain_order=True):
        same = game.filter(pl.col("payoffs") == text)
        played = [
            (episode, seat, *own[episode, name])
            for episode, players in same.select("episode", "players").iter_rows()
            for seat, name in enumerate(json.loads(players))
            if (episode, name) in own
        ]
        near = _nearest(text, played)
        if near is None:
            continue
        for episode, seat, total, rounds in played:
            apart = total[: len(near[seat])] - rounds * near[seat]
            rows += [(episode, seat, position, gap, rounds) for position, gap in enumerate(apart)]
    return _frame(rows, seat=pl.Int64, position=pl.Int64, apart=pl.Float64, rounds=pl.Float64)


def _nearest(text: str, played: list[tuple[int, int, Numbers, float]]) -> Equilibrium | None:
    """The equilibrium nearest to the mean distributions of all episodes; None without one."""

    def distance(profile: Equilibrium) -> float:
        apart = []
        for seat, own in enumerate(profile):
            parts = [(total[: len(own)], rounds) for _, at, total, rounds in played if at == seat]
            if parts:
                mean = sum(total for total, _ in parts) / sum(rounds for _, rounds in parts)
                apart.append(np.abs(mean - own).sum() / 2)
        return float(np.mean(apart)) if apart else 0.0

    return min(_equilibria(text), key=distance, default=None)


# Payoffs and cooperation


@metric("payoff.cooperation", unit="share", low=0, high=1, statistic=RATIO)
def cooperation_rate(payoff: pl.DataFrame) -> pl.DataFrame:
    """How cooperative moves are: the share of cooperative ones, or the mean share that is contributed.

    Of games that have a cooperative move; a player without a move doesn't count.
    """
    moved = payoff.drop_nulls("cooperation")
    return moved.select("episode", part="cooperation", whole=pl.lit(1.0))


@metric("payoff.payoff", unit="points a round")
def mean_payoff(payoff: pl.DataFrame) -> pl.DataFrame:
    """What a player gets in a round."""
    return payoff.select("episode", value="payoff")


# Randomness


def _counts(parts: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Weight of each player's options, of all of them, and how many options there are (1 for nobody)."""
    lead = parts.shape[:-1]
    cells = parts[..., : MOST_PLAYERS * MOST_OPTIONS].reshape(*lead, MOST_PLAYERS, MOST_OPTIONS)
    whole = cells.sum(axis=-1)
    sizes = parts[..., MOST_PLAYERS * MOST_OPTIONS :]
    with np.errstate(divide="ignore", invalid="ignore"):
        return cells, whole, np.where(whole > 0, sizes / whole, 1)


def _chi_square(parts: Numbers) -> Numbers:
    cells, whole, options = _counts(parts)
    squares = options * (cells**2).sum(axis=-1) - whole**2
    return _mean_of_players(squares, whole)


def _entropy(parts: Numbers) -> Numbers:
    cells, whole, options = _counts(parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = cells / whole[..., None]
        bits = -np.where(cells > 0, shares * np.log(shares), 0).sum(axis=-1) / np.log(options)
    return _mean_of_players(np.where(whole > 0, bits, 0) * whole, whole)


def _by_player_and_option(combine: Callable[[Numbers], Numbers]) -> Statistic:
    cells = {
        f"weight {player} {position}": _cell("weight", player=player, position=position)
        for player in range(MOST_PLAYERS)
        for position in range(MOST_OPTIONS)
    }
    sizes = {f"options {player}": _cell("size", player=player) for player in range(MOST_PLAYERS)}
    return Statistic(("player", "position", "weight", "size"), cells | sizes, combine)


CHI_SQUARE = _by_player_and_option(_chi_square)
"""Pearson's χ² of each player's counts from equal ones, mean of the players."""
ENTROPY = _by_player_and_option(_entropy)
"""Entropy of each player's mean distribution over that of a uniform one, mean of the players."""


@metric(
    "pick.agent pick.position pick.options",
    unit="χ²",
    low=0,
    statistic=CHI_SQUARE,
    source=f"{PEARSON}; {WEST_POTTS}",
)
def chi_square(pick: pl.DataFrame) -> pl.DataFrame:
    """Pearson's χ² from uniform: Σ (O − E)² / E over the k options, with E a k-th of a player's picks.

    Of all episodes' picks together, the mean of the players. Independent uniform picks give k − 1 on
    average, however many they are; any bias makes it grow with their number, so only runs of one size
    compare. Near k − 1 the bootstrap's interval is no guide, since resampling adds a χ² of its own.
    """
    valid = pick.drop_nulls("position")
    weight, size = pl.lit(1.0), pl.col("options").cast(pl.Float64)
    return valid.select("episode", _player(), "position", weight=weight, size=size)


@metric(
    f"{PICK} {PROBABILITY}",
    unit="share of log k",
    low=0,
    high=1,
    statistic=ENTROPY,
    source=SHANNON,
)
def pick_entropy(pick: pl.DataFrame, probability: pl.DataFrame) -> pl.DataFrame:
    """Entropy −Σ q log q of a player's mean distribution over its k options, as a share of log k.

    1 where all options are equally likely, 0 where one is certain; the mean of the players. A little
    low where distributions rest on few samples.
    """
    sizes = pick.select("episode", "agent", "round", "options", known=pl.col("position").is_not_null())
    told = probability.join(sizes.filter("known"), on=["episode", "agent", "round"])
    weight = pl.col("probability")
    return told.select("episode", _player(), "position", weight=weight, size=weight * pl.col("options"))


@metric("pick.agent pick.round pick.position", unit="share", low=0, high=1, statistic=RATIO)
def repetition_rate(pick: pl.DataFrame) -> pl.DataFrame:
    """Share of picks that are the same as the player's one before; of k options, 1 / k by chance."""
    same = (pl.col("position") == pl.col("last")).cast(pl.Float64)
    return _transitions(pick).select("episode", part=same, whole=pl.lit(1.0))


@metric("pick.agent pick.position", unit="picks", low=0, source=WEST_POTTS)
def repeats(pick: pl.DataFrame) -> pl.DataFrame:
    """How many of a player's picks in an episode it had picked before in that episode."""
    valid = pick.drop_nulls("position").group_by("episode", "agent", maintain_order=True)
    return valid.agg((pl.len() - pl.col("position").n_unique()).cast(pl.Float64).alias("value"))


@metric(PICK, unit="share", low=0, high=1, statistic=RATIO)
def predictability(pick: pl.DataFrame) -> pl.DataFrame:
    """How often one who knows a player's last pick, and its habits after such a pick, guesses the next.

    Habits are counted in the other folds' episodes; of equally frequent picks one is guessed by
    chance. Compare with `habit_predictability` and `guessing_chance`, which are of the same picks.
    """
    return _guessed(pick, pl.col("last"))


@metric(PICK, unit="share", low=0, high=1, statistic=RATIO)
def habit_predictability(pick: pl.DataFrame) -> pl.DataFrame:
    """How often one who knows only which pick a player makes most guesses the next (see `predictability`)."""
    return _guessed(pick, pl.lit(0, dtype=pl.Int64))


@metric(PICK, unit="share", low=0, high=1, statistic=RATIO)
def guessing_chance(pick: pl.DataFrame) -> pl.DataFrame:
    """How often a blind guess is right: the mean of 1 / k over the picks that follow another."""
    chance = 1 / pl.col("options").cast(pl.Float64)
    return _transitions(pick).select("episode", part=chance, whole=pl.lit(1.0))


def _player() -> pl.Expr:
    """Players by number, from 0."""
    return (pl.col("agent").rank("dense").cast(pl.Int64) - 1).alias("player")


def _transitions(pick: pl.DataFrame) -> pl.DataFrame:
    """Picks that follow another of the same player, with that one as `last`, and the player's number."""
    before = pick.select("episode", "agent", pl.col("round") + 1, last="position")
    told = pick.join(before, on=["episode", "agent", "round"]).drop_nulls(["position", "last"])
    return told.with_columns(_player())


def _guessed(pick: pl.DataFrame, known: pl.Expr) -> pl.DataFrame:
    """Whether the pick is the most frequent in the other folds after what is `known`, as a chance 0–1."""
    after = _transitions(pick).with_columns(known.alias("known"), fold=pl.col("episode") % FOLDS)
    at = tuple(after[name].to_numpy() for name in ("player", "fold", "known", "position"))
    counts = np.zeros((MOST_PLAYERS, FOLDS, MOST_OPTIONS, MOST_OPTIONS))
    np.add.at(counts, at, 1)
    others = counts.sum(axis=1, keepdims=True) - counts
    seen = others.sum(axis=(2, 3))[at[:2]] > 0
    rows = others[at[:3]]
    rows[np.arange(MOST_OPTIONS) >= after["options"].to_numpy()[:, None]] = -1
    most = rows == rows.max(axis=1, keepdims=True, initial=-1)
    right = most[np.arange(len(rows)), at[3]] / most.sum(axis=1)
    told = after.select("episode", part=pl.Series(right, dtype=pl.Float64), whole=pl.lit(1.0))
    return told.filter(pl.Series(seen, dtype=pl.Boolean))


# Reading tables


@lru_cache(maxsize=64)
def _payoffs(text: str) -> Numbers:
    return np.array(json.loads(text), dtype=float)


@lru_cache(maxsize=64)
def _equilibria(text: str) -> tuple[Equilibrium, ...]:
    return tuple(equilibria(_payoffs(text)))


@lru_cache(maxsize=64)
def _values(text: str) -> tuple[float, float]:
    return values(_payoffs(text))


def _distributions(probability: pl.DataFrame) -> dict[tuple[int, str], tuple[Numbers, float]]:
    """Each player's distributions summed over the rounds of an episode, and how many rounds these are."""
    by = probability.group_by("episode", "agent", "position").agg(pl.col("probability").sum())
    found: dict[tuple[int, str], tuple[Numbers, float]] = {}
    for episode, agent, rounds in (
        probability.group_by("episode", "agent")
        .agg(pl.col("round").n_unique())
        .sort("episode", "agent")
        .iter_rows()
    ):
        found[episode, agent] = np.zeros(MOST_MOVES), float(rounds)
    for episode, agent, position, total in by.iter_rows():
        found[episode, agent][0][position] = total
    return found


def _frame(rows: Sequence[tuple[object, ...]], **columns: type[pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"episode": pl.Int64, **columns}, orient="row")
