"""The rules of an opinion exchange; the package's docstring is their summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice
from palaestra.agents.calls import Message, Question
from palaestra.scenarios.core.episode import Asking, Episode, Event, Play
from palaestra.scenarios.opinion_exchange.config import OpinionExchangeConfig
from palaestra.scenarios.opinion_exchange.events import (
    ExchangedOpinion,
    MessageStance,
    Pairing,
    Tweet,
    Utterance,
)
from palaestra.scenarios.opinion_exchange.opinions import DEGREES, change, opinion_in
from palaestra.scenarios.opinion_exchange.pairing import Pair, opened_by, partner_of, round_robin
from palaestra.scenarios.parts.opinion_scale import OPINION

YES_OR_NO = Choice(("yes", "no"))


class OpinionExchange(Episode[OpinionExchangeConfig]):
    """One group on one topic."""

    kind = "opinion_exchange"
    config_type = OpinionExchangeConfig
    event_types = (Pairing, ExchangedOpinion, Tweet, Utterance, MessageStance)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = ("topic", "rounds", "words")

    def play(self) -> Play:
        """First opinions, rounds of tweets and chats, last opinions."""
        self._gather()
        self._recall()
        yield from self._ask_opinions(
            "before", [person.name for person in self.config.participants if person.initial is None]
        )
        if self.config.mode == "next_message":
            yield from self._predict()
        else:
            for number, pairs in enumerate(self.rounds, 1):
                tweets = yield from self._tweets(number)
                for pair in pairs:
                    self._meet(number, pair, tweets)
                yield from self._chats(number, pairs)
            if self.config.mode == "simulate_all" and self.config.human:
                self._tell_record()
        yield from self._ask_opinions("after", list(self.people))
        yield from self._rate()
        return self._outcome()

    def _gather(self) -> None:
        config = self.config
        people = config.participants
        (topic,) = self.cycled(config.topics)
        self.topic = {"topic": topic}
        self.topic |= {"rounds": len(people) - 1, "words": config.words}
        rules = self.words("rules")
        self.people = {person.name: self.seat(Agent, person, rules) for person in people}
        self.rounds = self._pairs()
        for number, pairs in enumerate(self.rounds, 1):
            for pair in pairs:
                self.record(Pairing(number, *pair))

    def _pairs(self) -> list[list[Pair]]:
        """Who meets whom in each round, the one who begins first: from the record, or drawn."""
        if self.config.human:
            return [
                [opened_by(chat.utterances[0].speaker, chat.pair) for chat in played.dyads]
                for played in self.config.human
            ]
        seats = self.random.sample(list(self.people), len(self.people))
        return [[opened_by(self.random.choice(pair), pair) for pair in pairs] for pairs in round_robin(seats)]

    def _recall(self) -> None:
        """Let the participants remember the first opinions that the file gives."""
        self.opinions: dict[str, dict[str, float]] = {"before": {}, "after": {}}
        for person in self.config.participants:
            for moment, told in (("before", person.initial), ("after", person.final)):
                if told is not None:
                    self.record(ExchangedOpinion(person.name, moment, "human", told.opinion, None))
            if person.initial is not None:
                self.opinions["before"][person.name] = person.initial.opinion
                self._remember_opinion(person.name, person.initial.opinion)
                if person.initial.justification.strip():
                    self._remember_reason(person.name, person.initial.justification)

    def _ask_opinions(self, moment: str, names: list[str]) -> Asking[None]:
        """Ask for private opinions, then for the reasons of those that were told."""
        if not names:
            return
        replies = yield [self.people[name].ask("opinion", OPINION, when=moment) for name in names]
        for name, reply in zip(names, replies, strict=True):
            opinion, expected = opinion_in(reply)
            self.record(ExchangedOpinion(name, moment, "model", opinion, expected))
            if opinion is not None:
                self.opinions[moment][name] = opinion
                if moment == "before":
                    self._remember_opinion(name, opinion)
        told = {name: self.opinions[moment][name] for name in names if name in self.opinions[moment]}
        if not told:
            return
        replies = yield [
            self.people[name].ask("reason", fill={"opinion": DEGREES[opinion]}, when=moment)
            for name, opinion in told.items()
        ]
        for name, reply in zip(told, replies, strict=True):
            if moment == "before" and not reply.failed:
                self._remember_reason(name, reply.text, reply.call)

    def _remember_opinion(self, name: str, opinion: float) -> None:
        self.people[name].remember(self.words("opinion_memory", opinion=DEGREES[opinion]))

    def _remember_reason(self, name: str, reason: str, call: int | None = None) -> None:
        self.people[name].private.append(self.message("user", reason, self.words("reason_label"), call))

    def _tweets(self, number: int) -> Asking[dict[str, Message]]:
        """Everybody's tweet of a round, of the record or the model's; without those that failed."""
        if self.config.mode == "simulate_talk":
            tweets = self._record_tweets(number)
            for name, tweet in tweets.items():
                self.record(Tweet(name, number, None, tweet.number))
            return tweets
        replies = yield [agent.ask("tweet", round=number) for agent in self.people.values()]
        tweets = {}
        for name, reply in zip(self.people, replies, strict=True):
            if not reply.failed:
                tweets[name] = self.say(self._tweeting(name), reply, to=())
            self.record(Tweet(name, number, tweets[name].number if name in tweets else None, None))
        return tweets

    def _record_tweets(self, number: int) -> dict[str, Message]:
        tweets = self.config.human[number - 1].tweets
        return {name: self.message("user", tweets[name], self._tweeting(name)) for name in self.people}

    def _tweeting(self, name: str) -> str:
        return self.words("tweet_label", name=name)

    def _meet(self, number: int, pair: Pair, tweets: Mapping[str, Message]) -> None:
        """Bring a pair together: both read both tweets."""
        heading = self.request("meeting", {"round": number, "first": pair[0], "second": pair[1]})
        for name in pair:
            self.people[name].heard += [heading, *(tweets[other] for other in pair if other in tweets)]

    def _chats(self, number: int, pairs: Sequence[Pair]) -> Asking[None]:
        """The chats of a round, side by side; the two of a pair take turns."""
        for position in range(1, self.config.utterances + 1):
            speakers = [pair[(position - 1) % 2] for pair in pairs]
            replies = yield [
                self._ask_chat(number, speaker, pair, position)
                for speaker, pair in zip(speakers, pairs, strict=True)
            ]
            for speaker, pair, reply in zip(speakers, pairs, replies, strict=True):
                said = None
                if not reply.failed:
                    said = self.say(speaker, reply, to=[self.people[name] for name in pair]).number
                self.record(Utterance(number, speaker, partner_of(speaker, pair), position, said, None))
        if self.config.mode == "simulate_talk":
            for _, event, true in self._record_chats(number):
                self.record(event(None, true.number))

    def _ask_chat(self, number: int, speaker: str, pair: Pair, position: int) -> Question:
        fill = {"partner": partner_of(speaker, pair)}
        dyad = " & ".join(pair)
        return self.people[speaker].ask("chat", fill=fill, round=number, position=position, dyad=dyad)

    def _record_chats(
        self, number: int
    ) -> Iterator[tuple[Pair, Callable[[int | None, int | None], Utterance], Message]]:
        """The messages of a round's chats on record: whose chat, the event it makes, the message."""
        for pair, chat in zip(self.rounds[number - 1], self.config.human[number - 1].dyads, strict=True):
            for position, line in enumerate(chat.utterances, 1):
                event = partial(Utterance, number, line.speaker, partner_of(line.speaker, pair), position)
                yield pair, event, self.message("user", line.text, line.speaker)

    def _predict(self) -> Asking[None]:
        """Ask for each message on record, given what is true before it; only the truth is heard."""
        questions: list[Question] = []
        asked: list[tuple[str, Callable[[int | None, int | None], Event], Message]] = []
        for number, pairs in enumerate(self.rounds, 1):
            tweets = self._record_tweets(number)
            for name, tweet in tweets.items():
                questions.append(self.people[name].ask("tweet", round=number))
                asked.append((self._tweeting(name), partial(Tweet, name, number), tweet))
            for pair in pairs:
                self._meet(number, pair, tweets)
            for pair, utterance, true in self._record_chats(number):
                about = utterance(None, None)
                questions.append(self._ask_chat(number, about.speaker, pair, about.position))
                asked.append((about.speaker, utterance, true))
                for name in pair:
                    self.people[name].heard.append(true)
        replies = yield questions
        for (label, event, true), reply in zip(asked, replies, strict=True):
            said = None if reply.failed else self.say(label, reply, to=()).number
            self.record(event(said, true.number))

    def _tell_record(self) -> None:
        """What the people on record said, which nobody here heard, to compare with."""
        for number in range(1, len(self.rounds) + 1):
            for name, tweet in self._record_tweets(number).items():
                self.record(Tweet(name, number, None, tweet.number))
            for _, event, true in self._record_chats(number):
                self.record(event(None, true.number))

    def _rate(self) -> Asking[None]:
        """Have the rater read every message, the model's and the record's, without its author."""
        if self.config.rater is None:
            return
        rater = self.seat(Agent, self.config.rater, self.words("rater_rules"), only_if_persona=True)
        asked = [
            (agent, event.round, kind, source, self.messages[number])
            for _, event in self.events
            if isinstance(event, Tweet | Utterance)
            for kind, agent in [
                ("tweet", event.agent) if isinstance(event, Tweet) else ("utterance", event.speaker)
            ]
            for source, number in (("model", event.message), ("human", event.human))
            if number is not None
        ]
        label = self.words("rated_label")
        shown = [self.message("user", item[-1].text, label, item[-1].source) for item in asked]
        stances = yield [rater.ask("stance", OPINION, reading=[message]) for message in shown]
        topics = yield [rater.ask("on_topic", YES_OR_NO, reading=[message]) for message in shown]
        for (agent, number, kind, source, message), stance, topic in zip(asked, stances, topics, strict=True):
            about = None if topic.failed else topic.value == "yes"
            self.record(
                MessageStance(agent, number, kind, source, message.number, *opinion_in(stance), about)
            )

    def _outcome(self) -> dict[str, str | int | float | bool | None]:
        people = self.config.participants
        first = {person.name: person.initial.opinion for person in people if person.initial is not None}
        last = {person.name: person.final.opinion for person in people if person.final is not None}
        told, shift, sd_change = change(self.opinions["before"], self.opinions["after"])
        human_told, human_shift, human_sd_change = change(first, last)
        return {
            "topic": self.topic["topic"],
            "mode": self.config.mode,
            "told": told,
            "shift": shift,
            "sd_change": sd_change,
            "human_told": human_told,
            "human_shift": human_shift,
            "human_sd_change": human_sd_change,
        }
