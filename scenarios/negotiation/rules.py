"""The rules of bargaining; the package's docstring is their summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, create_model

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice, Json, Text
from palaestra.agents.calls import Scalar
from palaestra.scenarios.core.episode import Asking, Episode, Event, Play
from palaestra.scenarios.core.trajectory import Trajectory
from palaestra.scenarios.negotiation.bargaining import Interests, Terms, appraisal
from palaestra.scenarios.negotiation.config import Issue, NegotiationConfig, Party
from palaestra.scenarios.negotiation.wording import (
    MOST_SHOWN,
    issue_line,
    plain,
    terms_told,
    with_unit,
    worth_line,
)

PROPOSE, ACCEPT, WALK = "propose", "accept", "walk away"


@dataclass(frozen=True, slots=True)
class OfferResponse(Event):
    """A party's move in its turn.

    Attributes:
        party, round: whose, and in which round (from 1).
        move: "propose", "accept" or "walk away"; None when it made none or none was left.
        standing: the party's utility of the other's offer on the table; None without one.
        irrational: whether it accepted less than no deal is worth to it.
        accept_probability: 0–1, that it would accept; None where it couldn't or nobody knows.
    """

    table = "response"

    party: str
    round: int
    move: str | None
    standing: float | None
    irrational: bool
    accept_probability: float | None


@dataclass(frozen=True, slots=True)
class Offer(Event):
    """An offer.

    Attributes:
        party, round: whose, and in which round (from 1).
        terms: "issue: value; …"; of an offer that wasn't completed, as far as it went.
        valid: whether every issue has a legal value, so that the offer is on the table.
        own, other: utility to the one who offers and to the other; None when not valid.
        irrational: whether it is worth less than no deal to the one who offers it.
    """

    party: str
    round: int
    terms: str
    valid: bool
    own: float | None
    other: float | None
    irrational: bool


@dataclass(frozen=True, slots=True)
class BargainingSpeech(Event):
    """What a party said: in which round (from 1), with which move, which message; None when nothing."""

    table = "speech"

    party: str
    round: int
    move: str
    message: int | None


@dataclass(frozen=True, slots=True)
class Deal(Event):
    """The deal: in which round (from 1), who offered and who accepted which terms."""

    round: int
    proposer: str
    accepter: str
    terms: str


@dataclass(frozen=True, slots=True)
class BargainingUtility(Event):
    """What a party ends with.

    Attributes:
        party: whose.
        utility: of the deal, or of none.
        reservation: utility of no deal.
        surplus: their difference.
        share: surplus as a share of the bargaining zone; None without deal or zone.
    """

    table = "utility"

    party: str
    utility: float
    reservation: float
    surplus: float
    share: float | None


class Bargainer(Agent):
    """A party; `interests` is what only it knows, `other` the party that it bargains with."""

    interests: Interests
    other: Bargainer


class Negotiation(Episode[NegotiationConfig]):
    """One negotiation of two parties."""

    kind = "negotiation"
    config_type = NegotiationConfig
    event_types = (OfferResponse, Offer, BargainingSpeech, Deal, BargainingUtility)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = ("matter", "issues", "first", "second", "rounds", "words")
    reward_unit = "utility beyond no deal"

    @classmethod
    def rewards(cls, config: NegotiationConfig, trajectory: Trajectory) -> dict[str, float]:
        """Each party's surplus; 0 without a deal."""
        return {told.party: told.surplus for told in trajectory.told(BargainingUtility)}

    def play(self) -> Play:
        """Turn after turn, until a deal, a walk-away or the deadline."""
        self._gather()
        for number, party in self._turns():
            move = yield from self._turn(party, number)
            if move == ACCEPT:
                terms = self._offer_to(party)
                self.record(Deal(number, party.other.name, party.name, self._told(terms or ())))
                return self._outcome("deal", number, terms=terms)
            if move == WALK:
                return self._outcome("walk away", number, walked=party.name)
        return self._outcome("deadline", self.config.rounds)

    def _gather(self) -> None:
        config = self.config
        first, second = config.parties
        self.topic = {"matter": config.matter, "rounds": config.rounds, "words": config.words}
        self.topic |= {"first": first.name, "second": second.name}
        self.topic["issues"] = "\n".join(map(issue_line, config.issues))
        self.unanswered = 0
        self.parties = [self._bargainer(party) for party in config.parties]
        for party, other in zip(self.parties, reversed(self.parties), strict=True):
            party.other = other
        opener = self.index % 2 if config.opening == "alternate" else 0
        self.order = [self.parties[opener], self.parties[1 - opener]]
        self.table: tuple[Bargainer, Terms] | None = None

    def _bargainer(self, declared: Party) -> Bargainer:
        party = self.seat(Bargainer, declared, self.words("rules"))
        party.interests = self.config.interests(declared)
        issue = self.config.issues[0]
        if self.config.price_only:
            end, limit = declared.wants[issue.name], with_unit(issue, str(declared.limit))
            party.remember(self.words(f"secret_{end}", limit=limit, issue=issue.name))
        else:
            worth = "\n".join(map(worth_line, self.config.issues, party.interests.worth))
            reservation = plain(party.interests.reservation)
            party.remember(self.words("secret_points", worth=worth, reservation=reservation))
        return party

    def _turns(self) -> Iterator[tuple[int, Bargainer]]:
        for number in range(1, self.config.rounds + 1):
            for party in self.order:
                yield number, party

    def _offer_to(self, party: Bargainer) -> Terms | None:
        """What `party` may accept."""
        return self.table[1] if self.table is not None and self.table[0] is party.other else None

    def _legal(self, party: Bargainer, number: int) -> tuple[str, ...]:
        offered = self._offer_to(party)
        enforced = self.config.enforce_reservation
        may_accept = offered is not None and (not enforced or party.interests.accepts(offered))
        accept = (ACCEPT,) if may_accept else ()
        if number == self.config.rounds and party is self.order[1]:
            return (*accept, WALK) if accept else ()
        return (PROPOSE, *accept, WALK) if number >= self.config.walk_from else (PROPOSE, *accept)

    def _turn(self, party: Bargainer, number: int) -> Asking[str | None]:
        offered = self._offer_to(party)
        standing = None if offered is None else party.interests.utility(offered)
        move, probability = yield from self._move(party, number)
        below = offered is not None and not party.interests.accepts(offered)
        self.record(OfferResponse(party.name, number, move, standing, move == ACCEPT and below, probability))
        if move is None:
            return None
        terms = offered if move == ACCEPT else None
        if move == PROPOSE:
            terms = yield from self._propose(party, number)
            if terms is None:
                return None
            self.table = (party, terms)
        yield from self._speak(party, number, move, "" if terms is None else self._told(terms))
        return move

    def _move(self, party: Bargainer, number: int) -> Asking[tuple[str | None, float | None]]:
        """The move, and the probability of accepting; the moves that are legal are the options."""
        legal = self._legal(party, number)
        if len(legal) < 2:
            return (legal[0] if legal else None), None
        fill = {"moves": ", ".join(legal), "table": self._table_seen_by(party)}
        [reply] = yield [party.ask("move", Choice(legal), fill, round=number)]
        if reply.failed:
            self.unanswered += 1
            return None, None
        probability = None
        if reply.probabilities is not None and ACCEPT in legal:
            probability = reply.probabilities[legal.index(ACCEPT)]
        return str(reply.value), probability

    def _table_seen_by(self, party: Bargainer) -> str:
        offered = self._offer_to(party)
        if offered is None:
            return self.words("table_empty", other=party.other.name)
        worth = party.interests.surplus(offered)
        fill: dict[str, Scalar] = {"other": party.other.name, "terms": self._told(offered)}
        if self.config.price_only:
            return self.words("table_loss" if worth < 0 else "table_gain", worth=plain(abs(worth)), **fill)
        reservation = plain(party.interests.reservation)
        worth = party.interests.utility(offered)
        return self.words("table_points", worth=plain(worth), reservation=reservation, **fill)

    def _propose(self, party: Bargainer, number: int) -> Asking[Terms | None]:
        """The terms that `party` puts on the table; None when a value is missing or illegal."""
        chosen: list[int] = []
        for issue in self.config.issues:
            options = list(range(len(issue.values)))
            if self.config.enforce_reservation:
                options = party.interests.open_options(chosen)
            option: int | None = options[0]
            if len(options) > 1:
                option = yield from self._value(party, number, issue, options, chosen)
            if option is None:
                self.record(Offer(party.name, number, self._told(chosen), False, None, None, False))
                return None
            chosen.append(option)
        terms = tuple(chosen)
        own, other = party.interests.utility(terms), party.other.interests.utility(terms)
        below = not party.interests.accepts(terms)
        self.record(Offer(party.name, number, self._told(terms), True, own, other, below))
        return terms

    def _value(
        self, party: Bargainer, number: int, issue: Issue, options: Sequence[int], chosen: Sequence[int]
    ) -> Asking[int | None]:
        """The option of `issue` that `party` offers; None when it names none of `options`."""
        told = [with_unit(issue, issue.values[option]) for option in options]
        answer: Choice | Json = Choice(tuple(told))
        shown = " or ".join(told)
        if issue.numeric and len(told) > MOST_SHOWN:
            low, high = issue.values[options[0]], issue.values[options[-1]]
            answer = Json(number_between(int(low), int(high)))
            shown = f"a number from {low} to {high}, in steps of {issue.step}"
        before = self.words("chosen", terms=self._told(chosen)) if chosen else ""
        fill = {"chosen": before, "options": shown}
        [reply] = yield [party.ask("offer", answer, fill, round=number, issue=issue.name)]
        if reply.failed:
            self.unanswered += 1
            return None
        value = reply.value
        named = with_unit(issue, str(value["number"])) if isinstance(value, dict) else str(value)
        return options[told.index(named)] if named in told else None

    def _speak(self, party: Bargainer, number: int, move: str, terms: str) -> Asking[None]:
        """The party's words about its move, then the offer itself, to both."""
        deed = self.words(f"deed_{move.replace(' ', '_')}", terms=terms, other=party.other.name)
        about: dict[str, Any] = {"terms": terms} if terms else {}
        fill = {"deed": deed, "other": party.other.name}
        [reply] = yield [party.ask("say", Text(), fill, round=number, move=move, **about)]
        if not party.heard:
            for listener in self.parties:
                listener.heard.append(self.request("heard", {}))
        said = None
        if reply.failed:
            self.unanswered += 1
        else:
            said = self.say(party.name, reply, to=self.parties).number
        self.record(BargainingSpeech(party.name, number, move, said))
        if move == PROPOSE:
            offer = self.words("told_offer", name=party.name, terms=terms, round=number)
            for listener in self.parties:
                listener.heard.append(self.message("user", offer))

    def _told(self, terms: Sequence[int]) -> str:
        return terms_told(self.config.issues, terms)

    def _outcome(
        self, ending: str, number: int, walked: str | None = None, terms: Terms | None = None
    ) -> dict[str, Scalar]:
        first, second = self.parties
        found = appraisal(first.interests, second.interests, terms)
        for party, place in ((first, "first"), (second, "second")):
            reservation = party.interests.reservation
            utility, share = party.interests.utility(terms) if terms else reservation, found[f"share_{place}"]
            self.record(BargainingUtility(party.name, utility, reservation, utility - reservation, share))
        how: dict[str, Scalar] = {"deal": terms is not None, "ending": ending, "round": number}
        told = None if terms is None else self._told(terms)
        return {**how, "walked": walked, "terms": told, **found, "unanswered": self.unanswered}


@lru_cache(maxsize=1024)
def number_between(low: int, high: int) -> type[BaseModel]:
    """The answer {"number": n} with low ≤ n ≤ high."""
    return create_model("Number", number=(int, Field(ge=low, le=high)))
