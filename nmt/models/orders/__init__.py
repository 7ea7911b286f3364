"""Orders of a decoder's step, one a file: the value of `model.order.kind` is the file's name."""
