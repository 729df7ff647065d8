"""Persona interview: people are asked who they are, talk of other things, and are asked again.

| role | sees | calls | answer |
|---|---|---|---|
| person | rules, its persona, the interviewer's lines, its own replies; with `talk: together` everybody's | `question` | one of the options |
| | | `chat` | text |

Everybody is asked every question before the first round and after each one. In a round the
interviewer brings up another matter and everybody replies, in an order that is drawn. Each time, the
order of the questions and of their options is drawn anew and the next wording is taken. Answers to
questions are not remembered, so the same answer again isn't a copy.

Questions are about the attributes of the population from which the people are drawn: its texts,
stances and numbers with words. People who are declared in the file have `attributes` instead, and
the file declares the `questions`. What is declared of somebody is in the persona, and the rules
alone compare it with the answers.

Outcome: `fidelity_first`, `fidelity_last` (share of the answers, before the first round and after the
last, that are what the persona says), `consistency` (share of the last answers that are those given
first); None without answers. Those that can't be parsed are left out.
Events: `Answered`, `Chatted`; `Persona`, who plays whom. Rewards: share of a person's answers that are
what its persona says; unparsed ones are not.

Source: ours.
"""
