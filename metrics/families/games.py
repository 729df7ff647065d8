"""How agents play games and draw at random: exploitability, equilibrium, cooperation, predictability.

The scenarios `normal_form_game` and `random_numbers` record what was picked (table `pick`) and how
likely each option was (table `probability`, from option probabilities or from samples, as the
pick's `basis` says). An observer who looks for the habits of a player learns them from other
episodes than those in which it is tried (`FOLDS`), so that chance is no habit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from palaestra.metrics.bounds import Numbers
from palaestra.metrics.equilibria import Equilibrium, constant_sum
from palaestra.metrics.metric import RATIO, Statistic, Tables, metric
from palaestra.metrics.played_games import PlayedGame, equilibria_of, payoffs_of, played_games, values_of
from palaestra.metrics.plots.marks import dots, name_rows
from palaestra.metrics.plots.means import counted, means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import MUTED, SINGLE, SMALL, figure

# Metrics

FOLDS = 4
"""Groups of episodes, by index modulo their number; habits are learnt in the others."""

WEST_POTTS = "West and Potts on the randomness of base and aligned models, notes"
PEARSON = "Pearson, Philosophical Magazine 50 (1900)"
SHANNON = "Shannon, A Mathematical Theory of Communication (1948)"
PICK = "pick.agent pick.round pick.position pick.options"
PROBABILITY = "probability.agent probability.round probability.position probability.probability"


# A best reply


def _exploited(parts: Numbers) -> Numbers:
    gain, rounds = np.moveaxis(parts, -1, 0)
    others, seen = (cell.sum(axis=-3, keepdims=True) - cell for cell in (gain, rounds))
    with np.errstate(divide="ignore", invalid="ignore"):
        best = np.where(seen > 0, others / seen, -np.inf).argmax(axis=-1)[..., None]
        tried = np.take_along_axis(seen, best, -1) > 0
        won, played = (np.where(tried, np.take_along_axis(c, best, -1), 0) for c in (gain, rounds))
        each = won.sum(axis=(-3, -1)) / played.sum(axis=(-3, -1))
    if each.shape[-1] == 1:  # of the other seat nothing is known, in any episode
        return np.full(each.shape[:-1], np.nan)
    found: Numbers = each.mean(axis=-1)
    return found


EXPLOITED = Statistic(
    ("fold", "seat", "reply", "gain", "rounds"),
    {value: pl.col(value).sum() for value in ("gain", "rounds")},
    _exploited,
    axes=("fold", "seat", "reply"),
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
    rows: list[tuple[int, int, int, int, float, float]] = []
    for text, played in played_games(game, probability).items():
        payoffs = payoffs_of(text)
        if not constant_sum(payoffs):
            continue
        for episode, seat, total, rounds in played:
            against = np.moveaxis(payoffs[..., 1 - seat], seat, 0)
            gains = total @ against - rounds * values_of(text)[1 - seat]
            rows += [
                (episode, episode % FOLDS, seat, reply, gain, rounds) for reply, gain in enumerate(gains)
            ]
    return _frame(rows, fold=pl.Int64, seat=pl.Int64, reply=pl.Int64, gain=pl.Float64, rounds=pl.Float64)


# Equilibrium


def _variation(parts: Numbers) -> Numbers:
    apart, rounds = np.moveaxis(parts, -1, 0)
    return _mean_of_players(np.abs(apart).sum(axis=-1) / 2, rounds[..., 0])


def _mean_of_players(totals: Numbers, counts: Numbers) -> Numbers:
    """The mean over players of total / count; those without a count are left out."""
    with np.errstate(divide="ignore", invalid="ignore"):
        each: Numbers = np.where(counts > 0, totals / counts, 0).sum(axis=-1) / (counts > 0).sum(axis=-1)
        return each


VARIATION = Statistic(
    ("seat", "position", "apart", "rounds"),
    {value: pl.col(value).sum() for value in ("apart", "rounds")},
    _variation,
    axes=("seat", "position"),
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
    `palaestra.metrics.equilibria` finds (of three players and more, and of two with more than six
    moves, only pure ones and what a constant sum gives). 0 is the equilibrium. Too high where
    distributions rest on few samples: n moves of a player who picks k moves at random are about
    √((k − 1) / (2πn)) from uniform, and near that the bootstrap's interval is no guide.
    """
    rows = []
    for text, played in played_games(game, probability).items():
        near = _nearest(text, played)
        if near is None:
            continue
        for episode, seat, total, rounds in played:
            apart = total - rounds * near[seat]
            rows += [(episode, seat, position, gap, rounds) for position, gap in enumerate(apart)]
    return _frame(rows, seat=pl.Int64, position=pl.Int64, apart=pl.Float64, rounds=pl.Float64)


def _nearest(text: str, played: Sequence[PlayedGame]) -> Equilibrium | None:
    """The equilibrium nearest to the mean distributions of all episodes; None without one."""

    def distance(profile: Equilibrium) -> float:
        apart = []
        for seat, own in enumerate(profile):
            here = [each for each in played if each.seat == seat]
            if here:
                mean = sum(each.total for each in here) / sum(each.rounds for each in here)
                apart.append(np.abs(mean - own).sum() / 2)
        return float(np.mean(apart)) if apart else 0.0

    return min(equilibria_of(text), key=distance, default=None)


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
    cells, sizes = np.moveaxis(parts, -1, 0)
    whole = cells.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return cells, whole, np.where(whole > 0, sizes.sum(axis=-1) / whole, 1)


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
    sums = {value: pl.col(value).sum() for value in ("weight", "size")}
    return Statistic(("player", "position", "weight", "size"), sums, combine, axes=("player", "position"))


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


@metric(PICK, unit="share", low=0, high=1, statistic=RATIO, pooled=True)
def predictability(pick: pl.DataFrame) -> pl.DataFrame:
    """How often one who knows a player's last pick, and its habits after such a pick, guesses the next.

    Habits are counted in the other folds' episodes; of equally frequent picks one is guessed by
    chance. Compare with `habit_predictability` and `guessing_chance`, which are of the same picks.
    """
    return _guessed(pick, pl.col("last"))


@metric(PICK, unit="share", low=0, high=1, statistic=RATIO, pooled=True)
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
    at = ["player", "known", "fold", "options"]
    told = (
        after.filter(pl.len().over("player") > pl.len().over("player", "fold"))
        .join(_habits(after, at), on=at, how="left", maintain_order="left")
        .with_columns(pl.col("options").cast(pl.Float64))
    )
    habits = pl.col("habits")
    right = (
        pl.when(habits.is_null())
        .then(1 / pl.col("options"))
        .when(habits.list.contains(pl.col("position")))
        .then(1 / habits.list.len())
        .otherwise(0.0)
    )
    return told.select("episode", part=right, whole=pl.lit(1.0))


def _habits(after: pl.DataFrame, at: list[str]) -> pl.DataFrame:
    """The positions that are most frequent in the other folds: `at`, `habits`, where there are any."""
    place = ["player", "known", "position"]
    here = after.group_by(*place, "fold").agg(pl.len().cast(pl.Int64).alias("here"))
    everywhere = here.group_by(place).agg(pl.col("here").sum().alias("everywhere"))
    elsewhere = pl.col("everywhere") - pl.col("here").fill_null(0)
    seen = (
        after.select(at)
        .unique()
        .join(everywhere, on=["player", "known"])
        .join(here, on=[*place, "fold"], how="left")
        .filter(pl.col("position") < pl.col("options"), elsewhere > 0)
    )
    most = seen.filter(elsewhere == elsewhere.max().over(at))
    return most.group_by(at).agg(pl.col("position").alias("habits"))


def _frame(rows: Sequence[tuple[object, ...]], **columns: type[pl.DataType]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"episode": pl.Int64, **columns}, orient="row")


# Figures

SPREAD = 0.6
"""How much of a row's height the dots of several players take."""


@plot(
    "probability.agent probability.option probability.position probability.probability pick.basis",
)
def picks(tables: Tables) -> Figure:
    """Mean probability of each move or number, by player; dashed lines are where all are equally likely.

    The subtitle tells how many of the distributions are from one call's option probabilities, and
    how many from samples.

    Raises:
        Unmeasurable: nobody picked anything.
    """
    rows = some(tables["probability"], "nobody picked anything")
    basis = tables["pick"]["basis"].to_list()
    options = rows.group_by("position", maintain_order=True).agg("option").sort("position")
    labels = [" / ".join(dict.fromkeys(names)) for names in options["option"]]
    found = means(
        rows.select("episode", "agent", "position", value="probability"),
        ["agent", "position"],
        support=(0, 1),
    )
    players = found["agent"].unique().sort().to_list()
    sources = [
        counted(basis.count("probabilities"), "pick from probabilities", "picks from probabilities"),
        f"{basis.count('sample')} from samples",
    ]
    drawn = figure(
        SINGLE,
        0.9 + 0.1 * len(labels) * max(2, len(players)),
        subtitle=f"{told(found, 'bars')}; {', '.join(sources)}",
    )
    (axes,) = drawn.axes
    for number, ((player,), own) in enumerate(found.group_by("agent", maintain_order=True)):
        offset = SPREAD * ((number + 0.5) / len(players) - 0.5)
        dots(axes, own, [place + offset for place in own["position"]], number=number, label=str(player))
    sizes = rows.group_by("episode", "agent").agg(pl.col("position").n_unique())["position"]
    for number, size in enumerate(sizes.unique().sort()):
        label = "_" if number else "equally likely"
        axes.axvline(1 / size, color=MUTED, linestyle="--", linewidth=0.9, label=label)
    name_rows(axes, labels)
    axes.set_xlabel("mean probability (0–1)")
    drawn.legend(loc="outside lower center", ncols=3, fontsize=SMALL, frameon=False)
    return drawn
