"""How near what a model says is to what people said: DEBATE's utterance metrics, against a record.

Read are tweets and messages of chats of an opinion exchange with a record. As in DEBATE each message of
the model is compared with all that the same person wrote in the same round, and the comparisons are
averaged; tweets are compared with tweets, chats with chats, and where a rater says which are off topic,
only what is on topic counts on both sides. Lengths are words. ROUGE-L is the F-measure of the longest
common subsequence of lower-case words, without stemming. Similarity is by TF-IDF, whose weights come from
the different texts that are compared, or with `--embedding MODEL` by meaning, as in the paper. The stance
of a message is the rater's, the expectation where it has probabilities.

Ours: `predicted_*`, which compare a prediction with the very message that it predicts, whatever its topic.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl

from palaestra.metrics.families.speech import TFIDF, Embed, products, tfidf
from palaestra.metrics.metric import Metric, metric

DEBATE_UTTERANCES = "DEBATE benchmark, utterance metrics"
TWEET = "tweet.agent tweet.round tweet.message tweet.human"
UTTERANCE = "utterance.speaker utterance.round utterance.message utterance.human"
SAID = f"{TWEET} {UTTERANCE} messages.message messages.text"
COMPARED = f"{SAID} message_stance.message message_stance.on_topic"
STANCES = "message_stance.stance message_stance.expected"
ON_TOPIC = "message_stance.source message_stance.on_topic"
TWEETS = (
    "message_stance.source message_stance.kind message_stance.round message_stance.stance "
    "message_stance.expected"
)
WIDTH = 5.0
"""The widest gap of two stances, points."""


def said(tweet: pl.DataFrame, utterance: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """Every message of the model and of the record.

    Returns:
        `episode`, `agent`, `round`, `kind` ("tweet" or "utterance"), `source` ("model" or "human"),
        `message`, `text`, and `beside` (the message of the other source that has the same event, if any).
    """
    both = pl.concat(
        table.select(
            "episode", pl.col(who).alias("agent"), "round", pl.lit(kind).alias("kind"), "message", "human"
        )
        for table, who, kind in ((tweet, "agent", "tweet"), (utterance, "speaker", "utterance"))
    )
    key = ["episode", "agent", "round", "kind"]
    sides = pl.concat(
        both.select(*key, pl.lit(source).alias("source"), message=own, beside=other).drop_nulls("message")
        for source, own, other in (("model", "message", "human"), ("human", "human", "message"))
    )
    texts = messages.select("episode", "message", "text")
    return sides.join(texts, on=["episode", "message"], maintain_order="left")


def pairs(told: pl.DataFrame, message_stance: pl.DataFrame) -> pl.DataFrame:
    """Each message of the model with each of the record by the same agent in the same round.

    Args:
        told: what `said` gives.
        message_stance: the rater's table, empty without one; messages that it couldn't rate count.

    Returns:
        `episode`, `message`, `text`, `human` and `human_text`.
    """
    off = message_stance.filter(~pl.col("on_topic").fill_null(value=True))
    told = told.join(off, on=["episode", "message"], how="anti", maintain_order="left")
    key = ["episode", "agent", "round", "kind"]
    human = told.filter(source="human").select(*key, human="message", human_text="text")
    made = told.filter(source="model").join(human, on=key, maintain_order="left_right")
    return made.select("episode", "message", "text", "human", "human_text")


def predictions(told: pl.DataFrame) -> pl.DataFrame:
    """Each prediction with the message that it predicts; columns as those of `pairs`."""
    texts = told.select("episode", human="message", human_text="text")
    made = told.filter(source="model").drop_nulls("beside")
    return made.select("episode", "message", "text", human="beside").join(
        texts, on=["episode", "human"], maintain_order="left"
    )


def similarity(compared: pl.DataFrame, embed: Embed = tfidf) -> pl.DataFrame:
    """Of each message of the model the mean cosine with those of the record: `episode`, `value`.

    Args:
        compared: what `pairs` or `predictions` gives.
        embed: what makes vectors of texts.
    """
    return _averaged(compared, _cosines(compared, embed))


def rouge_l(text: str, reference: str) -> float:
    """ROUGE-L F, 0–1: of two texts' longest common subsequence of words, precision and recall as one."""
    ours, theirs = _words(text), _words(reference)
    if not ours or not theirs:
        return 0.0
    longest = [0] * (len(theirs) + 1)
    for word in ours:
        before = 0
        for place, other in enumerate(theirs, 1):
            above = longest[place]
            longest[place] = before + 1 if word == other else max(above, longest[place - 1])
            before = above
    return 2 * longest[-1] / (len(ours) + len(theirs))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _averaged(compared: pl.DataFrame, values: Sequence[float]) -> pl.DataFrame:
    """The mean over what each message of the model is compared with: `episode`, `value`."""
    told = compared.select("episode", "message", pl.Series("value", values, dtype=pl.Float64))
    of_messages = told.group_by("episode", "message", maintain_order=True)
    return of_messages.agg(pl.col("value").mean()).select("episode", "value")


def _cosines(compared: pl.DataFrame, embed: Embed) -> list[float]:
    """Of the two texts of each row."""
    if compared.is_empty():
        return []
    sides = [
        compared.select("episode", text=side).unique(maintain_order=True) for side in ("text", "human_text")
    ]
    texts = pl.concat(sides).unique(maintain_order=True)
    vectors = embed(texts["text"].to_list(), texts["episode"].to_list())
    row = {key: number for number, key in enumerate(texts.iter_rows())}
    ours, theirs = (
        vectors[[row[key] for key in compared.select("episode", side).iter_rows()]]
        for side in ("text", "human_text")
    )
    return list(map(float, products(ours, theirs)))


def _of_pairs(compared: pl.DataFrame, score: Callable[[str, str], float]) -> pl.DataFrame:
    texts = compared.select("text", "human_text").iter_rows()
    return _averaged(compared, [score(text, human) for text, human in texts])


def _lead(text: str, human: str) -> float:
    return float(len(_words(human)) - len(_words(text)))


@metric(COMPARED, unit="cosine", low=0, high=1, source=f"{DEBATE_UTTERANCES}; {TFIDF}")
def utterance_similarity(
    tweet: pl.DataFrame, utterance: pl.DataFrame, messages: pl.DataFrame, message_stance: pl.DataFrame
) -> pl.DataFrame:
    """TF-IDF cosine of what a model says and what the same person said in the same round."""
    return similarity(pairs(said(tweet, utterance, messages), message_stance))


@metric(COMPARED, unit="F", low=0, high=1, source=DEBATE_UTTERANCES)
def utterance_rouge_l(
    tweet: pl.DataFrame, utterance: pl.DataFrame, messages: pl.DataFrame, message_stance: pl.DataFrame
) -> pl.DataFrame:
    """ROUGE-L of what a model says against what the same person said in the same round."""
    return _of_pairs(pairs(said(tweet, utterance, messages), message_stance), rouge_l)


@metric(COMPARED, unit="words", source=DEBATE_UTTERANCES)
def utterance_length_lead(
    tweet: pl.DataFrame, utterance: pl.DataFrame, messages: pl.DataFrame, message_stance: pl.DataFrame
) -> pl.DataFrame:
    """Signed difference of length, human − model: below 0 where the model says more."""
    return _of_pairs(pairs(said(tweet, utterance, messages), message_stance), _lead)


@metric(COMPARED, unit="words", low=0, source=DEBATE_UTTERANCES)
def utterance_length_gap(
    tweet: pl.DataFrame, utterance: pl.DataFrame, messages: pl.DataFrame, message_stance: pl.DataFrame
) -> pl.DataFrame:
    """Absolute difference of length of what a model and the same person say in the same round."""
    return _of_pairs(
        pairs(said(tweet, utterance, messages), message_stance), lambda text, human: abs(_lead(text, human))
    )


@metric(f"{COMPARED} {STANCES}", unit="points", low=0, high=WIDTH, source=DEBATE_UTTERANCES)
def utterance_stance_gap(
    tweet: pl.DataFrame, utterance: pl.DataFrame, messages: pl.DataFrame, message_stance: pl.DataFrame
) -> pl.DataFrame:
    """Absolute difference of the stances that the rater reads in what is on topic of model and person."""
    compared = pairs(said(tweet, utterance, messages), message_stance)
    stances = _stances(message_stance)
    ours = compared.join(stances, on=["episode", "message"], maintain_order="left")
    both = ours.join(
        stances.select("episode", human="message", human_stance="stance"),
        on=["episode", "human"],
        maintain_order="left",
    )
    return _averaged(both, (both["stance"] - both["human_stance"]).abs().to_list())


@metric(ON_TOPIC, unit="share", low=0, high=1, source=DEBATE_UTTERANCES)
def on_topic_rate(message_stance: pl.DataFrame) -> pl.DataFrame:
    """Share of the model's messages that the rater finds to be about the topic."""
    return _on_topic(message_stance, "model")


@metric(ON_TOPIC, unit="share", low=0, high=1, source=DEBATE_UTTERANCES)
def human_on_topic_rate(message_stance: pl.DataFrame) -> pl.DataFrame:
    """Share of the record's messages that the rater finds to be about the topic."""
    return _on_topic(message_stance, "human")


@metric(TWEETS, unit="points", low=-WIDTH, high=WIDTH, source=DEBATE_UTTERANCES, null=0)
def tweet_shift(message_stance: pl.DataFrame) -> pl.DataFrame:
    """Change of the mean stance of the model's tweets, last round − first."""
    return _of_tweets(message_stance, "model", pl.col("stance").mean())


@metric(TWEETS, unit="points", low=-WIDTH / 2, high=WIDTH / 2, source=DEBATE_UTTERANCES, null=0)
def tweet_sd_change(message_stance: pl.DataFrame) -> pl.DataFrame:
    """Change of the standard deviation of the model's tweet stances; below 0 they converge."""
    return _of_tweets(message_stance, "model", pl.col("stance").std(ddof=0))


@metric(TWEETS, unit="points", low=-WIDTH, high=WIDTH, source=DEBATE_UTTERANCES)
def human_tweet_shift(message_stance: pl.DataFrame) -> pl.DataFrame:
    """Change of the mean stance of the record's tweets, last round − first."""
    return _of_tweets(message_stance, "human", pl.col("stance").mean())


@metric(TWEETS, unit="points", low=-WIDTH / 2, high=WIDTH / 2, source=DEBATE_UTTERANCES)
def human_tweet_sd_change(message_stance: pl.DataFrame) -> pl.DataFrame:
    """Change of the standard deviation of the record's tweet stances; below 0 they converge."""
    return _of_tweets(message_stance, "human", pl.col("stance").std(ddof=0))


@metric(SAID, unit="cosine", low=0, high=1, source=f"ours; {TFIDF}")
def predicted_similarity(
    tweet: pl.DataFrame, utterance: pl.DataFrame, messages: pl.DataFrame
) -> pl.DataFrame:
    """TF-IDF cosine of each prediction and the very message that it predicts."""
    return similarity(predictions(said(tweet, utterance, messages)))


@metric(SAID, unit="F", low=0, high=1)
def predicted_rouge_l(tweet: pl.DataFrame, utterance: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
    """ROUGE-L of each prediction against the very message that it predicts."""
    return _of_pairs(predictions(said(tweet, utterance, messages)), rouge_l)


def semantic_utterances(embed: Embed, source: str) -> list[Metric]:
    """`semantic_utterance_similarity` and `semantic_predicted_similarity`, by another embedding."""

    def by_round(
        tweet: pl.DataFrame, utterance: pl.DataFrame, messages: pl.DataFrame, message_stance: pl.DataFrame
    ) -> pl.DataFrame:
        return similarity(pairs(said(tweet, utterance, messages), message_stance), embed)

    def by_message(tweet: pl.DataFrame, utterance: pl.DataFrame, messages: pl.DataFrame) -> pl.DataFrame:
        return similarity(predictions(said(tweet, utterance, messages)), embed)

    return [
        replace(
            metric,
            name=f"semantic_{metric.name}",
            rows=rows,
            low=-1,
            source=source,
            about=metric.about.replace("TF-IDF cosine", "Cosine of embeddings"),
        )
        for metric, rows in ((utterance_similarity, by_round), (predicted_similarity, by_message))
    ]


def _stances(message_stance: pl.DataFrame) -> pl.DataFrame:
    stance = pl.coalesce("expected", "stance").alias("stance")
    return message_stance.select("episode", "message", stance).drop_nulls("stance")


def _on_topic(message_stance: pl.DataFrame, source: str) -> pl.DataFrame:
    rated = message_stance.filter(source=source).drop_nulls("on_topic")
    return rated.select("episode", value=pl.col("on_topic").cast(pl.Float64))


def _of_tweets(message_stance: pl.DataFrame, source: str, number: pl.Expr) -> pl.DataFrame:
    """How a number of the stances of an episode's tweets changes from the first round to the last."""
    tweets = message_stance.filter(source=source, kind="tweet").with_columns(
        pl.coalesce("expected", "stance").alias("stance")
    )
    of_rounds = (
        tweets.drop_nulls("stance")
        .group_by("episode", "round")
        .agg(number.alias("number"))
        .sort("episode", "round")
    )
    changed = of_rounds.group_by("episode", maintain_order=True).agg(
        (pl.col("number").last() - pl.col("number").first()).alias("value"), pl.len().alias("rounds")
    )
    return changed.filter(pl.col("rounds") > 1).select("episode", "value")
