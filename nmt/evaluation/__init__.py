"""Translations and alignments -> scores."""
