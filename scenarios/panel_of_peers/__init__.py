"""Panel of peers: models answer, rate each other's answers blind, and the best and worst make a pair.

| role | sees | calls | answer |
|---|---|---|---|
| peer, answering | rules, the instruction, its own persona | `answer`, `candidates` times | text |
| peer, judging | rules, the instruction, one candidate without its author, its own persona | `score`, once a criterion | 1–5 |

One episode is one instruction. All candidates are written at once and nobody reads them
before they are judged; each judgement is pointwise and independent: it shows one candidate
and none of the other judgements. Every peer judges every candidate, its own too. A score is
the expectation over the judge's option probabilities.

A score s of 1–5 counts as (s − 1) / 4. A judge's reward of a candidate is the mean over
the criteria that it could be understood on; the panel's reward R is the mean over the judges
(`self_scores: include`), or over all but the author (`exclude`). The candidate with the highest
R is chosen, the one with the lowest rejected; the pair is kept if R(chosen) ≥ `floor` and
R(chosen) − R(rejected) ≥ `margin`, and the two differ. `palaestra export` keeps the same pairs; other
limits take `--floor` and `--margin`.

Outcome: `instruction`; `mean_reward`, `best_reward`, `worst_reward` (0–1); `pairs_kept`
(0 or 1) and its `margin`; `agreement` (mean over pairs of judges of the Pearson correlation of
their rewards, −1–1; pairs with fewer than three candidates in common, or a judge who rates all
the same, are left out); `self_preference` (mean of an author's reward of its own candidate less
that of the others, −1–1); `failures` (calls without a valid answer).

Events: `Candidate`, `PeerScore`, `PanelReward` (with and without the author's own score), `Pair`.

Source: Panel-of-Peers (15 candidates a model, five criteria, floor 0.85, margin 0.75, R over all
judges including the author). Ours: criteria count the same; the pair is taken from the whole
panel's candidates, so that one candidate a peer is enough; equal rewards make no pair.
"""
