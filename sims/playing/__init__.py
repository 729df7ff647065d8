"""Playing: from a checked scenario to a finished run folder, many episodes at once."""
