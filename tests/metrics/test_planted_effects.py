"""Effects of known size are found, and where there is none, none is found too often."""

from __future__ import annotations

from random import Random

import numpy as np
import polars as pl
import pytest

from palaestra.agents.calls import Call, Reply
from palaestra.agents.scripted import scripted_replies
from palaestra.metrics.comparison import difference, level
from palaestra.metrics.families.conformity import conformity, correction, corruption
from palaestra.metrics.families.judges import length_preference, position_bias
from palaestra.metrics.families.opinions import group_pull
from palaestra.metrics.influence import centralities, influence, influence_graph
from palaestra.metrics.metric import CORRELATION, RATIO, Metric, Tables, metric
from palaestra.scenarios.parts.opinion_scale import SCALE
from support.metric_tables import play, ready_made, table
from support.slices import sliced

AGENTS = ["Ann", "Bo", "Cem", "Dee", "Eli"]
OPINION = "episode agent moment opinion"
POINTS = np.array(list(SCALE.values()))


def finds(measure: Metric, tables: Tables, planted: float, null: float) -> None:
    """The interval of the metric holds what was planted, and not what there would be without."""
    told = level(measure, tables)
    assert told.low is not None
    assert told.high is not None
    assert told.low <= planted <= told.high
    assert not told.low <= null <= told.high


def conforming(rate: float, episodes: int, seed: int) -> pl.DataFrame:
    """Groups of five whose minorities go over to a strict majority of the others at `rate`."""
    rng = np.random.default_rng(seed)
    rows = []
    for episode in range(episodes):
        before = rng.choice(POINTS, len(AGENTS))
        sides = np.sign(before)
        for agent, opinion, side in zip(AGENTS, before, sides, strict=True):
            goes = (sides.sum() - side) * side < 0 and rng.random() < rate
            rows += [
                (episode, agent, "before", opinion),
                (episode, agent, "after", -opinion if goes else opinion),
            ]
    return table(OPINION, *rows)


def test_conformity_at_a_rate_of_three_in_ten() -> None:
    finds(conformity, {"opinion": conforming(0.3, 80, seed=1)}, planted=0.3, null=0.5)


def averaging(pull: float, episodes: int, seed: int) -> pl.DataFrame:
    """Groups in which all go `pull` of the way to the mean of the others, more or less."""
    rng = np.random.default_rng(seed)
    rows = []
    for episode in range(episodes):
        before = rng.uniform(-2.5, 2.5, len(AGENTS))
        others = (before.sum() - before) / (len(AGENTS) - 1)
        after = before + pull * (others - before) + rng.normal(0, 0.5, len(AGENTS))
        for agent, first, last in zip(AGENTS, before, after, strict=True):
            rows += [(episode, agent, "before", first), (episode, agent, "after", last)]
    return table(OPINION, *rows)


def test_a_pull_of_two_fifths() -> None:
    finds(group_pull, {"opinion": averaging(0.4, 40, seed=2)}, planted=0.4, null=0.0)


def test_the_one_who_moves_all_others_is_found() -> None:
    rng = np.random.default_rng(3)
    rows = []
    for episode in range(60):
        before = rng.uniform(-2.5, 2.5, len(AGENTS))
        after = before + 0.5 * (before[0] - before) + rng.normal(0, 0.2, len(AGENTS))
        after[0] = before[0]
        for agent, first, last in zip(AGENTS, before, after, strict=True):
            rows += [(episode, agent, "before", first), (episode, agent, "after", last)]
    edges = influence(table(OPINION, *rows))
    for source, _, weight, _ in edges.rows():
        assert weight == pytest.approx(0.5 if source == "Ann" else 0.0, abs=0.1)
    assert centralities(influence_graph(edges))["agent"][0] == "Ann"


def test_rates_of_correction_and_corruption() -> None:
    rng = np.random.default_rng(4)
    rows = []
    for episode in range(40):
        for agent in AGENTS[:3]:
            for player in ("Vic", "Wim", "Xia", "Yan"):
                first = bool(rng.random() < 0.5)
                last = bool(rng.random() < 0.8) if first else bool(rng.random() < 0.35)
                for moment, right in (("initial", first), ("final", last)):
                    rows.append((episode, agent, moment, player, "knight" if right else "knave", right))
    answers = {"answer": table("episode agent moment player role correct", *rows)}
    finds(correction, answers, planted=0.35, null=0.5)
    finds(corruption, answers, planted=0.2, null=0.5)


def test_a_judge_to_whom_the_first_is_better_by_a_tenth() -> None:
    rng = np.random.default_rng(5)
    rows = []
    for episode in range(30):
        for contest in range(6):
            better = rng.uniform(0.2, 0.8)
            for first, second, p in (("Ann", "Bo", better), ("Bo", "Ann", 1 - better)):
                rows.append((episode, contest, "Kim", first, second, p + 0.1 + rng.normal(0, 0.03)))
    told = table("episode contest judge first second first_better", *rows)
    finds(position_bias, {"comparison": told}, planted=0.1, null=0.0)


def test_a_judge_who_likes_length() -> None:
    rng = np.random.default_rng(6)
    answers, messages, scores = [], [], []
    for episode in range(30):
        for contest in range(6):
            for side, fighter in enumerate(("Ann", "Bo")):
                message = 2 * contest + side
                z = rng.normal(size=2)
                messages.append((episode, message, "x" * round(200 + 40 * z[0])))
                answers.append((episode, contest, fighter, message))
                scores.append((episode, contest, fighter, 5 + 0.5 * z[0] + np.sqrt(0.75) * z[1]))
    tables = {
        "messages": table("episode message text", *messages),
        "answer": table("episode contest fighter message", *answers),
        "judgement": table("episode contest contestant score", *scores),
    }
    finds(length_preference, tables, planted=0.5, null=0.0)


# Through the rules of a debate


class Group:
    """Answers for debaters who, against a strict majority of the others, go over to it at `rate`."""

    def __init__(self, rate: float, seed: int) -> None:
        self.rate = rate
        self.random = Random(seed)
        self.before: dict[str, float] = {}

    def respond(self, calls: list[Call]) -> list[Reply]:
        replies = scripted_replies(calls)
        if calls[0].purpose == "opinion" and calls[0].about["when"] == "before":
            self.before = {call.agent: self.random.choice(list(SCALE.values())) for call in calls}
            return [self._says(self.before[call.agent]) for call in calls]
        if calls[0].purpose == "opinion":
            return [self._says(self._after(call.agent)) for call in calls]
        return replies

    def _after(self, agent: str) -> float:
        own = self.before[agent]
        others = sum(np.sign(opinion) for name, opinion in self.before.items() if name != agent)
        return -own if others * own < 0 and self.random.random() < self.rate else own

    def _says(self, opinion: float) -> Reply:
        word = next(word for word, points in SCALE.items() if points == opinion)
        return Reply(text=word, value=word)


def test_debaters_who_conform_at_a_rate_are_found_to() -> None:
    debaters = ", ".join(f"{{name: {name}}}" for name in AGENTS)
    debate = ready_made("debate", f"debaters=[{debaters}]", "judges=[]", "rounds=1")
    tables = play(debate, 80, Group(0.3, seed=8).respond)
    finds(conformity, tables, planted=0.3, null=0.5)
    stubborn = play(debate, 80, Group(0.0, seed=8).respond)
    told = difference(conformity, stubborn, tables)
    assert told.paired
    assert told.low is not None
    assert told.low > 0


# Between two runs


@metric("told.value", unit="points")
def average(told: pl.DataFrame) -> pl.DataFrame:
    """A mean."""
    return told.select("episode", "value")


@metric("told.value told.weight", unit="points", statistic=RATIO)
def rate(told: pl.DataFrame) -> pl.DataFrame:
    """A ratio."""
    return told.select("episode", part=pl.col("value") * pl.col("weight"), whole="weight")


@metric("told.value told.other", unit="r", statistic=CORRELATION)
def correlation(told: pl.DataFrame) -> pl.DataFrame:
    """A correlation."""
    return told.select("episode", x="value", y="other")


def run(rng: np.random.Generator, hardness: object, effect: float, first_seed: int, rows: int = 4) -> Tables:
    """Thirty episodes of four rows, whose values have an episode's hardness in them."""
    episode = np.repeat(np.arange(30), rows)
    noise = rng.normal(size=(3, len(episode)))
    value = effect + np.repeat(np.asarray(hardness), rows) + noise[0]
    told = {"episode": episode, "value": value, "other": value + noise[1], "weight": 1 + np.abs(noise[2])}
    seeds = pl.DataFrame({"episode": range(30), "seed": range(first_seed, first_seed + 30)})
    return {"told": pl.DataFrame(told), "episodes": seeds.with_columns(ended=True)}


def two_runs(seed: int, effect: float, *, paired: bool) -> tuple[Tables, Tables]:
    """A baseline and a run with `effect`; paired ones play the same episodes, hard or easy."""
    rng = np.random.default_rng(seed)
    hardness = rng.normal(size=(2, 30))
    second = hardness[0] if paired else hardness[1]
    return run(rng, hardness[0], 0.0, 0), run(rng, second, effect, 0 if paired else 100)


def test_a_difference_of_means_between_pairs_is_found() -> None:
    told = difference(average, *two_runs(9, 0.5, paired=True))
    assert told.paired
    assert told.low is not None
    assert told.high is not None
    assert 0 < told.low <= 0.5 <= told.high
    assert told.p is not None
    assert told.p < 0.05


def test_pairs_tell_smaller_differences_apart_than_strangers() -> None:
    pairs, strangers = (difference(average, *two_runs(10, 0.5, paired=p)) for p in (True, False))
    assert pairs.detectable is not None
    assert strangers.detectable is not None
    assert pairs.detectable < 0.8 * strangers.detectable


@pytest.mark.parametrize("paired", [True, False], ids=["paired", "unpaired"])
@pytest.mark.parametrize(
    "measure", sliced([average, rate, correlation], [average]), ids=lambda measure: measure.name
)
def test_without_an_effect_the_interval_holds_zero_about_95_times_in_100(
    measure: Metric, paired: bool
) -> None:
    holds, significant = 0, 0
    for seed in range(100):
        told = difference(measure, *two_runs(seed, 0.0, paired=paired))
        assert told.paired == paired
        assert told.low is not None
        assert told.high is not None
        assert told.p is not None
        holds += told.low <= 0 <= told.high
        significant += told.p < 0.05
    assert 88 <= holds <= 100
    assert significant <= 12
