"""Small tables whose figures are worked out by hand, and what figures hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from support.metric_tables import table

Tables = dict[str, pl.DataFrame]


def pixels(figure: Figure) -> bytes:
    """What the figure looks like; drawing it also raises what only drawing can tell."""
    figure.set_dpi(50)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return bytes(canvas.buffer_rgba())


def subtitle(figure: Figure) -> str:
    return figure.get_suptitle().replace("\n", " ")


def lines(axes: Axes) -> list[tuple[Sequence[float], Sequence[float]]]:
    """The x- and y-values of all lines."""
    return [
        tuple(np.asarray(data, dtype=float).tolist() for data in line.get_data()) for line in axes.get_lines()
    ]


def points(axes: Axes) -> list[tuple[float, float]]:
    """Where all dots of scatters are."""
    found = [marks for marks in axes.collections if isinstance(marks, PathCollection)]
    return [(float(x), float(y)) for marks in found for x, y in np.asarray(marks.get_offsets())]


def words(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def names(axes: Axes, which: str = "y") -> list[str]:
    labels = axes.get_yticklabels() if which == "y" else axes.get_xticklabels()
    return [label.get_text() for label in labels]


def is_number(values: Iterable[float]) -> bool:
    return bool(np.isfinite(np.array(list(values), dtype=float)).all())


def ended(episodes: int, **columns: object) -> pl.DataFrame:
    """A table `episodes` of ended ones; a column's value is that of all, a list has one each."""
    return pl.DataFrame({"episode": range(episodes)}).with_columns(
        pl.lit(value=True).alias("ended"),
        *(
            pl.Series(name, value if isinstance(value, list) else [value] * episodes)
            for name, value in columns.items()
        ),
    )


def repeated(rows: pl.DataFrame, episodes: int) -> pl.DataFrame:
    """The rows of one episode in each of `episodes`."""
    return pl.concat([rows.with_columns(pl.lit(number).alias("episode")) for number in range(episodes)])


def debate(episodes: int = 1) -> Tables:
    """Ann goes from −0.5 to 1.5 and Bo from 1.5 to 0.5; each is drawn to the other."""
    opinion = table(
        "episode agent stance moment opinion",
        (0, "Ann", "for", "before", -0.5),
        (0, "Bo", "against", "before", 1.5),
        (0, "Ann", "for", "after", 1.5),
        (0, "Bo", "against", "after", 0.5),
    )
    return {"opinion": repeated(opinion, episodes), "episodes": ended(episodes, motion="Cars")}


def puzzles(episodes: int = 1) -> Tables:
    """Of two agents one corrects its answer; the other keeps a right one and spoils another."""
    answer = table(
        "episode agent moment player role correct",
        (0, "Ann", "initial", "Vic", "knight", False),
        (0, "Ann", "final", "Vic", "spy", True),
        (0, "Bo", "initial", "Vic", "spy", True),
        (0, "Bo", "final", "Vic", "spy", True),
        (0, "Bo", "initial", "Zed", "spy", True),
        (0, "Bo", "final", "Zed", "knave", False),
    )
    consensus = table("episode player moment correct", (0, "Vic", "final", True), (0, "Zed", "final", False))
    return {"answer": repeated(answer, episodes), "consensus": repeated(consensus, episodes)}


def game() -> Tables:
    """Three players, of whom Cem is the traitor; two games, the second of one round only."""
    role = table(
        "episode event player team minority",
        (0, 0, "Ann", "faithful", False),
        (0, 1, "Bo", "faithful", False),
        (0, 2, "Cem", "traitor", True),
    )
    elimination = table(
        "episode round when player", (0, 1, "night", "Ann"), (0, 2, "day", "Cem"), (1, 1, "day", "Cem")
    )
    belief = table(
        "episode round moment agent about suspicion trust",
        (0, 1, "after", "Ann", "Bo", 0.1, 0.8),
        (0, 1, "after", "Ann", "Cem", 0.9, 0.2),
        (1, 1, "after", "Ann", "Cem", 0.9, 0.6),
        (0, 2, "after", "Cem", "Bo", 0.0, 1.0),
        (0, 2, "before", "Cem", "Bo", 0.0, 0.0),
    )
    return {
        "role": repeated(role, 2),
        "elimination": elimination,
        "belief": belief,
        "episodes": ended(2, rounds=[2, 1]),
    }


def bargain() -> Tables:
    """Two equal deals at the frontier, one below it and one negotiation without a deal."""
    utility = table(
        "episode event party utility reservation", (0, 0, "Vera", 1.0, 1.0), (0, 1, "Tom", 1.0, 2.0)
    )
    episodes = ended(
        4,
        deal=[True, True, True, False],
        utility_first=[6.0, 6.0, 2.0, 1.0],
        utility_second=[7.0, 7.0, 4.0, 2.0],
        pareto=[True, True, False, None],
        zone=10.0,
    )
    return {"utility": repeated(utility, 4), "episodes": episodes}


def budget() -> Tables:
    """One package that was improved once, beside the best and one design."""
    package = table(
        "episode round total minimum gini",
        (0, 1, 40.0, 5.0, 0.2),
        (0, 2, 60.0, 8.0, 0.1),
        (1, 1, None, None, None),
    )
    reference = table(
        "episode kind name total minimum gini",
        (0, "best", "", 80.0, 9.0, 0.05),
        (0, "design", "green", 50.0, 6.0, 0.15),
        (1, "best", "", 80.0, 9.0, 0.05),
        (1, "design", "green", 50.0, 6.0, 0.15),
    )
    return {"package_proposed": package, "reference": reference}


def observed() -> Tables:
    """Two episodes whose drafts have 3 and 5 and whose revisions 4 and 7."""
    rows = [
        (episode, "Ann", 1, criterion, moment, score)
        for criterion in ("alignment", "engagement")
        for moment, scores in {"before": (3.0, 5.0), "after": (4.0, 7.0)}.items()
        for episode, score in enumerate(scores)
    ]
    return {"observation": table("episode agent round criterion moment score", *rows)}


def reviewed() -> Tables:
    """Two reviewers go from 4 and 6 to 5 and 8; only the overall score is asked twice."""
    return {
        "review_score": table(
            "episode reviewer criterion moment score",
            (0, "Kim", "overall", "before", 4.0),
            (0, "Lund", "overall", "before", 6.0),
            (0, "Kim", "overall", "after", 5.0),
            (0, "Lund", "overall", "after", 8.0),
            (0, "Kim", "clarity", "before", 1.0),
        )
    }


def council(episodes: int = 1) -> Tables:
    """Two sessions: workers gain what owners lose, and acts turn from power to welfare."""
    welfare = table(
        "episode session group welfare",
        (0, 1, "workers", 50.0),
        (0, 1, "owners", 60.0),
        (0, 2, "workers", 55.0),
        (0, 2, "owners", 55.0),
    )
    label = table(
        "episode session label power welfare",
        (0, 1, "power", 0.75, 0.25),
        (0, 1, "neutral", 0.25, 0.25),
        (0, 2, "welfare", 0.0, 1.0),
        (0, 2, None, None, None),
    )
    return {"welfare": repeated(welfare, episodes), "label": repeated(label, episodes)}


def rehearsed() -> Tables:
    """Two judges like a revised answer with 0.75 and 0.5; in round 1 one of three actions happens."""
    answer = table("episode moment message", (0, "draft", 1), (0, "revision", 9), (1, "draft", 1))
    preference = table(
        "episode judge criterion first second first_better",
        (0, "Kim", "harmlessness", "draft", "revision", 0.25),
        (0, "Kim", "harmlessness", "revision", "draft", 0.75),
        (0, "Lund", "harmlessness", "draft", "revision", 0.75),
        (0, "Lund", "harmlessness", "revision", "draft", 0.75),
        (0, "Kim", "helpfulness", "draft", "revision", 0.5),
        (0, "Kim", "helpfulness", "revision", "draft", 0.0),
        (0, "Lund", "helpfulness", "draft", "revision", None),
        (0, "Lund", "helpfulness", "revision", "draft", 1.0),
    )
    action = table(
        "episode round actor verdict happened",
        (0, 0, "Asker", "unchecked", True),
        (0, 1, "Asker", "plausible", True),
        (0, 1, "Friend", "implausible", False),
        (0, 1, "Friend", "failed", False),
        (1, 0, "Asker", "unchecked", True),
    )
    return {"rehearsed_answer": answer, "preference": preference, "action": action, "episodes": ended(2)}


def persuaded() -> Tables:
    """Two go from 2 and 4 to 5 and 4; one of two beliefs is guessed unaided, both desires once corrected."""
    guess = table(
        "episode exchange state part moment corrected options correct",
        (0, 0, "preventive", "belief", "first", False, 4, False),
        (0, 1, "preventive", "belief", "before", False, 4, True),
        (1, 0, "preventive", "belief", "first", False, 4, False),
        (1, 1, "preventive", "belief", "before", False, 4, False),
        (0, 2, "generative", "desire", "before", False, 4, False),
        (0, 2, "generative", "desire", "after", True, 4, True),
        (0, 3, "generative", "desire", "before", True, 4, False),
        (1, 2, "generative", "desire", "before", False, 4, None),
        (1, 2, "generative", "desire", "after", True, 4, True),
    )
    willingness = table(
        "episode moment willingness",
        (0, "before", 2.0),
        (0, "after", 5.0),
        (1, "before", 4.0),
        (1, "after", 4.0),
        (2, "before", 7.0),
        (2, "after", None),
    )
    return {"guess": guess, "willingness": willingness}


def tournament() -> Tables:
    """A beats B and ties with C; B and C never meet."""
    rating = table(
        "episode event contest fighter rating",
        (0, 0, None, "A", 100.0),
        (0, 1, None, "B", 100.0),
        (0, 2, None, "C", 100.0),
        (0, 3, 0, "A", 110.0),
        (0, 4, 0, "B", 90.0),
        (0, 5, 1, "A", 108.0),
        (0, 6, 1, "C", 102.0),
    )
    match = table("episode contest first second margin", (0, 0, "A", "B", 2.0), (0, 1, "C", "A", 0.0))
    return {"rating": rating, "match": match}


def panel() -> Tables:
    """Two judges score two speakers, of whom the one that says more gets 2 points more."""
    score = table(
        "episode judge contestant label score",
        (0, "Kim", "Ann", "Speaker 1", 6.0),
        (0, "Kim", "Bo", "Speaker 2", 4.0),
        (0, "Lund", "Ann", "Speaker 2", 8.0),
        (0, "Lund", "Bo", "Speaker 1", 6.0),
        (1, "Kim", "Ann", "Speaker 1", 6.0),
        (1, "Kim", "Bo", "Speaker 2", 4.0),
        (1, "Lund", "Bo", "Speaker 1", None),
    )
    speech = table(
        "episode agent message", (0, "Ann", 0), (0, "Bo", 1), (0, "Ann", 2), (1, "Ann", 0), (1, "Bo", 1)
    )
    messages = table(
        "episode message text",
        (0, 0, "x" * 60),
        (0, 1, "x" * 20),
        (0, 2, "x" * 60),
        (1, 0, "x" * 120),
        (1, 1, "x" * 20),
    )
    return {"score": score, "speech": speech, "messages": messages}


def compared() -> Tables:
    """Kim gives what it reads first 0.7 in both orders."""
    return {
        "comparison": table(
            "episode contest judge first second first_better",
            (0, 0, "Kim", "A", "B", 0.7),
            (0, 0, "Kim", "B", "A", 0.7),
        )
    }


def peers() -> Tables:
    """Ann gives herself 5 and Bo 3; Bo gives both 4."""
    return {
        "peer_score": table(
            "episode prompt judge author candidate criterion score own",
            (0, 0, "Ann", "Ann", 0, "help", 5.0, True),
            (0, 0, "Ann", "Bo", 1, "help", 3.0, False),
            (0, 0, "Bo", "Ann", 0, "help", 4.0, False),
            (0, 0, "Bo", "Bo", 1, "help", 4.0, True),
        )
    }


def welfare() -> Tables:
    """Of three answers of Ann and Bo one is dominated; of a fourth nobody could tell the worth."""
    return {
        "welfare": table(
            "episode agent user llm",
            (0, "Ann", 0.75, 0.25),
            (0, "Bo", 0.25, 0.5),
            (1, "Bo", 0.25, 0.25),
            (1, "Ann", None, None),
        )
    }


def interviewed(episodes: int = 1) -> Tables:
    """Two people and two questions: 3 of 4 answers are right at first, then 2 of 3, then 1 of 4."""
    answered = table(
        "episode agent attribute round answer correct options",
        (0, "Ann", "job", 0, "nurse", True, 4),
        (0, "Ann", "age", 0, "old", True, 2),
        (0, "Bo", "job", 0, "cook", True, 4),
        (0, "Bo", "age", 0, "old", False, 2),
        (0, "Ann", "job", 1, "nurse", True, 4),
        (0, "Ann", "age", 1, None, None, 2),
        (0, "Bo", "job", 1, "nurse", False, 4),
        (0, "Bo", "age", 1, "young", True, 2),
        (0, "Ann", "job", 2, "cook", False, 4),
        (0, "Ann", "age", 2, "young", False, 2),
        (0, "Bo", "job", 2, "cook", True, 4),
        (0, "Bo", "age", 2, "old", False, 2),
    )
    return {"answered": repeated(answered, episodes), "episodes": ended(episodes)}


def picked() -> Tables:
    """Ann has two options, at 0.7 and 0.3, then 0.9 and 0.1; Bo has sampled the second."""
    pick = table(
        "episode agent round basis",
        (0, "Ann", 1, "probabilities"),
        (0, "Bo", 1, "sample"),
        (1, "Ann", 1, "probabilities"),
        (1, "Bo", 1, "failed"),
    )
    probability = table(
        "episode agent option position probability",
        (0, "Ann", "left", 0, 0.7),
        (0, "Ann", "right", 1, 0.3),
        (0, "Bo", "left", 0, 0.0),
        (0, "Bo", "right", 1, 1.0),
        (1, "Ann", "left", 0, 0.9),
        (1, "Ann", "right", 1, 0.1),
    )
    return {"pick": pick, "probability": probability}
