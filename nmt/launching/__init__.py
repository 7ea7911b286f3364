"""From flags and studies to the folders of runs, and to their workers, which are started here."""
