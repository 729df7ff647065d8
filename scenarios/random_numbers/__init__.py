"""Random numbers: players are asked for integers that nobody can foresee.

| role | sees | calls | answer |
|---|---|---|---|
| player (one or more) | the range, its own persona; with `asked: with_history` its own earlier numbers, with `without_history` which draw it is | `draw`, `draws` times | one of the integers from `low` to `high` |

Players don't see each other. With `asked: independently` each draw is a conversation of its own,
the same words every time, and all are asked at once; otherwise one draw follows another.

The distribution that a number is drawn from is recorded with it: the option probabilities of the
one call where the engine gives them, else the shares of `samples` answers; `basis` says which
(`palaestra.scenarios.parts.picking`). A draw without a valid answer is left out of the history.

Outcome: `numbers` (how many were drawn), `distinct` (different ones, summed over players) and
`unanswered` (calls without a valid answer).

Events: `Pick` (whose `round` is the draw), `Probability`.

Source: West and Potts on base and aligned models, of which two notes were at hand and not the paper:
integers from 0 to 10, and repeats in sequences of ten. The notes disagree whether numbers were
asked for one by one or as a sequence, so both can be set. Ours: all else.
"""
