"""What the project is measured against; each file needs the extra `peers` of setup.py."""
