"""Recurrent cells: `model.cell.kind` is the name of a file here."""
