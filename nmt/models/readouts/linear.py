"""A layer as wide as the state, then the vocabulary."""
