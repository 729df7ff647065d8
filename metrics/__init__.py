"""What happened, measured: pure functions from a run's tables to tables, and their plots."""

if __name__ != "palaestra.metrics":  # a second copy of every class would be no instance of the first
    raise ModuleNotFoundError("this package is palaestra.metrics", name=__name__)
