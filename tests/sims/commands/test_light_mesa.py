"""Commands import Mesa without what a run doesn't need, and have all of it where they ask for it."""

from __future__ import annotations

import subprocess
import sys

PROMISE = "from palaestra.sims.commands.light_mesa import promise_heavy_modules; promise_heavy_modules()"
PROMISED = "type(sys.modules['pandas']) is type(sys.modules['networkx']) is not type(sys)"


def said(code: str) -> str:
    """What a fresh process prints."""
    whole = f"import sys\n{PROMISE}\nimport mesa\n{code}"
    return subprocess.run(
        [sys.executable, "-c", whole], capture_output=True, text=True, check=True, timeout=100
    ).stdout.strip()


def test_an_episode_s_class_is_made_without_pandas_networkx_and_scipy() -> None:
    code = f"import palaestra.scenarios.debate.rules\nprint({PROMISED}, 'pandas._libs' in sys.modules, "
    assert said(f"{code}'scipy' in sys.modules, 'polars' in sys.modules)") == "True False False False"


def test_what_was_promised_is_whole_when_it_is_used() -> None:
    code = """
import networkx, pandas
from pandas.api.types import is_integer
class Counter(mesa.Model):
    def __init__(self):
        super().__init__()
        self.data = mesa.DataCollector(model_reporters={"steps": "steps"})
    def step(self):
        self.data.collect(self)
counter = Counter()
counter.step()
grid = mesa.space.NetworkGrid(networkx.path_graph(3))
print(list(counter.data.get_model_vars_dataframe()["steps"]), len(grid.G), is_integer(3))
print(mesa.experimental.devs.__name__, pandas.__spec__.loader.__class__.__name__)
"""
    assert said(code).splitlines() == ["[1] 3 True", "mesa.experimental.devs SourceFileLoader"]


def test_who_has_imported_them_before_keeps_them() -> None:
    code = f"import pandas, networkx\nkept = pandas.DataFrame\n{PROMISE}\nimport mesa\n"
    told = subprocess.run(
        [sys.executable, "-c", f"{code}print(pandas.DataFrame is kept, type(networkx).__name__)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    assert told.stdout.strip() == "True module"


def test_who_imports_the_package_from_python_gets_a_plain_mesa() -> None:
    code = "import sys, palaestra.scenarios.debate.rules, pandas; print(type(pandas).__name__)"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100
    )
    assert told.stdout.strip() == "module"
