"""Doubly-efficient debate about a random computation, simulated on trees whose truth is known.

A computation tosses `steps` coins (t + 1 in the source); an oracle gives the chance that
the next bit is 1 after any bits so far, and the last bit is the answer. Alice wants the
answer 1, Bob wants 0. At each step Alice states the chance, Bob accepts it or challenges:

| Bob | what follows |
|---|---|
| accepts | the protocol tosses a coin of the chance that Alice stated; after the last step its bit decides: 1 for Alice |
| challenges | Vera checks this one statement and the game ends: Alice wins if she accepts it, else Bob |

No model is asked anything: an episode is over before its first call.

| role | sees | honest | dishonest |
|---|---|---|---|
| Alice | the bits so far, samples of the oracle | her estimate to within c | `drift`: every chance is moved to her side by `shift`·c; `big_lie`: one chance, at a random step, by `lie`; `late_lie`: the last one, by `lie`; true ones elsewhere |
| Bob | the bits, Alice's statement, samples of the oracle | challenges a statement that is (s+b)/2 or more from his estimate to within (b−s)/2 | challenges whatever is said: `never`, at the `first` step, at a `random` one, at the `last` |
| Vera | the bits and the statement that was challenged, samples of the oracle | accepts a statement less than (c+s)/2 from her estimate to within (s−c)/2 | – |

An estimate that may err by more than e with probability q takes n(e, q) = ⌈ln(2/q) / 2e²⌉
samples of the oracle (Hoeffding). With k the Lipschitz constant of the computation:
c = .01/k, s = .02/k, b = .05/k, q = .01/(t+1) for Alice and Bob, v = .01 for Vera. Then a
side that is honest and right (the answer is its bit with probability 2/3 or more) wins with
probability 3/5 or more against any opponent, and Vera's work doesn't grow with t.

Outcome: `alice`, `bob` (their strategies), `truth` (the side that the answer is likelier to
favour), `honest_side` ("alice", "bob", "both", "neither"), `winner`, `truth_won`, `honest_won`
(None unless exactly one side is honest), `challenged_step` (from 1; None without challenge),
`accepted` (Vera's verdict; None without), `alice_queries`, `bob_queries`, `vera_queries`
(samples of the oracle).
Events: `Step` (what was true, what was said, what became of it), `Check` (Vera's verdict).

Source: Brown-Cohen, Irving and Piliouras, "Scalable AI Safety via Doubly-Efficient Debate",
the stochastic protocol, with the constants of its formal proof. Ours: the family of trees
(see `trees`), the strategies, and that a dishonest side knows the tree, so that its
knowledge costs no queries and its lies are as well aimed as can be.
"""
