"""Peer feedback on a grid: draft, feedback of neighbours, revision, and an observer who rates both.

| role | sees | calls | answer |
|---|---|---|---|
| peer, answering | rules, its question, its persona, its nearest remembered question and answer | `draft` | text |
| peer, giving feedback | rules, question and draft with the author's name, its persona, its own nearest memory | `rate`; `explain`, with the rating it gave | 1–7; text |
| peer, revising | rules, question and its draft, its persona, the mean rating, the reasons with their ratings, the harshest last | `revise` | text |
| observer | rules, the question and one answer; not whose it is, nor whether draft or revision | `observe`, `observe_reason`, on two criteria | 1–7; text |

The world is a grid of g × g cells with one peer each, row by row in the file's order. Neighbours are
those within the Euclidean distance g // 2. In a round each peer gets the next question of the file,
all drafts are written at once, each draft goes to some peers (*back-scatter*), and all revisions are
written at once. Local: min(`quota`, neighbours) neighbours at random. Global: int((1 − `dropout`) ·
neighbours) of them, at least one, then others from the whole world until the quota is full.

Memory holds question → answer: prior pairs from the file, by the peer's label, then its own
revisions; the answer to a question that comes again is not overwritten. The nearest question is
shown if its distance is below `distance`. All of a round remember as they did at its start.

Labels: `all_good`, `all_bad`; `half_half` makes the first g² // 2 cells on or above the diagonal, row
by row, good; `mixed_half_half` makes g² // 2 cells good at random. A label only chooses the prior pairs.

A rating that can't be parsed is left out of the mean, is not explained, and is counted; a peer
whose raters all failed revises without feedback. A draft that failed goes to nobody.

Outcome: `alignment_before`, `alignment_after`, `engagement_before`, `engagement_after` (observer's
means, 1–7, over the answers that it rated both before and after), `rating` (mean of all peers'
ratings, 1–7), `failures` (calls without a valid answer).

Events: `Draft`, `Feedback`, `Revision`, `Observation`.

Source: the sandbox of Stable Alignment. Its sentinels for unparsed ratings (8 and −1) and its
division by zero when all fail are gone, and a peer is told the author's name, where the code tells
it its own. Ours: the distance of questions is 1 − cosine of word counts, and `distance` is fitted to it:
0.6, where the code has 0.3 for an embedding (text-embedding-ada-002), under which most questions are
near some memory; a peer remembers nine pairs of our own instead of fifty of a data set; a peer is asked
for the rating first and for its reason in a second call that names the rating, so that a rating has
probabilities and a small model can do both; all of a round act at once.
"""
