"""What the residuals say: bad data, whose they are, and what the measurements cannot tell."""
