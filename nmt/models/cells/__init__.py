"""Recurrent cells, one a file: the value of `model.cell.kind` is the file's name."""
