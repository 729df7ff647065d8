"""A run as an HTML page that needs no network: what came of it, measured and plotted, and every word said.

`page` writes the file, and chapters beside it where it would be too large, `overview` its upper half,
`transcripts` the data that its script reads (`notes` says which events belong to which text), `pictures`
embeds the plots.
"""
