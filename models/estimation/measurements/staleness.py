"""How much less an old value says than a fresh one: its variance grows with the channel's measured random walk.

What a channel measures is taken to wander, x_t = x_s + w with Var(w) = q (t - s), as forecasting-aided state estimation
takes the state to do between two scans [1]_ [2]_. A value read at s with the meter's variance sigma^2 and used at t has
the variance sigma^2 + q (t - s). The intensity q of every channel is measured while values come in: a change d between
two successive reports has E[d^2] = 2 sigma_r^2 + q (t - s), where sigma_r is what of the meter's error is new in every
report (biases and drifts are not), and two successive changes share the noise of the report between them,
E[d d'] = -sigma_r^2 [4]_. So q is the mean of d^2 + 2 d d' over the mean interval, however the error is made up.

Report by exception adds something: a scan that sends nothing has, unless its message was lost, read a value within the
deadband of the last report. That reading is as good as known, but for an error spread evenly over the deadband on
either side (variance deadband^2 / 3, as quantisation has step^2 / 12), and the age counts from that scan on.

References
----------
.. [1] A. M. Leite da Silva, M. B. Do Coutto Filho, J. F. de Queiroz, State forecasting in electric power systems, IEE
   Proceedings C 130 (5), 1983.
.. [2] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 2.
.. [3] P. J. Huber, E. M. Ronchetti, Robust Statistics, 2nd edition, Wiley 2009, section 1.4: winsorising.
.. [4] R. Roll, A simple implicit measure of the effective bid-ask spread in an efficient market, The Journal of Finance
   39 (4), 1984: the walk of a price told from the noise of its quotations.
"""

from dataclasses import dataclass
from math import erf, floor, sqrt
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.estimation.measurements.metering_plan import STATUS, Channels
from models.estimation.solution.measurement_model import ANGLE, VOLTAGE
from models.network_model import BoolArray, FloatArray
from models.parameters import require_number
from models.telemetry.quality import Quality

# Before a channel has been watched: how far it wanders in a minute, in standard deviations of its meter. A load that
# fluctuates by 8 % with a correlation time of ten minutes makes some 4 of a meter of class 1; voltages stand still.
WANDERS_A_MINUTE = 4.0
VOLTAGE_WANDERS_A_MINUTE = 0.5
# The prior counts like so many changes; the average forgets over so many.
PRIOR_CHANGES = 10
REMEMBERED_CHANGES = 60
# A change counts no more than this many of its expected standard deviations: a forged or real jump is not the way the
# channel wanders, yet a channel that wanders faster than thought is believed within some ten changes.
LARGEST_CHANGE = 3.0
# Clocks of meters differ by no more than this. [scan periods]
CLOCKS_DIFFER = 0.05


@dataclass(frozen=True)
class Reporting:
    """What the control room knows of how values are sent.

    Attributes
    ----------
    scan_period_s
        Time between two scans, of all channels or of each, (n_channel,); 0 is a scan at every estimate. [s]
    deadband_percent
        A scan sends what has moved by more than this since it was last sent; 0 sends everything. [% of full scale]
    loss_probability
        Share of the messages that are lost, or late for the estimate. [-]
    """

    scan_period_s: ArrayLike = 0.0
    deadband_percent: float = 0.0
    loss_probability: float = 0.0

    def __post_init__(self) -> None:
        require_number("scan_period_s", float(np.min(self.scan_period_s)), at_least=0.0)
        require_number("deadband_percent", self.deadband_percent, at_least=0.0)
        require_number("loss_probability", self.loss_probability, at_least=0.0, at_most=1.0)


class Walks(NamedTuple):
    """What is known of every channel, and what was seen of it so far; all (n_channel,)."""

    variance: FloatArray
    """Of the meter. [unit^2]"""
    deadband: FloatArray
    """[unit]"""
    scan_period_s: FloatArray
    walks: BoolArray
    """False for states of equipment, which do not wander."""
    value: FloatArray
    """The last report; NaN before the first and while a value is given up. [unit]"""
    timestamp_s: FloatArray
    change: FloatArray
    """From the report before it, NaN without one. [unit]"""
    changes: FloatArray
    """Number of changes learned from."""
    mean_interval_s: FloatArray
    mean_walk: FloatArray
    """Moving averages over these changes. [s], [unit^2]"""
    intensity: FloatArray
    """q, their ratio. [unit^2/s]"""


class AgeVariance:
    """Watches all channels and tells what variance their age adds to that of their meters.

    Parameters
    ----------
    channels
        The metering plan.
    full_scale
        What deadbands are a percentage of, (n_channel,). [unit of the channel]
    reporting
        How values are sent.
    """

    def __init__(self, channels: Channels, full_scale: ArrayLike, reporting: Reporting) -> None:
        n_channel = len(channels)
        self._loss_probability = reporting.loss_probability
        stands_still = np.isin(channels.quantity, (VOLTAGE, ANGLE))
        wanders = np.where(stands_still, VOLTAGE_WANDERS_A_MINUTE, WANDERS_A_MINUTE)
        self._walks = Walks(
            variance=channels.variance.astype(float),
            deadband=np.asarray(full_scale, dtype=float) * reporting.deadband_percent / 100.0,
            scan_period_s=np.broadcast_to(np.asarray(reporting.scan_period_s, dtype=float), n_channel).copy(),
            walks=channels.quantity != STATUS,
            value=np.full(n_channel, np.nan),
            timestamp_s=np.full(n_channel, np.nan),
            change=np.full(n_channel, np.nan),
            changes=np.zeros(n_channel),
            mean_interval_s=np.zeros(n_channel),
            mean_walk=np.zeros(n_channel),
            intensity=channels.variance * wanders**2 / 60.0,
        )

    @property
    def intensity(self) -> FloatArray:
        """Variance by which every channel wanders in a second, as measured so far, (n_channel,). [unit^2/s]"""
        return self._walks.intensity.copy()

    def update(
        self, seconds: float, value: FloatArray, timestamp_s: FloatArray, quality: NDArray[np.int8]
    ) -> FloatArray:
        """Learn from what is new and say what the age of every value adds to its variance.

        Parameters
        ----------
        seconds
            Time of the estimate. [s]
        value, timestamp_s, quality
            What the control room holds, as of `models.telemetry.quality.Telemetry`. (n_channel,)

        Returns
        -------
        (n_channel,) 0 for fresh values, missing ones and states of equipment. [unit^2]
        """
        held = np.isfinite(value) & np.isfinite(timestamp_s) & (np.asarray(quality) < Quality.MISSING)
        held &= self._walks.walks
        watch(self._walks, held, np.asarray(value, dtype=float), np.asarray(timestamp_s, dtype=float))
        if not held.any():
            return np.zeros(len(held))
        last_scan_s = float(np.max(self._walks.timestamp_s[held]))
        return added_variance(self._walks, held, float(seconds), last_scan_s, self._loss_probability)


@numba.njit(cache=True)
def watch(walks: Walks, held: BoolArray, value: FloatArray, timestamp_s: FloatArray) -> None:
    """Take what is new into the moving averages."""
    for k in range(len(held)):
        if not held[k]:
            # What happens while a value is given up says nothing of how the channel wanders from scan to scan.
            walks.value[k] = walks.change[k] = np.nan
        elif not timestamp_s[k] <= walks.timestamp_s[k]:
            if not np.isnan(walks.value[k]):
                learn(walks, k, value[k] - walks.value[k], timestamp_s[k] - walks.timestamp_s[k])
            walks.value[k], walks.timestamp_s[k] = value[k], timestamp_s[k]


@numba.njit(cache=True)
def learn(walks: Walks, k: int, change: float, interval_s: float) -> None:
    """Learn from the change between two reports of channel k, if there was one before it."""
    credible = LARGEST_CHANGE * sqrt(2.0 * walks.variance[k] + walks.intensity[k] * interval_s)
    change = min(max(change, -credible), credible)
    before, walks.change[k] = walks.change[k], change
    if np.isnan(before):
        return
    if walks.changes[k] == 0:
        walks.mean_interval_s[k], walks.mean_walk[k] = interval_s, walks.intensity[k] * interval_s
    walks.changes[k] += 1
    weight = 1.0 / min(PRIOR_CHANGES + walks.changes[k], REMEMBERED_CHANGES)
    walks.mean_interval_s[k] += weight * (interval_s - walks.mean_interval_s[k])
    walks.mean_walk[k] += weight * (change**2 + 2.0 * change * before - walks.mean_walk[k])
    # Averaged before they are divided: reports by exception come soonest when the change is largest.
    walks.intensity[k] = max(walks.mean_walk[k], 0.0) / walks.mean_interval_s[k]


@numba.njit(cache=True)
def added_variance(
    walks: Walks, held: BoolArray, seconds: float, last_scan_s: float, loss_probability: float
) -> FloatArray:
    """What the age of every held value adds to its variance; `last_scan_s` is when anybody was last heard of."""
    added = np.zeros(len(held))
    for k in range(len(held)):
        if held[k] and walks.timestamp_s[k] < seconds:
            scans, silent_s = silence(walks.scan_period_s[k], last_scan_s - walks.timestamp_s[k])
            wandered = walks.intensity[k] * silent_s
            unmoved = (1.0 - share_lost(walks, k, loss_probability)) ** scans if scans > 0 else 1.0
            within_deadband = told_twice(walks.variance[k], wandered, walks.deadband[k] ** 2 / 3.0)
            since = walks.intensity[k] * max(seconds - walks.timestamp_s[k] - silent_s, 0.0)
            added[k] = since + unmoved * within_deadband + (1.0 - unmoved) * wandered
    return added


@numba.njit(cache=True)
def silence(scan_period_s: float, behind_s: float) -> tuple[float, float]:
    """Scans at which a channel was silent while others were heard, and the time from its report to the last of them.

    Where others have been heard of since, a channel was silent; before, nobody could have been heard. [-], [s]
    """
    if scan_period_s == 0.0:
        return (1.0 if behind_s > 0.0 else 0.0), behind_s
    scans = float(floor(behind_s / scan_period_s + CLOCKS_DIFFER))
    return scans, scans * scan_period_s


@numba.njit(cache=True)
def told_twice(variance: float, wandered: float, deadband: float) -> float:
    """What is added to the meter's variance if a report so old and a silence with such a deadband tell one value.

    Either alone would have the meter's variance and its own; the best mean of both has the harmonic one.
    """
    report, by_silence = variance + wandered, variance + deadband
    if report + by_silence == 0.0:
        return 0.0
    return max(report * by_silence / (report + by_silence) - variance, 0.0)


@numba.njit(cache=True)
def share_lost(walks: Walks, k: int, loss_probability: float) -> float:
    """Probability that a silent scan of channel k had something to send that was lost, by Bayes' theorem."""
    spread = sqrt(2.0 * (2.0 * walks.variance[k] + walks.intensity[k] * walks.scan_period_s[k]))
    nothing_to_send = erf(walks.deadband[k] / spread) if spread > 0.0 else 0.0
    lost = (1.0 - nothing_to_send) * loss_probability
    silent = lost + nothing_to_send
    return lost / silent if silent > 0.0 else 1.0
