"""Two situations of persuasion, walked on replies made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.load import check
from palaestra.scenarios.persuasion.config import PersuasionConfig
from palaestra.scenarios.persuasion.rules import Persuasion
from support.scripted_debates import events, failure, play_out, reply, text_of

ASIDE = "Mia (aside)"

WALK: dict[str, Any] = {
    "background": "Mia and Ned have a free day.",
    "goal": "persuade Ned to see a film",
    "preventive": {
        "content": "go for a walk",
        "belief": "sunshine will return",
        "other_beliefs": ["shoes are new", "parks are quiet"],
        "desire": "breathe deeply",
        "other_desires": ["gather mushrooms"],
    },
    "generative": {
        "content": "see a film",
        "belief": "cinemas smell bad",
        "other_beliefs": ["tickets are expensive", "seats are hard"],
        "desire": "laugh loudly",
        "other_desires": ["eat popcorn"],
    },
}
FILE: dict[str, Any] = {
    "scenario": "persuasion",
    "situations": [WALK],
    "persuader": {"name": "Mia", "persona": "Likes films."},
    "persuadee": {"name": "Ned", "persona": "Likes air."},
    "observer": {"name": "Ola", "persona": "Knows minds."},
    "writer": {"name": "Wim", "persona": "Makes up minds."},
    "options": 2,
}
BARE: dict[str, Any] = {"background": WALK["background"], "goal": WALK["goal"]}
TRUTHS = ("sunshine will return", "breathe deeply", "cinemas smell bad", "laugh loudly")
OTHERS = ("shoes are new", "gather mushrooms", "tickets are expensive", "eat popcorn")


class Played:
    """An episode whose texts are "purpose-index" and whose choices are the first option.

    `said` replaces replies: by purpose, or by purpose and belief or desire ("guess preventive belief");
    a list has one for each call, None is a failure.
    """

    def __init__(self, said: Mapping[str, Any] | None = None, index: int = 0, **fields: Any) -> None:
        config = check(deepcopy(FILE) | fields, "test.yaml").config
        assert isinstance(config, PersuasionConfig)
        self.episode = Persuasion(config, index=index)
        self.said: dict[str, Any] = deepcopy(dict(said or {}))
        self.calls = play_out(self.episode, self._answer)

    def _answer(self, call: Call) -> Reply:
        slot = f"{call.purpose} {call.about.get('state')} {call.about.get('part')}"
        key = slot if slot in self.said else call.purpose
        if key not in self.said:
            first = call.answer.options[0] if isinstance(call.answer, Choice) else None
            return reply(first or f"{call.purpose}-{call.index}")
        told = self.said[key]
        text = told.pop(0) if isinstance(told, list) else told
        if isinstance(text, Reply):
            return text
        return failure("mumble") if text is None else reply(text)

    @property
    def outcome(self) -> dict[str, Any]:
        return self.episode.outcome

    def events(self, kind: type[Any]) -> list[Any]:
        return events(self.episode, kind)

    def asked(self) -> list[tuple[str, str]]:
        calls = sorted((call for made in self.calls.values() for call in made), key=lambda call: call.index)
        return [(call.agent, call.purpose) for call in calls]

    def shown_to(self, agent: str) -> str:
        return "\n".join(text_of(c) for made in self.calls.values() for c in made if c.agent == agent)
