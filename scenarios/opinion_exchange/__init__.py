"""Opinion dynamics: a private opinion, rounds of a tweet and a chat in pairs, the opinion again.

| role | sees | calls | answer |
|---|---|---|---|
| participant | rules, its persona, its own first opinion and reason, its own tweets and chats, the tweet that a partner brought to their chat | `opinion`, `reason`, `tweet`, `chat` | one of six degrees of agreement; text; text; text |

| rater (optional) | rules, one message without its author, its own persona | `stance`, `on_topic` | one of six degrees; yes or no |

An even number N of people exchange opinions on one topic, a statement. In each of N − 1
rounds everybody posts a tweet; then all are paired with someone they have not met yet (the
circle method), both read each other's tweet and they chat, one message at a time in turns.
Nobody ever reads a tweet or a chat of others. At the end everybody tells the opinion again.

| mode | from the people on record | from the model |
|---|---|---|
| `simulate_all` | first opinions and reasons, where the file gives them | everything else, each on what it said before |
| `simulate_talk` | first opinions and reasons, tweets, who meets whom and who begins | chats, last opinions |
| `next_message` | everything that is heard | each tweet and each message of a chat, predicted from the true history before it and heard by nobody; last opinions after the true history |

A file with a record (`human:`) can be played in all three modes; in `simulate_all` the record
gives only who meets whom and who begins, and what was said stands in the log to compare with. Opinions are on the six-point scale of DEBATE,
−2.5 … 2.5; answers that can't be parsed are left out, and nobody hears them.

Outcome: `topic`, `mode`, `told` (how many told both opinions), `shift` (change of their mean
opinion, −5 … 5), `sd_change` (change of the standard deviation over them; below 0 they
converged, above they polarised), and the same from the record's last opinions: `human_told`,
`human_shift`, `human_sd_change` (None without any).
Events: `Pairing`, `Opinion`, `Tweet`, `Utterance`, `MessageStance` (of the rater). `message` is the number of what a model said,
`human` that of what stands in the record; a tweet or utterance of the record that no model was
asked for has no `message`.

Source: the DEBATE benchmark of opinion dynamics in human groups (protocol and three modes; its
groups are of 4, so three rounds). Ours: opinion and reason are two calls, so that the opinion
comes with the probabilities of its degrees; a chat has a fixed number of messages instead of
four minutes; who begins is drawn; a tweet once read stays in the partner's memory as part of
their chat; last opinions are asked in every mode; stance and topic of a message are rated by any policy
(`rater`), in two calls, where the paper asks one hosted model. What the metrics do otherwise than the paper
is said in `palaestra.metrics.families.utterances`.
"""
