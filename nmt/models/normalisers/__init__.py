"""What makes weights of energies, one a file: the value of `model.normaliser.kind` is its name."""
