"""Robust estimates by iterative reweighting: rows that disagree with the rest lose weight, none is removed.

Both are M-estimates with Huber's loss, quadratic within a few standard deviations and linear beyond, found as a
sequence of weighted-least-squares estimates whose weights follow from the last residuals:

``huber``
    every row is judged by its residual over its meter's standard deviation. A row with leverage, which pulls the
    estimate towards itself, hides a gross error in a small residual.
``shgm``
    Schweppe-Huber generalised M-estimate: the residual at which a row loses weight shrinks with its leverage, as its
    own standard deviation does: sigma_i sqrt(1 - h_ii), h_ii the diagonal of the hat matrix H G^-1 H' W.

Zero injections are laws, not measurements: they keep full weight.

References
----------
.. [1] E. Handschin, F. C. Schweppe, J. Kohlas, A. Fiechter, Bad data analysis for power system state estimation, IEEE
   Trans. PAS 94 (2), 1975: both losses; leverage from the hat matrix's diagonal.
.. [2] L. Mili, M. G. Cheniae, N. S. Vichare, P. J. Rousseeuw, Robust state estimation based on projection statistics,
   IEEE Trans. Power Systems 11 (2), 1996: leverage from projection statistics, which clusters of leverage rows cannot
   mask; on radial feeders they call nearly all power rows leverage, and clean estimates lose efficiency.
.. [3] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 6: iteratively reweighted
   least squares, quadratic-linear loss.
.. [4] P. J. Huber, E. M. Ronchetti, Robust Statistics, 2nd ed., Wiley 2009, chapter 7.
"""

import numpy as np

from models.estimation.measurements.measurement_set import Readings
from models.estimation.solution.topology import Fit, TopologyEstimation
from models.network_model import FloatArray

# Standard deviations at which the loss turns linear: 95 % of the efficiency of least squares on Gaussian errors ([4]).
TUNING_CONSTANT = 1.345
# Rows change their weight by less than this share of full weight at the end,
SETTLED = 1e-3
# which takes a dozen fits; a fit that is not quite settled is good enough.
MAX_REWEIGHTINGS = 60


def huber(topology: TopologyEstimation, readings: Readings, fit: Fit) -> Fit | None:
    """Huber's M-estimate, from the state of a least-squares fit; None if an inner fit does not converge."""
    limit = TUNING_CONSTANT * np.sqrt(readings.variance)
    return _reweighted(topology, readings, fit, limit)


def schweppe_huber(topology: TopologyEstimation, readings: Readings, fit: Fit) -> Fit | None:
    """Schweppe-Huber generalised M-estimate, from a least-squares fit; None if an inner fit does not converge."""
    # Critical rows, without a standard deviation, have no residual to be judged by.
    own_deviation = topology.residual_std_dev(fit)
    limit = TUNING_CONSTANT * np.where(np.isnan(own_deviation), np.sqrt(readings.variance), own_deviation)
    return _reweighted(topology, readings, fit, limit)


def _reweighted(topology: TopologyEstimation, readings: Readings, fit: Fit, limit: FloatArray) -> Fit | None:
    """Refit until the weights settle; a row's weight is cut to limit / |r| where its residual exceeds the limit."""
    full = fit.weight
    limit = np.where(topology.measurements.is_zero_injection, np.inf, limit)
    share = np.ones_like(full)
    for _ in range(MAX_REWEIGHTINGS):
        distance = np.abs(fit.solution.residual)
        target = np.divide(limit, distance, out=np.ones_like(full), where=distance > limit)
        if np.abs(target - share)[full > 0.0].max(initial=0.0) < SETTLED:
            break
        share = target
        refit = topology.refit(readings, full * share, fit)
        if refit is None:
            return None
        fit = refit
    return fit
