"""Who speaks: agents, the calls they make, the replies they get, the policies behind them."""

if __name__ != "palaestra.agents":  # a second copy of every class would be no instance of the first
    raise ModuleNotFoundError("this package is palaestra.agents", name=__name__)
