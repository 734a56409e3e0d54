"""State estimation of the whole network, by least squares or robustly; the public class is `estimator.StateEstimator`.

Read `estimator` first. `measurements` is where rows come from, `solution` finds the state (`topology` and `snapshot`
first, then `measurement_model`, `descent` and `gain_matrix`), `verdict` says which measurements are wrong and what they
cannot tell, `tables` shows an estimate to pandas. `control_room` composes it all for a twin, `pandapower_net` for a net
with measurements of its own.

The compiled kernels are cached next to their source. Numba notices a change of the file that holds a kernel, not of the
files that hold the kernels it calls: after editing one, delete ``__pycache__`` in `solution`.
"""
