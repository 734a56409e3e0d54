"""Detectors: what tells the control room that its measurements may not be the truth."""

from models.detection.base import Detection, Detector
from models.detection.chi_square import ChiSquareDetector
from models.detection.ecod import EcodDetector
from models.detection.fusion.fusion import FusionDetector
from models.detection.history import DetectorFrame, History
from models.detection.innovation_cusum import InnovationCusumDetector
from models.detection.innovation_ewma import InnovationEwmaDetector
from models.detection.isolation_forest import IsolationForestDetector
from models.detection.largest_residual import LargestResidualDetector
from models.detection.lstm_autoencoder import LstmAutoencoderDetector
from models.detection.lstm_forecaster import LstmForecasterDetector
from models.detection.pca import PcaDetector
from models.detection.window_autoencoder import WindowAutoencoderDetector

DETECTORS: dict[str, type[Detector]] = {
    "chi_square": ChiSquareDetector,
    "largest_residual": LargestResidualDetector,
    "innovation_ewma": InnovationEwmaDetector,
    "innovation_cusum": InnovationCusumDetector,
    "pca": PcaDetector,
    "isolation_forest": IsolationForestDetector,
    "ecod": EcodDetector,
    "window_autoencoder": WindowAutoencoderDetector,
    "lstm_autoencoder": LstmAutoencoderDetector,
    "lstm_forecaster": LstmForecasterDetector,
    "fusion": FusionDetector,
}

EVERYDAY = ("chi_square", "largest_residual", "lstm_autoencoder")
"""What a scenario has unless it asks for others: the textbook and the best that learns."""

__all__ = ["DETECTORS", "EVERYDAY", "Detection", "Detector", "DetectorFrame", "History"]
