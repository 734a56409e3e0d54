"""Limiting cases of the pieces of evidence that remember what channels said."""

from collections.abc import Sequence

import numpy as np
import pytest

from models.detection.fusion.evidence import Evidence, Findings
from models.detection.fusion.explained_voltage import ExplainedVoltage, voltage_sensitivities
from models.detection.fusion.repetition import RepetitionEvidence
from models.detection.fusion.residuals import ResidualEvidence
from models.detection.fusion.silence import SilenceEvidence
from models.detection.history import History
from models.telemetry.quality import Quality

N_CHANNEL = 12
STEP_S = 900.0
"""A day has 96 scans: memory of days costs little."""
SCANS = 300
CONVERTER_STEP = 2.0**-8
NOISE = 0.05
STATIONS = np.arange(N_CHANNEL) // 3


def record(seed: int, moves: float = 0.0, deadband: float = 0.0) -> History:
    """Noisy channels read by a converter, reported when they leave a deadband, estimated as they are but for noise."""
    rng = np.random.default_rng(seed)
    truth = np.cumsum(moves * rng.normal(size=(SCANS, N_CHANNEL)), axis=0)
    read = np.round((truth + NOISE * rng.normal(size=truth.shape)) / CONVERTER_STEP) * CONVERTER_STEP
    for scan in range(1, SCANS):
        rests = np.abs(read[scan] - read[scan - 1]) <= deadband
        read[scan, rests] = read[scan - 1, rests]
    time_s = STEP_S * np.arange(SCANS)
    history = History.of_values(tuple(f"p bus {number}" for number in range(N_CHANNEL)), time_s, read)
    return History(**{**vars(history), "estimated": truth, "expected": np.zeros_like(truth), "channel_bus": STATIONS})


def findings(evidence: Evidence, clean: Sequence[History], history: History) -> list[Findings]:
    evidence.begin(evidence.learn(clean))
    return [evidence.look(frame, trusted=True) for frame in history]


def with_values(history: History, value: np.ndarray) -> History:
    quality = np.where(np.isnan(value), Quality.MISSING, Quality.VALID).astype(np.int8)
    return History(**{**vars(history), "value": value, "quality": quality})


def with_residuals(history: History) -> History:
    residual = np.abs(history.value - history.estimated) / NOISE
    return History(**{**vars(history), "normalised_residual": residual})


@pytest.mark.parametrize("channels", [[4, 8], list(range(N_CHANNEL))])
def test_what_repeats_yesterday_is_found_within_three_scans(channels):
    history = record(2)
    value, onset = history.value.copy(), 200
    value[onset : onset + 20, channels] = value[onset - 96 : onset - 76, channels]
    found = findings(RepetitionEvidence(), [record(1)], with_values(history, value))
    score = np.array([finding.scan[0] for finding in found])
    assert score[:onset].max() < score[onset + 2] < score[onset + 10]
    votes = found[onset + 3].channel[0]
    assert votes[channels].min() > np.delete(votes, channels).max(initial=0.0)


def test_repetition_is_not_found_under_added_noise():
    history, rng = record(2), np.random.default_rng(3)
    value, onset = history.value.copy(), 200
    value[onset : onset + 20] = value[onset - 96 : onset - 76] + 0.05 * rng.normal(size=(20, N_CHANNEL))
    score = [finding.scan[0] for finding in findings(RepetitionEvidence(), [record(1)], with_values(history, value))]
    assert max(score[onset:]) <= max(score[:onset])


def test_channels_that_hardly_ever_change_their_value_have_no_vote():
    history = record(2)
    value = history.value.copy()
    value[:, 0] = np.arange(SCANS) % 2
    learned = RepetitionEvidence().learn([with_values(history, value)])
    assert learned["weight"][0] == 0
    assert learned["weight"][1:].min() > 0.5


def test_a_station_that_is_silent_at_once_is_rarer_than_as_many_channels_here_and_there():
    history, onset = record(2, deadband=0.03), 200

    def station_score(channels: list[int]) -> float:
        value = history.value.copy()
        value[onset, channels] = value[onset - 1, channels]
        found = findings(SilenceEvidence(), [record(1, deadband=0.03)], with_values(history, value))
        return float(found[onset].scan[1])

    assert station_score([0, 1, 2]) > station_score([0, 3, 6]) + 1


def test_missing_is_stranger_than_repeated_and_grows_scan_by_scan():
    history, onset = record(2, deadband=0.03), 200
    value = history.value.copy()
    value[onset : onset + 5, 4] = np.nan
    score = [
        finding.channel[0, 4]
        for finding in findings(SilenceEvidence(), [record(1, deadband=0.03)], with_values(history, value))
    ]
    assert max(score[:onset]) < score[onset] < score[onset + 1]
    assert score[onset + 5] == 0


def test_a_channel_that_always_reads_the_same_surprises_nobody():
    clean = record(1, deadband=0.03)
    value = clean.value.copy()
    value[:, 5] = 0.0
    dead = with_values(clean, value)
    found = findings(SilenceEvidence(), [dead], dead)
    assert found[-1].channel[0, 5] == 0


def test_a_meter_that_freezes_while_its_load_moves_is_stranger_than_one_that_rests():
    clean = record(1, deadband=0.03)

    def score_after_three_scans(history: History) -> float:
        value = history.value.copy()
        value[200:203, 4] = value[199, 4]
        found = findings(SilenceEvidence(), [clean], with_values(history, value))
        return float(found[202].channel[0, 4])

    assert score_after_three_scans(record(2, moves=0.3, deadband=0.03)) > 1.3 * score_after_three_scans(
        record(2, deadband=0.03)
    )


def test_noise_of_a_meter_that_has_gone_silent_is_soon_forgotten():
    clean = [with_residuals(record(seed)) for seed in (1, 2)]
    history = record(3)
    value = history.value.copy()
    value[100:130, 0] += np.where(np.arange(30) % 2, 1.0, -1.0)
    value[130:, 0] = np.nan
    found = findings(ResidualEvidence(), clean, with_residuals(with_values(history, value)))
    energy = np.array([finding.channel[3, 0] for finding in found])
    assert energy[129] > 5
    assert energy[145] == pytest.approx(1.0)


def test_powers_explain_the_voltage_they_drop_and_not_the_sources():
    rng, resistance = np.random.default_rng(0), np.array([[0.01, 0.0], [0.01, 0.02]])
    power = rng.normal(size=(500, 2))
    innovation = np.concatenate([power @ -resistance.T, power], axis=1)
    explained = ExplainedVoltage(voltage_sensitivities(("v bus 1", "v bus 2", "p bus 1", "p bus 2"), innovation))
    np.testing.assert_allclose(explained.unexplained(innovation), 0, atol=2e-3)
    risen = innovation + np.array([0.02, 0.02, 0, 0])
    np.testing.assert_allclose(explained.unexplained(risen) - explained.unexplained(innovation), 0.02)


def test_without_powers_nothing_is_said_of_any_voltage():
    innovation = np.random.default_rng(0).normal(size=(100, 2))
    explained = ExplainedVoltage(voltage_sensitivities(("v bus 1", "v bus 2"), innovation))
    assert explained.unexplained(innovation).shape == (100, 0)
