"""Status channels: what tells which state equipment is in, rather than how much there is of a quantity."""

STATUS_TYPES = ("tap", "closed")
"""Measurement types of a transformer's tap position and of a switch that is closed (1) or open (0)."""
