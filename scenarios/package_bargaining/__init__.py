"""Stakeholders bargain, through a neutral mediator, over the package that a budget is spent on.

| role | sees | calls | answer |
|---|---|---|---|
| stakeholder | rules with items, costs and the rubric's scores; the mediator's packages and who accepted them; its own persona, weights and what each item is worth to it; with `proposals: everyone` the others' proposals | `propose` | JSON: `measures` (of each item: must have, want, could give up, leave out, refuse), `message` |
| | | `respond` | accept or counter |
| mediator | the same rules, all proposals, its packages and who accepted them; no weights, unless they are public | `mediate` | JSON: `measures` (of each item: essential, useful, out), `unresolved` (stakeholders), `rationale` |

All stakeholders propose at once. In each round the mediator puts a package together, the
engine checks its cost and every stakeholder accepts or counters; those who counter propose
again. It ends when all accept, when a package is the same as the one before, or after `rounds`
rounds. The last package is the result, agreed or not.

Utilities: u_g(x) = Σ_c w_gc · score_c(x), with score_c(x) the sum of the scores of the
package's items and w_g scaled to sum to 1. Only the engine computes costs and utilities. A
package over the budget is invalid and repaired: its items are taken in order, the essential ones
first, then as the file lists them, and each is kept if it still fits. A proposal is what its maker
must have, wants or could give up (its concessions); what it refuses are its red lines. Since an
answer has one word about each item, none can be named twice, unknown, or wanted and refused.

Outcome: `agreement`; `rounds` played; `package` (ids), `cost`; `total` = Σ u_g; `minimum` of
the u_g; `gini` = Σ_i Σ_j |u_i − u_j| / (2 n² ū); `satisfaction` (20th percentile over the
stakeholders of u_g, min–max normalised over all affordable packages, 0–1); all None where the
mediator gave no package; `accepted` (stakeholders who accept it); `invalid` (packages over the
budget); `failures` (calls without a valid answer). For comparison the same measures of the
package with the highest total, by enumeration (`best_package`, `best_total`, …), and of the base
design with the highest total (`base_design`, `base_total`, …; None without designs).

Events: `Proposal`, `PackageProposed`, `Acceptance`, `Utility` (of each stakeholder and round),
`Reference` (the best package and every base design).

Source: "Negotiative Alignment", of which only the abstract was at hand: groups and a neutral
mediator bargain under a budget with a public rubric, measured by total, minimum, 20th
percentile and Gini. Ours: the calls and their order, one word an item in place of lists of ids (small models repeat
one id to the end of a list), additive scores, the repair, the
percentile's linear interpolation, all items, groups and numbers.
"""
