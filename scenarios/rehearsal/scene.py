"""The scene of a rehearsal: who is in it, and what happens in it, as the modulator lets it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Answer, Json
from palaestra.agents.calls import Message, Question, Reply, Scalar
from palaestra.scenarios.core.episode import Asking, Episode
from palaestra.scenarios.rehearsal.answers import (
    YES_NO,
    Imagined,
    Profiled,
    cast_form,
    folded,
    plain,
    plan_form,
    select_names,
)
from palaestra.scenarios.rehearsal.config import RehearsalConfig
from palaestra.scenarios.rehearsal.events import Action, Consequence, Perception, Profile, Scene, Summary


class SocialRole(Agent):
    """Somebody in the scene; `inbox` holds what it perceived and has not reacted to, the oldest first."""

    inbox: deque[Message]


class SceneRules(Episode[RehearsalConfig]):
    """What happens when somebody does what an answer says.

    Attributes:
        modulator: sees everything.
        asker: its name in the scene.
        roles: the others, by name.
        memory: incidents, or their summary, which the modulator remembers.
        waiting: consequences that aren't summarised yet.
        summaries: of earlier ones.
    """

    def set_scene(self, modulator: Agent) -> None:
        """Begin with nobody and nothing."""
        self.modulator = modulator
        self.asker = self.config.asker
        self.roles: dict[str, SocialRole] = {}
        self.memory: list[Message] = []
        self.waiting: list[Message] = []
        self.summaries: deque[Message] = deque(maxlen=self.config.summaries)

    def imagine(self, question: str, answer: Message) -> Asking[list[Message]]:
        """Situation, future, names, plan and profiles.

        Returns:
            The asker's steps, as others perceive them; none when there is no plan.
        """
        config, heard = self.config, self.modulator.heard
        heard.append(self.request("asked", {"question": question}))
        heard.append(self.message("user", answer.text, "The answer", answer.source))
        imagined = yield from self._form("imagine", Json(Imagined), question=question)
        if imagined:
            heard.append(self.request("told_situation", imagined))
        [future] = yield from self.asking([self.modulator.ask("foresee")])
        if not future.failed:
            heard.append(self.message("user", future.text, "What happens then", future.call))
        cast = yield from self._form("cast", Json(cast_form(config.roles)), roles=config.roles)
        names = self._name(cast)
        planned = yield from self._form(
            "plan", Json(plan_form(config.steps)), asker=self.asker, steps=config.steps
        )
        plan = [step for step in map(plain, planned.get("steps", ())) if step]
        if plan:
            listed = "\n".join(f"{number}. {step}" for number, step in enumerate(plan, 1))
            heard.append(self.request("told_plan", {"asker": self.asker, "plan": listed}))
        known = {folded(name) for name in cast.get("others", ())}
        self.record(
            Scene(
                question,
                imagined.get("situation"),
                imagined.get("wish"),
                self.asker,
                ", ".join(names),
                sum(folded(name) in known for name in names),
                " / ".join(plan),
                len(plan),
            )
        )
        yield from self._profile(names)
        return [self.message("user", step, self.asker) for step in plan]

    def _form(self, purpose: str, answer: Answer, **fill: Scalar) -> Asking[dict[str, Any]]:
        """The modulator's answer to a form; empty when it could not be understood."""
        [reply] = yield from self.asking([self.modulator.ask(purpose, answer, fill)])
        return reply.value if isinstance(reply.value, dict) else {}

    def _name(self, cast: Mapping[str, Any]) -> list[str]:
        """Take the names of the asker and of the roles from the modulator's `cast`; returns the latter."""
        config = self.config
        taken = [member.name for member in (config.answerer, config.modulator, *config.judges)]
        named = [cast["asker"]] if cast else []
        [self.asker] = select_names(named, [config.asker], taken, 1)
        others = select_names(cast.get("others", ()), config.backup_roles, [*taken, self.asker], config.roles)
        told = self.request("told_cast", {"asker": self.asker, "others": ", ".join(others)})
        self.modulator.heard.append(told)
        return others

    def _profile(self, names: list[str]) -> Asking[None]:
        """Put the roles on the stage, each with a profile that only it and the modulator know."""
        replies = yield from self.asking(
            [self.modulator.ask("profile", Json(Profiled), role=name) for name in names]
        )
        for name, reply in zip(names, replies, strict=True):
            found: dict[str, Any] = reply.value if isinstance(reply.value, dict) else {}
            persona = self.words("told_profile" if found else "told_role", role=name, **found)
            if found:
                self.modulator.heard.append(self.request("told_profile_of", {"role": name, **found}))
            rules, policy = self.words("role_rules"), self.config.roles_policy
            role = self.roles[name] = SocialRole(self, name, rules=rules, persona=persona, policy=policy)
            role.inbox = deque(maxlen=self.config.inbox)
            self.record(Profile(name, found.get("traits"), found.get("status")))

    def rehearse(self, plan: list[Message]) -> Asking[None]:
        """The opening step, then a round for each further one."""
        for number, step in enumerate(plan):
            if number == 0:
                self.memory.append(step)
                self.record(Action(self.asker, True, 0, 1, "unchecked", True, None, step.number))
            else:
                yield from self._round(number, step)

    def _round(self, number: int, step: Message) -> Asking[None]:
        if len(self.memory) > self.config.incidents:
            summary = yield from self._summarise("memory", "recall", self.memory, number)
            self.memory = [summary] if summary else self.memory[-self.config.incidents :]
        happened = yield from self._act(number, step)
        yield from self._follow(number, happened)
        self.memory += happened.values()
        if len(self.waiting) > self.config.consequences:
            summary = yield from self._summarise("consequences", "condense", self.waiting, number)
            if summary:
                self.summaries.append(summary)
            self.waiting = [] if summary else self.waiting[-self.config.consequences :]

    def _act(self, number: int, step: Message) -> Asking[dict[str, Message]]:
        """What happens in a round, by actor: those actions that the modulator finds plausible."""
        happened: dict[str, Message] = {}
        facing = {name: role.inbox.popleft() for name, role in self.roles.items() if role.inbox}
        for attempt in range(1, self.config.tries + 1):
            actions = {self.asker: step} if attempt == 1 else {}
            perceived = self.request("perceived", {})
            replies = yield from self.asking(
                [
                    self.roles[name].ask(
                        "react", None, {"role": name}, [perceived, incident], round=number, attempt=attempt
                    )
                    for name, incident in facing.items()
                ]
            )
            for name, reply in zip(list(facing), replies, strict=True):
                if reply.failed:
                    self.record(Action(name, False, number, attempt, "nothing", False, None, None))
                    del facing[name]
                else:
                    actions[name] = self.message("user", reply.text, name, reply.call)
            happened |= yield from self._check(number, attempt, actions)
            facing = {name: incident for name, incident in facing.items() if name not in happened}
            if not facing:
                break
        return happened

    def _check(self, number: int, attempt: int, actions: dict[str, Message]) -> Asking[dict[str, Message]]:
        """Those of `actions` that the modulator finds plausible after all that it remembers."""
        replies = yield from self.asking(
            [
                self._modulate("plausible", message, YES_NO, actor=name, round=number, attempt=attempt)
                for name, message in actions.items()
            ]
        )
        plausible = {}
        for (name, message), reply in zip(actions.items(), replies, strict=True):
            happens, probability = yes(reply)
            verdict = "failed" if happens is None else "plausible" if happens else "implausible"
            planned = name == self.asker
            self.record(
                Action(name, planned, number, attempt, verdict, bool(happens), probability, message.number)
            )
            if happens:
                plausible[name] = message
        return plausible

    def _follow(self, number: int, happened: dict[str, Message]) -> Asking[None]:
        """What harm comes of what happened, and which roles perceive it."""
        harms = yield from self.asking(
            [
                self._modulate("consequence", message, actor=name, round=number)
                for name, message in happened.items()
            ]
        )
        for (name, message), reply in zip(happened.items(), harms, strict=True):
            told = None if reply.failed else self.message("user", reply.text, source=reply.call)
            if told:
                self.waiting.append(told)
            self.record(Consequence(name, number, message.number, told.number if told else None))
        asked = [
            (actor, message, role)
            for actor, message in happened.items()
            for role in self.roles.values()
            if role.name != actor
        ]
        replies = yield from self.asking(
            [
                self._modulate("perceive", message, YES_NO, actor=actor, role=role.name, round=number)
                for actor, message, role in asked
            ]
        )
        for (actor, message, role), reply in zip(asked, replies, strict=True):
            perceived, probability = yes(reply)
            self.record(Perception(actor, role.name, number, perceived, probability, message.number))
            if perceived:
                role.inbox.append(message)

    def _modulate(
        self, purpose: str, action: Message, answer: Answer | None = None, **about: Scalar
    ) -> Question:
        """A question about one action, which shows the modulator what it remembers."""
        remembered = [self.request("remembered", {}), *self.memory]
        reading = [*remembered, self.request("now", {}), action]
        return self.modulator.ask(purpose, answer, None, reading, **about)

    def _summarise(self, of: str, purpose: str, texts: list[Message], number: int) -> Asking[Message | None]:
        """The summary of `texts`; None when it could not be understood."""
        reading = [self.request(f"{purpose}_these", {}), *texts]
        [reply] = yield from self.asking([self.modulator.ask(purpose, None, None, reading, round=number)])
        summary = None if reply.failed else self.message("user", reply.text, source=reply.call)
        self.record(Summary(of, number, len(texts), summary.number if summary else None))
        return summary


def yes(reply: Reply) -> tuple[bool | None, float | None]:
    """Whether a reply to `YES_NO` says yes, None when it could not be understood; and the probability."""
    if reply.failed:
        return None, None
    return reply.value == YES_NO.options[0], reply.probabilities[0] if reply.probabilities else None
