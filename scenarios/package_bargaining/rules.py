"""The rules of package bargaining; the package's docstring is their summary."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from math import fsum
from pathlib import Path
from typing import Any

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Json
from palaestra.agents.calls import Scalar
from palaestra.scenarios.core.episode import Asking, Episode, Play
from palaestra.scenarios.core.trajectory import Trajectory
from palaestra.scenarios.package_bargaining.answers import (
    RANKS,
    RESPONSE,
    STANCES,
    package_answer,
    proposal_answer,
)
from palaestra.scenarios.package_bargaining.config import PackageBargainingConfig, Stakeholder
from palaestra.scenarios.package_bargaining.events import (
    Acceptance,
    PackageProposed,
    PackageUtility,
    Proposal,
    Reference,
)
from palaestra.scenarios.package_bargaining.packages import Measures, Package, measures


class StakeholderGroup(Agent):
    """A stakeholder.

    Attributes:
        position: among the stakeholders, from 0.
        must_have, red_lines: items of its last proposal.
    """

    position: int = 0
    must_have: Package = ()
    red_lines: Package = ()


class PackageBargaining(Episode[PackageBargainingConfig]):
    """One bargaining over a package."""

    kind = "package_bargaining"
    config_type = PackageBargainingConfig
    event_types = (Proposal, PackageProposed, Acceptance, PackageUtility, Reference)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = (
        *("matter", "budget", "unit", "items", "criteria", "groups", "weights", "rounds", "words"),
    )
    reward_unit = "utility"

    @classmethod
    def rewards(cls, config: PackageBargainingConfig, trajectory: Trajectory) -> dict[str, float]:
        """To each stakeholder u_g of the last package, 0 where there is none; to the mediator their sum."""
        last = {told.stakeholder: told.utility for told in trajectory.told(PackageUtility)}
        utilities = {group.name: last.get(group.name, 0.0) for group in config.stakeholders}
        return {**utilities, config.mediator.name: fsum(utilities.values())}

    def play(self) -> Play:
        """Proposals, then packages and responses, until all accept or nothing changes."""
        self._gather()
        yield from self._propose(self.groups, 1)
        standing: Package | None = None
        countered, number = self.groups, 0
        for number in range(1, self.config.rounds + 1):
            package = yield from self._mediate(number)
            if package is None:
                continue
            unchanged = standing is not None and set(package) == set(standing)
            standing = package
            countered = yield from self._respond(package, number)
            if not countered or unchanged or number == self.config.rounds:
                break
            yield from self._propose(countered, number + 1)
        return self._outcome(standing, countered, number)

    def _gather(self) -> None:
        config = self.config
        self.stakes = config.stakes()
        self.ids = [item.id for item in config.items]
        self.invalid = 0
        names = [group.name for group in config.stakeholders]
        self.topic = {
            "matter": config.matter,
            "budget": config.budget,
            "unit": config.unit,
            "rounds": config.rounds,
            "words": config.words,
            "criteria": "; ".join(f"{name} ({meaning})" for name, meaning in config.criteria.items()),
            "groups": ", ".join(names),
            "weights": "",
            "items": "",
        }
        self.topic["items"] = "\n".join(
            self.words("item", id=item.id, name=item.name, cost=item.cost, scores=listed(item.scores))
            for item in config.items
        )
        if config.weights == "public":
            told = "\n".join(f"- {group.name}: {listed(group.weights)}" for group in config.stakeholders)
            self.topic["weights"] = self.words("weights_public", all_weights=told)
        rules = self.words("rules")
        self.groups = [self._group(group, i, rules) for i, group in enumerate(config.stakeholders)]
        self.mediator = self.seat(Agent, config.mediator, rules, template="mediator_persona")
        self.proposal = Json(proposal_answer(tuple(self.ids), config.words))
        self.package = Json(package_answer(tuple(self.ids), tuple(names), config.words))

    def _group(self, declared: Stakeholder, position: int, rules: str) -> StakeholderGroup:
        group = self.seat(StakeholderGroup, declared, rules)
        group.position = position
        worth = dict(zip(self.ids, self.stakes.worth[position], strict=True))
        group.remember(self.words("worth", own_weights=listed(declared.weights), worth=listed(worth)))
        return group

    def _propose(self, groups: Sequence[StakeholderGroup], number: int) -> Asking[None]:
        replies = yield from self.asking(
            [group.ask("propose", self.proposal, round=number) for group in groups]
        )
        readers = [self.mediator, *(self.groups if self.config.proposals == "everyone" else ())]
        for group, reply in zip(groups, replies, strict=True):
            said = reply.value
            if reply.failed or not isinstance(said, dict):
                self.record(Proposal(group.name, number, *(None,) * 7))
                continue
            self._read_proposal(group, number, said, readers)

    def _read_proposal(
        self, group: StakeholderGroup, number: int, said: dict[str, Any], readers: Sequence[Agent]
    ) -> None:
        must_have, want, concessions, _, red_lines = self._by_word(said["measures"], STANCES)
        proposal = tuple(sorted((*must_have, *want, *concessions)))
        group.must_have, group.red_lines = must_have, red_lines
        cost = self.stakes.cost(proposal)
        fill = {
            name: self._told(items) or "nothing"
            for name, items in (
                ("proposal", proposal),
                ("must_have", must_have),
                ("red_lines", red_lines),
                ("concessions", concessions),
            )
        }
        text = self.words("told_proposal", **fill, cost=cost, message=said["message"])
        self._tell(readers, text, group.name)
        if group not in readers:
            group.remember(self.words("own_proposal", round=number, said=text))
        self.record(
            Proposal(
                group.name,
                number,
                items=self._told(proposal, ","),
                must_have=self._told(must_have, ","),
                red_lines=self._told(red_lines, ","),
                concessions=self._told(concessions, ","),
                cost=cost,
                affordable=self.stakes.affordable(proposal),
                utility=self.stakes.utilities(proposal)[group.position],
            )
        )

    def _mediate(self, number: int) -> Asking[Package | None]:
        """The mediator's package, repaired if need be; None when it gave none."""
        [reply] = yield from self.asking([self.mediator.ask("mediate", self.package, round=number)])
        said = reply.value
        if reply.failed or not isinstance(said, dict):
            self.record(PackageProposed(number, None, None, False, *(None,) * 6))
            return None
        essential, useful, _ = self._by_word(said["measures"], RANKS)
        wanted = (*essential, *useful)
        package = self.stakes.repaired(wanted)
        left_out = [item for item in wanted if item not in package]
        self.invalid += bool(left_out)
        found = measures(self.stakes, package)
        unresolved = ", ".join(dict.fromkeys(said["unresolved"]))
        items, dropped = self._told(package, ","), self._told(left_out, ",")
        self.record(PackageProposed(number, items, dropped, not left_out, unresolved, **asdict(found)))
        told = self._told(package) or "empty"
        text = self.words(
            "told_package", round=number, package=told, cost=found.cost, rationale=said["rationale"]
        )
        if left_out:
            text += " " + self.words("told_repair", left_out=self._told(left_out))
        self._tell([self.mediator, *self.groups], text, self.mediator.name)
        return package

    def _respond(self, package: Package, number: int) -> Asking[list[StakeholderGroup]]:
        """The groups that don't accept `package`."""
        satisfaction = self.stakes.satisfaction(package)
        told = self._told(package) or "empty"
        replies = yield from self.asking(
            [
                group.ask("respond", RESPONSE, {"package": told, "points": round(100 * share)}, round=number)
                for group, share in zip(self.groups, satisfaction, strict=True)
            ]
        )
        countered: list[StakeholderGroup] = []
        utilities = self.stakes.utilities(package)
        for group, reply in zip(self.groups, replies, strict=True):
            accepted = None if reply.failed else reply.value == "accept"
            probability = None if reply.failed or not reply.probabilities else reply.probabilities[0]
            missing = len(set(group.must_have) - set(package))
            crossed = len(set(group.red_lines) & set(package))
            self.record(Acceptance(group.name, number, accepted, probability, missing, crossed))
            position = group.position
            self.record(PackageUtility(group.name, number, utilities[position], satisfaction[position]))
            if not accepted:
                countered.append(group)
        content = [group for group in self.groups if group not in countered]
        names = [", ".join(group.name for group in side) or "nobody" for side in (content, countered)]
        text = self.words("told_responses", round=number, accepted=names[0], countered=names[1])
        self._tell([self.mediator, *self.groups], text)
        return countered

    def _tell(self, readers: Iterable[Agent], text: str, speaker: str = "") -> None:
        message = self.message("user", text, speaker)
        for reader in readers:
            if not reader.heard:
                reader.heard.append(self.request("heard", {}))
            reader.heard.append(message)

    def _positions(self, ids: Iterable[str]) -> Package:
        return tuple(map(self.ids.index, ids))

    def _by_word(self, said: dict[str, str], words: Iterable[str]) -> list[Package]:
        """The items of which each of `words` was said, in the file's order."""
        return [self._positions(item for item, one in said.items() if one == word) for word in words]

    def _told(self, items: Iterable[int], separator: str = ", ") -> str:
        return separator.join(self.ids[item] for item in items)

    def _outcome(
        self, package: Package | None, countered: Sequence[StakeholderGroup], rounds: int
    ) -> dict[str, Scalar]:
        best = self.stakes.best()
        designs = {name: self._positions(ids) for name, ids in self.config.designs.items()}
        found = {name: measures(self.stakes, items) for name, items in designs.items()}
        self.record(Reference("best", "", self._told(best, ","), **asdict(measures(self.stakes, best))))
        for name, items in designs.items():
            self.record(Reference("design", name, self._told(items, ","), **asdict(found[name])))
        base = max(found, key=lambda name: found[name].total, default=None)
        return {
            "agreement": package is not None and not countered,
            "rounds": rounds,
            "package": None if package is None else self._told(package, ","),
            **prefixed("", None if package is None else measures(self.stakes, package)),
            "accepted": 0 if package is None else len(self.groups) - len(countered),
            "invalid": self.invalid,
            "failures": self.failures,
            "best_package": self._told(best, ","),
            **prefixed("best_", measures(self.stakes, best)),
            "base_design": base,
            **prefixed("base_", None if base is None else found[base]),
        }


def prefixed(prefix: str, found: Measures | None) -> dict[str, Scalar]:
    """Measures as fields of the outcome; all None without them."""
    fields = Measures.__dataclass_fields__
    return {f"{prefix}{name}": None if found is None else getattr(found, name) for name in fields}


def listed(values: dict[str, float]) -> str:
    """Names with their numbers, at most two decimals each."""
    return ", ".join(f"{name} {round(number, 2):g}" for name, number in values.items())
