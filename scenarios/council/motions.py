"""Bills: what the council can do with a law, and how an amendment changes that."""

from __future__ import annotations

from dataclasses import dataclass

from palaestra.scenarios.council.budget import Law

ENACT, REPEAL = "enact", "repeal"
NO_CHANGE = "no change"


@dataclass(frozen=True, slots=True)
class Motion:
    """A bill as it stands.

    Attributes:
        action: "enact" or "repeal".
        law: which.
        before, size: of the law now, and once the bill has passed; 0 where it is not in force.
    """

    action: str
    law: Law
    before: float
    size: float

    @classmethod
    def on(cls, law: Law, size: float) -> Motion:
        """The bill that there can be on a law of this size: repeal what is in force, else enact it."""
        return cls(REPEAL, law, size, 0.0) if size else cls(ENACT, law, 0.0, 1.0)

    @property
    def changes(self) -> dict[str, float]:
        """The amendments that there can be, each with the size that it would give the law."""
        if self.action == REPEAL:
            return {"keep half": self.before / 2}
        return {"half size": 0.5, "double size": 2.0}

    @property
    def told(self) -> str:
        """In words, without its size: "enact a new clinic"."""
        return f"{self.action} {self.law.name}"

    @property
    def told_with_size(self) -> str:
        """In words, with a size that an amendment gave it."""
        if self.size == (0.0 if self.action == REPEAL else 1.0):
            return self.told
        return f"{self.told}, {'leaving' if self.action == REPEAL else 'at'} size {self.size:g}"
