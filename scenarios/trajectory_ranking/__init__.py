"""Whole episodes compared: judges read several finished episodes of one task side by side and score each.

| role | sees | calls | answer |
|---|---|---|---|
| judge (one or more) | the task, all trajectories of a group in one order, its own persona and rubric; of each what was said, under its speaker's name | `score`, of each trajectory in each order | one of the whole numbers from 1 to 10, relative to the other trajectories |

An episode is one group: 2 or more finished episodes of the same task. `palaestra judge RUN` makes the groups
of runs of any scenario and writes the file. A trajectory is what was said so that others read it: thoughts,
notes, memories, personas and private answers are no part of it, nor is whose model speaks.

Each judge reads each group in an order drawn from the seed and then in its reverse, `repeats` times, so that
of every two trajectories each is read first as often as the other. All scores of one order are asked after
one and the same prefix. Of every two the scores give a comparison: the probability that the one's is the
higher, a tie counting half, under the judge's option probabilities (`score_basis: sample`: 0, ½ or 1). With
`abstain: flips` a judge that prefers what it reads first, or second, in both orders counts for nothing on
these two.

Outcome: `best` (the trajectory with the highest share), `lead` (its share less the next one's),
`judged` (how many trajectories have a share), `failures` (scores that could not be parsed).

Events: `RelativeScore`, `Preference` (whose `criterion` says which of the repeats), `TrajectoryStanding`.

Source: RULER of OpenPipe's ART (a judge model sees the trajectories of a group together, what they share
once, and gives each a score relative to the others, after a general rubric). There one JSON answer holds all
scores from 0 to 1 with reasons, in one order; here each score is a choice whose probabilities and mass are
recorded, and orders are reversed.
"""
