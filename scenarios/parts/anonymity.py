"""Keeping names out of texts that others read."""

from __future__ import annotations

import re

BLOT = "[name]"
SHORTEST_PART = 3


def without_name(text: str, name: str) -> str:
    """`text` without `name`: each mention is blotted out.

    A mention is the whole name, in any case, or a part of it as it is written there ("Ann" and
    "Lee" of "Ann Lee"), as words of their own. Parts of fewer than three characters, such as
    initials, are left alone.
    """
    whole = r"\s+".join(re.escape(part) for part in name.split())
    text = re.sub(rf"(?<!\w){whole}(?!\w)", BLOT, text, flags=re.IGNORECASE)
    for part in name.split():
        if len(part) >= SHORTEST_PART:
            text = re.sub(rf"(?<!\w){re.escape(part)}(?!\w)", BLOT, text)
    return text
