"""Greedy and beam search over any step function, and the translation of text with them."""
