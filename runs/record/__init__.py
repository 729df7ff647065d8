"""The record of a run: the log, its lines, and what an earlier sitting wrote."""
