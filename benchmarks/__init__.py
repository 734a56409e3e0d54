"""Opt-in measurements of CPU time, side by side with peers; run as ``python -m benchmarks.tick``."""
