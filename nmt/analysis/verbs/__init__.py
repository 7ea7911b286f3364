"""What `python -m nmt.analyze` can do: one file a verb, found by its name; see nmt/analyze.py."""
