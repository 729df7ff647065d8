"""Help that lists extensions: they are looked for when help is asked for, not when the program starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from typer.core import TyperCommand


def listing(lines: Callable[[], Iterable[str]]) -> type[TyperCommand]:
    """The class of a command whose help shows `lines` above its examples."""

    class Listing(TyperCommand):
        @property
        def epilog(self) -> str:
            """What stands at the end of the help."""
            return "\n\n".join([*lines(), self._examples])

        @epilog.setter
        def epilog(self, examples: str | None) -> None:
            self._examples = examples or ""

    return Listing
