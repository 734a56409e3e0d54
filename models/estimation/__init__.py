"""Weighted-least-squares state estimation of the whole network; the public class is `estimator.StateEstimator`.

Read `estimator` first, then `topology`, `measurement_set` (where rows come from), `measurement_model` (h(x) and its
Jacobian), `wls` and `gain_matrix` (the solution), `bad_data` and `observability`.

The compiled kernels are cached next to their source. Numba notices a change of the file that holds a kernel, not of the
files that hold the kernels it calls: after editing one, delete ``__pycache__`` here.
"""
