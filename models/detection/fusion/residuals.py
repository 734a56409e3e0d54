"""Do the measurements fit the estimate, once what every meter is always wrong by is taken off?"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from models.detection.fusion.evidence import (
    METER_DAYS,
    NORMAL_OVER_MEDIAN,
    Evidence,
    Findings,
    Learned,
    middle,
    pace_of,
    usual_scale,
)
from models.detection.history import DAY_S, DetectorFrame, History
from models.detection.recalibration import RollingCalibration
from models.detection.residual_memory import ResidualMemory

Array = NDArray[np.float64]

SMOOTHING = (0.3, 0.08)
"""Weight of the newest residual in the averages that find what is small and lasts. [-]"""

AVERAGE_LIMIT = (6.5, 8.0)
"""The averages remember no more than this, so that they are over soon after their cause. [their standard deviations]"""

ENERGY_SMOOTHING = 0.15
"""Weight of the newest squared residual in the average that finds noise. [-]"""

SQUARE_LIMIT = 25.0
"""A squared residual counts for no more than this. [-]"""

ENERGY_LIMIT = 8.0
"""The average of squares remembers no more than this. [-]"""

FORGOTTEN_SCANS = 10
"""What a channel said is forgotten when it has said nothing for longer; a saturated meter says nothing for hours."""


class ResidualEvidence(Evidence):
    """Residuals of the estimate about their own usual.

    What is looked at is the normalised residual with its sign, as it was when the estimator removed a bad measurement:
    the estimate without it is further away than that measurement was wrong. A meter's bias is most of what lasts of its
    residual and no news, hence the residual is taken about its rolling location. A value that is exactly the one before
    may be a message that was lost: it is left to `SilenceEvidence`.

    Aspects: the largest residual; its two moving averages [1]_; the average of its square, which grows with noise that
    has no mean; and the sum of squares over all channels, which is the objective J(x) less what the biases add to it.

    References
    ----------
    .. [1] S. W. Roberts, "Control Chart Tests Based on Geometric Moving Averages", Technometrics 1(3), 1959.
    """

    name = "residual"
    aspects: ClassVar[Mapping[str, float]] = {
        "residual": 0.2,
        "short average of the residual": 0.2,
        "long average of the residual": 0.2,
        "energy of the residual": 0.2,
        "objective": 0.02,
    }
    arrays = ("scale", "location_scans")

    def learn(self, clean: Sequence[History]) -> dict[str, NDArray[Any]]:
        spreads = []
        for record in clean:
            residual = _signed(record)
            spreads.append(NORMAL_OVER_MEDIAN * middle(np.abs(residual - middle(residual))))
        return {
            "scale": usual_scale(middle(np.array(spreads))),
            "location_scans": np.array(METER_DAYS * DAY_S / clean[0].step_s),
        }

    def begin(self, learned: Learned) -> None:
        scale = learned["scale"]
        pace = pace_of(learned["location_scans"])
        self._usual = RollingCalibration(np.zeros_like(scale), scale, pace)
        weights = np.array(SMOOTHING)
        # Standard deviation of an average of independent values [1], equation 5.
        self._average_deviation = np.sqrt(weights / (2 - weights))[:, None]
        bound = np.array(AVERAGE_LIMIT)[:, None] * self._average_deviation * np.ones(len(scale))
        self._averages = ResidualMemory(SMOOTHING, bound)
        self._energy = np.ones(len(scale))
        self._unheard_scans = np.zeros(len(scale))
        self._last_value = np.full(len(scale), np.nan)

    def look(self, frame: DetectorFrame, trusted: bool) -> Findings:
        told = frame.known & (frame.value != self._last_value)
        self._last_value = frame.value
        deviation = self._usual.standardise(np.where(told, _signed(frame), np.nan), trusted)
        judged = np.isfinite(deviation)
        deviation = np.where(judged, deviation, 0.0)
        averages = np.abs(self._averages.update(deviation, judged)) / self._average_deviation
        square = np.minimum(deviation**2, SQUARE_LIMIT)
        self._energy += np.where(judged, ENERGY_SMOOTHING * (square - self._energy), 0.0)
        np.minimum(self._energy, ENERGY_LIMIT, out=self._energy)
        self._forget(judged)
        channel = np.stack([np.abs(deviation), *averages, self._energy, np.full(len(square), np.nan)])
        findings = Findings.of_channels(channel)
        findings.scan[-1] = square[judged].mean() if judged.any() else np.nan
        return findings

    def _forget(self, judged: NDArray[np.bool_]) -> None:
        """Begin anew where nothing has been heard for long, lest an alarm stand on what nobody repeats."""
        self._unheard_scans = np.where(judged, 0.0, self._unheard_scans + 1)
        forgotten = self._unheard_scans > FORGOTTEN_SCANS
        self._averages.average[:, forgotten] = 0.0
        self._energy[forgotten] = 1.0


def _signed(scans: DetectorFrame | History) -> Array:
    """(..., n_channel) Normalised residuals with the sign of the residual; NaN where there is none. [-]"""
    residual = np.where(scans.known, scans.value - scans.estimated, np.nan)
    return np.abs(scans.normalised_residual) * np.sign(residual)
