"""The phases, in the order in which whatever is kept by phase holds them."""

import numpy as np

PHASES = "abc"
PHASORS = np.exp(-2j * np.pi * np.arange(len(PHASES)) / len(PHASES))
"""A balanced system of positive sequence."""
