"""Pieces of rules that several scenarios use: judging, hearing, picking, populations."""
