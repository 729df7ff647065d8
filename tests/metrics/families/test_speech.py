"""How agents talk, on speeches whose words are counted by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_similarity

from palaestra.metrics.families.speech import (
    echo,
    lexical_diversity,
    moving_type_token_ratio,
    nearness_to_motion,
    nearness_to_topic,
    on_topic,
    repetition,
    similarity_to_earlier,
    speech_length,
    speeches,
    tfidf,
)
from support.metric_tables import by_episode, number, play, ready_made, table

Talk = dict[str, pl.DataFrame]


def talk(*said: tuple[int, str, str]) -> Talk:
    """(episode, agent, text) in their order; an agent named Kim reads all of an episode at its end."""
    counts: dict[int, int] = {}
    messages, calls = [], []
    for episode, agent, text in said:
        number = counts.setdefault(episode, 0)
        counts[episode] += 1
        messages.append((episode, number, number, text))
        calls.append((episode, number, agent, ""))
    calls += [
        (episode, count, "Kim", f"0-{count - 1}" if count > 1 else "0") for episode, count in counts.items()
    ]
    return {
        "messages": table("episode message call text", *messages),
        "calls": table("episode call agent prompt", *calls),
    }


def test_a_speech_is_a_reply_that_another_agent_read() -> None:
    messages = table(
        "episode message call text",
        (0, 0, None, "The rules."),
        (0, 1, 0, "I speak."),
        (0, 2, 0, "I speak."),  # the same reply, to judges under another name
        (0, 3, 1, "A note to myself."),
        (0, 4, 2, "Nobody reads this."),
        (0, 5, 3, "So do I."),
        (1, 1, 0, "Elsewhere."),
    )
    calls = table(
        "episode call agent prompt",
        (0, 0, "Ann", "0"),
        (0, 1, "Ann", "0-1"),
        (0, 2, "Ann", "0-1 3"),
        (0, 3, "Bo", "0-1"),
        (0, 4, "Kim", "0 2 5"),
        (1, 0, "Ann", "0"),
    )
    assert speeches(messages, calls).rows() == [(0, 1, "Ann", "I speak."), (0, 5, "Bo", "So do I.")]


@pytest.mark.parametrize(
    ("name", "purposes"),
    [
        ("debate", {"argue"}),
        ("debate-protocol", {"tweet", "chat"}),
        ("traitors", {"discuss", "react", "comment", "plot", "conclude"}),
        ("knights-knaves", {"explain"}),
        ("used-car", {"say"}),
        ("paper-review", {"review", "rebut"}),
        ("persuasion", {"open", "request", "attack", "answer", "satisfy", "reveal", "object", "doubt"}),
        ("persuasion-free", {"persuade", "reply"}),
        ("sparta", {"answer"}),
        ("prisoners-dilemma", {"talk"}),
    ],
)
def test_no_private_word_is_a_speech_and_none_counts_twice(name: str, purposes: set[str]) -> None:
    tables = play(ready_made(name), 2)
    quoted = tables["messages"].select("episode", "message", "call")
    said = speeches(tables["messages"], tables["calls"]).join(quoted, on=["episode", "message"])
    asked = tables["calls"].select("episode", "call", "purpose", speaker="agent")
    of = said.join(asked, on=["episode", "call"])
    assert set(of["purpose"]) == purposes
    assert of["agent"].to_list() == of["speaker"].to_list()
    assert not said.select("episode", "call").is_duplicated().any()


def test_every_speech_of_a_debate_before_judges_counts() -> None:
    tables = play(ready_made("debate"), 2)
    assert len(speeches(tables["messages"], tables["calls"])) == len(tables["speech"])


def test_length_counts_words_and_a_text_without_words_has_none() -> None:
    told = talk((0, "Ann", "One, two – three!"), (0, "Bo", "…"), (1, "Ann", "Über 9 Äpfel"))
    assert by_episode(speech_length, **told) == {0: (3 + 0) / 2, 1: 3.0}


def test_diversity_is_of_windows_over_all_that_an_agent_says() -> None:
    assert moving_type_token_ratio("a b a c", window=2) == 1.0
    # Windows of three: a b a, b a c, a c c: 2, 3 and 2 of 3.
    assert moving_type_token_ratio("a b A c. C", window=3) == pytest.approx((2 + 3 + 2) / 9)
    assert moving_type_token_ratio("a b a", window=50) == pytest.approx(2 / 3)
    assert moving_type_token_ratio("…") is None
    told = talk((0, "Ann", "a b"), (0, "Bo", "…"), (0, "Ann", "A c"), (0, "Cem", "d d"))
    assert by_episode(lexical_diversity, **told) == {0: (3 / 4 + 1 / 2) / 2}  # Bo has no words


SAID = talk(
    (0, "Ann", "cats like fish"),
    (0, "Bo", "cats like milk"),
    (0, "Ann", "cats like fish"),
    (0, "Bo", "dogs bark"),
    (1, "Ann", "cats like fish"),
    (1, "Bo", "!"),
)


def test_echo_is_the_largest_cosine_with_what_another_said_before() -> None:
    texts = SAID["messages"].filter(episode=0)["text"].to_list()
    cosines = cosine_similarity(TfidfVectorizer().fit_transform(texts))
    expected = {0: (cosines[1, 0] + cosines[2, 1] + 0) / 3, 1: 0.0}
    assert by_episode(echo, **SAID) == pytest.approx(expected)
    found = similarity_to_earlier(SAID["messages"], SAID["calls"], own=False)
    assert found["message"].to_list() == [1, 2, 3, 1]


def test_repetition_is_of_the_speaker_itself_in_the_same_episode() -> None:
    found = similarity_to_earlier(SAID["messages"], SAID["calls"], own=True)
    assert found.select("episode", "message", "agent").rows() == [(0, 2, "Ann"), (0, 3, "Bo")]
    assert found["value"].to_list() == pytest.approx([1.0, 0.0])
    assert by_episode(repetition, **SAID) == {0: pytest.approx(1 / 2)}


def first_letters(texts: Sequence[str], episodes: Sequence[int]) -> np.ndarray:
    """A vector of unit length in the direction of a text's first letter."""
    return np.eye(128)[[ord(text[0]) for text in texts]]


def test_an_embedding_that_is_passed_in_takes_the_place_of_tfidf() -> None:
    found = similarity_to_earlier(SAID["messages"], SAID["calls"], own=False, embed=first_letters)
    assert found["value"].to_list() == [1.0, 1.0, 0.0, 0.0]


def test_weights_of_words_are_those_of_scikit_learn_in_each_episode_by_itself() -> None:
    one, other = ["the cod swims", "the cod sleeps the day"], ["cod and chips", "a day", "the end"]
    found = tfidf([*one, *other], [4, 4, 7, 7, 7]).toarray()
    for texts, rows in ((one, found[:2]), (other, found[2:])):
        alone = TfidfVectorizer(token_pattern=r"(?u)\b\w+\b").fit_transform(texts)
        assert rows @ rows.T == pytest.approx(cosine_similarity(alone))


def test_what_others_say_in_other_episodes_changes_nothing() -> None:
    more = {
        name: pl.concat([SAID[name], SAID[name].with_columns(episode=pl.col("episode") + 7)]) for name in SAID
    }
    louder = more | {
        "messages": more["messages"].with_columns(
            text=pl.when(pl.col("episode") > 6).then(pl.lit("cod cod")).otherwise("text")
        )
    }
    before, after = by_episode(echo, **SAID), by_episode(echo, **louder)
    assert {episode: after[episode] for episode in before} == before


def test_texts_without_words_have_vectors_of_zeros() -> None:
    assert tfidf(["…", "!"], [0, 0]).sum() == 0
    silent = talk((0, "Ann", "…"), (0, "Bo", "!"))
    assert number(echo, **silent) == 0.0


def test_nearness_is_to_the_topic_of_the_speechs_own_episode() -> None:
    topics = table("episode topic", (0, "fish"), (1, "fish"))
    found = on_topic(SAID["messages"], SAID["calls"], topics, embed=first_letters)
    assert found["value"].to_list() == [0.0] * 6
    topics = table("episode topic", (0, "cod"), (1, "!?"))
    found = on_topic(SAID["messages"], SAID["calls"], topics, embed=first_letters)
    assert found["value"].to_list() == [1.0, 1.0, 1.0, 0.0, 0.0, 1.0]


def test_motions_and_topics_are_read_from_the_outcome() -> None:
    def nearness(episode: int) -> float:
        texts = SAID["messages"].filter(episode=episode)["text"].to_list()
        vectors = TfidfVectorizer().fit_transform([*texts, "Fish bark"])
        return float(cosine_similarity(vectors)[:-1, -1].mean())

    episodes = table("episode ended motion", (0, True, "Fish bark"), (1, True, "Fish bark"))
    expected = {0: nearness(0), 1: nearness(1)}
    assert by_episode(nearness_to_motion, **SAID, episodes=episodes) == pytest.approx(expected)
    named = episodes.rename({"motion": "topic"})
    assert by_episode(nearness_to_topic, **SAID, episodes=named) == pytest.approx(expected)
    unnamed = episodes.with_columns(motion=pl.when(pl.col("episode") == 0).then("motion"))
    assert set(by_episode(nearness_to_motion, **SAID, episodes=unnamed)) == {0}


def test_nothing_said_is_no_speech() -> None:
    silent = {name: of.clear() for name, of in SAID.items()}
    messages, calls = silent["messages"], silent["calls"]
    assert speeches(messages, calls).is_empty()
    assert similarity_to_earlier(messages, calls, own=True).is_empty()
    assert on_topic(messages, calls, table("episode topic", (0, "fish"))).is_empty()
