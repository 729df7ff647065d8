"""Bargaining over three items of a square, walked on replies made by hand."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.load import check
from palaestra.scenarios.package_bargaining.config import PackageBargainingConfig
from palaestra.scenarios.package_bargaining.rules import PackageBargaining
from support.scripted_debates import events, failure, play_out, reply

# Worth (Old, Art): ramp 3, 0; tree 1.25, 5; bench 1.75, 1.
# Affordable: nothing, each alone, ramp+bench (4.75, 1), tree+bench (3, 6).
SQUARE: dict[str, Any] = {
    "scenario": "package_bargaining",
    "matter": "a square",
    "criteria": {"access": "all can reach it", "beauty": "it pleases"},
    "items": [
        {"id": "ramp", "name": "a ramp", "cost": 3, "scores": {"access": 4, "beauty": 0}},
        {"id": "tree", "name": "a tree", "cost": 4, "scores": {"access": 0, "beauty": 5}},
        {"id": "bench", "name": "a bench", "cost": 2, "scores": {"access": 2, "beauty": 1}},
    ],
    "budget": 6,
    "stakeholders": [
        {"name": "Old", "persona": "Slow.", "weights": {"access": 3, "beauty": 1}},
        {"name": "Art", "persona": "Bright.", "weights": {"access": 0, "beauty": 8}},
    ],
    "mediator": {"name": "Chair", "persona": "Calm."},
}


def bargaining(index: int = 0, **fields: Any) -> PackageBargaining:
    config = check(deepcopy(SQUARE) | fields, "test.yaml").config
    assert isinstance(config, PackageBargainingConfig)
    return PackageBargaining(config, index=index)


def words(other: str, said: dict[str, list[str]]) -> dict[str, str]:
    """One word about each item: that under which it is listed, or else `other`."""
    return {
        item: next((word for word, items in said.items() if item in items), other)
        for item in ("ramp", "tree", "bench")
    }


class Played:
    """An episode played on the mediator's `packages`, a list a round, None for a failure.

    Args:
        packages: the mediator's packages; the first item is essential, the others are useful.
        countering: the names of those who counter in each round; a name with ? fails to answer.
        said: a stakeholder's words with the items that it says them of, by its name, None for a failure.
        fields: of the file.
    """

    def __init__(
        self,
        packages: list[list[str] | None],
        countering: list[str] | None = None,
        said: dict[str, dict[str, list[str]] | None] | None = None,
        **fields: Any,
    ) -> None:
        self.episode = bargaining(**fields)

        def answer(call: Call) -> Reply:
            number = int(str(call.about["round"]))
            if call.purpose == "respond":
                against = (countering or [""] * number)[number - 1].split()
                if f"{call.agent}?" in against:
                    return failure("mumble")
                return reply("counter" if call.agent in against else "accept")
            value: dict[str, Any] | None = None
            if call.purpose == "propose":
                change = (said or {}).get(call.agent, {"want": ["ramp"]})
                if change is not None:
                    value = {"measures": words("leave out", change), "message": f"{call.agent}-{number}"}
            elif package := packages[number - 1]:
                ranks = words("out", {"essential": package[:1], "useful": package[1:]})
                value = {"measures": ranks, "unresolved": ["Art"], "rationale": f"because-{number}"}
            if value is None:
                return failure("mumble")
            return Reply(json.dumps(value), value=call.answer.parse(json.dumps(value)))

        self.calls = play_out(self.episode, answer)

    @property
    def outcome(self) -> dict[str, Any]:
        return self.episode.outcome

    def events(self, kind: type[Any]) -> list[Any]:
        return events(self.episode, kind)

    def asked(self) -> list[str]:
        calls = sorted((call for made in self.calls.values() for call in made), key=lambda call: call.index)
        return [f"{call.agent} {call.purpose} {call.about['round']}" for call in calls]
