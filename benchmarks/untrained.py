"""An LSTM autoencoder that has learned nothing: as quick as a trained one, and ready at once."""

from collections.abc import Sequence

import numpy as np

from models.detection.lstm_autoencoder import LstmAutoencoderDetector
from models.detection.lstm_network import AutoencoderNetwork

SCANS_LEARNED = 4320


def untrained_network(n_channel: int) -> AutoencoderNetwork:
    """The detector's network with random weights."""
    sizes = LstmAutoencoderDetector().parameters
    code_size = min(sizes["code_size"], max(2, n_channel // 4))
    return AutoencoderNetwork(n_channel, sizes["hidden_size"], code_size).eval()


def untrained_lstm(channels: Sequence[str]) -> LstmAutoencoderDetector:
    """A detector with random weights, standard scales and a threshold that nothing reaches."""
    detector = LstmAutoencoderDetector()
    detector.channels = tuple(channels)
    detector.threshold = 1e9
    ones = np.ones(len(channels))
    scales = {"training_scale": np.ones((2, len(channels))), "residual_scale": np.ones((2, len(channels)))}
    habits = {"mean": 0 * ones, "spread": ones, "longest_silence": ones, "scans_learned": np.array(SCANS_LEARNED)}
    detector.restore({**untrained_network(len(channels)).weights(), **scales, **habits})
    return detector
