"""The rules: the episode core, and one folder for each kind of interaction."""

if __name__ != "palaestra.scenarios":  # a second copy of every class would be no instance of the first
    raise ModuleNotFoundError("this package is palaestra.scenarios", name=__name__)
