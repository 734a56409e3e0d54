"""As much of the MATLAB language as case files use, read and evaluated here; nothing reaches Python's own `eval`."""
