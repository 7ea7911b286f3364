"""The paper's encoder: two recurrences, one from either end; an annotation is both states."""
