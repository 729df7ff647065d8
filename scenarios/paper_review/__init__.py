"""Paper review: reviews, rebuttal, revised scores, and an area chair who decides.

| role | sees | calls | answer |
|---|---|---|---|
| author | rules, the paper, all reviews and their scores under labels ("Reviewer 1") | `rebut`, or `rebut_jointly` | text |
| reviewer | rules, the paper, its own review and scores, the rebuttal; with `visible_reviews` the other reviews and scores too | `review`; `rate`, once a criterion; `revise` | text; 1–4, 1–5 or 1–10; 1–10 |
| area chair | rules, the paper, all reviews, scores, rebuttals and revised scores | `meta_review`; `decide` | text; accept/reject |

Reviews are written at once and independently; then each reviewer scores soundness,
presentation and contribution (1–4), its confidence (1–5) and the paper overall (1–10). The
author answers each review (`rebuttal: per_review`; the answer goes to that reviewer, and with
`visible_reviews` to all) or all of them at once (`joint`; it goes to all). Reviewers then
score the paper overall once more, and the chair writes a meta-review and decides.

With `blind: double` no reviewer and no chair reads the author's name; with `single` it stands on
the paper. Reviewers are labels to everybody in both. A name that slips into the text of the one
whose name it is is blotted out before others read it, and a paper that names its author is refused.

Outcome: `paper`; `decision` ("accept", "reject") and `accept` (probability 0–1); `overall_before`,
`overall_after` (means, 1–10) and `spread_before`, `spread_after` (population standard deviations) over
the reviewers who gave both; `failures` (calls without a valid answer).

Events: `Review`, `ReviewScore`, `Rebuttal`, `Decision`.

The rules are ours, after the forms of machine-learning conferences; none of them is re-run here.
"""
