"""Knight–knave–spy debate: agents solve a logic puzzle that has one known solution.

A knight's statement is true, a knave's false, a spy's either; the manager's are true, and
the manager always says how many spies there are. The puzzle is generated from the episode's
seed, or given. Its solution is known to the rules and never to an agent.

| role | sees | calls | answer |
|---|---|---|---|
| debater | the puzzle; after the first answers: everybody's explanation, roles, reasoning and (if `show_confidence`) confidence; its own persona and answers | `think` (optional, seen by nobody else) | text |
| | | `propose`, `answer`, `adjust`, `conclude`, each for one player | knight, knave or spy |
| | | `confidence` | 1–10 |
| | | `explain` | text |
| | | `discuss` | reasoning, names in `agree_with` and `disagree_with` |
| supervisor (optional) | the puzzle, all that debaters say to each other, final answers on which they differ | `order`, `decide` | the players in order; knight, knave or spy |

1. Each debater gives every player a role, says how sure it is (1–10) and explains itself, before it hears anybody.
2. For each player, in the puzzle's order or one chosen by one call: `depth` rounds in which all, at once, give that player a role and say why and with whom they agree; then everybody adjusts its full solution. A strict majority of these is that debate's consensus, which all are told.
3. Everybody gives a final full solution. The team's role for a player is that of a strict majority; else the supervisor's; without one (or if it fails) the role with most votes; else none.

Outcome: `puzzle`, `solution`, `decided`, `order`, `team_accuracy` (share of the players whose role the team has
right), `exact` (all right), `undecided` (players without a role), `initial_accuracy` (mean of the debaters'
first answers), `correct_to_correct` … `wrong_to_wrong` (debater × player, first answer against final),
`correction_rate` (W→C of W), `corruption_rate` (C→W of C), `correction_under_pressure` (W→C of W where most
others were wrong at first), `overturn_rate` (team right of those where most were wrong at first). Most are
wrong where more than half of those who answered are, whether or not they agree on a wrong role.

Events: `Puzzle`, `Answer` (every role that was given, with the probability of the true one), `Agreement`, `Consensus`.

Source: the published knight–knave–spy debate and its puzzle generator. Its supervisor can never act, because
any vote counts as a consensus; here it decides where there is no strict majority, as was meant. Ours: each role
is a call of its own, so that its probabilities are known; a role is told before its reason; an answer that fails
is no vote; confidence is told once, at first; the exact wording of the fifteen schemas and how statements are
drawn (see `statements`); puzzles found by redrawing single statements (see `puzzles`).
"""
