"""Figures for papers: a run's tables, or frames of levels and differences, drawn with matplotlib."""
