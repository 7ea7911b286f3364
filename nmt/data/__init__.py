"""Text to tokens to batches, in NumPy; imports no JAX."""
