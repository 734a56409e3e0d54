"""A detector behind mosaik."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.detection.base import Detector
from models.detection.history import DetectorFrame
from simulators.adapter import ModelAdapter


@dataclass(frozen=True)
class RunningDetector:
    """A trained detector and the time of day at which its scenario starts.

    Attributes
    ----------
    detector
        Trained and calibrated.
    start_time_of_day_s
        Time since midnight at the scenario's start. [s]
    """

    detector: Detector
    start_time_of_day_s: float


class DetectorSimulator(ModelAdapter):
    """Judges what telemetry delivered and the estimator made of it; one entity a detector.

    Model ``Detector``: parameters `detector` (a trained `Detector`) and `start_time_of_day_s` (time since midnight at
    the scenario's start [s], 0 unless told).

    Inputs: value_received (by channel), quality (by channel, codes), objective [-], degrees_of_freedom [-],
    normalised_residual (by channel [-]); without the estimator's three, a test that needs them scores NaN. timestamp_s
    (by channel [s]) is taken for whoever connects telemetry as a whole; no detector uses it.

    Outputs: score [-], threshold [-], alarm (bool), channel_score (by channel [-]), channel (index of the most
    suspicious, -1 none).
    """

    MODEL = "Detector"
    PARAMS = ("detector", "start_time_of_day_s")
    INPUTS = ("value_received", "timestamp_s", "quality", "objective", "degrees_of_freedom", "normalised_residual")
    OUTPUTS = ("score", "threshold", "alarm", "channel_score", "channel")

    def build(self, detector: Detector, start_time_of_day_s: float = 0.0) -> RunningDetector:
        """The detector at the beginning of a stream."""
        detector.reset()
        return RunningDetector(detector, start_time_of_day_s)

    def order(self, model: RunningDetector) -> dict[str, list[Any]]:
        """Names of the channels."""
        return {"channel": list(model.detector.channels)}

    def advance(self, model: RunningDetector, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The verdict on this scan."""
        value = np.asarray(inputs["value_received"], dtype=float)
        frame = DetectorFrame(
            time_s=model.start_time_of_day_s + seconds,
            value=value,
            quality=inputs.get("quality", np.zeros(len(value), dtype=np.int8)),
            objective=inputs.get("objective", np.nan),
            degrees_of_freedom=inputs.get("degrees_of_freedom", 0.0),
            normalised_residual=inputs.get("normalised_residual", np.full(len(value), np.nan)),
        )
        detection = model.detector.update(frame)
        return {output: getattr(detection, output) for output in self.OUTPUTS}
