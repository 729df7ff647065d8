"""The council's charter: none, a constitution of ours, a text, or a text file beside the scenario file."""

from __future__ import annotations

from pathlib import Path

from palaestra.agents.declared import text_beside

NONE, CONSTITUTIONAL = "none", "constitutional"
ENDINGS = (".txt", ".md")


def charter_text(given: str, folder: Path) -> str:
    """The charter that a scenario file means by `given`.

    Args:
        given: `none`, `constitutional`, a file's path (one line that ends in .txt or .md) or a text.
        folder: the scenario file's, where paths begin and none leads out of.

    Returns:
        `none`, `constitutional` or the charter's text, so that nobody needs the file again.

    Raises:
        ValueError: the file lies elsewhere, can't be read, or holds no text.
    """
    if not _is_path(given):
        if not given.strip():
            raise ValueError("it has no text; write `none` for no charter")
        return given.strip()
    path = folder / given.strip()
    text = text_beside(given.strip(), folder).strip()
    if not text or text in (NONE, CONSTITUTIONAL) or _is_path(text):
        raise ValueError(f"{path} holds no charter but {text!r}; write the charter's text into it")
    return text


def _is_path(given: str) -> bool:
    return given.strip().endswith(ENDINGS) and len(given.strip().splitlines()) == 1
