"""Frequency and rotor angle of whole runs against closed forms and trajectories from elsewhere."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import expm

from mosaik_scenarios import RunResult, Scenario, catalogue, run

FAULT_START_S = 0.1
REFERENCE_FAULT_START_S = 1.0


def area_frequency_hz(time_s: np.ndarray, scenario: Scenario, nominal_hz: float) -> np.ndarray:
    """Frequency of a linear area: 2H dw/dt = pm - p - D w and T dpm/dt = -w/R - pm, by the matrix exponential."""
    area = scenario.area
    steps = [(event.at.total_seconds(), event.p_mw) for event in (*area.load_steps, *area.generation_trips)]
    matrix = np.array(
        [
            [-area.damping_pu / (2 * area.inertia_s), 1 / (2 * area.inertia_s)],
            [-1 / (area.droop_pu * area.governor_time_constant_s), -1 / area.governor_time_constant_s],
        ]
    )
    deviation = np.zeros(len(time_s))
    for at_s, p_mw in steps:
        driven = np.array([-p_mw / area.rating_mva / (2 * area.inertia_s), 0.0])
        for k in np.flatnonzero(time_s > at_s):
            state = np.linalg.solve(matrix, (expm(matrix * (time_s[k] - at_s)) - np.eye(2)) @ driven)
            deviation[k] += state[0]
    return nominal_hz * (1 + deviation)


def test_frequency_follows_the_closed_form_through_load_step_and_trip() -> None:
    events = {"load_steps": [{"at": "2s", "p_mw": 5}], "generation_trips": [{"at": "8s", "p_mw": 10}]}
    # Nominal loads: what the feeder itself draws does not change, so that the area's events are all that acts.
    changes = {"loads": "nominal", "extensions": [], "area": events, "duration": "14s"}
    scenario = catalogue.find("swing").with_overrides(changes)
    result = run(scenario)
    frequency_hz = result.generator["frequency_hz"]
    time_s = (frequency_hz.index - frequency_hz.index[0]).total_seconds().to_numpy()
    expected = area_frequency_hz(time_s, scenario, nominal_hz=frequency_hz.iloc[0])
    assert 0.1 < np.ptp(expected) < 2
    np.testing.assert_allclose(frequency_hz.to_numpy().ravel(), expected, atol=1e-5)


def kundur(clearing_ms: int, step: str, duration: str) -> Scenario:
    """The example's fault; circuit 2 is opened at both ends when it is cleared."""
    clearing: dict[str, Any] = {"at": f"{1000 * FAULT_START_S + clearing_ms}ms", "closed": False}
    fault = {"line": 1, "position": 0.0, "start": f"{FAULT_START_S}s", "duration": f"{clearing_ms}ms"}
    return Scenario(
        feeder="kundur_smib",
        duration=duration,
        step=step,
        telemetry={"scan_period": "100ms"},
        recloser={"enabled": False},
        faults=[fault],
        switching=[{"switch": breaker, **clearing} for breaker in (0, 1)],
        detectors=(),
    )


def rotor_angle(result: RunResult) -> tuple[np.ndarray, np.ndarray]:
    angle = result.generator["rotor_angle_degree"]
    return (angle.index - angle.index[0]).total_seconds().to_numpy(), angle.to_numpy().ravel()


def test_the_rotor_swings_as_kundurs_does(reference_data: Path) -> None:
    time_s, angle = rotor_angle(run(kundur(70, step="10ms", duration="3s")))
    reference = pd.read_csv(reference_data / "swing" / "kundur131_andes_tc070ms.csv")
    expected = np.interp(time_s - FAULT_START_S + REFERENCE_FAULT_START_S, reference["t"], reference["delta_deg"])
    np.testing.assert_allclose(angle, expected, atol=0.1)


@pytest.mark.parametrize(("clearing_ms", "is_stable"), [(86, True), (87, False)])
def test_the_critical_clearing_time_is_kundurs(clearing_ms: int, is_stable: bool) -> None:
    # 86.83 ms by the equal-area criterion; a stable swing turns back at 119.5 degree.
    _, angle = rotor_angle(run(kundur(clearing_ms, step="1ms", duration="1.3s")))
    if is_stable:
        assert angle.max() == pytest.approx(119.5, abs=0.5)
        assert angle[-1] < angle.max() - 1
    else:
        assert angle.max() == angle[-1] > 125
