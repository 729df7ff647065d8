"""Scripted replies: made up from the seed alone, fit for any kind of answer."""

from __future__ import annotations

from math import fsum

from hypothesis import given
from hypothesis import strategies as st

from palaestra.agents.answers import Choice, Text
from palaestra.agents.scripted import scripted_replies, scripted_reply
from support.scripted_debates import call

SEEDS = st.integers(0, 2**63 - 1)
OPTIONS = st.lists(st.from_regex(r"[a-z0-9]{1,5}", fullmatch=True), min_size=2, max_size=12, unique=True)


@given(SEEDS)
def test_a_reply_depends_on_the_seed_and_the_attempt_alone(seed: int) -> None:
    one, other = call(seed=seed, index=1), call(seed=seed, index=2)
    assert scripted_reply(one).text == scripted_reply(other).text
    assert scripted_reply(one, attempt=1).text == scripted_reply(other, attempt=1).text


def test_other_seeds_and_attempts_make_other_replies() -> None:
    texts = {scripted_reply(call(seed=seed * 1000), attempt=a).text for seed in range(20) for a in range(3)}
    assert len(texts) > 50


@given(OPTIONS, SEEDS)
def test_probabilities_of_a_choice_sum_to_one_and_the_text_is_an_option(
    options: list[str], seed: int
) -> None:
    reply = scripted_reply(call(Choice(tuple(options)), seed))
    assert reply.probabilities is not None
    assert len(reply.probabilities) == len(options)
    assert all(0 <= p <= 1 for p in reply.probabilities)
    assert abs(fsum(reply.probabilities) - 1) < 1e-9
    assert reply.text in options


def test_a_text_has_no_probabilities() -> None:
    assert scripted_reply(call(Text())).probabilities is None


@given(SEEDS)
def test_a_text_is_one_line_that_parses(seed: int) -> None:
    text = scripted_reply(call(seed=seed)).text
    assert Text().parse(text) == text.strip()
    assert "\n" not in text


def test_a_garbled_reply_never_parses_and_an_ungarbled_one_always() -> None:
    choice = Choice(("yes", "no"))
    assert {scripted_reply(call(choice, seed), garbled=1).text for seed in range(50)} == {"{garbled"}
    assert {scripted_reply(call(Text(), seed), garbled=1).text for seed in range(50)} == {""}
    assert {scripted_reply(call(choice, seed), garbled=0).text for seed in range(50)} == {"yes", "no"}


def test_the_share_of_garbled_replies_is_the_one_asked_for() -> None:
    garbled = sum(not scripted_reply(call(seed=seed), garbled=0.3).text for seed in range(2000))
    assert 500 < garbled < 700


def test_replies_for_an_episode_come_parsed_and_in_order() -> None:
    calls = [call(Choice(("yes", "no")), 1), call(Text(), 2)]
    replies = scripted_replies(calls)
    assert [reply.value for reply in replies] == [scripted_reply(asked).text for asked in calls]


def test_a_longer_prompt_has_more_tokens() -> None:
    assert scripted_reply(call(text="x" * 400)).prompt_tokens == 100
