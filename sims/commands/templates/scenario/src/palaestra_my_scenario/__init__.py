"""Two players share coins: one says how, offers some, and the other takes them or leaves all.

| role | sees | calls | answer |
|---|---|---|---|
| giver (in turns) | its persona, what was said | `speak`, `offer` | a sentence; 0–10 coins |
| taker | the same, and the offer | `decide` | take or leave |

Outcome: `deals` (how many offers were taken). Each player's reward is the coins that it got.

Events: `Deal`.
"""
