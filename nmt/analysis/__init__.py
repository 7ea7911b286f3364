"""Alignments, checkpoints and reports -> figures, tables and files."""
