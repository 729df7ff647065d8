"""How good preference pairs are: agreement, biases, duplicates, separability."""
