"""A run as one HTML file that needs no network: what came of it, measured and plotted, and every word said.

`page` writes the file, `overview` its upper half, `transcripts` the data that its script reads (`notes` says
which events belong to which text), `pictures` embeds the plots.
"""
