"""Games in normal form: any payoff table, played once or again and again, with or without talk before.

| role | sees | calls | answer |
|---|---|---|---|
| player (two or more) | the game with all payoffs, what was said, the moves and payoffs of earlier rounds; its own persona | `talk` (with `talk`, once a round) | text |
| | | `move`, once a round | one of its moves |

In a round all speak at once (with `talk`), hear each other, then move at once. Words bind nobody.
After a round all are told all moves and payoffs. A player without a valid answer makes no move,
and then nobody gets a payoff in that round.

Named games: `prisoners_dilemma` (5, 3, 1, 0), `stag_hunt`, `chicken`, `battle_of_sexes`,
`matching_pennies`, `rock_paper_scissors`, `hide_and_seek` in n `places` (the first player hides) and
`public_goods` of n players. Any other is a table under `payoffs`: nested lists, one level a player
and one entry a move, innermost the payoffs (`games`). `moves` names a table's moves, or gives
those of a named game other names.

The distribution that a move is drawn from is recorded with it: the option probabilities of the one
call where the engine gives them, else the shares of `samples` answers to it; `basis` says which
(`palaestra.scenarios.parts.picking`).

Outcome: `game`; `mean_payoff` (over players and rounds; None without a complete round);
`cooperation` (mean 0–1; None where the game has no cooperative move); `unanswered` (calls without
a valid answer).

Events: `Game` (with the whole table), `Pick`, `Probability`, `Payoff`, `Speech`.

Source: the tests of randomness in rock–paper–scissors and hide-and-seek are after West and Potts
on base and aligned models, of which notes were at hand and not the paper. Ours: the numbers
in the named games, simultaneous talk, what follows from a missing move, and all wording.
"""
