"""Free debate on a motion, with private opinions before and after, and a blind panel.

| role | sees | calls | answer |
|---|---|---|---|
| debater | rules, the speeches of those it hears, its own persona, stance and earlier opinion | `opinion`, `argue` | one of six degrees of agreement; text |
| judge | rules, all speeches under blind labels ("Speaker 1"), the rubric | `score`, or `compare` | 1–10; one of two labels |

Rounds are simultaneous (nobody hears a speech of the same round before speaking) or
sequential. Who hears whom is any NetworkX graph. Opinions are on the six-point scale of
DEBATE (−2.5 … 2.5). A score is the expectation over the judge's option probabilities; with
pairwise judging it is the probability of being better than another, both orders counted alike; a judge that
prefers what it reads first, or second, in both orders counts for nothing there with `abstain: flips`.

Outcome: `winner` (the stance with the higher mean score, or "tie"), `margin` (points of
1–10, or probability, between the two best stances), `shift` (mean change of opinion).
"""
