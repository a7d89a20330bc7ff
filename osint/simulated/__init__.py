"""A SIMULATED world with known truth, and a server for it."""
