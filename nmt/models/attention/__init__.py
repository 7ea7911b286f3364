"""Attention mechanisms, one a file: the value of `model.attention.kind` is the file's name."""
