"""The best detector: pieces of evidence, each a file, and what weighs them (`fusion.py`)."""
