"""Encoders, one a file: the value of `model.encoder.kind` is the file's name."""
