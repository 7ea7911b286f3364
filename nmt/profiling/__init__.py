"""What the updates of a run spend their time on."""
