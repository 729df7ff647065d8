"""Elections of the chair: ballots from calls, and what every voting rule makes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from palaestra.agents.agent import Agent
from palaestra.agents.answers import Choice
from palaestra.agents.calls import Question, Reply
from palaestra.scenarios.core.episode import Asking
from palaestra.scenarios.council.events import Election
from palaestra.scenarios.council.voting import (
    RULES,
    Ballot,
    Rule,
    ballot_by_choices,
    ballot_by_probability,
    winner,
)

Cast = dict[str, tuple[Ballot | None, str]]
"""By voter the ballot and its basis, see `events.BallotCast`."""


def read_ballots(
    voters: Sequence[Agent],
    candidates: Sequence[str],
    term: int,
    random: Random,
    asked: Callable[[list[Question]], Asking[list[Reply]]],
) -> Asking[Cast]:
    """Everybody's ballot: by the probabilities of one choice, or choice after choice without them.

    Each voter reads the candidates in an order of its own. A ranking ends at the first failed
    answer; one that is empty is no ballot.

    Args:
        voters: who votes.
        candidates: at least two names.
        term: that ends.
        random: draws the orders.
        asked: puts questions and returns the replies.
    """
    cast: Cast = {}
    left = {voter.name: random.sample(candidates, len(candidates)) for voter in voters}
    chosen: dict[str, list[str]] = {voter.name: [] for voter in voters}
    for place in range(1, len(candidates)):
        open_voters = [voter for voter in voters if voter.name not in cast]
        replies = yield from asked([_elect(voter, left[voter.name], term, place) for voter in open_voters])
        for voter, reply in zip(open_voters, replies, strict=True):
            names, ranking = left[voter.name], chosen[voter.name]
            if reply.failed:
                ballot = ballot_by_choices(ranking, len(candidates)) if ranking else None
                cast[voter.name] = ballot, "repeated choices" if ranking else "failed"
            elif reply.probabilities is not None and not ranking:
                cast[voter.name] = ballot_by_probability(names, reply.probabilities), "probabilities"
            else:
                ranking.append(str(reply.value))
                names.remove(str(reply.value))
                if len(names) == 1:
                    cast[voter.name] = (
                        ballot_by_choices([*ranking, *names], len(candidates)),
                        "repeated choices",
                    )
    return {voter.name: cast[voter.name] for voter in voters}


def election(
    term: int, rule: Rule, incumbent: str, lot: Sequence[str], ballots: Sequence[Ballot]
) -> Election:
    """Who is elected, and whom every rule would have elected; without ballots the incumbent stays.

    Args:
        term: at whose end.
        rule: that decides.
        incumbent: who is in the chair.
        lot: all candidates in the order in which ties are broken.
        ballots: that were cast.
    """
    elected = winner(rule, lot, ballots) if ballots else incumbent
    by_rule = {name: decide(lot, ballots) if ballots else None for name, decide in RULES.items()}
    return Election(term, rule, incumbent, elected, len(ballots), ", ".join(lot), **by_rule)


def _elect(voter: Agent, names: Sequence[str], term: int, place: int) -> Question:
    fill = {"candidates": ", ".join(names)}
    return voter.ask("elect", Choice(tuple(names)), fill, term=term, place=place)
