"""The rules: the episode core, and one folder for each kind of interaction."""
