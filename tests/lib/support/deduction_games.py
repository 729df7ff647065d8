"""A small game of hidden roles whose prompts and votes are easy to tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from palaestra.agents.answers import Choice
from palaestra.agents.calls import Call, Reply
from palaestra.scenarios.core.load import check
from palaestra.scenarios.social_deduction.rules import SocialDeduction
from support.scripted_debates import failure, plain_reply, reply, text_of

ONE_TRAITOR = ("traitor", "faithful", "faithful", "faithful", "faithful")
TWO_TRAITORS = ("traitor", "traitor", "faithful", "faithful", "faithful")
NAMES = ("Ann", "Bo", "Cem", "Dee", "Eli", "Fay", "Gus")
# Prompts whose parts are easy to tell, so that no test depends on the wording of the shipped ones.
PROMPTS = {
    "rules": "RULES[{players}|{minority_size} {minorities}|{majorities}]",
    "rules_seer": "SEER RULES",
    "persona": "PERSONA[{name}|{persona}]",
    "persona_trait": "TRAIT[{trait}]",
    "role_minority": "PARTNERS[{partners}]",
    "role_minority_alone": "ALONE",
    "role_majority": "MAJORITY",
    "role_seer": "SEER",
    "profile": "PROFILE[{name}|{trait}]",
    "reflection_label": "IMPRESSION",
    "day": "DAY[{round}|{morning}|{living}|{topic}]",
    "first_morning": "FIRST",
    "quiet_morning": "QUIET",
    "sad_morning": "SAD[{player}]",
    "discuss": "DISCUSS[{topic}]{how}",
    "react": "REACT[{reaction}]{how}",
    "note_label": "NOTE[{round}|{when}]",
    "voted_out": "OUT[{player}|{role}|{votes}]",
    "nobody_voted_out": "NOBODY OUT",
    "night_label": "NIGHT[{name}|{round}]",
    "finding": "FINDING[{round}|{player}|{teams}]",
}
BARE: dict[str, Any] = {"memory_summaries": False, "introduction": False}


def game_file(roles: tuple[str | None, ...] = ONE_TRAITOR, **fields: Any) -> dict[str, Any]:
    """The file of a small game with these roles enforced, None for those who are dealt one."""
    minority = fields.get("minority", {})
    wolf = minority.get("name", "traitor")
    size = sum(role == wolf for role in roles) or 1
    players = [
        {"name": name, "persona": f"I am {name}.", "role": role}
        for name, role in zip(NAMES, roles, strict=False)
    ]
    data: dict[str, Any] = {
        "scenario": "social_deduction",
        "engines": {"default": {"kind": "scripted"}},
        "players": players,
        "prompts": PROMPTS,
    }
    return data | fields | {"minority": {"size": size, **minority}}


WEREWOLF: dict[str, Any] = {
    "game": "Werewolf",
    "minority": {"name": "werewolf", "plural": "werewolves"},
    "majority": {"name": "villager", "plural": "villagers"},
    "seer": True,
}
VILLAGE = ("werewolf", "werewolf", "seer", "villager", "villager", "villager")


def game(roles: tuple[str | None, ...] = ONE_TRAITOR, index: int = 0, **fields: Any) -> SocialDeduction:
    """One episode of the small game that waits for its replies."""
    scenario = check(game_file(roles, **fields), "test.yaml")
    episode = scenario.rules(scenario.config, index=index)
    assert isinstance(episode, SocialDeduction)
    return episode


Ballots = Mapping[str, str | None]


def ballots(
    day: list[str | Ballots | None] | None = None,
    night: list[str | Ballots | None] | None = None,
    inspect: list[str | None] | None = None,
) -> Callable[[Call], Reply]:
    """Answers with the votes of each round; None fails, whoever is told to name themselves fails too.

    Args:
        day, night: for each round, whom all name, or whom each names; none are valid after the last.
        inspect: whom the seer names in each round.
    """
    plans: dict[str, list[Any]] = {"vote": day or [], "kill": night or [], "inspect": inspect or []}

    def answer(call: Call) -> Reply:
        if call.purpose not in plans:
            return plain_reply(call)
        plan, number = plans[call.purpose], call.about["round"]
        assert isinstance(number, int)
        target = plan[number - 1] if number <= len(plan) else None
        if isinstance(target, Mapping):
            target = target.get(call.agent)
        assert isinstance(call.answer, Choice)
        return reply(target) if target in call.answer.options else failure("mumble")

    return answer


def exchanges(episode: SocialDeduction, answer: Callable[[Call], Reply] = plain_reply) -> list[list[Call]]:
    """The calls of each exchange of an episode that is played out."""
    made = []
    while episode.pending:
        made.append(list(episode.pending))
        episode.advance([answer(call) for call in episode.pending])
    return made


def told(calls: list[Call], agent: str) -> list[str]:
    """The prompts of one agent among these calls."""
    return [text_of(call) for call in calls if call.agent == agent]
