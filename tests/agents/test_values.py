"""Values made at every call are frozen dataclasses in all but how fast they are made."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from inspect import signature
from typing import Any

import pytest

from palaestra.agents.answers import Text
from palaestra.agents.calls import Call, Reply
from palaestra.agents.values import replaced, value

SAID = Reply(
    "Hello.", "Hello.", (0.5, 0.5), output_tokens=2, rejected=("", "Hm."), model="m", thought="Well."
)


def test_a_value_compares_and_hashes_by_its_fields() -> None:
    same = Reply(**{field.name: getattr(SAID, field.name) for field in fields(SAID)})
    assert same == SAID
    assert hash(same) == hash(SAID)
    assert Reply("Hello.") != SAID


def test_a_copy_with_changes_is_what_dataclasses_make_of_it() -> None:
    assert replaced(SAID, call=3, value=None) == replace(SAID, call=3, value=None) != SAID


@pytest.mark.parametrize("changed", [SAID, replaced(SAID, call=3)])
@pytest.mark.parametrize("field", ["text", "call", "unknown"])
def test_nobody_changes_a_value_or_takes_from_it(changed: Reply, field: str) -> None:
    with pytest.raises(FrozenInstanceError):
        setattr(changed, field, "Bye.")
    with pytest.raises(FrozenInstanceError):
        delattr(changed, field)


def test_a_field_that_there_is_not_is_refused() -> None:
    unknown: dict[str, Any] = {"colour": "red"}
    with pytest.raises(AttributeError):
        replaced(SAID, **unknown)


def test_values_are_copied_and_sent_to_other_processes() -> None:
    for made in (copy.copy(SAID), copy.deepcopy(SAID), pickle.loads(pickle.dumps(SAID))):
        assert made == SAID
        assert type(made) is Reply


def test_its_signature_names_its_fields() -> None:
    assert list(signature(Reply).parameters) == [field.name for field in fields(Reply)]


class Extended(Reply):
    """A value's heir that isn't made one."""


class One:
    """Too few fields."""

    text: str


class Checking:
    """Has something to do after it is made."""

    text: str
    number: int

    def __post_init__(self) -> None:
        self.number += 1


def test_what_can_be_no_value_is_refused_in_words() -> None:
    with pytest.raises(TypeError, match="Extended extends Reply: decorate it with @value"):
        Extended("Hello.")
    with pytest.raises(TypeError, match="One has fewer than two fields"):
        value()(One)
    with pytest.raises(TypeError, match="Checking has __post_init__"):
        value()(Checking)


def test_an_heir_that_is_a_value_is_copied_and_sent() -> None:
    call = Call(
        agent="Ann", purpose="argue", about={}, prompt=(), answer=Text(), policy="default", index=1, seed=2
    )
    for made in (copy.copy(call), pickle.loads(pickle.dumps(call))):
        assert type(made) is Call
        assert [getattr(made, field.name) for field in fields(Call)] == [
            getattr(call, field.name) for field in fields(Call)
        ]
