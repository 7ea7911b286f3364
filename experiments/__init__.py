"""Why to run it: each file is one study, its hypothesis in the docstring, sweep() its points."""
