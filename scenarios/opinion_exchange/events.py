"""What happens in an opinion exchange, for the log and its tables."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.core.episode import Event


@dataclass(frozen=True, slots=True)
class Pairing(Event):
    """Who chats with whom in a round, from 1; `first` begins."""

    round: int
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class ExchangedOpinion(Event):
    """A private opinion.

    Attributes:
        agent: whose.
        moment: "before" or "after" the rounds.
        source: "model", or "human" for one from the file.
        opinion: −2.5 … 2.5; None when it could not be parsed.
        expected: the expectation over the option probabilities, −2.5 … 2.5; None without them.
    """

    table = "opinion"

    agent: str
    moment: str
    source: str
    opinion: float | None
    expected: float | None


@dataclass(frozen=True, slots=True)
class Tweet(Event):
    """A tweet.

    Attributes:
        agent: whose.
        round: from 1.
        message: the model's; None when it was not asked, or nothing could be said.
        human: the record's; None where there is none, or where what the model said has its own event.
    """

    agent: str
    round: int
    message: int | None
    human: int | None


@dataclass(frozen=True, slots=True)
class MessageStance(Event):
    """What the rater makes of a tweet or a message of a chat.

    Attributes:
        agent, round: whose, and when.
        kind: "tweet" or "utterance".
        source: "model", or "human" for one of the record.
        message: the message that was rated.
        stance: which opinion it expresses, −2.5 … 2.5; None when that could not be parsed.
        expected: the expectation over the option probabilities, −2.5 … 2.5; None without them.
        on_topic: whether it is about the topic; None when that could not be parsed.
    """

    agent: str
    round: int
    kind: str
    source: str
    message: int
    stance: float | None
    expected: float | None
    on_topic: bool | None


@dataclass(frozen=True, slots=True)
class Utterance(Event):
    """A message of a chat.

    Attributes:
        round: from 1.
        speaker: whose.
        partner: to whom.
        position: in the chat, from 1.
        message: the model's; None when it was not asked, or nothing could be said.
        human: the record's; None where there is none, or where what the model said has its own event.
    """

    round: int
    speaker: str
    partner: str
    position: int
    message: int | None
    human: int | None
