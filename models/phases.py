"""The phases, in the order in which whatever is kept by phase holds them."""

PHASES = "abc"
