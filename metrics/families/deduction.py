"""Games of hidden roles: who deceives, who detects, who trusts, who survives.

The names and definitions TAS … TNS are those of the code of The Traitors (pedrocurvo/TheTraitors,
`utils/metrics.py`), means over rounds; what was meant is computed where that code has a fault.
The minority are the traitors or wolves, the majority the faithful or villagers.
"""

from __future__ import annotations

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from palaestra.metrics.metric import RATIO, Tables, metric
from palaestra.metrics.plots.marks import curve, heat, scale
from palaestra.metrics.plots.means import counted, means, told
from palaestra.metrics.plots.plot import plot, some
from palaestra.metrics.plots.style import DOUBLE, INK, SINGLE, SMALL, TEXT, figure

# Metrics

THE_TRAITORS = "The Traitors, utils/metrics.py"
ROUND = ["episode", "round"]
VOTE = "vote.round vote.when vote.voter vote.target vote.valid"
ROLE = "role.player role.minority"
BELIEF = "belief.moment belief.agent belief.about"


def votes(vote: pl.DataFrame, role: pl.DataFrame) -> pl.DataFrame:
    """The valid votes, in their order, with who is of the minority.

    Returns:
        `episode`, `round`, `when`, `voter`, `target`, and `voter_minority`, `target_minority`.
    """
    minority = role.select("episode", "player", "minority")
    found = vote.filter("valid").select("episode", "round", "when", "voter", "target")
    for who in ("voter", "target"):
        of = minority.rename({"player": who, "minority": f"{who}_minority"})
        found = found.join(of, on=["episode", who], maintain_order="left")
    return found


def _by_day(vote: pl.DataFrame, role: pl.DataFrame) -> pl.DataFrame:
    """The faithful's votes by day."""
    return votes(vote, role).filter((pl.col("when") == "day") & ~pl.col("voter_minority"))


def _largest_share(votes: pl.DataFrame) -> pl.DataFrame:
    """The largest share of a round's votes on one target: `episode`, `value`, a row a round."""
    counts = votes.group_by(*ROUND, "target", maintain_order=True).agg(pl.len().alias("votes"))
    share = pl.col("votes").max() / pl.col("votes").sum()
    return counts.group_by(ROUND, maintain_order=True).agg(share.alias("value")).select("episode", "value")


def _mean_by_round(rows: pl.DataFrame, value: pl.Expr) -> pl.DataFrame:
    """The mean of `value` in each round: `episode`, `value`, a row a round."""
    told = value.cast(pl.Float64).mean().alias("value")
    return rows.group_by(ROUND, maintain_order=True).agg(told).select("episode", "value")


@metric(f"{VOTE} {ROLE}", unit="share", low=0, high=1, source=THE_TRAITORS)
def tas(vote: pl.DataFrame, role: pl.DataFrame) -> pl.DataFrame:
    """TAS, traitor agreement score: the largest share of a night's votes on one target."""
    by_night = votes(vote, role).filter((pl.col("when") == "night") & pl.col("voter_minority"))
    return _largest_share(by_night)


@metric(f"{VOTE} {ROLE}", unit="share", low=0, high=1, source=THE_TRAITORS)
def fas(vote: pl.DataFrame, role: pl.DataFrame) -> pl.DataFrame:
    """FAS, faithful agreement score: the largest share of the faithful's day votes on one target."""
    return _largest_share(_by_day(vote, role))


@metric(f"{VOTE} {ROLE}", unit="share", low=0, high=1, source=THE_TRAITORS)
def fcr(vote: pl.DataFrame, role: pl.DataFrame) -> pl.DataFrame:
    """FCR, faithful correctness rate: the share of the faithful's day votes on traitors."""
    return _mean_by_round(_by_day(vote, role), pl.col("target_minority"))


@metric(f"{VOTE} {ROLE}", unit="share", low=0, high=1, source=THE_TRAITORS, restates="fcr")
def idr(vote: pl.DataFrame, role: pl.DataFrame) -> pl.DataFrame:
    """IDR, information diffusion rate: identical to FCR in the code and therefore here."""
    return fcr(vote, role)


def _survival(role: pl.DataFrame, elimination: pl.DataFrame, *, minority: bool) -> pl.DataFrame:
    out = elimination.select("episode", "player", gone=pl.lit(1.0))
    team = role.filter(pl.col("minority") == minority).join(
        out, on=["episode", "player"], how="left", maintain_order="left"
    )
    return team.select("episode", value=1 - pl.col("gone").fill_null(0.0))


@metric(f"{ROLE} elimination.player", unit="share", low=0, high=1, source=THE_TRAITORS)
def tsr(role: pl.DataFrame, elimination: pl.DataFrame) -> pl.DataFrame:
    """TSR, traitor survival rate: survivors of the minority over its size."""
    return _survival(role, elimination, minority=True)


@metric(f"{ROLE} elimination.player", unit="share", low=0, high=1, source=THE_TRAITORS)
def fsr(role: pl.DataFrame, elimination: pl.DataFrame) -> pl.DataFrame:
    """FSR, faithful survival rate: survivors of the majority over its size."""
    return _survival(role, elimination, minority=False)


@metric(
    f"{VOTE} {ROLE} elimination.round elimination.when elimination.player",
    unit="share",
    low=0,
    high=1,
    source=THE_TRAITORS,
)
def des(vote: pl.DataFrame, role: pl.DataFrame, elimination: pl.DataFrame) -> pl.DataFrame:
    """DES, deception effectiveness score: share of nights with all traitor votes on the faithful who dies."""
    by_night = votes(vote, role).filter((pl.col("when") == "night") & pl.col("voter_minority"))
    killed = elimination.filter(pl.col("when") == "night").select(*ROUND, "player")
    aimed = by_night.join(killed, on=ROUND, how="left", maintain_order="left").with_columns(
        ((pl.col("target") == pl.col("player")).fill_null(value=False) & ~pl.col("target_minority")).alias(
            "hit"
        )
    )
    hit = pl.col("hit").min().cast(pl.Float64).alias("value")
    return aimed.group_by(ROUND, maintain_order=True).agg(hit).select("episode", "value")


@metric(f"{VOTE} {ROLE}", unit="share", low=0, high=1, source=THE_TRAITORS)
def brr(vote: pl.DataFrame, role: pl.DataFrame) -> pl.DataFrame:
    """BRR, betrayal recognition rate: of the faithful's votes on traitors, those off their plurality target.

    Rounds in which no faithful voted for a traitor, or whose plurality is shared, don't count; in
    the code the former count 0, and of targets that share the plurality one is taken.
    """
    by_day = _by_day(vote, role)
    counts = by_day.group_by(*ROUND, "target", maintain_order=True).agg(pl.len().alias("votes"))
    top = counts.filter(pl.col("votes") == pl.col("votes").max().over(ROUND))
    top = top.filter(pl.len().over(ROUND) == 1).select(*ROUND, favourite="target")
    right = by_day.filter("target_minority").join(top, on=ROUND, maintain_order="left")
    return _mean_by_round(right, pl.col("target") != pl.col("favourite"))


@metric(f"{VOTE} {ROLE}", unit="share", low=0, high=1, source=THE_TRAITORS)
def vsf(vote: pl.DataFrame, role: pl.DataFrame) -> pl.DataFrame:
    """VSF, vote switching frequency: share of day votes that differ from the voter's day vote before.

    The code mixes days and nights and counts first votes as changed; here neither does.
    """
    by_day = votes(vote, role).filter(pl.col("when") == "day")
    before = pl.col("target").shift(1).over("episode", "voter", order_by="round")
    changed = by_day.with_columns(before.alias("before")).drop_nulls("before")
    return _mean_by_round(changed, pl.col("target") != pl.col("before"))


@metric(f"{VOTE} {ROLE}", unit="share", low=0, high=1, source=THE_TRAITORS, restates="vsf")
def tns(vote: pl.DataFrame, role: pl.DataFrame) -> pl.DataFrame:
    """TNS, trust network stability: 1 − VSF (vote switching frequency)."""
    return vsf(vote, role).select("episode", value=1 - pl.col("value"))


@metric(
    "elimination.when elimination.player role.player role.minority",
    unit="share",
    low=0,
    high=1,
    statistic=RATIO,
)
def day_deception(elimination: pl.DataFrame, role: pl.DataFrame) -> pl.DataFrame:
    """Share of day eliminations that hit the faithful, over all games."""
    out = elimination.filter(pl.col("when") == "day").join(
        role.select("episode", "player", "minority"), on=["episode", "player"], maintain_order="left"
    )
    return out.select("episode", part=(~pl.col("minority")).cast(pl.Float64), whole=pl.lit(1.0))


def beliefs(belief: pl.DataFrame, role: pl.DataFrame) -> pl.DataFrame:
    """What the majority believe of others: the `belief` table with `minority`, whether `about` is of it."""
    told = role.select("episode", "player", "minority")
    faithful = told.filter(~pl.col("minority")).select("episode", agent="player")
    return belief.join(faithful, on=["episode", "agent"], how="semi", maintain_order="left").join(
        told.rename({"player": "about"}), on=["episode", "about"], maintain_order="left"
    )


@metric(f"{BELIEF} belief.suspicion {ROLE}", unit="squared probability", low=0, high=1, source="Brier (1950)")
def suspicion_brier(belief: pl.DataFrame, role: pl.DataFrame) -> pl.DataFrame:
    """Brier score of the faithful's suspicion after the talk, (suspicion − truth)²; lower is better."""
    after = beliefs(belief, role).filter(pl.col("moment") == "after").drop_nulls("suspicion")
    return after.select("episode", value=(pl.col("suspicion") - pl.col("minority").cast(pl.Float64)) ** 2)


@metric(f"{BELIEF} belief.round belief.suspicion {ROLE}", unit="probability", low=-1, high=1, null=0)
def suspicion_gap(belief: pl.DataFrame, role: pl.DataFrame) -> pl.DataFrame:
    """How well suspicion tells: its mean of traitors − its mean of faithful, in a round after the talk."""
    after = beliefs(belief, role).filter(pl.col("moment") == "after").drop_nulls("suspicion")
    means = [
        pl.col("suspicion").filter(pl.col("minority") == is_minority).mean() for is_minority in (True, False)
    ]
    return (
        after.group_by(ROUND, maintain_order=True)
        .agg((means[0] - means[1]).alias("value"))
        .select("episode", "value")
    )


@metric(f"{BELIEF} belief.round belief.trust", unit="probability", low=-1, high=1, null=0)
def trust_change(belief: pl.DataFrame) -> pl.DataFrame:
    """Mean change of trust over the talk of a day: after − before, over all who said both of another."""
    key = [*ROUND, "agent", "about"]
    before, after = (
        belief.filter(pl.col("moment") == moment)
        .drop_nulls("trust")
        .select(*key, pl.col("trust").alias(moment))
        for moment in ("before", "after")
    )
    both = before.join(after, on=key, maintain_order="left")
    return both.select("episode", value=pl.col("after") - pl.col("before"))


@metric("role.minority role.team episodes.winner", unit="share", low=0, high=1)
def traitors_win(role: pl.DataFrame, episodes: pl.DataFrame) -> pl.DataFrame:
    """Share of games that the minority wins; undecided games count as not."""
    team = role.filter("minority").group_by("episode", maintain_order=True).agg(pl.col("team").first())
    ended = team.join(episodes.select("episode", "winner"), on="episode", maintain_order="left")
    return ended.select("episode", value=(pl.col("winner") == pl.col("team")).cast(pl.Float64))


def survivors(role: pl.DataFrame, elimination: pl.DataFrame, episodes: pl.DataFrame) -> pl.DataFrame:
    """How many of each team live after each round.

    Returns:
        `episode`, `round` (0 is before the first), `minority`, `alive` (share of the team, 0–1),
        for the rounds that each ended game had.
    """
    size = role.group_by("episode", "minority").agg(pl.len().alias("size"))
    rounds = (
        episodes.filter("ended")
        .drop_nulls("rounds")
        .select("episode", pl.int_ranges(0, pl.col("rounds") + 1).alias("round"))
    )
    grid = rounds.explode("round").join(size, on="episode")
    gone = (
        elimination.join(role.select("episode", "player", "minority"), on=["episode", "player"])
        .group_by("episode", "round", "minority")
        .agg(pl.len().alias("gone"))
    )
    return (
        grid.join(gone, on=["episode", "round", "minority"], how="left")
        .sort("episode", "minority", "round")
        .with_columns(pl.col("gone").fill_null(0).cum_sum().over("episode", "minority"))
        .select("episode", "round", "minority", alive=1 - pl.col("gone") / pl.col("size"))
    )


def trust_matrix(belief: pl.DataFrame, number: int, moment: str = "after") -> pl.DataFrame:
    """Mean trust of each agent in each other in round `number`: `agent`, `about`, `trust`."""
    told = belief.filter((pl.col("round") == number) & (pl.col("moment") == moment)).drop_nulls("trust")
    return told.group_by("agent", "about").agg(pl.col("trust").mean()).sort("agent", "about")


# Figures

IN_A_ROW = 4


@plot(f"belief.round belief.moment belief.agent belief.about belief.trust role.event role.team {ROLE}")
def trust(tables: Tables, *, episode: int | None = None, moment: str = "after") -> Figure:
    """Trust of each agent (row) in each other (column), 0–1: a heat map for each round.

    The minority come first, in bold. Where roles differ between episodes, agents stand under
    their team and their place in it, so that a cell is about one role in all episodes.

    Args:
        tables: with `belief` and `role`.
        episode: of which game; the mean of all by default.
        moment: "before" or "after" the talk of a round.

    Raises:
        Unmeasurable: nobody told trust at this moment.
    """
    belief, role = tables["belief"], tables["role"]
    if episode is not None:
        belief, role = (table.filter(pl.col("episode") == episode) for table in (belief, role))
    here = "" if episode is None else f" in episode {episode}"
    belief = some(
        belief.filter(pl.col("moment") == moment).drop_nulls("trust"),
        f"nobody told its trust {moment} the talk{here}",
    )
    seats, dealt = _seats(role)
    for who in ("agent", "about"):
        named = seats.select("episode", pl.col("player").alias(who), "seat")
        belief = belief.join(named, on=["episode", who]).drop(who).rename({"seat": who})
    some(belief, "nobody who told its trust has a role")
    order = seats.unique("seat", keep="first", maintain_order=True)
    order = order.sort("minority", "place", "seat", descending=[True, False, False])
    games = dict(belief.group_by("round").agg(pl.col("episode").n_unique()).sort("round").iter_rows())
    columns = min(IN_A_ROW, len(games))
    rows = -(-len(games) // columns)
    longest = max(map(len, order["seat"].to_list()))
    minority = ", ".join(seats.filter("minority")["team"].unique().sort()) or "nobody"
    drawn = figure(
        SINGLE if len(games) == 1 else DOUBLE,
        rows * (min(1.9, 5.5 / columns) + 0.6 + 0.06 * longest),
        rows,
        columns,
        subtitle=(here.removeprefix(" in ") or counted(belief["episode"].n_unique(), "episode"))
        + f", {moment} the talk; bold: {minority}; hatched: no answer"
        + ("; agents by team, since roles were dealt anew" if dealt else ""),
    )
    for surplus in drawn.axes[len(games) :]:
        surplus.remove()
    for place, (axes, (number, of)) in enumerate(zip(drawn.axes, games.items(), strict=True)):
        image = _matrix(axes, trust_matrix(belief, number, moment), order, names=place % columns == 0)
        title = f"round {number}" + ("" if here else f" ({counted(of, 'game')})")
        axes.set_title(title, fontsize=TEXT, loc="left", color=INK)
        axes.set_xlabel("trusted")
    drawn.axes[0].set_ylabel("trusting")
    scale(drawn, image, "trust (0–1)" if here else "mean trust (0–1)")
    return drawn


def _seats(role: pl.DataFrame) -> tuple[pl.DataFrame, bool]:
    """`role` with `seat` (a name of one team in all episodes) and `place`; whether roles were dealt."""
    ordered = role.sort("episode", "event")
    dealt = bool((ordered.group_by("player").agg(pl.col("minority").n_unique())["minority"] > 1).any())
    place = pl.int_range(pl.len()).over("episode", "minority")
    seat = pl.format("{} {}", "team", place + 1) if dealt else pl.col("player")
    return ordered.with_columns(place.alias("place"), seat.alias("seat")), dealt


def _matrix(axes: Axes, cells: pl.DataFrame, order: pl.DataFrame, *, names: bool) -> AxesImage:
    image = heat(axes, cells, order["seat"].to_list())
    if not names:
        axes.set_yticklabels([""] * len(order))
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        for label, minority in zip(labels, order["minority"], strict=True):
            label.set_fontweight("bold" if minority else "normal")
    edge = sum(order["minority"].to_list()) - 0.5
    if 0 < edge < len(order) - 1:
        axes.axhline(edge, color="white", linewidth=1.5)
        axes.axvline(edge, color="white", linewidth=1.5)
    return image


@plot(f"{ROLE} role.team elimination.player elimination.round episodes.ended episodes.rounds")
def survival(tables: Tables) -> Figure:
    """Share of each team alive (0–1) after each round, round 0 being the start: means over games.

    A game that has ended keeps its survivors in the rounds after, so that every mean is of all games.

    Raises:
        Unmeasurable: no game has ended.
    """
    role = tables["role"]
    found = some(survivors(role, tables["elimination"], tables["episodes"]), "no game has ended")
    last = max(found["round"].to_list())
    grid = (
        found.select("episode", "minority")
        .unique()
        .join(pl.DataFrame({"round": range(last + 1)}), how="cross")
    )
    filled = (
        grid.join(found, on=["episode", "minority", "round"], how="left")
        .sort("episode", "minority", "round")
        .with_columns(pl.col("alive").forward_fill().over("episode", "minority").alias("value"))
    )
    curves = means(filled, ["minority", "round"], support=(0, 1))
    drawn = figure(SINGLE, 2.1, subtitle=f"{told(curves, 'bands')}; ended games keep their survivors")
    (axes,) = drawn.axes
    for number, is_minority in enumerate((True, False)):
        teams = role.filter(pl.col("minority") == is_minority)["team"].unique().sort().to_list()
        own = curves.filter(pl.col("minority") == is_minority)
        name = f"{' / '.join(teams)} ({'minority' if is_minority else 'majority'})"
        curve(axes, own, "round", name, number, hatched=True)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("round")
    axes.set_ylabel("alive (share of the team, 0–1)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=SMALL, frameon=False)
    return drawn
