"""A detector behind mosaik."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.base import SUSPECTS, Detector, most_suspicious, require_same_channels
from models.detection.history import DetectorFrame
from simulators.adapter import ModelAdapter

OF_ESTIMATOR = ("objective", "degrees_of_freedom", "normalised_residual", "value_estimated", "value_expected")
OF_WEATHER = ("ghi_w_per_m2", "ambient_c")


@dataclass(frozen=True)
class RunningDetector:
    """A trained detector before all that telemetry delivers.

    Attributes
    ----------
    detector
        Trained and calibrated.
    channels
        Names of all channels of the telemetry.
    judged
        Positions among them of those that the detector was fitted to, in its order.
    start_time_of_day_s
        Time since midnight at the scenario's start. [s]
    """

    detector: Detector
    channels: tuple[str, ...]
    judged: NDArray[np.int64]
    start_time_of_day_s: float


class DetectorSimulator(ModelAdapter):
    """Judges what telemetry delivered and the estimator made of it; one entity a detector.

    Model ``Detector``: parameters `detector` (a trained `Detector`), `channels` (names of all channels of the
    telemetry, the detector's own unless told) and `start_time_of_day_s` (time since midnight at the scenario's start
    [s], 0 unless told). The detector is shown the channels it was fitted to and none of the others.

    Inputs: value_received (by channel), quality (by channel, codes), objective [-], degrees_of_freedom [-],
    normalised_residual (by channel [-]), value_estimated, value_expected (by channel); without the estimator's five, a
    test that needs them scores NaN. ghi_w_per_m2 and ambient_c, a mild night unless connected. timestamp_s (by channel
    [s]) is taken for whoever connects telemetry as a whole; no detector uses it.

    Outputs: score [-], threshold [-], alarm (bool), channel_score (by channel [-], NaN where not judged), suspects
    (indices of the three most suspicious channels, the most suspicious first, -1 where there are no more).
    """

    MODEL = "Detector"
    PARAMS = ("detector", "channels", "start_time_of_day_s")
    INPUTS = ("value_received", "timestamp_s", "quality", *OF_ESTIMATOR, *OF_WEATHER)
    OUTPUTS = ("score", "threshold", "alarm", "channel_score", "suspects")

    def build(
        self, detector: Detector, channels: Sequence[str] | None = None, start_time_of_day_s: float = 0.0
    ) -> RunningDetector:
        """The detector at the beginning of a stream."""
        detector.reset()
        names = detector.channels if channels is None else tuple(channels)
        return RunningDetector(detector, names, _judged(detector, names), start_time_of_day_s)

    def order(self, model: RunningDetector) -> dict[str, list[Any]]:
        """Names of the channels."""
        return {"channel": list(model.channels)}

    def advance(self, model: RunningDetector, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The verdict on this scan."""
        judged = model.judged
        value = np.asarray(inputs["value_received"], dtype=float)
        quality = inputs.get("quality", np.zeros(len(value), dtype=np.int8))
        unknown = np.full(len(value), np.nan)
        frame = DetectorFrame(
            time_s=model.start_time_of_day_s + seconds,
            value=value[judged],
            quality=quality[judged],
            objective=inputs.get("objective", np.nan),
            degrees_of_freedom=inputs.get("degrees_of_freedom", 0.0),
            normalised_residual=inputs.get("normalised_residual", unknown)[judged],
            estimated=inputs.get("value_estimated", unknown)[judged],
            expected=inputs.get("value_expected", unknown)[judged],
            ghi_w_per_m2=inputs.get("ghi_w_per_m2", 0.0),
            ambient_c=inputs.get("ambient_c", 20.0),
        )
        verdict = model.detector.update(frame)
        channel_score = np.full(len(value), np.nan)
        channel_score[judged] = verdict.channel_score
        return {
            "score": verdict.score,
            "threshold": verdict.threshold,
            "alarm": verdict.alarm,
            "channel_score": channel_score,
            "suspects": most_suspicious(channel_score, SUSPECTS),
        }


def _judged(detector: Detector, names: tuple[str, ...]) -> NDArray[np.int64]:
    """Where the detector's channels are among `names`; all of them for one that was fitted to none."""
    position = {name: number for number, name in enumerate(names)}
    wanted = detector.channels or names
    require_same_channels(wanted, tuple(name for name in wanted if name in position))
    return np.array([position[name] for name in wanted], dtype=np.int64)
