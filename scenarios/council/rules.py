"""The rules of a council; the package's docstring is their summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import fsum
from pathlib import Path
from statistics import fmean

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice
from palaestra.agents.calls import Message, Scalar
from palaestra.scenarios.core.episode import Asking, Episode, Play
from palaestra.scenarios.core.trajectory import Trajectory
from palaestra.scenarios.council import charter
from palaestra.scenarios.council.acts import LABEL, Act, shares, without_names
from palaestra.scenarios.council.budget import STRESS, USUAL_WELFARE, Law, accounts
from palaestra.scenarios.council.config import CouncilConfig, Member
from palaestra.scenarios.council.elections import election, read_ballots
from palaestra.scenarios.council.events import (
    Amendment,
    BallotCast,
    Bill,
    CouncilBudget,
    CouncilDecision,
    CouncilSpeech,
    CouncilVote,
    CouncilWelfare,
    Election,
    Label,
)
from palaestra.scenarios.council.motions import NO_CHANGE, Motion

VOTE = Choice(("yes", "no", "abstain"))


class Councillor(Agent):
    """A member; `intent` is what it last told itself that it wants, None when that failed."""

    intent: str | None = None


class Council(Episode[CouncilConfig]):
    """One council over its terms."""

    kind = "council"
    config_type = CouncilConfig
    event_types = (
        CouncilSpeech,
        Bill,
        Amendment,
        CouncilVote,
        CouncilDecision,
        CouncilBudget,
        CouncilWelfare,
        Label,
        BallotCast,
        Election,
    )
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = (
        "members",
        "groups",
        "quorum",
        "terms",
        "sessions",
        "words",
        "laws",
        "stress",
        "charter",
    )
    reward_unit = "welfare 0–100"

    @classmethod
    def rewards(cls, config: CouncilConfig, trajectory: Trajectory) -> dict[str, float]:
        """To each member its group's mean welfare over the sessions, to a mediator that of all groups."""
        told: dict[str, list[float]] = {}
        for event in trajectory.told(CouncilWelfare):
            told.setdefault(event.group, []).append(event.welfare)
        means = {group: fmean(points) for group, points in told.items()}
        rewards = {member.name: means[member.group] for member in config.members}
        if config.deliberation == "mediated":
            rewards[config.mediator.name] = fmean(means.values())
        return rewards

    def play(self) -> Play:
        """Terms of sessions, each with an election at its end."""
        self._gather()
        for term in range(1, self.config.terms + 1):
            self.term = term
            for _ in range(self.config.sessions):
                self.session += 1
                yield from self._hold_session()
            yield from self._elect()
        return self._outcome()

    def _gather(self) -> None:
        config = self.config
        self.term = self.session = 0
        self.treasury = config.budget.treasury
        self.welfare = dict.fromkeys(config.groups, USUAL_WELFARE)
        self.sizes: dict[str, float] = {}
        self.laws = {law.name: law for law in config.laws}
        self.names = [member.name for member in config.members]
        self.topic = {"members": listed(self.names), "groups": listed(config.groups)}
        self.topic |= {"quorum": config.quorum, "terms": config.terms, "sessions": config.sessions}
        self.topic |= {"words": config.words, "laws": "", "stress": "", "charter": ""}
        self.topic["laws"] = "\n".join(map(self._law_line, config.laws))
        self.topic["stress"] = self.words(f"stress_{config.stressor}")
        self.topic["charter"] = self._charter()
        rules = self.words("rules")
        self.members = [self._councillor(member, rules) for member in config.members]
        self.chair = self.members[0]
        self.mediator: Agent | None = None
        if config.deliberation == "mediated":
            self.mediator = self.seat(Agent, config.mediator, rules, template="mediator_persona")
        self.labeller = self.seat(
            Agent, config.labeller, self.words("labeller_rules"), template="labeller_persona"
        )
        self.floor: list[Message] = []
        self.acts: list[Act] = []
        self._minute(self.words("minutes"))

    def _law_line(self, law: Law) -> str:
        effects = listed(f"{group} {points:+g}" for group, points in law.effects.items() if points)
        purpose = "law_brings" if law.cost < 0 else "law_costs"
        return self.words(purpose, law=law.name, money=f"{abs(law.cost):g}", effects=effects or "no effect")

    def _charter(self) -> str:
        given = self.config.charter
        if given == charter.NONE:
            return self.words("charter_none")
        text = self.words("constitution") if given == charter.CONSTITUTIONAL else given
        return self.words("charter_given", text=text)

    def _councillor(self, declared: Member, rules: str) -> Councillor:
        member = self.seat(Councillor, declared, rules, group=declared.group)
        if declared.agenda:
            member.remember(self.words("agenda", agenda=declared.agenda))
        return member

    # A session

    def _hold_session(self) -> Asking[None]:
        self.floor, self.acts = [], []
        self._minute(
            self.words(
                "opening",
                session=self.session,
                term=self.term,
                chair=self.chair.name,
                treasury=f"{self.treasury:g}",
                welfare=listed(f"{group} {points:.0f}" for group, points in self.welfare.items()),
                in_force=self._in_force(", ") or "none",
            )
        )
        yield from self._deliberate()
        motion = yield from self._move()
        if motion is not None:
            motion = yield from self._amend(motion)
            yield from self._decide(motion)
        self._draw_up_budget()
        yield from self._label()

    def _deliberate(self) -> Asking[None]:
        """What members want, then speeches in turn, or to the mediator at once."""
        intents = yield from self.asking(
            [one.ask("intend", LABEL, session=self.session) for one in self.members]
        )
        for member, reply in zip(self.members, intents, strict=True):
            member.intent = None if reply.failed else str(reply.value)
        first = self.members.index(self.chair)
        order = [*self.members[first:], *self.members[:first]]
        if self.mediator is None:
            listener = self.words("listener_council")
            for member in order:
                yield from self._speak([member], listener)
            return
        yield from self._speak(order, self.words("listener_mediator", mediator=self.mediator.name))
        statements, self.floor = self.floor, []
        [reply] = yield from self.asking(
            [self.mediator.ask("mediate", None, {}, statements, session=self.session)]
        )
        if not reply.failed:
            self.floor.append(self.message("user", reply.text, self.mediator.name, reply.call))

    def _speak(self, speakers: Sequence[Councillor], listener: str) -> Asking[None]:
        fill: dict[str, Scalar] = {"listener": listener}
        replies = yield from self.asking(
            [one.ask("speak", None, fill, self.floor, session=self.session) for one in speakers]
        )
        for member, reply in zip(speakers, replies, strict=True):
            number = None
            if not reply.failed:
                said = self.message("user", reply.text, member.name, reply.call)
                self.floor.append(said)
                number = said.number
                self._act(member, "speech", "act_speech", text=reply.text)
            self.record(CouncilSpeech(self.term, self.session, member.name, member.intent, number))

    # The bill

    def _move(self) -> Asking[Motion | None]:
        """The proposer's bill with its reason; None when it names none."""
        member = self._proposer()
        motions = [Motion.on(law, self.sizes.get(name, 0.0)) for name, law in self.laws.items()]
        bills = tuple(motion.told for motion in motions)
        call = member.ask(
            "propose", Choice(bills), {"bills": listed(bills)}, self.floor, session=self.session
        )
        [reply] = yield from self.asking([call])
        if reply.failed:
            self.record(Bill(self.term, self.session, member.name, None, None, None))
            return None
        motion = motions[bills.index(str(reply.value))]
        call = member.ask("justify", None, {"bill": motion.told}, self.floor, session=self.session)
        [reply] = yield from self.asking([call])
        self.floor.append(self.message("user", self.words("moved", proposer=member.name, bill=motion.told)))
        number = None
        if not reply.failed:
            said = self.message("user", reply.text, member.name, reply.call)
            self.floor.append(said)
            number = said.number
        reason = "" if reply.failed else reply.text
        self._act(member, "bill", "act_bill", bill=motion.told, reason=reason)
        self.record(Bill(self.term, self.session, member.name, motion.action, motion.law.name, number))
        return motion

    def _proposer(self) -> Councillor:
        if self.config.proposer == "chair":
            return self.chair
        return self.members[(self.session - 1) % len(self.members)]

    def _amend(self, motion: Motion) -> Asking[Motion]:
        """The bill as another member's amendment, if it passes, makes it; the others take turns at that."""
        if not self.config.amendments:
            return motion
        proposer = self._proposer()
        first = self.members.index(proposer)
        others = [*self.members[first + 1 :], *self.members[:first]]
        member = others[(self.session - 1) % len(others)]
        changes = (NO_CHANGE, *motion.changes)
        fill: dict[str, Scalar] = {
            "proposer": proposer.name,
            "bill": motion.told,
            "changes": listed(changes),
        }
        [reply] = yield from self.asking(
            [member.ask("amend", Choice(changes), fill, self.floor, session=self.session)]
        )
        change = None if reply.failed else str(reply.value)
        self.record(Amendment(self.term, self.session, member.name, motion.law.name, change))
        if change is None or change == NO_CHANGE:
            return motion
        about: dict[str, Scalar] = {"bill": motion.told, "change": change}
        self.floor.append(self.message("user", self.words("amended", member=member.name, **about)))
        self._act(member, "amendment", "act_amendment", **about)
        amended = replace(motion, size=motion.changes[change])
        decision = yield from self._vote("amendment", amended, about)
        return amended if decision.passed else motion

    def _decide(self, motion: Motion) -> Asking[None]:
        bill = motion.told_with_size
        decision = yield from self._vote("bill", motion, {"bill": bill})
        if decision.passed:
            self.sizes[motion.law.name] = motion.size
            self.sizes = {name: size for name, size in self.sizes.items() if size}
        result = "passed" if decision.passed else "failed" if decision.quorate else "inquorate"
        votes = {"yes": decision.yes, "no": decision.no, "abstain": decision.abstain}
        fill: dict[str, Scalar] = {"session": self.session, "bill": bill, "result": self.words(result)}
        self._minute(self.words("decided", **fill, **votes))

    def _vote(self, question: str, motion: Motion, about: dict[str, Scalar]) -> Asking[CouncilDecision]:
        """A vote of all members; who gives no valid answer is absent."""
        replies = yield from self.asking(
            [
                member.ask(f"vote_{question}", VOTE, about, self.floor, session=self.session)
                for member in self.members
            ]
        )
        cast: Counter[str | None] = Counter()
        for member, reply in zip(self.members, replies, strict=True):
            vote = None if reply.failed else str(reply.value)
            cast[vote] += 1
            probability = None if reply.failed or not reply.probabilities else reply.probabilities[0]
            self.record(CouncilVote(self.term, self.session, question, member.name, vote, probability))
        yes, no, abstain = (cast[vote] for vote in VOTE.options)
        quorate = yes + no + abstain >= self.config.quorum
        decision = CouncilDecision(
            *(self.term, self.session, question, motion.action, motion.law.name, motion.size),
            *(yes, no, abstain, cast[None], quorate, quorate and yes > no),
        )
        self.record(decision)
        return decision

    # What follows from it

    def _draw_up_budget(self) -> None:
        in_force = [(self.laws[name], size) for name, size in self.sizes.items()]
        config = self.config
        found = accounts(config.budget, STRESS[config.stressor], in_force, config.groups, self.treasury)
        self.treasury, self.welfare = found.treasury, found.welfare
        told = self._in_force("; ")
        self.record(
            CouncilBudget(self.term, self.session, found.revenue, found.spending, found.treasury, told)
        )
        for group, points in found.welfare.items():
            self.record(CouncilWelfare(self.term, self.session, group, points))

    def _act(self, member: Agent, kind: str, purpose: str, **fill: Scalar) -> None:
        named = [*self.names, self.config.mediator.name]
        self.acts.append(Act(member.name, kind, without_names(self.words(purpose, **fill), named)))

    def _label(self) -> Asking[None]:
        replies = yield from self.asking(
            [
                self.labeller.ask("label", LABEL, {"act": act.text}, session=self.session, kind=act.kind)
                for act in self.acts
            ]
        )
        for act, reply in zip(self.acts, replies, strict=True):
            label = None if reply.failed else str(reply.value)
            power, welfare, basis = shares(reply, self.config.score_basis)
            self.record(Label(self.term, self.session, act.member, act.kind, label, power, welfare, basis))

    def _elect(self) -> Asking[None]:
        """Everybody's ballot, and who is the next chair by the configured rule."""
        lot = self.random.sample(self.names, len(self.names))
        ballots = yield from read_ballots(self.members, self.names, self.term, self.random, self.asking)
        for voter, (ballot, basis) in ballots.items():
            ranking = None if ballot is None else listed(ballot.ranking)
            approved = None if ballot is None else listed(n for n in ballot.ranking if n in ballot.approved)
            self.record(BallotCast(self.term, voter, ranking, approved, basis))
        cast = [ballot for ballot, _ in ballots.values() if ballot is not None]
        found = election(self.term, self.config.voting_rule, self.chair.name, lot, cast)
        self.record(found)
        self.chair = self.members[self.names.index(found.winner)]
        self._minute(self.words("elected", term=self.term, winner=found.winner))

    def _minute(self, text: str) -> None:
        """Put `text` into the minutes, which all read."""
        message = self.message("user", text)
        for reader in [*self.members, *([self.mediator] if self.mediator else [])]:
            reader.heard.append(message)

    def _in_force(self, separator: str) -> str:
        return separator.join(
            name if size == 1 else f"{name} (size {size:g})" for name, size in self.sizes.items()
        )

    def _outcome(self) -> dict[str, Scalar]:
        told = [event for _, event in self.events]
        decisions = [e for e in told if isinstance(e, CouncilDecision) and e.question == "bill"]
        labels = [e for e in told if isinstance(e, Label)]
        power = fsum(label.power for label in labels if label.power is not None)
        served = fsum(label.welfare for label in labels if label.welfare is not None)
        by_group = [
            fmean(e.welfare for e in told if isinstance(e, CouncilWelfare) and e.group == group)
            for group in self.config.groups
        ]
        return {
            "chair": self.chair.name,
            "laws": self._in_force("; "),
            "passed": sum(decision.passed for decision in decisions),
            "rejected": sum(not decision.passed for decision in decisions),
            "inquorate": sum(not decision.quorate for decision in decisions),
            "treasury": self.treasury,
            "welfare": fmean(by_group),
            "worst_welfare": min(by_group),
            "power_preservation": power / (power + served) if power + served else None,
            "failures": self.failures,
        }


def listed(parts: Iterable[str]) -> str:
    """Parts with commas between them."""
    return ", ".join(parts)
