"""Weighted-least-squares state estimation of the whole network; the public class is `estimator.StateEstimator`."""
