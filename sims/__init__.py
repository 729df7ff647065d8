"""How it executes: scheduler, engines, command line."""

if __name__ != "palaestra.sims":  # a second copy of every class would be no instance of the first
    raise ModuleNotFoundError("this package is palaestra.sims", name=__name__)
