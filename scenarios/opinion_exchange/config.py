"""The fields of an opinion exchange's scenario file, with the record of a human group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from palaestra.agents.policy import Settings
from palaestra.scenarios.core.config import Location, Participant, ScenarioConfig, name_problems
from palaestra.scenarios.parts.opinion_scale import SCALE

Mode = Literal["simulate_all", "simulate_talk", "next_message"]
Said = Annotated[str, Field(min_length=1, pattern=r"\S")]


def _on_scale(opinion: float) -> float:
    if opinion not in SCALE.values():
        raise ValueError(f"an opinion is one of {', '.join(map(str, SCALE.values()))}")
    return opinion


class PrivateOpinion(Settings):
    """What someone on record told in private."""

    opinion: Annotated[float, AfterValidator(_on_scale)] = Field(
        description="Agreement with the topic: -2.5, -1.5, -0.5, 0.5, 1.5 or 2.5."
    )
    justification: str = Field("", description="The reason given for it.")


class Discussant(Participant):
    """One of those who exchange opinions; the persona holds the demographics."""

    initial: PrivateOpinion | None = Field(
        None, description="Opinion before the first round. Default: the agent is asked."
    )
    final: PrivateOpinion | None = Field(
        None, description="Opinion on record after the last round, to compare with; no agent sees it."
    )


class OpinionLine(Settings):
    """One message of a chat on record."""

    speaker: str = Field(description="Who wrote it.")
    text: Said = Field(description="What was written.")


class Chat(Settings):
    """The chat of one pair."""

    pair: tuple[str, str] = Field(description="The two who chat.")
    utterances: list[OpinionLine] = Field(min_length=1, description="Their messages, in order.")


class Round(Settings):
    """One round on record."""

    tweets: dict[str, Said] = Field(description="Everybody's tweet, by name.")
    dyads: list[Chat] = Field(min_length=1, description="The chats; everybody is in exactly one.")


CAST = (
    Discussant(name="Ann", persona="A nurse who has worked nights for twenty years."),
    Discussant(name="Bo", persona="A shopkeeper who counts every cost."),
    Discussant(name="Cem", persona="A student of engineering who trusts numbers."),
    Discussant(name="Dee", persona="A retired judge who fears unintended effects."),
)


class OpinionExchangeConfig(ScenarioConfig):
    """An exchange of opinions in tweets and in pairs."""

    scenario: Literal["opinion_exchange"] = "opinion_exchange"
    topics: list[Said] = Field(
        min_length=1,
        description="Statements to agree or disagree with; episode i takes topic i modulo their number.",
    )
    mode: Mode = Field(
        "simulate_all",
        description="What is simulated: everything (`simulate_all`), only the chats, with the tweets on "
        "record (`simulate_talk`), or each message given the true history before it (`next_message`).",
    )
    participants: list[Discussant] = Field(
        list(CAST), min_length=2, description="Who takes part; an even number."
    )
    utterances: int = Field(4, ge=1, description="Messages in a simulated chat, both sides together.")
    words: int = Field(30, ge=5, description="Length of a message that the rules ask for, words.")
    rater: Participant | None = Field(
        None,
        description="Who rates each message at the end, the model's and the record's: which opinion it "
        "expresses, and whether it is about the topic; best on another policy. Default: nobody.",
    )
    human: list[Round] = Field([], description="What a group of people said, round by round.")

    def problems(self) -> Iterator[tuple[Location, str]]:
        """Odd groups, colliding names, records that are incomplete or of another group."""
        yield from name_problems(participants=self.participants, rater=[self.rater] if self.rater else [])
        names = [participant.name for participant in self.participants]
        if len(names) % 2:
            yield ("participants",), f"{len(names)} people can't all be paired; take an even number"
        if self.mode != "simulate_all":
            yield from self._missing()
        if len(self.topics) > 1:
            yield from self._topic_problems()
        if self.human:
            yield from record_problems(self.human, names)

    def _missing(self) -> Iterator[tuple[Location, str]]:
        if not self.human:
            yield ("mode",), f"`{self.mode}` needs the record of a group, under `human`"
        for position, participant in enumerate(self.participants):
            if participant.initial is None:
                message = f"`{self.mode}` needs the `initial` opinion of {participant.name}"
                yield ("participants", position), message

    def _topic_problems(self) -> Iterator[tuple[Location, str]]:
        """A record, or an opinion, is about one topic."""
        if self.human:
            yield ("human",), f"a record is about one topic, not {len(self.topics)}"
        for position, participant in enumerate(self.participants):
            for moment in ("initial", "final"):
                if getattr(participant, moment) is not None:
                    message = f"an opinion is about one topic, not {len(self.topics)}"
                    yield ("participants", position, moment), message


def record_problems(rounds: Sequence[Round], names: Sequence[str]) -> Iterator[tuple[Location, str]]:
    """What is wrong with the record of a group: where in the file, and why.

    Args:
        rounds: the record.
        names: of the participants.
    """
    if len(rounds) != len(names) - 1:
        yield ("human",), f"{len(names)} people meet in {len(names) - 1} rounds; there are {len(rounds)}"
    met: dict[frozenset[str], int] = {}
    for number, played in enumerate(rounds):
        here: Location = ("human", number)
        for name in names:
            if name not in played.tweets:
                yield (*here, "tweets"), f"the tweet of {name} is missing"
        for name in played.tweets:
            if name not in names:
                yield (*here, "tweets", name), f"{name!r} is none of the participants"
        yield from _seat_problems(here, played, names)
        for position, chat in enumerate(played.dyads):
            pair = frozenset(chat.pair)
            if pair in met:
                message = f"{' and '.join(chat.pair)} have met in round {met[pair]} already"
                yield (*here, "dyads", position, "pair"), message
            met[pair] = number + 1
            for place, line in enumerate(chat.utterances):
                if line.speaker not in pair:
                    message = f"{line.speaker!r} is not in the chat of {' and '.join(chat.pair)}"
                    yield (*here, "dyads", position, "utterances", place, "speaker"), message


def _seat_problems(here: Location, played: Round, names: Sequence[str]) -> Iterator[tuple[Location, str]]:
    """People who chat in no dyad of a round, or in several, or are unknown."""
    seats = Counter(name for chat in played.dyads for name in chat.pair)
    for name in names:
        if seats[name] != 1:
            message = f"{name} is in {seats[name]} dyads of this round instead of one"
            yield (*here, "dyads"), message
    for name in seats:
        if name not in names:
            yield (*here, "dyads"), f"{name!r} is none of the participants"
