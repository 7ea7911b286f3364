"""What measures speed, memory and growth, and races the peers; no file here is a study."""
