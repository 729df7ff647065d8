"""Mesa as commands import it: what a run doesn't need is run where something of it is first used.

`import mesa` also runs pandas for its tables, NetworkX for its grids and SciPy for its experiments, which
takes several times as long as all else of it. In the program's own process these are only promised;
`mesa.DataCollector`, `mesa.space` and `mesa.experimental` are there as ever. Who imports the package
from Python gets a plain Mesa.

(The standard library's `LazyLoader` runs a module already where it is asked for its file, as `inspect`
does of all modules, which Mesa calls while it is imported.)
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType

HEAVY = ("mesa.experimental", "networkx", "pandas")
_running = RLock()


class _Promise(ModuleType):
    """A package that is run when something is asked of it but where its file is."""

    def __getattr__(self, name: str) -> object:
        with _running:
            spec = self.__spec__
            if spec is not None and isinstance(spec.loader, _Later):
                spec.loader.keep(self, spec)
            return ModuleType.__getattribute__(self, name)


class _Later(Loader):
    """Makes a promise of what the `real` loader would run."""

    def __init__(self, real: Loader) -> None:
        self.real = real

    def exec_module(self, module: ModuleType) -> None:
        """Leave it at the promise; who imports a part of it asks for its path first, which keeps it."""
        module.__class__ = _Promise
        del module.__path__

    def keep(self, module: ModuleType, spec: ModuleSpec) -> None:
        """Run what was promised."""
        module.__path__ = spec.submodule_search_locations or []
        module.__loader__ = spec.loader = self.real
        try:
            self.real.exec_module(module)
        except BaseException:
            spec.loader = self  # who asks again is told again why not
            raise
        module.__class__ = ModuleType


class _Finder(MetaPathFinder):
    """Finds the modules `HEAVY` before others do."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a promise; None of any other module."""
        spec = PathFinder.find_spec(fullname, path, target) if fullname in HEAVY else None
        if spec is not None and spec.loader is not None:
            spec.loader = _Later(spec.loader)
        return spec


def promise_heavy_modules() -> None:
    """From here on this process runs the modules `HEAVY` where something of them is used."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
