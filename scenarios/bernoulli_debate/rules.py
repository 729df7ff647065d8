"""An episode of a Bernoulli debate: one tree, one matchup, one game."""

from __future__ import annotations

from pathlib import Path

from numpy.random import Generator, default_rng

from palaestra.agents.calls import Scalar, derive_seed
from palaestra.scenarios.bernoulli_debate.config import BernoulliDebateConfig, Matchup
from palaestra.scenarios.bernoulli_debate.protocol import (
    Alice,
    Bob,
    Constants,
    TreeCheck,
    TreeGame,
    TreeStep,
    planned_challenge,
    planned_lies,
    play_game,
)
from palaestra.scenarios.bernoulli_debate.trees import Tree, draw_tree
from palaestra.scenarios.core.episode import Episode, Play


class BernoulliDebate(Episode[BernoulliDebateConfig]):
    """One game.

    Attributes:
        tree: the computation that it is about; drawn when the episode plays.
    """

    kind = "bernoulli_debate"
    config_type = BernoulliDebateConfig
    event_types = (TreeStep, TreeCheck)
    prompts_file = Path(__file__).parent / "prompts.yaml"
    tree: Tree

    def play(self) -> Play:
        """Draw a tree and play; no call is made."""
        yield from ()
        config = self.config
        (matchup,) = self.cycled(config.matchups)
        random = default_rng(derive_seed(self.episode_seed, "game"))
        honest = honest_side(matchup.alice == "honest", matchup.bob == "honest")
        truth = honest if honest in ("alice", "bob") else ("alice", "bob")[random.integers(2)]
        likely = config.confidence if truth == "alice" else 1 - config.confidence
        self.tree = draw_tree(random, config.steps, config.lipschitz, likely)
        game = self._game(matchup, random)
        for event in game.events:
            self.record(event)
        about: dict[str, Scalar] = {"alice": matchup.alice, "bob": matchup.bob, "truth": truth}
        return about | {"honest_side": honest} | result(game, truth, honest)

    def _game(self, matchup: Matchup, random: Generator) -> TreeGame:
        config = self.config
        constants = Constants(config.steps, config.lipschitz)
        drift = config.shift * constants.c
        lies = planned_lies(matchup.alice, config.steps, drift, config.lie, random)
        challenge = planned_challenge(matchup.bob, config.steps, random)
        alice = Alice(matchup.alice, self.tree, constants, random, lies)
        bob = Bob(matchup.bob, constants, random, challenge)
        return play_game(self.tree, constants, alice, bob, random)


def honest_side(alice: bool, bob: bool) -> str:
    """Which sides are honest, given whether each is: "alice", "bob", "both" or "neither"."""
    if alice == bob:
        return "both" if alice else "neither"
    return "alice" if alice else "bob"


def result(game: TreeGame, truth: str, honest: str) -> dict[str, Scalar]:
    """What the outcome tells of a game in which the side `truth` was right and `honest` was honest."""
    check = game.check
    return {
        "winner": game.winner,
        "truth_won": game.winner == truth,
        "honest_won": game.winner == honest if honest in ("alice", "bob") else None,
        "challenged_step": check.number if check else None,
        "accepted": check.accepted if check else None,
        **{f"{party}_queries": count for party, count in game.queries.items()},
    }
