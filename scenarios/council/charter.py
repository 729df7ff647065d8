"""The council's charter: none, a constitution of ours, a text, or a text file beside the scenario file."""

from __future__ import annotations

from pathlib import Path

NONE, CONSTITUTIONAL = "none", "constitutional"
ENDINGS = (".txt", ".md")


def charter_text(given: str, folder: Path) -> str:
    """The charter that a scenario file means by `given`.

    Args:
        given: `none`, `constitutional`, a file's path (one line that ends in .txt or .md) or a text.
        folder: the scenario file's, where paths begin. Its text is sent to models, perhaps to a server that
            a stranger's file names, so none is read from elsewhere.

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
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{path} lies outside the scenario file's folder; copy it there")
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError as error:
        raise ValueError(f"there is no file {path}; a path begins at the scenario file's folder") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} can't be read as text: {error}") from error
    if not text or text in (NONE, CONSTITUTIONAL) or _is_path(text):
        raise ValueError(f"{path} holds no charter but {text!r}; write the charter's text into it")
    return text


def _is_path(given: str) -> bool:
    return given.strip().endswith(ENDINGS) and len(given.strip().splitlines()) == 1
