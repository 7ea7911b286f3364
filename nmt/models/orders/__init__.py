"""Orders of a step of the decoder: `model.order.kind` is the name of a file here."""
