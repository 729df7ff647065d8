"""What `make test` plays of many cases of one kind; `make whole` plays the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet


def sliced(cases: Iterable[Any], kept: Collection[Any]) -> list[ParameterSet]:
    """The cases as parameters of a test, those that aren't among `kept` marked `whole`."""
    return [pytest.param(case, marks=() if case in kept else pytest.mark.whole) for case in cases]
