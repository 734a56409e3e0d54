"""State estimation of a network by itself, outside any co-simulation: ``gridtwin estimate``."""
