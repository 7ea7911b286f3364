"""Attention mechanisms: `model.attention.kind` is the name of a file here; it has an Attention."""
