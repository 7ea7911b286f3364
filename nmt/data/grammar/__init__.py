"""The embedded corpus: English-French pairs with gold word links, made by a synchronous grammar."""

from nmt.data.grammar.sample import pair, size

__all__ = ["pair", "size"]
