"""Every way in which a simulation can fail, one class a kind.

Each kind says what happened, what to do about it (`remedy`), and with which code the
command line exits.
A model that answers badly is data, not a failure of the program: it is retried,
then marked in the log. Everything else ends the run resumably.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from palaestra.agents.budget import Limit

_CREDENTIALS = re.compile(r"(?<=://)\S*@")
"""The name and password in an address, whatever else stands in them."""


def _again(kind: type[PalaestraError], args: tuple[object, ...]) -> PalaestraError:
    return kind.__new__(kind, *args)


class PalaestraError(Exception):
    """A failure with a remedy; told without names and passwords of addresses, which inputs may hold.

    Attributes:
        remedy: one sentence that says what the user can do; may be empty.
        exit_code: the exit code of the command line, 1 unless a class says otherwise.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...], dict[str, object]]:
        """An actor of Ray sends what it met: pickle would make it of its message alone."""
        return _again, (type(self), self.args), vars(self)

    def __str__(self) -> str:
        message = super().__str__()
        told = f"{message}\n  {self.remedy.strip()}" if self.remedy else message
        return _CREDENTIALS.sub("…@", told)


class BadInput(PalaestraError):
    """A scenario file, an option or an argument that can't be taken; nothing was written."""

    exit_code = 2


class ExtensionFault(PalaestraError):
    """Code of an extension, ours or another package's, that failed or breaks a promise."""

    exit_code = 2


class UnparsedAnswer(PalaestraError):
    """A reply that doesn't fit the answer its call asked for. Retried, then logged as failed."""


class ContextOverflow(PalaestraError):
    """A prompt that leaves no room for the answer in the model's context. Not retried."""


class EngineUnavailable(PalaestraError):
    """An engine that can't be started or reached: no such model, no such port. Not retried."""


class EngineDied(PalaestraError):
    """An engine that was running and is gone. Restarted a bounded number of times."""


class FileUnusable(PalaestraError):
    """A file that the system doesn't let be read or written."""


class OutOfMemory(PalaestraError):
    """A model that doesn't fit the memory of the GPU or the machine."""


class RunUnwritable(PalaestraError):
    """A run folder that can't be written: read-only, disk full."""


class RunLocked(PalaestraError):
    """A run folder that another process is writing."""


class RunUnreadable(PalaestraError):
    """A folder that is no run, or a log that doesn't fit the scenario that should replay it."""


class LimitReached(PalaestraError):
    """A run has taken what its `limits` allow; where one is raised, it goes on.

    Attributes:
        limit: which.
        raised: the `key=value` of a setting that raises it.
    """

    exit_code = 3

    def __init__(self, message: str, limit: Limit, raised: str) -> None:
        super().__init__(message)
        self.limit = limit
        self.raised = raised


class Interrupted(PalaestraError):
    """The user stopped the run (Ctrl-C); it can be resumed."""

    exit_code = 130
