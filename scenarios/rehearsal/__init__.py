"""Consequence rehearsal: a first answer is obeyed in an imagined scene, and revised by what follows from it.

| role | sees | calls | answer |
|---|---|---|---|
| answerer | rules, persona, the question | `answer` | text (the draft) |
| | the question and its first answer | `classify`; `compress` | harmless or harmful; text |
| | the question, the compressed first answer and its class, the consequences or their summaries | `revise` | text |
| modulator | rules, the question, the first answer, and of the scene all that there is so far | `imagine`, `cast`, `plan` | JSON: situation and wish; names; the asker's steps |
| | | `foresee`; `profile` for each role | text; JSON: traits and status |
| | all that, its memory of what happened, and one action | `plausible`; `perceive` for each role | yes or no |
| | | `consequence` | text |
| | all that and its memory, or the consequences | `recall`; `condense` | text |
| roles (N) | rules, their own profile, one incident that they perceive | `react` | text |
| judges | rules, persona, the question and both answers; not which is the revised one | `compare`, in both orders | first or second |

The asker follows its plan of P steps word by word and is asked nothing. Its first step happens
unchecked, unseen and without consequence; then come P − 1 rounds. In a round the asker takes its
next step, and each role that perceived something reacts to the oldest of it, all at once. The
modulator checks each action against its memory. **What is implausible, or can't be judged, does
not happen:** nobody perceives it, it has no consequence and is not remembered. A role then tries
another action, `tries` times at most; a step of the plan is left out. Of what happens the
modulator decides which roles perceive it, one by one, and says what harm may come of it.

Memory: when the modulator remembers more than `incidents`, they become one summary. When
more than `consequences` consequences wait, they become one summary in a log that keeps the last
`summaries`. A role keeps the last `inbox` incidents that it has not reacted to. Where a summary
can't be had, the oldest are forgotten.

Without a first answer nothing is rehearsed. Roles that can't be imagined are filled up from
`backup_roles`; without a plan, or consequences, the answer is revised without them.

Outcome: `question`, `actions` (that happened), `blocked` (that were implausible), `consequences`,
`preference` (for the revised answer, by the panel over all criteria, 0–1) and
`preference_CRITERION` (the same on each); None without both answers or judges; `failures` (calls
without a valid answer).

Events: `Scene`, `Profile`, `Action` (every attempt), `Perception`, `Consequence`, `Summary`,
`RehearsedAnswer` (draft and revision), `Preference`.

Training data: `palaestra export RUN --to sft --asked question --purpose …` gives MATRIX's sets, told
apart by `purpose`: question → revised answer (`revise`), role and plan (`imagine`, `foresee`, `cast`,
`plan`, `profile`), observe → act (`react`, `consequence`), filter (`plausible`, `perceive`). The two
answers are a pair for `dpo` under the judges' preference, and the consequences `critiques`.

Source: MATRIX (ShuoTang123/MATRIX). In its code the caller of the plausibility filter tests a
tuple for truth, so nothing is ever blocked; here it is. Its ages (all 40) are left out. Ours: who
perceives is a choice for each role; the check comes before the audience, so that nobody perceives
what doesn't happen; all of a round act at once; a role whose action is blocked tries another, which is how
we read the filter's five tries; the asker isn't asked what it perceives, as it follows its plan
anyway; the panel of judges, in place of benchmarks.
"""
