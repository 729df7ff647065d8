"""Bilateral bargaining by alternating offers, over one price or several issues, with private values.

| role | sees | calls | answer |
|---|---|---|---|
| party (two) | rules, both parties' speeches and offers, its own persona, values and limit | `move` | one of the legal moves: propose, accept, walk away |
| | | `offer`, one call an issue | one of the issue's options; a bounded number where a range has over 20 |
| | | `say` | text |

The parties take turns; a round is one turn of each. In a turn a party moves, then says
something about it. The offer on the table is the last complete one; only the other party may
accept it, which makes the deal. From round `walk_from` a party may walk away, which ends the
bargaining. In the very last turn an offer would come to nothing, so there the choice is to
accept or to walk away. A call that would leave only one legal answer isn't made. Words bind
nobody: the moves count.

A party's utility is Σ over issues of weight · value, no deal is worth its `reservation`. When
a price is all, its utility is the price's distance to its `limit` and no deal is worth 0. An
agent that offers or accepts less than no deal is worth is recorded as irrational and not
stopped, unless `enforce_reservation` keeps such moves from it.

Outcome: `deal`; `ending` ("deal", "walk away" or "deadline") and `round`; `walked` (who walked
away); `terms`; `utility_first` and `utility_second` (of the parties in the file's order; the
reservation without a deal); `surplus` (joint utility beyond the reservations) and
`nash_product` (of the surpluses; 0 without a deal); `zone` (the most joint surplus that terms
which both accept can give; None when there are no such terms); `share_first` and
`share_second` (surplus / zone: a price's position in the bargaining zone); `efficiency` (their
sum); `pareto` (no other terms are better for one and no worse for the other); `nash_distance`
(0 … √2, to the terms with the highest Nash product); `irrational` (the deal is worse than none
for a party); `unanswered` (calls without a valid answer). The zone and what rests on it are
None where more than 10,000 terms are possible.

Events: `Response` (the move of each turn), `Offer`, `Speech`, `Deal`, `Utility` (of each party,
at the end).

Source: alternating offers after A. Rubinstein, "Perfect Equilibrium in a Bargaining Model",
Econometrica 50 (1982), with a deadline in place of discounting; additive multi-issue
utilities after H. Raiffa, "The Art and Science of Negotiation" (1982). Ours: the calls, the
last turn, walking away from a given round on, the scales of `zone` and `nash_distance`.
"""
