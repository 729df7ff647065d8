"""What a program can tell of an answer: its length, and what it must or must not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import Field, field_validator

from palaestra.agents.policy import Settings


class AnswerCheck(Settings):
    """What makes an answer right; all that is given must hold."""

    least_words: int | None = Field(None, ge=1, description="Fewest words.")
    most_words: int | None = Field(None, ge=1, description="Most words.")
    matches: str | None = Field(None, description="A regular expression that must be found in it.")
    avoids: str | None = Field(None, description="A regular expression that must not be found in it.")

    @field_validator("matches", "avoids")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return pattern

    def passes(self, answer: str) -> bool:
        """Whether `answer` is right."""
        words = len(answer.split())
        return (
            (self.least_words is None or words >= self.least_words)
            and (self.most_words is None or words <= self.most_words)
            and (self.matches is None or re.search(self.matches, answer) is not None)
            and (self.avoids is None or re.search(self.avoids, answer) is None)
        )

    def problems(self) -> Iterator[str]:
        """What is wrong with it as a whole."""
        if self == AnswerCheck():
            yield "a check needs least_words, most_words, matches or avoids"
        if self.least_words and self.most_words and self.least_words > self.most_words:
            yield f"no answer has at least {self.least_words} and at most {self.most_words} words"
