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

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf

from models.estimation.measurement_model import ANGLE, VOLTAGE
from models.estimation.metering_plan import STATUS, Channels
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
        Share of the messages that are lost. [-]
    """

    scan_period_s: ArrayLike = 0.0
    deadband_percent: float = 0.0
    loss_probability: float = 0.0

    def __post_init__(self) -> None:
        require_number("scan_period_s", float(np.min(self.scan_period_s)), at_least=0.0)
        require_number("deadband_percent", self.deadband_percent, at_least=0.0)
        require_number("loss_probability", self.loss_probability, at_least=0.0, at_most=1.0)


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

    Attributes
    ----------
    intensity
        Variance by which every channel wanders in a second, as measured so far, (n_channel,). [unit^2/s]
    """

    def __init__(self, channels: Channels, full_scale: ArrayLike, reporting: Reporting) -> None:
        self._scan_period_s = np.broadcast_to(np.asarray(reporting.scan_period_s, dtype=float), len(channels))
        self._loss_probability = reporting.loss_probability
        self._deadband = np.asarray(full_scale, dtype=float) * reporting.deadband_percent / 100.0
        self._walks = channels.quantity != STATUS
        self._noise = np.where(self._walks, 2.0 * channels.variance, 0.0)
        stands_still = np.isin(channels.quantity, (VOLTAGE, ANGLE))
        wanders = np.where(stands_still, VOLTAGE_WANDERS_A_MINUTE, WANDERS_A_MINUTE)
        self.intensity: FloatArray = 0.5 * self._noise * wanders**2 / 60.0
        self._value = np.full(len(channels), np.nan)
        self._timestamp_s = np.full(len(channels), np.nan)
        self._change = np.full(len(channels), np.nan)
        self._changes = np.zeros(len(channels))
        self._mean_interval_s = np.zeros(len(channels))
        self._mean_walk = np.zeros(len(channels))

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
        (n_channel,) 0 for fresh values, missing ones and statuses. [unit^2]
        """
        held = self._walks & np.isfinite(value) & np.isfinite(timestamp_s) & (quality < Quality.MISSING)
        new = held & ~(timestamp_s <= self._timestamp_s)
        self._learn(new & np.isfinite(self._value), value, timestamp_s)
        # What happened while a value was given up says nothing of how the channel wanders from scan to scan.
        self._value = np.where(held, np.where(new, value, self._value), np.nan)
        self._change[~held] = np.nan
        self._timestamp_s = np.where(new, timestamp_s, self._timestamp_s)
        return self._variance_of_age(seconds, held)

    def _learn(self, reported: BoolArray, value: FloatArray, timestamp_s: FloatArray) -> None:
        """Take the changes since the last report into the moving averages."""
        interval_s = np.where(reported, timestamp_s - self._timestamp_s, 0.0)
        credible = LARGEST_CHANGE * np.sqrt(self._noise + self.intensity * interval_s)
        change = np.where(reported, np.clip(value - self._value, -credible, credible), 0.0)
        counts = reported & np.isfinite(self._change)
        walk = np.where(counts, change**2 + 2.0 * change * self._change, 0.0)
        self._change = np.where(reported, change, self._change)

        first = counts & (self._changes == 0)
        self._mean_interval_s[first] = interval_s[first]
        self._mean_walk[first] = (self.intensity * interval_s)[first]
        self._changes += counts
        weight = counts / np.minimum(PRIOR_CHANGES + self._changes, REMEMBERED_CHANGES)
        self._mean_interval_s += weight * (interval_s - self._mean_interval_s)
        self._mean_walk += weight * (walk - self._mean_walk)
        # Averaged before they are divided: reports by exception come soonest when the change is largest.
        known = self._changes > 0
        self.intensity[known] = np.maximum(self._mean_walk[known], 0.0) / self._mean_interval_s[known]

    def _variance_of_age(self, seconds: float, held: BoolArray) -> FloatArray:
        if not held.any():
            return np.zeros(len(held))
        scans, silent_s = self._silence(held)
        wandered = self.intensity * silent_s
        unmoved = (1.0 - self._share_lost()) ** scans
        within_deadband = self._told_twice(wandered, self._deadband**2 / 3.0)
        since_s = np.where(held, np.maximum(seconds - self._timestamp_s - silent_s, 0.0), 0.0)
        return held * (self.intensity * since_s + unmoved * within_deadband + (1.0 - unmoved) * wandered)

    def _silence(self, held: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Scans that every channel was silent at, and the time from its last report to the last of them. [-], [s]

        Where others have been heard of since, a channel was silent; before, nobody could have been heard.
        """
        behind_s = np.where(held, np.max(self._timestamp_s[held]) - self._timestamp_s, 0.0)
        period_s = self._scan_period_s
        periods = np.divide(behind_s, period_s, out=np.sign(behind_s), where=period_s > 0.0)
        scans = np.floor(periods + CLOCKS_DIFFER)
        return scans, np.where(period_s > 0.0, scans * period_s, behind_s)

    def _told_twice(self, wandered: FloatArray, deadband: FloatArray) -> FloatArray:
        """What is added to the meter's variance if a report so old and a silence with such a deadband tell one value.

        Either alone would have the meter's variance and its own; the best mean of both has the harmonic one.
        """
        report, silence = 0.5 * self._noise + wandered, 0.5 * self._noise + deadband
        both = np.divide(report * silence, report + silence, out=np.zeros_like(report), where=report + silence > 0.0)
        return np.maximum(both - 0.5 * self._noise, 0.0)

    def _share_lost(self) -> FloatArray:
        """Probability that a silent scan had something to send that was lost, by Bayes' theorem. (n_channel,)"""
        spread = np.sqrt(2.0 * (self._noise + self.intensity * self._scan_period_s))
        nothing_to_send = erf(np.divide(self._deadband, spread, out=np.zeros_like(spread), where=spread > 0.0))
        lost = (1.0 - nothing_to_send) * self._loss_probability
        silent = lost + nothing_to_send
        return np.divide(lost, silent, out=np.ones_like(silent), where=silent > 0.0)
