"""The scenarios there are: ours, and those that other packages register.

Another package adds its own by an entry point in the group `palaestra.scenarios`:
`mygame = "mypackage.mygame:MyGame"`, an `Episode` class.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any

from agents.failures import BadInput
from scenarios.episode import Episode

BUILT_IN = {
    "debate": "scenarios.debate.rules:Debate",
    "opinion_exchange": "scenarios.opinion_exchange.rules:OpinionExchange",
    "knights_knaves": "scenarios.knights_knaves.rules:KnightsKnaves",
    "step_challenge": "scenarios.step_challenge.rules:StepChallenge",
    "bernoulli_debate": "scenarios.bernoulli_debate.rules:BernoulliDebate",
    "social_deduction": "scenarios.social_deduction.rules:SocialDeduction",
    "negotiation": "scenarios.negotiation.rules:Negotiation",
    "package_bargaining": "scenarios.package_bargaining.rules:PackageBargaining",
    "council": "scenarios.council.rules:Council",
    "peer_feedback": "scenarios.peer_feedback.rules:PeerFeedback",
    "panel_of_peers": "scenarios.panel_of_peers.rules:PanelOfPeers",
    "paper_review": "scenarios.paper_review.rules:PaperReview",
    "mutual_welfare": "scenarios.mutual_welfare.rules:MutualWelfare",
    "rehearsal": "scenarios.rehearsal.rules:Rehearsal",
    "persuasion": "scenarios.persuasion.rules:Persuasion",
    "duel": "scenarios.duel.rules:Duel",
    "persona_interview": "scenarios.persona_interview.rules:PersonaInterview",
    "normal_form_game": "scenarios.normal_form_game.rules:NormalFormGame",
    "random_numbers": "scenarios.random_numbers.rules:RandomNumbers",
}


@cache
def registered() -> Mapping[str, str]:
    """Names of all scenarios, each with the `module:Class` that holds its rules.

    Every file that is checked asks for them, so installed packages are looked through only once; one that
    is installed later is seen by the next process.
    """
    others = {point.name: point.value for point in entry_points(group="palaestra.scenarios")}
    return MappingProxyType(others | BUILT_IN)


def scenario_class(name: str) -> type[Episode[Any]]:
    """The episode class of the scenario `name`; raises `BadInput` when there is none that loads."""
    found = registered()
    if name not in found:
        near = get_close_matches(name, found, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise BadInput(f"there is no scenario {name!r}", f"{hint}The scenarios are: {', '.join(found)}.")
    module, _, attribute = found[name].partition(":")
    try:
        cls: type[Episode[Any]] = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BadInput(
            f"the scenario {name!r} can't be loaded from {found[name]}: {error}",
            "Mend or uninstall the package that registers it.",
        ) from error
    return cls
