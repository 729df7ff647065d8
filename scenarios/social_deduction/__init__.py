"""Hidden roles: an informed minority among an uninformed majority (The Traitors, Werewolf).

| role | sees | calls | answer |
|---|---|---|---|
| everyone | the rules, the public talk and its announcements, its own persona, trait, role and notes | `reflect`, `discuss`, `react`, `comment`, `summarize` | text, or thought and speech as JSON |
| | | `vote` | one of the living others |
| | | `suspect`, `trust` (each living other) | 0–10 |
| minority, in addition | who the others of the minority are, their talk at night | `plot`, `conclude` | text, or thought and speech as JSON |
| | | `kill` | one of the living majority |
| seer (of the majority), in addition | the teams of those whom it inspected | `inspect` | one of the living others not yet inspected |

With `introduction`, the traits are published and each player notes a private first impression.
Then each round is a day and a night:

1. The morning tells who died in the night, without the role.
2. Talk on the topic of the day: pass 1 in the order of the file, each hearing those before;
   in pass 2 all react at once to pass 1. Topics and reactions rotate by the day. Then a private note.
3. Vote, all at once and secret. Most votes lose; of those who tie, the one first named in
   voting order, which is the order of the file. The role is shown to all, all comment at once
   and note again.
4. Night: the seer inspects. The minority talks, one after another, then all conclude at once;
   they vote, by the same rule. A lone member has nobody to talk to, and a last target needs no vote.
5. Once a round the end is checked: no minority left, the majority wins; the minority at least
   as many as the majority, the minority wins. After `max_rounds` the game is undecided.

Beliefs are asked each day before and after the talk and stay private: nobody hears them, and
they are not shown again. Thoughts go to the log only. An answer that can't be parsed is recorded
as None: such a speech is heard by nobody, such a vote counts for nobody.

Outcome: `winner` (a team's name or "undecided"), `rounds` played, `minority_survivors`,
`majority_survivors`.

Events: `Role`, `Belief`, `Speech`, `Vote`, `Elimination`, `Inspection`.

Source: "The Traitors" (public code), its cycle and constants (10 players, 3 traitors, 6 topics,
5 reactions). Mended: votes by day go to living others only and votes by night to living members
of the majority only, so no vote is spent on the dead; every vote is logged, the invalid too;
the number of the minority is told to all, as its documentation says. Ours: all texts; the
comments, reactions and conclusions hear none of their own pass; secret ballots of which only
the count is announced; no vote on a last target; beliefs; the seer, who may not ask twice
about the same player; thoughts apart from speech as two fields of one answer.
"""
