"""Bargaining over a price and over work, walked on replies made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.load import check
from palaestra.scenarios.negotiation.config import NegotiationConfig
from palaestra.scenarios.negotiation.rules import Negotiation
from support.scripted_debates import events, failure, play_out, reply

# Sal sells and takes no less than 4913, Bea buys and pays no more than 6087.
PRICE: dict[str, Any] = {
    "scenario": "negotiation",
    "matter": "the price of a boat.",
    "issues": [{"name": "price", "low": 4000, "high": 7000, "step": 250, "unit": "dollars"}],
    "parties": [
        {"name": "Sal", "persona": "Sells.", "wants": {"price": "high"}, "limit": 4913},
        {"name": "Bea", "persona": "Buys.", "wants": {"price": "low"}, "limit": 6087},
    ],
    "rounds": 2,
}
# Utilities (Ida, Joe): few+here 4, 2; few+there 0, 5; many+here 10, 0; many+there 6, 3.
WORK: dict[str, Any] = {
    "scenario": "negotiation",
    "matter": "some work.",
    "issues": [{"name": "days", "options": ["few", "many"]}, {"name": "place", "options": ["here", "there"]}],
    "parties": [
        {
            "name": "Ida",
            "persona": "Works.",
            "values": {"days": {"few": 0, "many": 3}, "place": {"here": 4, "there": 0}},
            "weights": {"days": 2, "place": 1},
            "reservation": 3,
        },
        {
            "name": "Joe",
            "persona": "Pays.",
            "values": {"days": {"few": 2, "many": 0}, "place": {"here": 0, "there": 3}},
            "weights": {"days": 1, "place": 1},
            "reservation": 2,
        },
    ],
    "rounds": 2,
}


def bargaining(file: dict[str, Any], index: int = 0, **fields: Any) -> Negotiation:
    config = check(deepcopy(file) | fields, "test.yaml").config
    assert isinstance(config, NegotiationConfig)
    return Negotiation(config, index=index)


class Played:
    """An episode played on the answers of `script`: the moves and offers in order, None for a failure.

    Speeches aren't in the script: they say "speech-" and the number of their call.
    """

    def __init__(
        self, file: dict[str, Any], script: Sequence[str | None], index: int = 0, **fields: Any
    ) -> None:
        self.episode = bargaining(file, index, **fields)
        left = list(script)

        def answer(call: Call) -> Reply:
            if call.purpose == "say":
                return reply(f"speech-{call.index}")
            text = left.pop(0)
            return failure("mumble") if text is None else Reply(text, value=call.answer.parse(text))

        self.calls = play_out(self.episode, answer)
        assert not left

    @property
    def outcome(self) -> dict[str, Any]:
        return self.episode.outcome

    def events(self, kind: type[Any]) -> list[Any]:
        return events(self.episode, kind)

    def asked(self) -> list[tuple[str, str]]:
        calls = sorted((call for made in self.calls.values() for call in made), key=lambda call: call.index)
        return [(call.agent, call.purpose) for call in calls]


def options(call: Call) -> list[str]:
    return list(call.answer.describe()["options"])
