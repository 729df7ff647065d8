"""What an engine is, and what it may tell beside its answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from palaestra.agents.calls import Call, Reply
from palaestra.agents.policy import Policy


@runtime_checkable
class Engine(Protocol):
    """Turns calls into replies, many at a time. Made of its settings and the policies that it answers for.

    What it raises beside the failures named here is told as a fault of its own, and ends the run resumably.
    """

    async def start(self) -> None:
        """Get ready.

        Raises:
            EngineUnavailable: the model or server is not to be had.
        """

    async def answer(self, call: Call, policy: Policy, seed: int, attempt: int) -> Reply:
        """The reply to `call`, its value not parsed yet.

        Raises:
            ContextOverflow: the prompt leaves no room for the answer.
            EngineDied: the engine is gone; a new one may be started.
        """

    async def close(self) -> None:
        """Let go of everything; a closed engine can be started again."""

    def identity(self) -> dict[str, str]:
        """What answers: model, device, versions. Never a secret."""


class Listener:
    """Hears what an engine meets in a run.

    Args:
        say: is told what a user should know while it happens.

    Attributes:
        faults: what went wrong and was got over, or recorded as failed: how often each kind.
    """

    def __init__(self, say: Callable[[str], None] = lambda _words: None) -> None:
        self.say = say
        self.faults: Counter[str] = Counter()


@runtime_checkable
class Outspoken(Protocol):
    """An engine that also tells what it meets, as one on a network does."""

    def tell(self, listener: Listener) -> None:
        """Have `listener` told from now on."""
