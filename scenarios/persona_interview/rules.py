"""The rules of a persona interview; the package's docstring are its summary."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice
from palaestra.agents.calls import Reply
from palaestra.scenarios.core.episode import Asking, Episode, Play
from palaestra.scenarios.core.trajectory import Trajectory
from palaestra.scenarios.persona_interview.config import PersonaInterviewConfig
from palaestra.scenarios.persona_interview.events import Answered, Chatted


class PersonaInterview(Episode[PersonaInterviewConfig]):
    """One round of interviews."""

    kind = "persona_interview"
    config_type = PersonaInterviewConfig
    event_types = (Answered, Chatted)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = ("rounds", "words")
    reward_unit = "share of the answers 0–1"

    @classmethod
    def rewards(cls, config: PersonaInterviewConfig, trajectory: Trajectory) -> dict[str, float]:
        """To each person the share of its answers that are what its persona says; missing ones are not."""
        right: dict[str, list[bool]] = {}
        for told in trajectory.told(Answered):
            right.setdefault(told.agent, []).append(bool(told.correct))
        return {name: fmean(answers) for name, answers in right.items()}

    def play(self) -> Play:
        """Questions, then rounds of talk with the questions again after each."""
        self._gather()
        yield from self._ask_all(0)
        for number in range(1, self.config.rounds + 1):
            yield from self._talk(number)
            yield from self._ask_all(number)
        return self._outcome()

    def _gather(self) -> None:
        config = self.config
        self.topic = {"rounds": config.rounds, "words": config.words}
        rules = self.words("rules")
        self.people: dict[str, Agent] = {}
        self.declared: dict[str, dict[str, str]] = {}
        self.answers_given: dict[tuple[int, str, str], str] = {}
        for person in config.people:
            self.people[person.name] = self.seat(Agent, person, rules)
            self.declared[person.name] = dict(person.attributes)
        if config.declared is not None:
            for name, drawn in self.persons.items():
                said = {
                    key: config.declared.attributes[key].said(drawn.values[key]) for key in config.interview
                }
                self.declared[name] = said

    def _ask_all(self, number: int) -> Asking[None]:
        """Ask everybody everything at once; nobody remembers having been asked."""
        asked = []
        calls = []
        for name, person in self.people.items():
            for attribute in self.random.sample(list(self.config.interview), len(self.config.interview)):
                question = self.config.interview[attribute]
                options = tuple(self.random.sample(question.options, len(question.options)))
                fill = {
                    "wording": question.wordings[number % len(question.wordings)],
                    "options": ", ".join(options),
                }
                asked.append((name, attribute, options))
                calls.append(
                    person.ask("question", Choice(options), fill=fill, round=number, attribute=attribute)
                )
        replies = yield calls
        for (name, attribute, options), reply in zip(asked, replies, strict=True):
            self._note(number, name, attribute, options, reply)

    def _note(self, number: int, name: str, attribute: str, options: tuple[str, ...], reply: Reply) -> None:
        declared = self.declared[name][attribute]
        answer = None if reply.failed else str(reply.value)
        probability = None
        if not reply.failed and reply.probabilities is not None:
            probability = dict(zip(options, reply.probabilities, strict=True))[declared]
        if answer is not None:
            self.answers_given[number, name, attribute] = answer
        correct = None if answer is None else answer == declared
        self.record(Answered(name, attribute, number, declared, answer, correct, probability, len(options)))

    def _talk(self, number: int) -> Asking[None]:
        """The interviewer brings something up; everybody replies, in turn where they hear each other."""
        matter = self.config.matters[(number - 1) % len(self.config.matters)]
        line = self.request("matter", {"round": number, "matter": matter})
        for person in self.people.values():
            person.heard.append(line)
        order = self.random.sample(list(self.people), len(self.people))
        together = self.config.talk == "together"
        for group in [[name] for name in order] if together else [order]:
            replies = yield [self.people[name].ask("chat", round=number) for name in group]
            for name, reply in zip(group, replies, strict=True):
                hearers = list(self.people.values()) if together else [self.people[name]]
                said = None if reply.failed else self.say(name, reply, to=hearers).number
                self.record(Chatted(name, number, said))

    def _outcome(self) -> dict[str, str | int | float | bool | None]:
        given, last = self.answers_given, self.config.rounds
        right = [
            [
                answer == self.declared[name][attribute]
                for (n, name, attribute), answer in given.items()
                if n == number
            ]
            for number in (0, last)
        ]
        again = [
            answer == given[last, name, attribute]
            for (n, name, attribute), answer in given.items()
            if n == 0 and (last, name, attribute) in given
        ]
        first_share, last_share, same = (fmean(found) if found else None for found in (*right, again))
        return {"fidelity_first": first_share, "fidelity_last": last_share, "consistency": same}
