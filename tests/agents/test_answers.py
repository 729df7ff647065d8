"""Kinds of answer: what each parses, and that a JSON answer can always close."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from palaestra.agents.answers import Choice, Json, Text
from palaestra.agents.failures import BadInput, UnparsedAnswer
from palaestra.agents.scripted import scripted_reply
from support.scripted_debates import call

Short = Annotated[str, Field(max_length=20)]
Points = Annotated[int, Field(ge=1, le=10)]


class Mood(Enum):
    calm = "calm"
    cross = "very cross"


class Review(BaseModel):
    points: Points
    reason: Short


class Offer(BaseModel):
    price: float = Field(ge=-1.5, le=1000)
    share: float = Field(gt=0, lt=1)
    final: bool
    note: Short | None = None


class Report(BaseModel):
    """Models inside models, lists of them, enums and fixed texts."""

    mood: Mood
    side: Literal["for", "against"]
    kind: Literal["report"]
    best: Review
    others: list[Review] = Field(max_length=3)
    words: list[Short] = Field(min_length=1, max_length=4)
    offer: Offer | None
    answer: Points | Short


class Talk(BaseModel):
    """A field named as a keyword of JSON Schema."""

    title: Short
    type: Short


MODELS = [Review, Offer, Report, Talk]


# Text


def test_a_text_is_its_own_value() -> None:
    assert Text().parse("Trees cool streets.") == "Trees cool streets."


def test_an_empty_text_is_unparsed() -> None:
    with pytest.raises(UnparsedAnswer, match="the reply is empty"):
        Text().parse("")


def test_a_text_is_described_by_its_kind() -> None:
    assert Text().describe() == {"kind": "text"}


# Choice


def test_a_choice_is_one_of_its_options_whatever_spaces_are_around_it() -> None:
    assert Choice(("1", "10")).parse(" 10\n") == "10"


@pytest.mark.parametrize("text", ["", "yess", "Yes", "yes no", "y"])
def test_any_other_text_is_no_choice(text: str) -> None:
    with pytest.raises(UnparsedAnswer, match="none of the options yes, no"):
        Choice(("yes", "no")).parse(text)


@pytest.mark.parametrize(
    "options", [(), ("yes",), ("yes", "yes"), ("yes", ""), ("yes", " no"), ("yes", "no\n")]
)
def test_options_are_two_or_more_different_texts_without_outer_spaces(options: tuple[str, ...]) -> None:
    with pytest.raises(BadInput):
        Choice(options)


def test_a_choice_is_described_with_its_options_in_order() -> None:
    assert Choice(("b", "a")).describe() == {"kind": "choice", "options": ["b", "a"]}


# Json


def test_a_json_answer_is_the_object_as_plain_data() -> None:
    text = '{"points": 7, "reason": "plain"}'
    assert Json(Review).parse(text) == {"points": 7, "reason": "plain"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the object"),
        ("[1]", "the object"),
        ('{"points": 7, "reason": "pl', "the object"),
        ('{"points": 11, "reason": ""}', "points: "),
        ('{"points": 7}', "reason: "),
        ('{"points": 7, "reason": "much longer than twenty"}', "reason: "),
    ],
)
def test_text_that_does_not_fit_the_model_is_unparsed_and_says_where(text: str, words: str) -> None:
    with pytest.raises(UnparsedAnswer) as unparsed:
        Json(Review).parse(text)
    assert str(unparsed.value).startswith(words)


def test_an_extra_key_is_refused() -> None:
    with pytest.raises(UnparsedAnswer, match="extra"):
        Json(Review).parse('{"points": 7, "reason": "plain", "extra": 1}')


def test_a_nested_problem_is_told_with_its_path() -> None:
    class Pair(BaseModel):
        first: Review

    with pytest.raises(UnparsedAnswer, match=r"first\.points"):
        Json(Pair).parse('{"first": {"points": 0, "reason": ""}}')


def test_the_schema_holds_no_references_and_allows_no_further_keys() -> None:
    schema = Json(Report).schema
    assert "$ref" not in json.dumps(schema)
    assert "$defs" not in schema
    assert schema["additionalProperties"] is False
    assert schema["properties"]["best"]["additionalProperties"] is False
    assert schema["properties"]["others"]["items"]["additionalProperties"] is False


def test_the_schema_requires_every_field_even_optional_ones() -> None:
    assert Json(Offer).schema["required"] == ["price", "share", "final", "note"]


def test_a_field_may_be_named_like_a_keyword_of_json_schema() -> None:
    assert Json(Talk).schema["required"] == ["title", "type"]
    assert Json(Talk).parse('{"title": "a", "type": "b"}') == {"title": "a", "type": "b"}


def test_a_json_answer_is_described_with_its_schema() -> None:
    assert Json(Review).describe() == {"kind": "json", "schema": Json(Review).schema}


def test_answers_of_one_model_are_equal() -> None:
    assert Json(Review) == Json(Review)
    assert Json(Review) != Json(Offer)
    assert hash(Json(Review)) == hash(Json(Review))


def with_field(annotation: Any) -> type[BaseModel]:
    """A model `Made` with one field `made` of the type `annotation`."""
    return type("Made", (BaseModel,), {"__annotations__": {"made": annotation}})


@pytest.mark.parametrize(
    "annotation",
    [
        str,
        int,
        float,
        Annotated[int, Field(ge=0)],
        Annotated[float, Field(lt=1)],
        list[Points],
        Annotated[str, Field(pattern="^a*$")],
        str | None,
        Points | str,
        dict[str, Points],
        Any,
    ],
)
def test_an_unbounded_field_is_refused_by_name(annotation: Any) -> None:
    with pytest.raises(BadInput, match=r"Made\.made"):
        Json(with_field(annotation))


def test_an_unbounded_item_of_a_list_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match=r"Made\.made\[\]"):
        Json(with_field(Annotated[list[str], Field(max_length=3)]))


def test_an_unbounded_field_of_an_inner_model_is_refused_by_its_path() -> None:
    class Inner(BaseModel):
        free: str

    with pytest.raises(BadInput, match=r"Made\.made\.free"):
        Json(with_field(Inner))


def test_a_model_that_allows_further_keys_is_refused() -> None:
    class Open(BaseModel, extra="allow"):
        points: Points

    with pytest.raises(BadInput, match="Open allows any key"):
        Json(Open)


class Tree(BaseModel):
    """A model that holds itself, so that an answer might never close."""

    points: Points
    child: Tree | None = None


def test_a_model_that_contains_itself_is_refused() -> None:
    with pytest.raises(BadInput, match="Tree"):
        Json(Tree)


def test_a_tuple_is_either_bounded_or_refused_but_never_an_accident() -> None:
    try:
        answer = Json(with_field(tuple[Points, Points]))
    except BadInput:
        return
    assert answer.max_characters >= len('{"made":[10,10]}')


@given(model=st.sampled_from(MODELS), seed=st.integers(0, 2**62))
def test_scripted_json_of_any_model_parses(model: type[BaseModel], seed: int) -> None:
    text = scripted_reply(call(Json(model), seed)).text
    assert Json(model).parse(text)


@given(model=st.sampled_from(MODELS), seed=st.integers(0, 2**62))
def test_no_scripted_json_is_longer_than_the_answers_bound(model: type[BaseModel], seed: int) -> None:
    text = scripted_reply(call(Json(model), seed)).text
    assert text.isascii()
    assert len(text) <= Json(model).max_characters


def test_the_longest_compact_json_of_a_model_is_within_the_bound() -> None:
    longest = {"points": 10, "reason": "x" * 20}
    report = {
        "mood": "very cross",
        "side": "against",
        "kind": "report",
        "best": longest,
        "others": [longest] * 3,
        "words": ["x" * 20] * 4,
        "offer": {"price": -1.123456, "share": 0.123456, "final": False, "note": "x" * 20},
        "answer": "x" * 20,
    }
    text = json.dumps(report, separators=(",", ":"))
    assert Json(Report).parse(text) == report
    assert len(text) <= Json(Report).max_characters
