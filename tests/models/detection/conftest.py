"""Synthetic clean days: a few shared daily profiles seen by many noisy meters."""

from collections.abc import Callable

import numpy as np
import pytest

from models.detection import DETECTORS, Detector, History
from models.detection.history import DAY_S

N_CHANNEL = 16
N_PROFILE = 3
DEGREES_OF_FREEDOM = 8
STEP_S = 300.0
SCANS_A_DAY = int(DAY_S / STEP_S)
NOISE = 0.02
CHANNELS = tuple(f"v bus {bus}" for bus in range(N_CHANNEL))

# Tiny networks: the tests are about behaviour, not about the last decibel.
PARAMETERS = {
    "lstm_autoencoder": {
        "hidden_size": 24,
        "code_size": 4,
        "window_scans": 36,
        "windows_per_update": 8,
        "updates": 150,
    },
    "lstm_forecaster": {"hidden_size": 8, "window_scans": 36, "updates": 30, "warm_up_scans": 20},
    "isolation_forest": {"trees": 30, "scans_a_tree": 128},
    "window_autoencoder": {"hidden_size": 4, "updates": 30},
}


@pytest.fixture(scope="session")
def clean_days() -> Callable[..., History]:
    """Makes attack-free days: ``clean_days(days, seed)``."""
    return _clean_days


@pytest.fixture(scope="session")
def train() -> Callable[..., Detector]:
    """Makes a fitted and calibrated detector: ``train(name, seed=0)``."""
    return _train


@pytest.fixture(scope="session")
def trained() -> Callable[[str], Detector]:
    """The same, trained once a test session and handed out at the beginning of a stream: ``trained(name)``."""
    ready = {name: _train(name) for name in DETECTORS}

    def make(name: str) -> Detector:
        ready[name].reset()
        return ready[name]

    return make


def _train(name: str, seed: int = 0) -> Detector:
    detector = DETECTORS[name](**PARAMETERS.get(name, {}))
    detector.fit([_clean_days(3, seed=10)], seed=seed)
    detector.calibrate([_clean_days(3, seed=20)], alarms_per_day=1.0)
    return detector


def _clean_days(days: int, seed: int) -> History:
    """From midnight on; each seed has its own noise and moods of the day, on the same feeder."""
    feeder, rng = np.random.default_rng(1), np.random.default_rng(seed)
    time_s = STEP_S * np.arange(days * SCANS_A_DAY)
    phase, mixing = feeder.uniform(0, 2 * np.pi, N_PROFILE), feeder.normal(size=(N_PROFILE, N_CHANNEL))
    mood = 1 + 0.1 * np.repeat(rng.normal(size=(days, N_PROFILE)), SCANS_A_DAY, axis=0)
    profiles = mood * np.sin(2 * np.pi * time_s[:, None] / DAY_S * np.arange(1, N_PROFILE + 1) + phase)
    shape = (len(time_s), N_CHANNEL)
    estimated = 1 + 0.1 * profiles @ mixing
    expected = 1 + 0.1 * (profiles / mood) @ mixing
    return History(
        channels=CHANNELS,
        time_s=time_s,
        value=estimated + NOISE * rng.normal(size=shape),
        quality=np.zeros(shape, dtype=np.int8),
        objective=rng.chisquare(DEGREES_OF_FREEDOM, size=len(time_s)),
        degrees_of_freedom=np.full(len(time_s), DEGREES_OF_FREEDOM),
        normalised_residual=rng.normal(size=shape),
        estimated=estimated,
        expected=expected,
        ghi_w_per_m2=np.maximum(0.0, -800.0 * np.cos(2 * np.pi * time_s / DAY_S)),
        ambient_c=np.full(len(time_s), 20.0),
        channel_bus=np.arange(N_CHANNEL) // 2,
    )
