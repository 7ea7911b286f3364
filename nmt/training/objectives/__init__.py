"""What training lowers: `train.objective.kind` is the name of a file here."""
