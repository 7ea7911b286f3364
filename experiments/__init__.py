"""Studies: each file states a hypothesis in its docstring, and sweep() yields its points."""
