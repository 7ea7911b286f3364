"""Readouts: `model.readout.kind` is the name of a file here."""
