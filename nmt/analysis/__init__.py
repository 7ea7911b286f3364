"""Alignments and checkpoints -> figures."""
