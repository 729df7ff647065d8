"""Judges made up for audits: what they know, like and say is planted, so an audit has to find it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp
from random import Random

from palaestra.agents.answers import Choice, Likelihood, LogProbability
from palaestra.agents.calls import Call, Reply, derive_seed
from palaestra.agents.scripted import scripted_reply
from palaestra.scenarios.parts.planted import PlantedPair


@dataclass(frozen=True, slots=True)
class MadeUpJudge:
    """A judge whose liking of an answer is the sum of what is planted; one point of liking is one of ten.

    Attributes:
        knows: for being right.
        noise: standard deviation of its own, for each answer.
        likes_length: for each 100 characters.
        likes_first: for being read first of two.
        likes: for a word in the answer.
        level: its usual score.
        fixed: whether it always says the same.
        mass: what its options hold.
    """

    knows: float = 0.0
    noise: float = 1.0
    likes_length: float = 0.0
    likes_first: float = 0.0
    likes: Mapping[str, float] = field(default_factory=dict)
    level: float = 5.5
    fixed: bool = False
    mass: float = 0.9

    def liking(self, name: str, asked: str, text: str, right: bool) -> float:
        """How it likes an answer to what was asked, always the same."""
        own = Random(derive_seed(name, asked, text)).gauss(0, self.noise)
        words = sum(worth for word, worth in self.likes.items() if word in text)
        return 0.0 if self.fixed else self.knows * right + own + self.likes_length * len(text) / 100 + words


@dataclass(frozen=True, slots=True)
class MadeUpReplies:
    """Stands for `scripted_reply`: judges answer as made up, all else as ever."""

    judges: Mapping[str, MadeUpJudge]
    pairs: Sequence[PlantedPair] = ()

    def __call__(self, call: Call, *, attempt: int = 0, garbled: float = 0.0) -> Reply:
        reply = scripted_reply(call, attempt=attempt, garbled=garbled)
        judge = self.judges.get(call.agent)
        if judge is None or not (isinstance(call.answer, Choice | Likelihood) or call.purpose == "claims"):
            return reply
        if isinstance(call.answer, Likelihood):
            return replace(reply, text=self._weighed(judge, call, call.answer.text))
        bodies = [message.text for message in call.prompt]
        # What is read stands behind its head, the only claim of an answer too: the whole answer.
        heads = [place for place, text in enumerate(bodies) if text.endswith("answer is:")]
        read = [bodies[place + 1] for place in heads]
        if call.purpose == "claims":
            return replace(reply, text=json.dumps({"claims": read}))
        right = {f"The instruction was: {pair.question}": pair.right for pair in self.pairs}
        known = [right[text] for text in bodies if text in right]
        asked = bodies[heads[0] - 1]
        likings = [judge.liking(call.agent, asked, text, text in known) for text in read]
        if len(read) == 2:
            first = 1 / (1 + exp(likings[1] - likings[0] - judge.likes_first))
            return replace(reply, probabilities=(first, 1 - first), mass=judge.mass)
        score = min(8.999, max(0.0, judge.level - 1 + likings[0]))
        low, share = int(score), score - int(score)
        chances = [0.0] * 10
        chances[low], chances[low + 1] = 1 - share, share
        return replace(reply, probabilities=tuple(chances), mass=judge.mass)

    def _weighed(self, judge: MadeUpJudge, call: Call, text: str) -> str:
        """How probable a judge finds an answer: half a nat a token for each point of liking."""
        read = "\n".join(message.text for message in call.prompt)
        pair = next((pair for pair in self.pairs if pair.question in read), None)
        asked = pair.question if pair else read
        liking = judge.liking(call.agent, asked, text, pair is not None and text == pair.right.strip())
        return LogProbability(
            mean_logprob=min(0.0, judge.level - 20 + liking) / 2, tokens=9
        ).model_dump_json()
