"""Normalisers of energies: `model.normaliser.kind` is the name of a file here."""
