"""Faults injected into tiny runs, and what was lost by them."""
