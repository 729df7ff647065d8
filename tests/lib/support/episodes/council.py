"""A village council, walked session by session on replies made by hand."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.load import check
from palaestra.scenarios.council.config import CouncilConfig
from palaestra.scenarios.council.rules import Council
from support.scripted_debates import events, failure, play_out, reply

VILLAGE: dict[str, Any] = {
    "scenario": "council",
    "groups": ["millers", "monks"],
    "laws": [
        {"name": "a bridge", "cost": 20, "effects": {"millers": 10, "monks": 4}},
        {"name": "a toll", "cost": -10, "effects": {"millers": -6}},
        {"name": "a feast", "cost": 4},
    ],
    "members": [
        {"name": "Ann", "group": "millers", "agenda": "You want the toll for yourself.", "persona": "Loud."},
        {"name": "Bo", "group": "monks", "agenda": "You want no bridge."},
        {"name": "Cem", "group": "monks", "agenda": "You want the chair."},
    ],
    "quorum": 2,
    "terms": 1,
    "sessions": 1,
}
Answers = dict[str, Any]


def village(index: int = 0, **fields: Any) -> Council:
    config = check(deepcopy(VILLAGE) | fields, "test.yaml").config
    assert isinstance(config, CouncilConfig)
    return Council(config, index=index)


def the_first(call: Call) -> str:
    assert isinstance(call.answer, Choice)
    return call.answer.options[0]


class Played:
    """A council played on replies made by hand.

    Args:
        answers: by purpose a text, a list of texts to take in turn, or a function of the call; None is
            a failure. Without one a choice takes its last option, and a text says its purpose, agent and
            session; amendments change nothing, bills are about the bridge and all vote yes.
        fields: of the file.
    """

    def __init__(self, answers: Answers | None = None, **fields: Any) -> None:
        self.episode = village(**fields)
        given = {"amend": "no change", "vote_bill": "yes", "propose": the_first} | (answers or {})
        queues = {purpose: iter(said) for purpose, said in given.items() if isinstance(said, list)}

        def answer(call: Call) -> Reply:
            said = given.get(call.purpose, ...)
            if call.purpose in queues:
                said = next(queues[call.purpose])
            elif callable(said):
                said = said(call)
            if isinstance(said, Reply):
                return said
            if said is ...:
                plain = (
                    f"{call.purpose}-{call.agent}-{call.about['session']}" if "session" in call.about else ""
                )
                said = call.answer.options[-1] if isinstance(call.answer, Choice) else plain
            return failure("mumble") if said is None else reply(str(call.answer.parse(str(said))))

        self.calls = play_out(self.episode, answer)

    @property
    def outcome(self) -> dict[str, Any]:
        return self.episode.outcome

    def events(self, kind: type[Any]) -> list[Any]:
        return events(self.episode, kind)

    def asked(self, *leave_out: str) -> list[str]:
        calls = sorted((call for made in self.calls.values() for call in made), key=lambda call: call.index)
        return [f"{call.agent} {call.purpose}" for call in calls if call.purpose not in leave_out]
