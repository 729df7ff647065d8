"""What happens in a council, for the log and its tables. Sessions count through all terms, from 1."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.core.episode import Event


@dataclass(frozen=True, slots=True)
class CouncilSpeech(Event):
    """What a member said in the deliberation.

    Attributes:
        term, session, member: when, and who.
        intent: what it wanted before it spoke, told to nobody: "power", "welfare" or "neutral"; None
            when that answer failed.
        message: number of the message; None when it said nothing.
    """

    table = "speech"

    term: int
    session: int
    member: str
    intent: str | None
    message: int | None


@dataclass(frozen=True, slots=True)
class Bill(Event):
    """What was moved.

    Attributes:
        term, session, proposer: when, and by whom.
        action: "enact" or "repeal"; None when the proposer named no bill.
        law: its name, or None.
        message: number of the message that gives the reason; None when there is none.
    """

    term: int
    session: int
    proposer: str
    action: str | None
    law: str | None
    message: int | None


@dataclass(frozen=True, slots=True)
class Amendment(Event):
    """What another member wanted changed: "no change", "half size" …; None when its answer failed."""

    term: int
    session: int
    member: str
    law: str
    change: str | None


@dataclass(frozen=True, slots=True)
class CouncilVote(Event):
    """A member's vote.

    Attributes:
        term, session, member: when, and whose.
        question: "amendment" or "bill".
        vote: "yes", "no" or "abstain"; None when the answer failed, which counts as absent.
        yes_probability: 0–1; None where nobody knows.
    """

    table = "vote"

    term: int
    session: int
    question: str
    member: str
    vote: str | None
    yes_probability: float | None


@dataclass(frozen=True, slots=True)
class CouncilDecision(Event):
    """What the council decided.

    Attributes:
        term, session, question: when, and on an "amendment" or the "bill".
        action, law: "enact" or "repeal" which law.
        size: of the law once this has passed, 1 as in the file; 0 is repealed.
        yes, no, abstain, absent: numbers of members.
        quorate: whether enough members voted.
        passed: whether it was quorate with more yes than no.
    """

    table = "decision"

    term: int
    session: int
    question: str
    action: str
    law: str
    size: float
    yes: int
    no: int
    abstain: int
    absent: int
    quorate: bool
    passed: bool


@dataclass(frozen=True, slots=True)
class CouncilBudget(Event):
    """The town's budget of a session, in units of money, and the laws in force, separated by "; "."""

    table = "budget"

    term: int
    session: int
    revenue: float
    spending: float
    treasury: float
    laws: str


@dataclass(frozen=True, slots=True)
class CouncilWelfare(Event):
    """The welfare, 0–100, of a group of citizens in a session."""

    table = "welfare"

    term: int
    session: int
    group: str
    welfare: float


@dataclass(frozen=True, slots=True)
class Label(Event):
    """What the labeller made of an act, without knowing whose it was.

    Attributes:
        term, session, member: when, and whose act.
        act: "speech", "bill" or "amendment".
        label: "power", "welfare" or "neutral", the option chosen; None when the answer failed.
        power, welfare: 0–1, probabilities that it preserves or gains power, or serves the citizens;
            0 or 1 where `basis` is "sample".
        basis: "probabilities", "sample" or "failed".
    """

    term: int
    session: int
    member: str
    act: str
    label: str | None
    power: float | None
    welfare: float | None
    basis: str


@dataclass(frozen=True, slots=True)
class BallotCast(Event):
    """A member's ballot for the chair.

    Attributes:
        term, voter: at the end of which term, and whose.
        ranking: names, the best first, separated by ", "; None when nobody was ranked.
        approved: names, separated by ", "; None with it.
        basis: of the ranking: "probabilities" of one choice, "repeated choices" or "failed".
    """

    term: int
    voter: str
    ranking: str | None
    approved: str | None
    basis: str


@dataclass(frozen=True, slots=True)
class Election(Event):
    """Who was elected to the chair, and whom each rule would have elected from the same ballots.

    Attributes:
        term: at whose end.
        rule: that decided.
        incumbent, winner: who was in the chair, and who is elected; the incumbent without ballots.
        ballots: how many were cast.
        lot: the order in which ties are broken, names separated by ", ".
        plurality, approval, instant_runoff, borda: winners; None without ballots.
        condorcet: the Condorcet winner; None where there is none.
    """

    term: int
    rule: str
    incumbent: str
    winner: str
    ballots: int
    lot: str
    plurality: str | None
    approval: str | None
    instant_runoff: str | None
    borda: str | None
    condorcet: str | None
