"""What makes weights of energies, one a file: the value of `model.normaliser.kind` is its name.

A file has `make(model)`, which gives normalise(e, real): weights over the last axis, 0 on padding.
With the trait SPENDS it is normalise(e, real, spent), which also gets the sum of the weights of the
steps before, of the shape of e.
"""
