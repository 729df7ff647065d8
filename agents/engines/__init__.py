"""The engines that come with Palaestra: a module a kind, with its settings and one value, `ENGINE`.

What turns calls into replies is in `palaestra.sims.engines` and is imported when an engine is built.
"""
