"""Loss, optimizer, mesh, step, checkpoints and the loop that runs them."""
