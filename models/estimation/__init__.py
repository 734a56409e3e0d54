"""State estimation of the whole network, by least squares or robustly.

The public classes are `estimator.StateEstimator`, for one estimate, and `control_room.ControlRoom`, for one scan after
the other.

Read `estimator` first, then `snapshot` and `topology`, `measurement_set` (where rows come from), `measurement_model`
(h(x) and its Jacobian), `wls` and `gain_matrix` (the solution); `bad_data` and `identification` (which measurements are
wrong), `robust` and `least_absolute_value` (what hardly minds them), `observability`, `generic_network` and `critical`
(what the measurements cannot tell). What the control room learns from scan to scan is in `believed_topology`,
`staleness` and `forecast_accuracy`; what it expects without meters in `pseudo_measurements`.

The compiled kernels are cached next to their source. Numba notices a change of the file that holds a kernel, not of the
files that hold the kernels it calls: after editing one, delete ``__pycache__`` here.
"""
