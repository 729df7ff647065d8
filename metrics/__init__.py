"""What happened, measured: pure functions from a run's tables to tables, and their plots."""
