"""Who reads a run is told where another model answered than before."""

from __future__ import annotations

import pytest

from palaestra.runs.record.served import COMPARED, changes

BEFORE = {"default": {key: f"this {key}" for key in (*COMPARED, "adapter a", "device", "vllm")}}


@pytest.mark.parametrize("key", [*COMPARED, "adapter a"])
def test_what_tells_which_model_answers_is_compared(key: str) -> None:
    now = {"default": BEFORE["default"] | {key: "that"}}
    assert list(changes(BEFORE, now)) == [
        f"the engine 'default' isn't what answered before: its {key} was this {key}, and is that"
    ]


def test_machines_versions_and_what_nobody_told_are_no_change() -> None:
    now = {"default": BEFORE["default"] | {"device": "another", "vllm": "newer"}, "other": {"model": "m"}}
    assert list(changes(BEFORE, now)) == []
    assert list(changes({"default": {"kind": "vllm"}}, {"default": {"kind": "vllm", "weights": "w"}})) == []
    assert list(changes({}, now)) == []
