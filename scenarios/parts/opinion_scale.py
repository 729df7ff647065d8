"""The six-point scale on which all scenarios ask for opinions, −2.5 (certainly disagree) … 2.5."""

from palaestra.agents.answers import Choice
from palaestra.agents.populations.distributions import DEGREES

SCALE = {words: degree for degree, words in DEGREES.items()}
OPINION = Choice(tuple(SCALE))
