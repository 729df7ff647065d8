"""Duels and n-way contests between policies, judged by the others, with live ratings.

| role | sees | calls | answer |
|---|---|---|---|
| fighter | the instruction, its own persona | `answer` | text |
| judge: every fighter outside the match, and the declared judges | the instruction and one answer, or two; never an author; its own persona and rubric | `score`, or `compare` | 1–10, or first/second |
| judge by claims | the instruction and one answer; then the instruction and one claim of it at a time; its own persona and rubric | `claims`, `score_claim` | a list of up to `most_claims` short texts; 1–10 |
| judge by likelihood | the instruction, as its author read it, then the answer in the place of its own | `weigh` | mean log-probability |

One episode is a tournament of `iterations`. In each one all matches are made from the
ratings at its start, all answers are asked in one batch, then all judgements; ratings move
afterwards, match by match, in order. A duel has two fighters; an n-way contest has all of
them, and every pair of them counts as a match of its own: the judges of a pair are those
who are not in it. A judge who could not be understood on a pair is left out of it.

With a `judge_budget` below 1 only that share of an iteration's matches is judged: those whose fighters'
ratings are closest at its start, where a result is least foreseen. In n-way contests that is by pair, so it
takes `judging: pairwise` there. The others are unjudged: no margin, no change of rating.

Judges that are one (same model, adapter, persona and rubric; temperature changes no expectation)
are refused where their words weigh differently. `judgements` above 1 are samples: they tell a
judge's own noise, and count as one judge. `palaestra audit-judges` puts planted pairs to the judges.

With `judging: pairwise` a judge that prefers what it reads first, or second, in both orders tells of the
order; with `abstain: flips` it counts for nothing on that pair.

With `judging: claims` a judge first lists the claims of an answer, then scores each by itself, without the
rest of the answer, and the answer's score is their mean. A claim that is listed twice counts once, one that
can't be scored not at all. Judges list their claims each for itself, and in their own words.

With `judging: likelihood` a judge says nothing and is shown no rubric: its score of an answer is the mean
log-probability of the answer's tokens in nats, as if it gave that answer itself. One prefill reads it and
nothing is decoded. It tells what the judge's model finds usual; only an audit shows whether that is right.
Policies of one model without adapters are one such judge, whatever their temperature. With a `reference`
(a policy of the same engine with another adapter, or none) that policy's mean log-probability is taken
off: what is left is the judge's implicit reward. Scores are nats a token then, in ratings, pairs and exports.

Ratings: SPARTA reputation or Elo (`metrics/ratings/sparta.py`, `metrics/ratings/elo.py`). Weights of
judges' words: uniform, Elo odds, or the SPARTA reputation at the moment of the update.
The events hold every judge's every score, so that cycles (A beats B beats C beats A)
stay visible and other weights can be tried afterwards. Where a program can tell right from
wrong (`check`), every answer's event says so, and with `judging: none` that alone decides.

Outcome: `leader` and `leader_rating`, `spread` (highest less lowest rating), `ties`
(share of decided matches with margin 0), `undecided` (matches without a usable judge), `unjudged` (matches that `judge_budget` left out),
`passed` (share of answers that pass the file's `check`; None without one),
`failures` (answers and judgements that could not be parsed).

Sources: SPARTA ALIGNMENT (matchmaking, blind pointwise judging, reputation-weighted
result, rating update and its variants); Multiplayer Nash Preference Optimization (what
its n-way training data needs). Where SPARTA's code puts a score of 5 for what it can't
parse, this one leaves that judgement out and counts it; means are not rounded. Pairwise judging, rubrics and Elo are ours.
Judging by likelihood: SimPO (the mean log-probability as a reward; its factor β and margin belong to a loss
and are left out); DICE (implicit rewards of a model trained by DPO; its reward is β times a sum over tokens
from which a length penalty is taken, ours a mean over tokens, and it picks the best and the worst of one
policy's answers where ours are several policies').
Judging by claims: DxHF (answers taken apart into claims). There people compare two answers whose claims
they are shown side by side, those that say the same linked and those of no relevance faint; here models
judge, each scores the claims that it found, one at a time and with the same weight, and nothing links them.
"""
