"""Loss, optimizer, sharding, step, checkpoints and the loop that runs them."""
