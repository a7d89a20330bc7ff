"""From text to quantities with their words; units and rungs are the tables beside the code."""
