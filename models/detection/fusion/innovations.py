"""Does the estimate move as feeders move?"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from models.detection.fusion.evidence import Evidence, Findings, Learned, middle, pace_of, usual_scale
from models.detection.fusion.explained_voltage import ExplainedVoltage, voltage_sensitivities
from models.detection.history import DAY_S, DetectorFrame, History
from models.detection.recalibration import Pace, RollingCalibration
from models.detection.residual_memory import ResidualMemory

Array = NDArray[np.float64]

JUMP = Pace(location_scans=2.0, scale_scans=360.0, loud=1e6)
"""What lies behind a jump is the last scans' usual."""

VOLTAGE_DAYS = 0.25
"""Time constant with which the unexplained voltage that stays is learnt. [d]"""

VOLTAGE_SMOOTHING = 0.3
"""Weight of the newest unexplained voltage in its moving average. [-]"""

VOLTAGE_LIMIT = 4.0
"""That average remembers no more than this, so that it is over soon after its cause. [scales]"""

RECOVERY = 0.7
"""Share of the scans in which nothing was learnt that still counts one scan later. [-]"""

WANDERING_SCANS = 30
"""Over which it is learnt how far innovations wander while nothing is learnt. [scans]"""

COMPONENTS = 40
"""Patterns in which a feeder's usual changes are described. [-]"""

SAMPLE = 2000
"""Scans that patterns are learnt from at most. [scans]"""

LEAST_CHANGE = 0.05
"""Least usual change of an estimate, as a share of its meter's noise: what is known to be zero is estimated as zero but
for rounding. [-]"""

LEAST_COMPONENT = 0.3
"""Least standard deviation of a pattern, lest rounding counts. [scales]"""


class InnovationEvidence(Evidence):
    """Innovations of the estimate: how far it is from what the forecasts alone made the control room expect.

    A stealthy injection a = h(x + c) - h(x) [1]_ leaves no residual, but it moves the estimate, and neither customers
    nor sun nor taps (which the expectation knows of) moved with it. Customers stray from their forecasts slowly, hence
    innovations are taken about rolling locations, which learn nothing while an alarm stands.

    Aspects: the largest jump against the last scans; its squared Mahalanobis distance [2]_ from the feeder's usual
    patterns of change, in which small moves of many channels add up; and the voltage that the innovations of the powers
    do not explain (`ExplainedVoltage`), at once and on average. Customers who stray move voltages and powers together;
    a surge, a sag or a lie moves voltages alone.

    References
    ----------
    .. [1] Y. Liu, P. Ning, M. K. Reiter, "False data injection attacks against state estimation in electric power
       grids", ACM Transactions on Information and System Security 14(1), article 13, 2011.
    .. [2] J. F. MacGregor, T. Kourti, "Statistical process control of multivariate processes", Control Engineering
       Practice 3(3), 1995, equation 4: the distance on principal components.
    """

    name = "innovation"
    aspects: ClassVar[Mapping[str, float]] = {
        "jump": 0.3,
        "pattern": 3.0,
        "unexplained voltage": 0.2,
        "average unexplained voltage": 0.1,
    }
    arrays = (
        "scale",
        "wandering",
        "patterns",
        "voltage_scale",
        "voltage_scans",
        "voltages",
        "powers",
        "directions",
        "response",
    )

    def learn(self, clean: Sequence[History]) -> dict[str, NDArray[Any]]:
        records = [record.estimated - record.expected for record in clean]
        change = _whole_rows(np.concatenate([np.diff(record, axis=0) for record in records]))
        scale = np.maximum(_robust_scale(change), LEAST_CHANGE * _meter_noise(clean))
        sensitivities = voltage_sensitivities(clean[0].channels, np.concatenate(records))
        explained = ExplainedVoltage(sensitivities)
        voltages = [explained.unexplained(record) for record in records]
        away = np.concatenate([voltage - middle(voltage) for voltage in voltages])
        return {
            **sensitivities,
            **_patterns(change / scale),
            "scale": scale,
            "wandering": _wandering(records, change),
            "voltage_scale": _robust_scale(_whole_rows(away)),
            "voltage_scans": np.array(VOLTAGE_DAYS * DAY_S / clean[0].step_s),
        }

    def begin(self, learned: Learned) -> None:
        scale, voltage_scale = learned["scale"], learned["voltage_scale"]
        self._jump = RollingCalibration(np.zeros_like(scale), scale, JUMP)
        pace = pace_of(learned["voltage_scans"])
        self._voltage = RollingCalibration(np.zeros_like(voltage_scale), voltage_scale, pace)
        self._average = ResidualMemory([VOLTAGE_SMOOTHING], np.full((1, len(voltage_scale)), VOLTAGE_LIMIT))
        self._explained = ExplainedVoltage(learned)
        self._patterns = learned["patterns"]
        self._wandering = learned["wandering"]
        self._blind_scans = 0.0

    def look(self, frame: DetectorFrame, trusted: bool) -> Findings:
        innovation = frame.estimated - frame.expected
        # What was usual when last something was learnt is by now as uncertain as a random walk.
        jump = self._jump.standardise(innovation, trusted) / np.sqrt(1 + self._wandering * self._blind_scans)
        self._blind_scans = RECOVERY * self._blind_scans if trusted else self._blind_scans + 1
        voltage = self._voltage.standardise(self._explained.unexplained(innovation), trusted)
        average = self._average.update(np.nan_to_num(voltage), np.isfinite(voltage))[0]
        channel = np.full((len(self.aspects), len(innovation)), np.nan)
        channel[0] = np.abs(jump)
        channel[2, self._explained.voltages] = np.abs(voltage)
        channel[3, self._explained.voltages] = np.abs(average)
        findings = Findings.of_channels(channel)
        findings.scan[1] = np.sum((np.nan_to_num(jump) @ self._patterns) ** 2)
        return findings


def _meter_noise(clean: Sequence[History]) -> Array:
    """(n_channel,) Middle magnitude of every channel's residual about its middle. [channel's unit]"""
    residuals = [record.value - record.estimated for record in clean]
    return usual_scale(middle(np.array([middle(np.abs(residual - middle(residual))) for residual in residuals])))


def _robust_scale(series: Array) -> Array:
    """(n,) Standard deviation of every column by its mean magnitude; that of the others where it never moved."""
    # sqrt(pi / 2) is a normal variable's standard deviation over its mean magnitude.
    scale = np.sqrt(np.pi / 2) * np.mean(np.abs(series), axis=0) if len(series) else np.ones(series.shape[1])
    return usual_scale(scale)


def _whole_rows(series: Array) -> Array:
    """Rows in which every column that ever knows something knows it; columns that never do are 0."""
    known = np.isfinite(series)
    return np.nan_to_num(series[known[:, known.any(axis=0)].all(axis=1)])


def _wandering(records: Sequence[Array], change: Array) -> Array:
    """(n_channel,) Growth of the variance of innovations with every scan, in that of their change in one. [-]"""
    far = np.concatenate([record[WANDERING_SCANS:] - record[:-WANDERING_SCANS] for record in records])
    far = _whole_rows(far)
    if not (len(far) and len(change)):
        return np.zeros(change.shape[1])
    growth = np.mean(far**2, axis=0) / np.maximum(np.mean(change**2, axis=0), np.finfo(np.float32).tiny)
    return np.maximum(growth - 1, 0.0) / (WANDERING_SCANS - 1)


def _patterns(change: Array) -> dict[str, NDArray[Any]]:
    """Whitened principal components of standardised changes, (n_channel, n_component)."""
    sample = change[:: max(1, len(change) // SAMPLE)]
    _, singular, directions = np.linalg.svd(sample, full_matrices=False)
    spread = singular[:COMPONENTS] / np.sqrt(max(len(sample), 1))
    kept = spread > LEAST_COMPONENT
    return {"patterns": (directions[:COMPONENTS][kept] / spread[kept, None]).T}
