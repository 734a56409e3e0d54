"""A feeder's OpenDSS circuit, as the plant solves it and as the control room knows its admittances."""
