"""Policies as scenario files declare them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from palaestra.agents.policy import Policy


def test_sampling_stays_in_its_range() -> None:
    with pytest.raises(ValidationError):
        Policy(temperature=2.5)
    with pytest.raises(ValidationError):
        Policy(top_p=0)
