"""Training data from a run: what is comparable in it, in which formats, and the folder that holds it.

`palaestra formats` lists the formats, and the columns of each with types and meanings; they stand in
`formats`, a module each. Every row says where it came from: `run`, `scenario`, `episode`, calls, agents,
policies, and the scores with who gave them.
"""
