"""softmax: exp(e), divided by the sum over the real words."""
