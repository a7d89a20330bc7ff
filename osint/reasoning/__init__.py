"""Relations, the exact posterior, evidence, cross-checks, findings."""
