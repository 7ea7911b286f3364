"""What to run: each file's get_config([variant]) is one experiment. Imports neither nmt nor jax."""
