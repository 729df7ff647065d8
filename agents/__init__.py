"""Who speaks: agents, the calls they make, the replies they get, the policies behind them."""
