"""Three-phase feeders: their tables, and the two networks that are built from them."""
