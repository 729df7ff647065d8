"""The lines of a log: how they are written, and that reading gives back what was written."""

from __future__ import annotations

from random import Random

import orjson
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from palaestra.agents.answers import Answer, Choice, Json, Text
from palaestra.agents.calls import Call, Message, Reply
from palaestra.runs.record.chain import sealed
from palaestra.runs.record.entries import CallAnswered, entries
from palaestra.runs.record.records import (
    Record,
    call_record,
    content,
    end_record,
    event_record,
    event_type,
    message_record,
)
from palaestra.scenarios.core.episode import Event
from palaestra.scenarios.debate.events import DebateSpeech
from palaestra.scenarios.parts.judging import Score
from support.scripted_debates import call, debate, play_out, reply


class Points(BaseModel):
    points: int = Field(ge=1, le=10)


def test_a_message_is_recorded_by_text_or_by_the_call_it_quotes() -> None:
    assert message_record(2, Message(1, "system", "Speak.")) == {
        "record": "message",
        "episode": 2,
        "message": 1,
        "role": "system",
        "text": "Speak.",
    }
    quoted = message_record(2, Message(7, "user", "Yes.", "Ann", 3))
    assert quoted["call"] == 3
    assert quoted["label"] == "Ann"
    assert "text" not in quoted


def test_an_event_is_recorded_under_its_snake_case_name_with_its_fields() -> None:
    record = event_record(1, 4, 2, DebateSpeech("Ann", 3, None))
    assert record == {
        "record": "event",
        "episode": 1,
        "event": 4,
        "step": 2,
        "type": "speech",
        "agent": "Ann",
        "round": 3,
        "message": None,
    }
    assert event_type(Score) == "score"
    assert event_type(type("TwoWords", (Event,), {})) == "two_words"


def test_the_end_of_an_episode_holds_its_steps_and_outcome() -> None:
    episode = debate(index=3)
    play_out(episode)
    record = end_record(episode)
    assert (record["episode"], record["steps"], record["outcome"]) == (3, 5, episode.outcome)


def recorded_call(answer: Answer, given_reply: Reply) -> tuple[Call, Record]:
    """The first call of an episode, with the record of it and its reply."""
    episode = debate()
    episode.exchange.ask([call(answer)])
    [asked] = episode.exchange.pending
    return asked, call_record(episode, asked, given_reply, "0", (0.0, 1.0))


def through_the_log(answer: Answer, given_reply: Reply) -> Reply:
    """A reply as it is after being written and read."""
    asked, record = recorded_call(answer, given_reply)
    wanted: Record = {"record": "answer", "episode": 0, "answer": 0, **asked.answer.describe()}
    begun: Record = {"record": "episode", "episode": 0, "seed": 1}
    *_, answered = entries(orjson.loads(orjson.dumps(told)) for told in (begun, wanted, record))
    assert isinstance(answered, CallAnswered)
    return answered.reply(asked)


def test_a_reply_comes_back_from_the_log_as_it_was() -> None:
    spoken = Reply("Yes.", "Yes.", None, "length", 10, 4, 3, attempts=2, rejected=("",), call=0, model="m-1")
    assert through_the_log(Text(), spoken) == spoken


def test_a_failed_reply_comes_back_failed_and_without_value() -> None:
    failed = Reply("{", None, finish="stop", attempts=3, failed=True, rejected=("", "}", "{"), call=0)
    assert through_the_log(Json(Points), failed) == failed


def test_a_json_reply_comes_back_with_its_value() -> None:
    scored = Reply('{"points": 3}', {"points": 3}, call=0)
    assert through_the_log(Json(Points), scored) == scored


def test_fields_at_their_default_are_left_out() -> None:
    _, record = recorded_call(Text(), reply("Yes."))
    assert not {"value", "probabilities", "finish", "attempts", "rejected", "failed"} & set(record)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=2).filter(lambda w: sum(w) > 0.01))
def test_probabilities_come_back_to_a_millionth(weights: list[float]) -> None:
    exact = [weight / sum(weights) for weight in weights]
    back = through_the_log(Choice(("yes", "no")), reply("yes", exact)).probabilities
    assert back is not None
    assert all(abs(p - q) <= 1e-6 for p, q in zip(exact, back, strict=True))


def test_a_line_is_one_line_of_json_whatever_the_text() -> None:
    [written] = sealed([message_record(0, Message(0, "user", 'two\nlines \u2028 "quoted" 🏙'))])
    assert written.count(b"\n") == 1
    assert written.endswith(b"\n")
    assert orjson.loads(written)["text"] == 'two\nlines \u2028 "quoted" 🏙'


RECORDS = [
    {"record": "episode", "episode": 0, "seed": 1},
    {"record": "episode", "episode": 1, "seed": 2},
    {"record": "message", "episode": 0, "message": 0, "role": "user", "text": "a"},
    {"record": "message", "episode": 0, "message": 1, "role": "user", "text": "b"},
    {"record": "call", "episode": 0, "call": 0, "tokens": [10, 4, 3], "seconds": [0.1, 0.2]},
    {"record": "call", "episode": 1, "call": 0, "tokens": [10, 0, 3], "seconds": [0.3, 0.4]},
    {"record": "event", "episode": 0, "event": 0, "type": "speech"},
    {"record": "end", "episode": 0, "steps": 1, "outcome": {}},
]


@given(st.randoms(use_true_random=False))
def test_content_does_not_depend_on_the_order_of_the_lines(random: Random) -> None:
    shuffled = list(RECORDS)
    random.shuffle(shuffled)
    assert content(shuffled) == content(RECORDS)


def test_content_goes_by_episode_kind_and_number() -> None:
    order = [(record["episode"], record["record"]) for record in content(RECORDS)]
    assert order == sorted(order)
    texts = [record["text"] for record in content(RECORDS) if record["record"] == "message"]
    assert texts == ["a", "b"]


def test_content_leaves_out_times_and_cached_tokens_and_nothing_else() -> None:
    found = next(record for record in content(RECORDS) if record["record"] == "call")
    assert found == {"record": "call", "episode": 0, "call": 0, "tokens": [10, 3]}


def test_content_keeps_what_is_recorded_twice() -> None:
    assert len(content([*RECORDS, RECORDS[4]])) == len(RECORDS) + 1


def test_content_leaves_the_records_as_they_are() -> None:
    content(RECORDS)
    assert RECORDS[4]["tokens"] == [10, 4, 3]
