"""Small makers and readers shared by the tests that need no model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from palaestra.agents.answers import Answer, Choice, Text
from palaestra.agents.calls import Call, Message, Reply
from palaestra.runs.record import log as run_log
from palaestra.runs.record.records import Record, content
from palaestra.scenarios.core.config import ScenarioConfig
from palaestra.scenarios.core.episode import Episode, Event
from palaestra.scenarios.core.load import Scenario, check
from palaestra.scenarios.debate.config import DebateConfig
from palaestra.scenarios.debate.rules import Debate

AnyEvent = TypeVar("AnyEvent", bound=Event)
TWO_DEBATERS = [{"name": "Ann", "stance": "for"}, {"name": "Bo", "stance": "against"}]


def scenario(engine: dict[str, Any] | None = None, **fields: Any) -> Scenario:
    """A small debate on a scripted engine, with `fields` of its file replaced."""
    data: dict[str, Any] = {
        "scenario": "debate",
        "motions": ["Cities should plant more trees.", "Shops should close on Sundays."],
        "engines": {"default": {"kind": "scripted", **(engine or {})}},
        "debaters": TWO_DEBATERS,
        "judges": [{"name": "Kim"}],
        "rubric": {"clarity": "the point is plain."},
        "rounds": 2,
    }
    return check(data | fields, "test.yaml")


def debate(index: int = 0, seed: int | None = None, **fields: Any) -> Debate:
    """One episode of the small debate that waits for its replies."""
    config = scenario(**fields).config
    assert isinstance(config, DebateConfig)
    return Debate(config, index=index, seed=seed)


def call(answer: Answer | None = None, seed: int = 0, index: int = 0, text: str = "Speak.") -> Call:
    """A call that an agent named Ann makes."""
    prompt = (Message(0, "user", text),)
    return Call("Ann", "argue", {}, prompt, answer or Text(), "default", index=index, seed=seed)


def reply(text: str, probabilities: Sequence[float] | None = None) -> Reply:
    """A reply whose value is its text, as that of a `Text` or a `Choice`."""
    known = None if probabilities is None else tuple(probabilities)
    return Reply(text=text, value=text, probabilities=known)


def failure(*rejected: str) -> Reply:
    """A reply none of whose attempts could be parsed."""
    return Reply(text=rejected[-1], failed=True, attempts=len(rejected), rejected=rejected)


def plain_reply(asked: Call) -> Reply:
    """A reply that is easy to tell: a speech with its call's number, or the first option."""
    if isinstance(asked.answer, Choice):
        return reply(asked.answer.options[0])
    return reply(f"speech-{asked.index}")


def play_out(episode: Episode[Any], answer: Callable[[Call], Reply] = plain_reply) -> dict[str, list[Call]]:
    """Play an episode to its end and return the calls that it made, by purpose."""
    made: dict[str, list[Call]] = {}
    while episode.pending:
        calls = episode.pending
        for asked in calls:
            made.setdefault(asked.purpose, []).append(asked)
        episode.advance([answer(asked) for asked in calls])
    return made


def events(episode: Episode[Any], kind: type[AnyEvent]) -> list[AnyEvent]:
    """The episode's events of one type, in order."""
    return [event for _, event in episode.events if isinstance(event, kind)]


def text_of(asked: Call) -> str:
    """All that the model is shown."""
    return "\n\n".join(message.body for message in asked.prompt)


def recorded(folder: Path) -> list[Record]:
    """What the log of a run holds, in canonical order and without what depends on timing."""
    return content(run_log.read(folder))


def settings_of(config: ScenarioConfig) -> dict[str, Any]:
    """A configuration as the file that would declare it."""
    return config.model_dump(mode="json")
