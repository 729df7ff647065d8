"""How agents talk: length, variety, echo of others, repetition of themselves, nearness to the topic.

A speech is a reply in words that another agent read: it stands in the prompt of one of its calls.
What is said as a part of a JSON answer is not linked to its call and doesn't count.

Similarity is the cosine of TF-IDF vectors, whose weights come from the texts of the same episode and
no other (so that episodes stay independent), or of any embedding that is passed in; one is never put
in the other's place. The metrics here use TF-IDF.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from palaestra.metrics.bounds import Numbers
from palaestra.metrics.metric import Metric, metric
from palaestra.metrics.remembered import remembered

Embed = Callable[[Sequence[str], Sequence[int]], "Numbers | csr_array"]
"""From texts, each with its episode, to one vector of unit length each (texts, dimensions)."""

WINDOW = 50
SPOKEN = "messages.message messages.call messages.text calls.call calls.agent calls.prompt"
TFIDF = "cosine of TF-IDF vectors"


def tfidf(texts: Sequence[str], episodes: Sequence[int]) -> csr_array:
    """TF-IDF vectors of unit length over the words of `texts`; of zeros for a text without words.

    A word found in d of an episode's n texts weighs ln((1 + n) / (1 + d)) + 1 there, as in scikit-learn.
    """
    try:
        counts = CountVectorizer(token_pattern=r"(?u)\b\w+\b").fit_transform(texts).tocoo()
    except ValueError:  # no text has a word
        return csr_array((len(texts), 1))
    _, place, of_each = np.unique(np.asarray(episodes), return_inverse=True, return_counts=True)
    episode = place[counts.row]
    _, word, with_it = np.unique(
        episode * counts.shape[1] + counts.col, return_inverse=True, return_counts=True
    )
    weights = np.log((1 + of_each[episode]) / (1 + with_it[word])) + 1
    weighed = csr_array((counts.data * weights, (counts.row, counts.col)), shape=counts.shape)
    return csr_array(normalize(weighed))


def sentence_embedding(model: str) -> Embed:
    """Embedding by a sentence-transformers model, by name or folder.

    Raises:
        ModuleNotFoundError: the package sentence-transformers is not installed.
    """
    from sentence_transformers import SentenceTransformer

    encoder = SentenceTransformer(model)

    def embed(texts: Sequence[str], _episodes: Sequence[int]) -> Numbers:
        each = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        vectors = np.asarray(encoder.encode(list(each), normalize_embeddings=True))
        found: Numbers = vectors[[each[text] for text in texts]]
        return found

    return embed


@remembered
def speeches(messages: pl.DataFrame, calls: pl.DataFrame) -> pl.DataFrame:
    """What was said: `episode`, `message`, `agent`, `text`, in the order of each episode.

    A reply that reaches some under one name and others under another is one speech.
    """
    said = messages.drop_nulls("call").select("episode", "message", "call", "text")
    by_agent = said.join(calls.select("episode", "call", "agent"), on=["episode", "call"])
    read = by_agent.join(_readers(calls), on=["episode", "message"])
    return (
        read.filter(pl.col("agent") != pl.col("reader"))
        .sort("episode", "message")
        .unique(["episode", "call"], keep="first", maintain_order=True)
        .select("episode", "message", "agent", "text")
    )


def _readers(calls: pl.DataFrame) -> pl.DataFrame:
    """Who read which messages: `episode`, `message`, `reader`, from prompts such as "0 3-6 9"."""
    span = pl.col("prompt").str.split(" ").alias("span")
    spans = calls.select("episode", span, reader="agent").explode("span").unique()
    ends = pl.col("span").str.split("-")
    first, last = (end.cast(pl.Int64, strict=False) for end in (ends.list.first(), ends.list.last()))
    known = spans.select("episode", "reader", first=first, last=last).drop_nulls()
    # A prompt grows with the talk: of spans that begin alike the longest holds the others.
    longest = known.group_by("episode", "reader", "first").agg(pl.col("last").max())
    read = longest.select("episode", "reader", message=pl.int_ranges("first", pl.col("last") + 1))
    return read.explode("message").unique()


@metric(SPOKEN, unit="words", low=0)
def speech_length(messages: pl.DataFrame, calls: pl.DataFrame) -> pl.DataFrame:
    """Mean number of words of a speech."""
    words = pl.col("text").str.count_matches(r"\w+").cast(pl.Float64)
    return speeches(messages, calls).select("episode", value=words)


@metric("messages.label messages.quoted", unit="share", low=0, high=1)
def speaking_for_others(messages: pl.DataFrame) -> pl.DataFrame:
    """Share of what is said that has a line which would read as another's turn; prompts show it as quoted."""
    said = messages.filter(pl.col("label") != "")
    return said.select("episode", value=(pl.col("quoted").list.len() > 0).cast(pl.Float64))


@metric(SPOKEN, unit="share", low=0, high=1, source="MATTR: Covington and McFall (2010)")
def lexical_diversity(messages: pl.DataFrame, calls: pl.DataFrame) -> pl.DataFrame:
    """Moving-average type–token ratio of all that an agent says: distinct words in windows of 50."""
    of_agents = speeches(messages, calls).group_by("episode", "agent", maintain_order=True)
    joined = of_agents.agg(pl.col("text").str.join(" "))
    values = [moving_type_token_ratio(text) for text in joined["text"]]
    return joined.select("episode", pl.Series("value", values, dtype=pl.Float64))


def moving_type_token_ratio(text: str, window: int = WINDOW) -> float | None:
    """Mean share of distinct words in each run of `window` words; of all words where there are fewer.

    None without words.
    """
    words = re.findall(r"\w+", text.lower())
    if not words:
        return None
    size = min(window, len(words))
    windows = len(words) - size + 1
    seen: dict[str, int] = {}
    distinct = 0
    for place, word in enumerate(words):
        # It is the first of its kind in the windows that begin after its last place, and hold this one.
        first = max(seen.get(word, -1), place - size) + 1
        distinct += max(0, min(place + 1, windows) - first)
        seen[word] = place
    return distinct / windows / size


def similarity_to_earlier(
    messages: pl.DataFrame, calls: pl.DataFrame, *, own: bool, embed: Embed = tfidf
) -> pl.DataFrame:
    """How near each speech is to the nearest earlier one of its episode.

    Args:
        messages: the table of that name.
        calls: the table of that name.
        own: compare with the speaker's own earlier speeches, else with those of others.
        embed: what makes vectors of texts.

    Returns:
        `episode`, `message`, `agent`, `value` (largest cosine); speeches that nothing came before
        are left out.
    """
    said = speeches(messages, calls)
    if said.is_empty():
        return said.select("episode", "message", "agent", value=pl.lit(None, dtype=pl.Float64))
    vectors = embed(said["text"].to_list(), said["episode"].to_list())
    agents = said["agent"].rank("dense").to_numpy()
    nearest: list[Numbers] = []
    start = 0
    for count in said["episode"].rle().struct.field("len"):
        of, agent = vectors[start : start + count], agents[start : start + count]
        comparable = np.tril((agent[:, None] == agent[None, :]) == own, -1)
        nearest.append(np.where(comparable, _dense(of @ of.T), -np.inf).max(axis=1))
        start += count
    told = said.select("episode", "message", "agent", pl.Series("value", np.concatenate(nearest)))
    return told.filter(pl.col("value").is_finite())


@metric(SPOKEN, unit="cosine", low=0, high=1, source=TFIDF)
def echo(messages: pl.DataFrame, calls: pl.DataFrame) -> pl.DataFrame:
    """How much a speech is like what another said before: the largest TF-IDF cosine."""
    return similarity_to_earlier(messages, calls, own=False).select("episode", "value")


@metric(SPOKEN, unit="cosine", low=0, high=1, source=TFIDF)
def repetition(messages: pl.DataFrame, calls: pl.DataFrame) -> pl.DataFrame:
    """How much a speech is like what its speaker said before: the largest TF-IDF cosine."""
    return similarity_to_earlier(messages, calls, own=True).select("episode", "value")


def semantic_metrics(embed: Embed, source: str) -> list[Metric]:
    """`echo` and `repetition` by another embedding: `semantic_echo` and `semantic_repetition`.

    Args:
        embed: what makes vectors of texts.
        source: what it is.
    """
    return [
        replace(
            metric,
            name=f"semantic_{metric.name}",
            rows=partial(similarity_to_earlier, own=own, embed=embed),
            low=-1,
            source=source,
            about=metric.about.replace("TF-IDF cosine", "cosine of embeddings"),
        )
        for metric, own in ((echo, False), (repetition, True))
    ]


def on_topic(
    messages: pl.DataFrame, calls: pl.DataFrame, topics: pl.DataFrame, *, embed: Embed = tfidf
) -> pl.DataFrame:
    """The cosine of each speech with its episode's topic.

    Args:
        messages: the table of that name.
        calls: the table of that name.
        topics: `episode`, `topic` (text).
        embed: what makes vectors of texts.

    Returns:
        `episode`, `message`, `agent`, `value`.
    """
    said = speeches(messages, calls).join(topics, on="episode", maintain_order="left").drop_nulls("topic")
    if said.is_empty():
        return said.select("episode", "message", "agent", value=pl.lit(None, dtype=pl.Float64))
    topics = said.unique("episode", maintain_order=True).select("episode", "topic")
    vectors = embed([*said["text"], *topics["topic"]], [*said["episode"], *topics["episode"]])
    place = {episode: len(said) + number for number, episode in enumerate(topics["episode"])}
    cosines = products(vectors[: len(said)], vectors[[place[episode] for episode in said["episode"]]])
    return said.select("episode", "message", "agent", pl.Series("value", cosines))


def products(one: Numbers | csr_array, other: Numbers | csr_array) -> Numbers:
    """The inner product of each row of two matrices with the same row of the other."""
    if isinstance(one, np.ndarray):
        found: Numbers = (one * other).sum(axis=1)
        return found
    return np.asarray(one.multiply(other).sum(axis=1)).ravel()


def _dense(product: Numbers | csr_array) -> Numbers:
    return np.asarray(product.toarray() if isinstance(product, csr_array) else product)


@metric(SPOKEN + " episodes.motion", unit="cosine", low=0, high=1, source=TFIDF)
def nearness_to_motion(messages: pl.DataFrame, calls: pl.DataFrame, episodes: pl.DataFrame) -> pl.DataFrame:
    """The TF-IDF cosine of a speech with the motion that is debated."""
    topics = episodes.drop_nulls("motion").select("episode", topic="motion")
    return on_topic(messages, calls, topics).select("episode", "value")


@metric(SPOKEN + " episodes.topic", unit="cosine", low=0, high=1, source=TFIDF)
def nearness_to_topic(messages: pl.DataFrame, calls: pl.DataFrame, episodes: pl.DataFrame) -> pl.DataFrame:
    """The TF-IDF cosine of a speech with the statement that opinions are about."""
    topics = episodes.drop_nulls("topic").select("episode", topic="topic")
    return on_topic(messages, calls, topics).select("episode", "value")
