"""The rules of a persuasion; the package's docstring is their summary."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from statistics import fmean

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice, Text
from palaestra.agents.calls import Reply, Scalar
from palaestra.scenarios.core.episode import Asking, Episode, Play
from palaestra.scenarios.core.trajectory import Trajectory
from palaestra.scenarios.parts.judging import points
from palaestra.scenarios.persuasion.config import LETTERS, PersuasionConfig
from palaestra.scenarios.persuasion.events import (
    Guess,
    HiddenState,
    Leak,
    PersuasionSpeech,
    Prediction,
    Strategy,
    Willingness,
)
from palaestra.scenarios.persuasion.leaks import leaked
from palaestra.scenarios.persuasion.mind import LEADS, LINE, SLOTS, STATES, Slot, clause, imagine
from palaestra.scenarios.persuasion.script import ScriptPair, pairs

SCALE = Choice(tuple(str(number) for number in range(1, 8)))
STRATEGY = Choice(("refute belief", "refute desire", "divert belief", "divert desire"))


class Persuasion(Episode[PersuasionConfig]):
    """One talk about one situation."""

    kind = "persuasion"
    config_type = PersuasionConfig
    event_types = (HiddenState, Willingness, Prediction, Guess, Leak, Strategy, PersuasionSpeech)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    topic_variables = ("background", "goal", "persuader", "persuadee", "preventive", "generative", "words")
    reward_unit = "points of willingness 1–7"

    @classmethod
    def rewards(cls, config: PersuasionConfig, trajectory: Trajectory) -> dict[str, float]:
        """To the persuader the change of willingness; nothing where either of the two wasn't understood."""
        told = {said.moment: said.willingness for said in trajectory.told(Willingness)}
        before, after = told.get("before"), told.get("after")
        return {} if before is None or after is None else {config.persuader.name: after - before}

    def play(self) -> Play:
        """What is hidden, willingness, the exchanges, willingness again before the persuadee's last word."""
        yield from self._imagine()
        self._gather()
        before = yield from self._ask_willingness("before")
        yield from self._guess("first", 0, SLOTS)
        talk = pairs(self.config, preventive=self._content("preventive") != "")
        after: float | None = None
        for number, pair in enumerate(talk, 1):
            yield from self._persuade(number, pair)
            if number == len(talk):
                after = yield from self._ask_willingness("after")
            reasons = " ".join(filter(None, (self._told("own", slot) for slot in pair.guessed)))
            yield from self._speak(self.persuadee, number, pair.reply, {"reasons": reasons})
            yield from self._read_mind(number, [slot for slot in pair.guessed if self._told("own", slot)])
        return self._outcome(len(talk), before, after)

    def _imagine(self) -> Asking[None]:
        """The persuadee's mind: what the file tells, and what the writer adds."""
        config = self.config
        (situation,) = self.cycled(config.situations)
        names = {"persuader": config.persuader.name, "persuadee": config.persuadee.name}
        self.topic = {"background": situation.background, "goal": situation.goal, **names}
        self.topic |= {"words": config.words, "preventive": "", "generative": ""}
        writer = self.seat(Agent, config.writer, self.words("writer_rules"), template="writer_persona")
        self.mind = yield from imagine(writer, situation, config.options, *names.values())
        for state in STATES:
            content = self.mind.contents[state]
            self.record(HiddenState(state, "content", content.text, content.source, 0))
            for part in LEADS:
                truth = self.mind.truths[Slot(state, part)]
                self.record(HiddenState(state, part, truth.text, truth.source, len(truth.others)))
        self.unanswered = self.mind.unanswered

    def _gather(self) -> None:
        config = self.config
        preventive, generative = (self.mind.contents[state].text for state in STATES)
        self.topic |= {"preventive": preventive or "", "generative": generative or self.topic["goal"]}
        rules = self.words("rules" if preventive else "rules_without")
        self.persuader = self.seat(Agent, config.persuader, rules, template="persuader_persona")
        self.persuadee = self.seat(Agent, config.persuadee, rules, template="persuadee_persona")
        self.observer: Agent | None = None
        if config.observer is not None:
            self.observer = self.seat(Agent, config.observer, rules, template="observer_persona")
        self.audience = [self.persuader, self.persuadee, *([self.observer] if self.observer else [])]
        # Who is asked to guess among statements reads the true one, so it is not who goes on talking.
        self.aside = Agent(self, config.aside, rules=rules, policy=config.persuader.policy)
        self.aside.heard, self.aside.memory = self.persuader.heard, self.persuader.memory
        for state in STATES:
            self._confide(state)
        self.noted: dict[Slot, str] = {}
        self.corrected: set[Slot] = set()
        self.known = [rules, config.persuader.persona]
        self.statements: dict[Slot, list[str]] = {}
        for slot in SLOTS:
            truth = self.mind.truths[slot]
            if truth.text is not None and truth.others:
                others = self.random.sample(truth.others, min(config.options - 1, len(truth.others)))
                self.statements[slot] = self.random.sample([truth.text, *others], len(others) + 1)

    def _confide(self, state: str) -> None:
        """Let the persuadee and the observer know what is true."""
        content = self._content(state)
        for role, agent, style in (
            ("persuadee", self.persuadee, "own"),
            ("observer", self.observer, "statement"),
        ):
            reasons = " ".join(filter(None, (self._told(style, Slot(state, part)) for part in LEADS)))
            if agent is not None and reasons:
                agent.remember(self.words(f"memory_{role}", state=state, content=content, reasons=reasons))

    def _content(self, state: str) -> str:
        return str(self.topic[state])

    def _told(self, style: str, slot: Slot) -> str:
        """The true statement as a sentence; "" when there is none."""
        truth = self.mind.truths[slot].text
        return "" if truth is None else self._sentence(style, slot, truth)

    def _sentence(self, style: str, slot: Slot, statement: str) -> str:
        return self.words(f"{style}_{slot.part}", statement=statement)

    def _notes(self) -> str:
        """What the persuader now thinks that the persuadee thinks."""
        lines = []
        for state in STATES:
            noted = (slot for slot in SLOTS if slot.state == state and slot in self.noted)
            if told := " ".join(self._sentence("statement", slot, self.noted[slot]) for slot in noted):
                lines.append(self.words("notes", state=state, content=self._content(state), notes=told))
        return "\n".join(lines)

    def _taken(self, reply: Reply) -> Reply:
        """`reply`, counted when it could not be understood."""
        self.unanswered += reply.failed
        return reply

    def _ask_willingness(self, moment: str) -> Asking[float | None]:
        [reply] = yield [self.persuadee.ask("willingness", SCALE, moment=moment)]
        value, basis = points(self._taken(reply), scale=SCALE)
        self.record(Willingness(self.persuadee.name, moment, value, basis))
        return value

    def _persuade(self, number: int, pair: ScriptPair) -> Asking[None]:
        """The persuader's speech, which in the script takes on one point of the preventive state."""
        aim = ""
        if pair.move == "attack":
            [reply] = yield [
                self.persuader.ask("strategy", STRATEGY, {"notes": self._notes()}, exchange=number)
            ]
            if self._taken(reply).failed:
                self.record(Strategy(number, None, None))
            else:
                method, point = str(reply.value).split()
                self.record(Strategy(number, point, method))
                slot = Slot("preventive", point)
                vague = self.words("vague", part=point)
                thought = self._sentence("statement", slot, self.noted[slot]) if slot in self.noted else vague
                aim = self.words(f"aim_{method}", thought=thought)
        yield from self._speak(self.persuader, number, pair.move, {"notes": self._notes(), "aim": aim})

    def _speak(self, speaker: Agent, number: int, move: str, fill: Mapping[str, Scalar]) -> Asking[None]:
        [reply] = yield [speaker.ask(move, Text(), fill, exchange=number)]
        if self._taken(reply).failed:
            self.record(PersuasionSpeech(speaker.name, number, move, None))
            return
        for listener in self.audience:
            if not listener.heard:
                listener.heard.append(self.request("heard", {}))
        said = self.say(speaker.name, reply, to=self.audience)
        self.known.append(said.text)
        self.record(PersuasionSpeech(speaker.name, number, move, said.number))

    def _read_mind(self, number: int, slots: Collection[Slot]) -> Asking[None]:
        """Predictions and guesses; then the observer's corrections, and both anew."""
        predicted = yield from self._predict(number, slots, {})
        yield from self._guess("before", number, slots)
        if self.observer is None:
            return
        corrections = yield from self._correct(self.observer, number, predicted)
        yield from self._predict(number, corrections, corrections)
        yield from self._guess("after", number, corrections, corrections)

    def _predict(
        self, number: int, slots: Collection[Slot], corrections: Mapping[Slot, str]
    ) -> Asking[dict[Slot, str]]:
        """What the persuader, perhaps corrected, thinks of each of `slots`, in its own words."""
        purpose, moment = ("revise", "after") if corrections else ("predict", "before")
        replies = yield [
            self.persuader.ask(
                purpose,
                LINE,
                {
                    "content": self._content(slot.state),
                    "lead": LEADS[slot.part],
                    "prediction": self.noted.get(slot, ""),
                    "correction": corrections.get(slot, ""),
                },
                exchange=number,
                **slot._asdict(),
            )
            for slot in slots
        ]
        told = {}
        for slot, reply in zip(slots, replies, strict=True):
            leads = f"{self.persuadee.name} {LEADS[slot.part]}", LEADS[slot.part]
            text = None if self._taken(reply).failed else clause(reply.text, leads)
            self.unanswered += text is None and not reply.failed
            self.record(Prediction(number, *slot, moment, text))
            if text is not None:
                told[slot] = self.noted[slot] = text
                self.known.append(text)
        return told

    def _correct(
        self, observer: Agent, number: int, predicted: Mapping[Slot, str]
    ) -> Asking[dict[Slot, str]]:
        """The observer's corrections, and what of the truth is in them."""
        replies = yield [
            observer.ask(
                "correct",
                Text(stop=("\n",)),
                {
                    "content": self._content(slot.state),
                    "prediction": self._sentence("statement", slot, text),
                },
                exchange=number,
                **slot._asdict(),
            )
            for slot, text in predicted.items()
        ]
        told = {}
        for slot, reply in zip(predicted, replies, strict=True):
            text = None if self._taken(reply).failed else reply.text
            truth = self.mind.truths[slot].text or ""
            words = leaked(truth, text or "", self.known)
            rest = " ".join(other.text or "" for of, other in self.mind.truths.items() if of != slot)
            self.record(Leak(number, *slot, text, *words, leaked(rest, text or "", [*self.known, truth])[1]))
            if text is not None:
                told[slot] = text
        self.known += told.values()
        self.corrected |= told.keys()
        return told

    def _guess(
        self, moment: str, number: int, slots: Collection[Slot], corrections: Mapping[Slot, str] | None = None
    ) -> Asking[None]:
        """Which statement the persuader, asked aside, takes for true; the talk goes on without it."""
        asked = [slot for slot in slots if slot in self.statements]
        replies = yield [
            self.aside.ask(
                "guess",
                Choice(tuple(LETTERS[: len(self.statements[slot])])),
                self._quiz(slot, (corrections or {}).get(slot)),
                exchange=number,
                moment=moment,
                **slot._asdict(),
            )
            for slot in asked
        ]
        for slot, reply in zip(asked, replies, strict=True):
            statements = self.statements[slot]
            right = statements.index(self.mind.truths[slot].text or "")
            choice = None if self._taken(reply).failed else LETTERS.index(str(reply.value))
            known = None if reply.failed else reply.probabilities
            self.record(
                Guess(
                    number,
                    *slot,
                    moment,
                    slot in self.corrected,
                    len(statements),
                    None if choice is None else statements[choice],
                    None if choice is None else choice == right,
                    known[right] if known else None,
                )
            )

    def _quiz(self, slot: Slot, correction: str | None) -> dict[str, Scalar]:
        statements = self.statements[slot]
        letters = LETTERS[: len(statements)]
        told = (self._sentence("statement", slot, statement) for statement in statements)
        return {
            "content": self._content(slot.state),
            "statements": "\n".join(f"{letter}. {line}" for letter, line in zip(letters, told, strict=True)),
            "letters": ", ".join(letters),
            "notes": self._notes(),
            "correction": "" if correction is None else self.words("correction", correction=correction),
        }

    def _outcome(self, exchanges: int, before: float | None, after: float | None) -> dict[str, Scalar]:
        told = [event for _, event in self.events]
        guesses = [event for event in told if isinstance(event, Guess) and event.moment == "before"]
        right = [guess.correct for guess in guesses if not guess.corrected and guess.correct is not None]
        corrections = [event for event in told if isinstance(event, Leak) and event.text is not None]
        return {
            "goal": self.topic["goal"],
            "preventive": self.topic["preventive"] or None,
            "exchanges": exchanges,
            "willingness_before": before,
            "willingness_after": after,
            "change": None if before is None or after is None else after - before,
            "guessed_right": fmean(right) if right else None,
            "corrections": len(corrections),
            "leaks": sum(event.leaked_words + event.elsewhere > 0 for event in corrections),
            "unanswered": self.unanswered,
        }
