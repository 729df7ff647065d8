"""A puzzle of knights, knaves and spies that was solved by hand.

Only a spy can call itself a knave, so Rob is the spy, so Pat speaks true, and so does Quin.
"""

from __future__ import annotations

from typing import Any

BY_HAND: dict[str, Any] = {
    "players": ["Pat", "Quin", "Rob"],
    "statements": [
        {"form": "exactly", "count": 1, "of": ["Rob"], "are": "spy"},
        {"form": "exactly", "count": 1, "of": ["Pat"], "are": "truth-teller"},
        {"form": "exactly", "count": 1, "of": ["Rob"], "are": "knave"},
    ],
}
SOLUTION = {"Pat": "knight", "Quin": "knight", "Rob": "spy"}
