"""How the same turns are told to a chat template: families differ in the roles and forms that they take."""

from __future__ import annotations

from palaestra.agents.calls import Role

Message = dict[str, object]


def tellings(spoken: list[tuple[Role, str]]) -> list[list[Message]]:
    """The ways to tell a template some turns.

    As they are, or the system's text in the user's turn (some refuse or ignore that role); texts as such, or
    as parts (templates of models that see images).
    """
    told = [spoken]
    if len(spoken) > 1 and [role for role, _ in spoken[:2]] == ["system", "user"]:
        told.append([("user", f"{spoken[0][1]}\n\n{spoken[1][1]}"), *spoken[2:]])
    elif spoken and spoken[0][0] == "system":
        told.append([("user", spoken[0][1]), *spoken[1:]])
    plain: list[list[Message]] = [[{"role": r, "content": text} for r, text in turns] for turns in told]
    parts: list[list[Message]] = [
        [{"role": r, "content": [{"type": "text", "text": text}]} for r, text in turns] for turns in told
    ]
    return [plain[0], parts[0], *plain[1:], *parts[1:]]
