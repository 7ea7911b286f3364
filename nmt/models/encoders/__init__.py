"""Encoders: `model.encoder.kind` is the name of a file here."""
