"""Readouts, one a file: the value of `model.readout.kind` is the file's name."""
