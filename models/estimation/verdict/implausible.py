"""Readings so far off that there is no state with them: a meter beyond its scale, a number that lost its point.

Gauss-Newton converges from where the network was before, or would be without load, if the readings are of some state
near there. A million megawatts are of none, and one such value would leave the control room blind. So where no state
is found, the channel that contradicts the state before most, in standard deviations, is set aside, one after the other,
until there is one: a check of plausibility before the estimation ([1]_), made only when it is needed. Channels set
aside are bad data, and count in J with all that lies between them and the state of the others.

References
----------
.. [1] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 5: bad data that simple
   plausibility checks detect before state estimation.
"""

from dataclasses import dataclass, replace

import numpy as np

from models.estimation.solution.snapshot import Snapshot
from models.estimation.solution.topology import Fit
from models.network_model import BoolArray, FloatArray


@dataclass(frozen=True, eq=False)
class Plausible:
    """The measurements with which there is a state.

    Attributes
    ----------
    snapshot
        Without the channels set aside.
    fit
        Of what is left.
    set_aside
        (n_channel,)
    deviation
        Of the channels set aside, from the state of the others; zero for all others. (n_channel,) [standard deviations]
    """

    snapshot: Snapshot
    fit: Fit
    set_aside: BoolArray
    deviation: FloatArray


def plausible_part(snapshot: Snapshot, most: int) -> Plausible | None:
    """The measurements without those that stand between them and a state; None if more than `most` do."""
    left, fit = snapshot, snapshot.topology.fit(snapshot.readings)
    if fit is not None:
        none = np.zeros_like(snapshot.usable)
        return Plausible(snapshot, fit, none, none.astype(float))
    for _ in range(most):
        left = _without_the_strangest(left)
        fit = left.fit_without(left.nothing)
        if fit is not None:
            set_aside = snapshot.usable & ~left.usable
            deviation = snapshot.topology.deviations(snapshot.readings, fit.solution.v)
            return Plausible(left, fit, set_aside, np.where(set_aside, _at_channels(snapshot, deviation), 0.0))
    return None


def _without_the_strangest(snapshot: Snapshot) -> Snapshot:
    """Set the channels aside that read what is the farthest from the state before."""
    measurements = snapshot.topology.measurements
    deviation = snapshot.topology.deviations(snapshot.readings)[: measurements.n_metered]
    strangest = measurements.channels_in(np.arange(measurements.n_row) == int(np.argmax(deviation)))
    return replace(snapshot, usable=snapshot.usable & ~strangest)


def _at_channels(snapshot: Snapshot, deviation: FloatArray) -> FloatArray:
    measurements = snapshot.topology.measurements
    return measurements.at_channels(deviation[: measurements.n_metered], snapshot.usable)
