"""What a server or a local model can do, found out by asking it: a fixed battery of some 140 small calls.

Whatever an engine's documentation says, runs rest on what it does. Each finding tells what was tried, whether
it can be relied on, and what was seen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, Field

from palaestra.agents.answers import Answer, Choice, Json, Text
from palaestra.agents.basis import PROBABILITIES, basis_of
from palaestra.agents.calls import Call, Message, Reply
from palaestra.agents.engine import EngineSettings
from palaestra.agents.failures import ContextOverflow, PalaestraError
from palaestra.agents.policy import Policy, Thinking
from palaestra.agents.trust import NOTHING, Allowed
from palaestra.runs.record.folder import now
from palaestra.runs.record.noise import EngineNoise, keep_noise
from palaestra.sims.engines.engine import Engine
from palaestra.sims.engines.fleet import Fleet, build
from palaestra.sims.engines.noise import (
    ALONE,
    COMPANY,
    POINTS,
    Numbers,
    apart,
    asked_alone,
    asked_together,
)

POLICIES = {
    "default": Policy(temperature=1, max_tokens=24, think=Thinking(tokens=256)),
    "greedy": Policy(temperature=0, max_tokens=24, think=Thinking(tokens=256)),
}
ODD = Choice(("zebra-17", "quokka-42"))
SEA = "Tell me something about the sea, in one sentence."
LEARNING = 7
"""Answers in which an engine may find out what a server keeps to, before it counts."""
LONG = 40_000
"""Words of a prompt that is to be too long, where the context isn't known."""
Can = Literal["yes", "partly", "no", "not tried"]
Verdict = tuple[Can, str]
"""Whether something can be relied on, and what was seen."""


class Ship(BaseModel):
    """An object that nobody would give by chance."""

    knots: int = Field(ge=0, le=40)
    cargo: str = Field(max_length=20)
    armed: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What was tried, whether it can be relied on, and what was seen."""

    what: str
    can: Can
    seen: str


class _Examiner:
    """Puts calls to the only engine of a fleet.

    Args:
        fleet: of that engine, without retries.
        settings: the engine's.
    """

    def __init__(self, fleet: Fleet, settings: EngineSettings) -> None:
        self._fleet = fleet
        self._settings = settings
        self._calls = 0
        self.replies: list[Reply] = []
        self.alone = Numbers((), ())
        self.noise: EngineNoise | None = None

    async def ask(self, answer: Answer, words: str = SEA, seed: int = 1, policy: str = "default") -> Reply:
        prompt = (Message(0, "system", "You are asked by a program."), Message(1, "user", words))
        call = Call("examiner", "examine", {}, prompt, answer, policy, index=self._calls, seed=seed)
        self._calls += 1
        self.replies.append(await self._fleet.ask(call))
        return self.replies[-1]

    def _said_of_itself(self, name: str, default: str) -> str:
        return self._fleet.identities()["default"].get(name, default)

    async def text(self) -> Verdict:
        said = await self.ask(Text())
        short = await self.ask(Text(max_tokens=5))
        kept = short.output_tokens <= 5 and len(short.text) < max(len(said.text), 60)
        seen = f"{said.text!r}; limited to 5 tokens: {short.text!r} ({short.output_tokens} counted)"
        return "yes" if said.text and kept else "no", seen

    async def stops(self) -> Verdict:
        whole = (await self.ask(Text(), policy="greedy")).text.split()
        if len(whole) < 3:
            return "not tried", f"too little was said: {' '.join(whole)!r}"
        word = whole[2]
        said = await self.ask(Text(stop=(word,)), policy="greedy")
        return "no" if word in said.text else "yes", f"stopped at {word!r}: {said.text!r}"

    async def choices(self) -> Verdict:
        replies = [await self.ask(ODD, seed=seed) for seed in range(LEARNING + 6)]
        return self._bound(replies[LEARNING:])

    async def objects(self) -> Verdict:
        replies = [await self.ask(Json(Ship), seed=seed) for seed in range(LEARNING + 4)]
        return self._bound(replies[LEARNING:])

    @staticmethod
    def _bound(replies: list[Reply]) -> Verdict:
        kept = sum(not reply.failed for reply in replies)
        plain = sum(reply.plain for reply in replies)
        can: Can = "no" if plain == len(replies) or not kept else "yes" if kept == len(replies) else "partly"
        seen = f"{kept} of {len(replies)} kept to it"
        seen += f", {plain} of them asked in words only" if plain else ""
        return can, f"{seen}; {replies[-1].text!r}"

    async def probabilities(self) -> Verdict:
        votes = Choice(("yes", "no"))
        shares = []
        for word in ("yes", "no"):
            reply = await self.ask(votes, f"Say {word}. Answer with yes or no.", policy="greedy")
            shares.append(None if reply.probabilities is None else (reply.probabilities[0], reply.mass))
        told = [share for share in shares if share is not None]
        if len(told) < len(shares):
            return "no", "none told, or they hold too little mass"
        (first, mass), (second, _) = told
        held = "" if mass is None else f"; the options hold {mass:.2g} of all"
        seen = f"of yes: {first:.3f} where it should say yes, {second:.3f} where no{held}"
        return "yes" if first > second else "partly", seen

    async def alike(self) -> Verdict:
        reply = await self.ask(POINTS, "How salty is the sea, from 1 to 10? Answer with a number.")
        known = basis_of(POINTS, reply) == PROBABILITIES
        mass = "" if reply.mass is None else f"; the options hold {reply.mass:.2g} of all"
        seen = f"{reply.text}, P(1) and P(10) apart{mass}" if known else reply.text
        return "yes" if known else "no", seen

    async def company(self) -> Verdict:
        """The least noise of an engine's numbers: what its format rounds alike in any company isn't seen."""
        self.alone = await asked_alone(self.ask)
        if self.alone.points[0] is None:
            return "not tried", "no probabilities to compare"
        beside = await asked_together(self.ask)
        points = apart(self.alone.points, beside.points)
        sides = apart(self.alone.preferences, beside.preferences)
        if points is None or sides is None:
            return "no", f"asked among {COMPANY}, some of {2 * ALONE} told no probabilities"
        self.noise = EngineNoise(points=points, preference=sides, against="company", when=now())
        seen = f"scores of 1–10 alone and among {COMPANY} differ by {points:.2g} (root mean square), "
        seen += f"probabilities of two options by {sides:.2g}"
        return ("partly", f"{seen}: smaller margins are noise") if points or sides else ("yes", seen)

    async def seeds(self) -> Verdict:
        once, again, other = [(await self.ask(Text(), seed=seed)).text for seed in (7, 7, 8)]
        can: Can = "yes" if once == again != other else "no"
        same = "the same text" if once == again else "two texts"
        differs = "another" if other != once else "the same again"
        return can, f"one seed twice: {same}; another seed: {differs}"

    async def thoughts(self) -> Verdict:
        told = [reply for reply in self.replies if reply.thought]
        marks = self._said_of_itself("thinks", "")
        if marks and not told:
            return "yes" if marks == "yes" else "no", "where a policy says `think: native`"
        seen = f"{len(told)} of {len(self.replies)} answers came with one"
        return "yes" if told else "no", seen

    async def counts(self) -> Verdict:
        counted = [reply for reply in self.replies if reply.prompt_tokens and reply.output_tokens]
        cached = sum(reply.cached_tokens for reply in self.replies)
        model = next((reply.model for reply in self.replies if reply.model), None)
        seen = f"{len(counted)} of {len(self.replies)} answers; {cached} cached"
        seen += f"; answered by {model!r}" if model else ""
        return "yes" if len(counted) == len(self.replies) else "partly", seen

    async def overflow(self) -> Verdict:
        context = self._settings.context or int(self._said_of_itself("context", "0"))
        words = "word " * (3 * context or LONG)
        try:
            reply = await self.ask(Text(), words)
        except ContextOverflow:
            return "yes", "refused as too long"
        if reply.refusal:
            return "partly", f"refused: {reply.refusal}"
        longest = f"answered, {reply.prompt_tokens} prompt tokens counted"
        fits = reply.prompt_tokens >= len(words.split())
        return "not tried" if fits else "no", longest

    async def adapters(self) -> Verdict:
        serves = type(self._settings).serves_adapters
        return "yes" if serves else "not tried", "by its kind of engine"


async def examined(
    settings: EngineSettings,
    engine: Engine,
    say: Callable[[str], None],
    allowed: Allowed = NOTHING,
    exact: EngineSettings | None = None,
) -> AsyncIterator[Found]:
    """What an engine can do, one finding after another; the noise of its numbers is kept for runs.

    Args:
        settings: the engine's.
        engine: made of them and `POLICIES`.
        say: is told what the engine says meanwhile.
        allowed: what a person allows it.
        exact: the same model in float32, which is started once the other is closed, to tell what the number
            format rounds alike in any company; None: don't.

    Raises:
        EngineUnavailable: it isn't to be had.
    """
    engines = {"default": settings}
    async with Fleet(engines, POLICIES, 0, say, lambda _settings, _policies: engine, allowed) as fleet:
        examiner = _Examiner(fleet, settings)
        tried: dict[str, Callable[[], Awaitable[Verdict]]] = {
            "text, of limited length": examiner.text,
            "stop strings": examiner.stops,
            "choices bound to options": examiner.choices,
            "objects bound to a schema": examiner.objects,
            "probabilities of options": examiner.probabilities,
            "options that begin alike (1 … 10)": examiner.alike,
            "the same numbers in other company": examiner.company,
            "seeds": examiner.seeds,
            "thoughts told apart": examiner.thoughts,
            "tokens counted": examiner.counts,
            "a prompt that is too long is told": examiner.overflow,
            "LoRA adapters of policies": examiner.adapters,
        }
        for what, examine in tried.items():
            try:
                can, seen = await examine()
            except PalaestraError as failure:
                can, seen = "no", f"failed: {failure.args[0]}"
            yield Found(what, can, seen)
        for kind, number in fleet.faults().get("default", {}).items():
            yield Found(f"met: {kind}", "partly", f"{number} times, got over")
        identity = fleet.identities()["default"]
    if examiner.noise is None:
        return
    keep_noise(identity, examiner.noise)
    if exact is not None:
        noise = await _beside_float32(exact, examiner.alone, say, allowed)
        yield Found("the same numbers in float32", *_in_float32(noise))
        if noise is not None:
            keep_noise(identity, noise)


async def _beside_float32(
    exact: EngineSettings, alone: Numbers, say: Callable[[str], None], allowed: Allowed
) -> EngineNoise | None:
    """How far an engine that said `alone` is from the model in float32; None where that tells too little."""
    async with Fleet({"default": exact}, POLICIES, 0, say, build, allowed) as fleet:
        found = await asked_alone(_Examiner(fleet, exact).ask)
    points, sides = apart(alone.points, found.points), apart(alone.preferences, found.preferences)
    if points is None or sides is None:
        return None
    return EngineNoise(points=points, preference=sides, against="float32", when=now())


def _in_float32(noise: EngineNoise | None) -> Verdict:
    if noise is None:
        return "no", "asked in float32, some told no probabilities"
    seen = f"scores lie {noise.points:.2g} points, probabilities {noise.preference:.2g} from float32's"
    return "partly" if noise.points or noise.preference else "yes", seen
