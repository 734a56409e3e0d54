"""Detectors: what tells the control room that its measurements may not be the truth."""

from models.detection.base import Detection, Detector
from models.detection.chi_square import ChiSquareDetector
from models.detection.history import DetectorFrame, History
from models.detection.largest_residual import LargestResidualDetector
from models.detection.lstm_autoencoder import LstmAutoencoderDetector

DETECTORS: dict[str, type[Detector]] = {
    "chi_square": ChiSquareDetector,
    "largest_residual": LargestResidualDetector,
    "lstm_autoencoder": LstmAutoencoderDetector,
}

__all__ = ["DETECTORS", "Detection", "Detector", "DetectorFrame", "History"]
