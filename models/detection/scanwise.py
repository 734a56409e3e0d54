"""What detectors share that judge every scan by itself: many at once, and one by one, with the same numbers."""

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray

from models.detection.base import SUSPECTS, Detector, Verdicts, most_suspicious, require_number_of_channels
from models.detection.history import DetectorFrame, History
from models.errors import NotFittedError

SCANS_AT_ONCE = 512
"""So that what is worked out by scan and channel stays small beside the record. [scans]"""


class ScanwiseDetector(Detector):
    """Base of the detectors without memory: a subclass implements `judge_scans`."""

    @abstractmethod
    def judge_scans(
        self, value: NDArray[np.float64], normalised_residual: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores (n_time,) of scans and (n_time, n_channel) of their channels. [-]

        Parameters
        ----------
        value
            (n_time, n_channel) Received values, NaN where there is none to be believed. [pu, MW, Mvar or kA]
        normalised_residual
            (n_time, n_channel) As in `History`. [-]
        """

    def judge(self, frame: DetectorFrame) -> tuple[float, NDArray[np.float64]]:
        """Score of one scan and (n_channel,) of its channels. [-]

        Raises
        ------
        NotFittedError
            Before `fit`.
        ChannelMismatchError
            If the frame has another number of channels.
        """
        self._require_fitted(len(frame.value))
        value = np.where(frame.known, frame.value, np.nan)
        score, channel_score = self.judge_scans(value[None], frame.normalised_residual[None])
        return float(score[0]), channel_score[0]

    def watch(self, history: History) -> Verdicts:
        """What it says about every scan of a record; raises as `judge` does."""
        self._require_fitted(len(history.channels))
        score = np.empty(len(history))
        suspects = np.empty((len(history), SUSPECTS), dtype=np.int64)
        value = believed(history)
        for start in range(0, len(history), SCANS_AT_ONCE):
            part = slice(start, start + SCANS_AT_ONCE)
            score[part], channel_score = self.judge_scans(value[part], history.normalised_residual[part])
            suspects[part] = [most_suspicious(scores_of_scan, SUSPECTS) for scores_of_scan in channel_score]
        return Verdicts(score, suspects)

    def _require_fitted(self, n_channel: int) -> None:
        if not self.learned():
            raise NotFittedError(f"{self.name} has seen no clean day; call fit(clean) before it is to judge.")
        require_number_of_channels(len(self.channels), n_channel)


def believed(history: History) -> NDArray[np.float64]:
    """(n_time, n_channel) Received values, NaN where there is none to be believed. [pu, MW, Mvar or kA]"""
    return np.where(history.known, history.value, np.nan)
