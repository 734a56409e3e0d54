"""Detectors that have learned nothing, or next to nothing: as quick as trained ones, and ready at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from models.detection import DETECTORS
from models.detection.base import Detector
from models.detection.context import CONTEXT_OF_ALL
from models.detection.forecaster_network import ForecasterNetwork
from models.detection.history import DetectorFrame, History
from models.detection.lstm_autoencoder import LstmAutoencoderDetector
from models.detection.lstm_detector import LstmDetector
from models.detection.lstm_forecaster import MOST_DIRECTIONS, LstmForecasterDetector
from models.detection.lstm_network import AutoencoderNetwork

SCANS_LEARNED = 4320
SCANS_FITTED = 64
UNREACHED = 1e9


def untrained_network(n_channel: int) -> AutoencoderNetwork:
    """The autoencoder's network with random weights."""
    sizes = LstmAutoencoderDetector().parameters
    code_size = min(sizes["code_size"], max(2, n_channel // 4))
    return AutoencoderNetwork(n_channel, sizes["hidden_size"], code_size).eval()


def untrained_lstm(name: str, channels: Sequence[str]) -> LstmDetector:
    """An LSTM detector with random weights, standard scales and a threshold that nothing reaches."""
    kind: Any = DETECTORS[name]
    detector: LstmDetector = kind()
    detector.channels = tuple(channels)
    detector.threshold = UNREACHED
    shapes = {name: shape for name, shape in detector.expected_shapes().items() if name != "scans_learned"}
    # What may have any length is as long as it gets.
    most = min(MOST_DIRECTIONS, len(channels))
    ones = {name: np.ones([most if size is None else size for size in shape]) for name, shape in shapes.items()}
    weights = (
        ForecasterNetwork(len(channels), len(channels) + CONTEXT_OF_ALL, detector.parameters["hidden_size"]).weights()
        if isinstance(detector, LstmForecasterDetector)
        else untrained_network(len(channels)).weights()
    )
    detector.restore({**ones, **weights, "scans_learned": np.array(SCANS_LEARNED)})
    return detector


def fitted_briefly(name: str, channels: Sequence[str]) -> Detector:
    """A detector fitted to noise of an hour; its verdicts are worth nothing."""
    rng = np.random.default_rng(0)
    record = History.of_frames(tuple(channels), [noise_frame(scan, len(channels), rng) for scan in range(SCANS_FITTED)])
    kind: Any = DETECTORS[name]
    detector: Detector = kind()
    detector.fit([record])
    detector.threshold = UNREACHED
    return detector


def noise_frame(scan: int, n_channel: int, rng: np.random.Generator) -> DetectorFrame:
    """A scan of which everything is known and nothing means anything."""
    value, estimated, expected, residual = rng.standard_normal((4, n_channel))
    quality = np.zeros(n_channel, dtype=np.int8)
    return DetectorFrame(60.0 * scan, value, quality, 1.0, 1.0, residual, estimated, expected)
