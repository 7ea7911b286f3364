"""Lengths up to which sentences are taken, in tokens without the end of sentence."""

MAX_SOURCE = 1000  # of a source to be translated
MAX_FORCED = 2000  # of either side of a pair to be forced
