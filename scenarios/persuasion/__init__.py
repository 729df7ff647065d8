"""Double-blind persuasion: one persuades another whose beliefs and desires it must find out.

| role | sees | calls | answer |
|---|---|---|---|
| writer | background, goal, what would be done | `preventive_exists`, `…_content`, `…_belief`, `…_desire`, each only where the file leaves it out | yes or no; text |
| persuader | background, goal, what would be done; the talk; its own persona, notes and strategy, the observer's corrections; never a belief or desire of the persuadee | `open` or `request`, `attack`, `answer`, `satisfy`; freely `persuade` | text |
| | | `predict`, `revise`, each for one belief or desire | text |
| | | `strategy` | refute or divert the belief or the desire |
| persuader, aside | what the persuader reads and has noted, without persona; statements, one of them true | `guess` | a letter |
| persuadee | background, goal, what would be done; the talk; its own persona, beliefs and desires; never the persuader's notes or strategy | `reveal`, `object`, `doubt`, `agree`; freely `reply` | text |
| | | `willingness`, before the talk and after the persuader's last word | 1–7 |
| observer (optional) | background, goal, what would be done; the talk; its own persona, the persuadee's beliefs and desires, each prediction | `correct` | text |

The hidden mind has two states, each with what would be done, one belief and one desire: `preventive`,
what the persuadee wants to do (there may be none), and `generative`, what it is asked to do. The
belief about the latter is an objection. What the file leaves out is generated from background and goal.

Script, four exchanges (three, from `request` and `object` on, where `preventive` is none):

1. The persuader `open`s and asks why; the persuadee `reveal`s preventive belief and desire.
2. The persuader `attack`s one of them; the persuadee `object`s with the generative belief.
3. The persuader `answer`s that; the persuadee `doubt`s that it gets the generative desire.
4. The persuader `satisfy`s that; the persuadee `agree`s.

After each of the first three the persuader predicts, in its own words, what was just voiced; the
observer, if there is one, corrects each prediction, and the persuader revises it. With `form: free`
there are `exchanges` without instructions, and all four are predicted after each but the last.

Outcome: `goal`; `preventive` (what the persuadee wants to do; None for nothing); `exchanges`;
`willingness_before`, `willingness_after` (1–7) and `change`; `guessed_right` (share of the guesses that
no correction preceded); `corrections`; `leaks` (corrections with a word of a true statement that the persuader
had not met); `unanswered` (calls without a valid answer).

Events: `HiddenState`, `Willingness`, `Prediction`, `Guess`, `Leak` (every correction), `Strategy`, `Speech`.

Source: ToMMA, "Persuasion Should be Double-Blind", its public prompts (`PromptDesign/`): roles, the two
states, who sees what, the order of generation, the script and its limits. Ours: the writer as an agent;
willingness, since in the script the persuadee always yields, asked before it does so; the strategy as
one choice; the free form; the guess. A guess is a choice of a letter among the true statement and
`other_beliefs` or `other_desires`, or answers to the same generating question that differ, in an order
drawn once an episode; a program scores it. Since that shows the truth, it is asked aside, of an agent
that hears what the persuader hears and that nobody hears; it is also asked before the talk, as what
can be known without it. A leak counts words of four letters or more. A state that can't be
generated is left out (no `generative`: the goal stands for what would be done) and recorded as failed;
a prediction that fails is not corrected, a speech that fails is not heard.
"""
