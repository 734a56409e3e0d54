"""Does every channel's newest value look like the end of a window that an autoencoder knows?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.base import (
    NO_CHANNEL,
    SUSPECTS,
    Detector,
    Progress,
    Verdicts,
    most_suspicious,
    require_number_of_channels,
)
from models.detection.history import DetectorFrame, History
from models.detection.standardisation import last_known, mean_and_spread
from models.detection.stored_arrays import of_shapes
from models.detection.window_reconstruction import WindowReconstruction
from models.errors import InvalidParameterError, NotFittedError

WINDOWS_AT_ONCE = 8192
"""So that what the LSTMs work out stays in a processor's cache. [-]"""


@dataclass(frozen=True)
class WindowParameters:
    """Size, training and textbook threshold of the window autoencoder.

    Attributes
    ----------
    window_scans
        Length of a window. [scans]
    error_limit
        Error of reconstruction above which the alarm sounds, until `calibrate` replaces it. [standard deviations]
    hidden_size
        Units of the encoder; the decoder has one. [-]
    updates, windows_per_update
        Training steps, and windows in one of them. [-]
    learning_rate
        Of Adam. [-]

    Raises
    ------
    InvalidParameterError
    """

    window_scans: int = 10
    error_limit: float = 0.5
    hidden_size: int = 16
    updates: int = 300
    windows_per_update: int = 128
    learning_rate: float = 0.02

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not value > 0:
                raise InvalidParameterError(f"{field.name} must be positive, got {value}; {field.default} is usual.")


class WindowAutoencoderDetector(Detector):
    """LSTM autoencoder of single channels over a short window, as demonstrations of it go: a baseline.

    One small network, the same for every channel, reconstructs a channel's last ten standardised values; a channel's
    score is the error at the newest of them, the scan's the largest of its channels'. It sees one channel at a time,
    neither the others nor the time of day, and runs the whole window again for every scan. What is missing is shown to
    it as the channel's last known value (the mean before the first) and not judged.

    Built from the fields of `WindowParameters`; needs `fit`.

    References
    ----------
    .. [1] P. Malhotra et al., "LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection", ICML workshop on anomaly
       detection 2016: reconstruction by LSTMs, here in its simplest form: the decoder reads the encoder's outputs scan
       by scan.
    """

    name = "window_autoencoder"

    def __init__(self, **parameters: Any) -> None:
        known = [field.name for field in fields(WindowParameters)]
        unknown = [name for name in parameters if name not in known]
        if unknown:
            raise InvalidParameterError(f"unknown parameter {', '.join(unknown)}; there are {', '.join(known)}.")
        self._parameters = WindowParameters(**parameters)
        super().__init__(threshold=self._parameters.error_limit)
        self._window: NDArray[np.float32] = np.zeros((self._parameters.window_scans, 0), dtype=np.float32)

    @property
    def parameters(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return asdict(self._parameters)

    @property
    def warm_up_scans(self) -> int:
        """Until the first window is full. [scans]"""
        return self._parameters.window_scans - 1

    def fit(self, clean: Sequence[History], *, seed: int = 0, progress: Progress | None = None) -> None:
        """Train the network on attack-free days; parameters as of `Detector.fit`."""
        from models.detection.window_network import train

        super().fit(clean)
        for record in clean:
            if len(record) < self._parameters.window_scans:
                raise InvalidParameterError(
                    f"expected records of {self._parameters.window_scans} scans or more, one window, got "
                    f"{len(record)}; record longer days or choose a smaller window_scans."
                )
        value, known = (np.concatenate([getattr(record, name) for record in clean]) for name in ("value", "known"))
        mean, spread = mean_and_spread(value, known)
        shown = [last_known(_standardised(record, mean, spread)) for record in clean]
        settings = {name: value for name, value in self.parameters.items() if name != "error_limit"}
        weights = train(shown, **settings, seed=seed, progress=progress)
        self.restore({**weights, "mean": mean, "spread": spread})

    def judge(self, frame: DetectorFrame) -> tuple[float, NDArray[np.float64]]:
        """The largest of the channels' errors; NaN where no channel has a value. [standard deviations]

        Raises
        ------
        NotFittedError
            Before `fit`.
        ChannelMismatchError
            If the frame has another number of channels.
        """
        self._require_fitted(len(frame.value))
        standardised = _standardised(frame, self._learned["mean"], self._learned["spread"])
        newest = np.where(np.isfinite(standardised), standardised, self._window[-1])
        self._window = np.vstack([self._window[1:], newest])
        error = np.abs(self._network.last_value(self._window) - standardised).astype(float)
        # fmax skips NaN.
        return float(np.fmax.reduce(error)), error

    def watch(self, history: History) -> Verdicts:
        """What it says about every scan of a record from a cold start; raises as `judge` does."""
        self._require_fitted(len(history.channels))
        standardised = _standardised(history, self._learned["mean"], self._learned["spread"])
        shown = last_known(standardised)
        score = np.full(len(history), np.nan)
        suspects = np.full((len(history), SUSPECTS), NO_CHANNEL)
        scans_at_once = max(WINDOWS_AT_ONCE // len(self.channels), 1)
        for first in range(self.warm_up_scans, len(history), scans_at_once):
            part = slice(first, min(first + scans_at_once, len(history)))
            window = np.stack(
                [shown[part.start - back : part.stop - back] for back in range(self.warm_up_scans, -1, -1)]
            )
            last_value = self._network.last_value(window.reshape(len(window), -1))
            error = np.abs(last_value.reshape(window.shape[1:]) - standardised[part]).astype(float)
            score[part] = np.fmax.reduce(error, axis=1)
            suspects[part] = [most_suspicious(error_of_scan, SUSPECTS) for error_of_scan in error]
        return Verdicts(score, suspects)

    def reset(self) -> None:
        """Begin a new stream with an empty window."""
        super().reset()
        self._window = np.zeros((self._parameters.window_scans, len(self.channels)), dtype=np.float32)

    def restore(self, learned: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `learned` gave.

        Raises
        ------
        InvalidParameterError
            If an array is missing or of another shape than the parameters and channels ask for.
        """
        hidden, n_channel = self._parameters.hidden_size, len(self.channels)
        shapes: dict[str, tuple[int, ...]] = {"mean": (n_channel,), "spread": (n_channel,)}
        for name, n_input, size in (("encoder", 1, hidden), ("decoder", hidden, 1)):
            shapes[f"{name}_input_weight"], shapes[f"{name}_hidden_weight"] = (4 * size, n_input), (4 * size, size)
            shapes[f"{name}_bias"] = (4 * size, 1)
        self._learned = of_shapes(learned, {**shapes, "output_weight": (1, 1), "output_bias": (1,)})
        self._network = WindowReconstruction(self._learned)
        self.reset()

    def _require_fitted(self, n_channel: int) -> None:
        if not self._learned:
            raise NotFittedError("the window autoencoder has seen no clean day; call fit(clean) before it is to judge.")
        require_number_of_channels(len(self.channels), n_channel)


def _standardised(
    seen: DetectorFrame | History, mean: NDArray[np.float64], spread: NDArray[np.float64]
) -> NDArray[np.float32]:
    """(..., n_channel) Values with mean 0 and standard deviation 1; NaN where there is none to be believed."""
    return np.where(seen.known, (seen.value - mean) / spread, np.nan).astype(np.float32)
