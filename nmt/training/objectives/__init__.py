"""What training lowers, one objective a file: `train.objective.kind` is the file's name."""
