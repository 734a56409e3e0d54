"""The error of an instrument: what stays, what wanders and what is noise, together no more than its class allows."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import InvalidParameterError
from models.telemetry.instrument_errors import InstrumentErrors, MeterSettings

DAY_S = 86400.0
BIAS_ONLY = MeterSettings(noise=False, bias_share=0.3, drift_share=0.0)
DRIFT_ONLY = MeterSettings(noise=False, bias_share=0.0, drift_share=0.5, drift_time_constant_s=DAY_S)


@pytest.fixture
def errors_of() -> Callable[..., InstrumentErrors]:
    def build(meters: MeterSettings, n_channel: int = 1, installation: int = 1, day: int = 2) -> InstrumentErrors:
        streams = (np.random.default_rng(seed) for seed in (installation, day))
        return InstrumentErrors(np.full(n_channel, 0.01), meters, *streams)

    return build


@settings(max_examples=20)
@given(st.floats(0, 0.5), st.floats(0, 0.5))
def test_bias_drift_and_noise_use_up_the_variance_of_the_class_and_no_more(bias: float, drift: float) -> None:
    n_channel = 10_000
    streams = np.random.default_rng(7).spawn(2)
    errors = InstrumentErrors(np.full(n_channel, 0.01), MeterSettings(bias_share=bias, drift_share=drift), *streams)
    standardised = errors.at(3600.0) / 0.01
    assert standardised.mean() == pytest.approx(0.0, abs=5 / np.sqrt(n_channel))
    assert standardised.std() == pytest.approx(1.0, abs=5 / np.sqrt(2 * n_channel))


def test_by_default_noise_has_four_fifths_of_the_standard_deviation(errors_of: Callable) -> None:
    errors = errors_of(MeterSettings())
    seen = np.array([errors.at(1.0)[0] for _ in range(4000)])
    assert seen.std() == pytest.approx(0.008, rel=0.06)


def test_a_bias_stays_all_day_and_every_day_but_differs_from_meter_to_meter(errors_of: Callable) -> None:
    today, tomorrow = (errors_of(BIAS_ONLY, 50, day=day) for day in (2, 3))
    np.testing.assert_array_equal(today.at(0.0), today.at(DAY_S))
    np.testing.assert_array_equal(today.at(DAY_S), tomorrow.at(0.0))
    assert len(np.unique(today.at(DAY_S))) == 50
    assert np.abs(today.at(DAY_S)).max() <= 0.3 * 3 * 0.01
    assert not np.array_equal(errors_of(BIAS_ONLY, 50, installation=9).at(0.0), today.at(DAY_S))


def test_a_drift_hardly_moves_in_a_minute_and_is_forgotten_after_some_time_constants(errors_of: Callable) -> None:
    errors = errors_of(DRIFT_ONLY, 4000)
    start = errors.at(0.0)
    minute, days = errors.at(60.0), errors.at(60.0 + 5 * DAY_S)
    assert np.corrcoef(start, minute)[0, 1] > 0.998
    assert abs(np.corrcoef(start, days)[0, 1]) < 0.06
    for drift in (start, minute, days):
        assert drift.std() == pytest.approx(0.005, rel=0.06)


def test_a_drift_has_the_same_spread_whatever_the_step(errors_of: Callable) -> None:
    fine, coarse = (errors_of(DRIFT_ONLY, 4000, day=day) for day in (4, 5))
    start_fine, start_coarse = fine.at(0.0), coarse.at(0.0)
    for hour in range(1, 25):
        last_fine = fine.at(3600.0 * hour)
    change = (last_fine - start_fine).std(), (coarse.at(DAY_S) - start_coarse).std()
    assert change[0] == pytest.approx(change[1], rel=0.1)


def test_ideal_instruments_do_not_err(errors_of: Callable) -> None:
    assert not errors_of(MeterSettings.ideal(), 10).at(100.0).any()


def test_a_bias_and_a_drift_beyond_the_budget_are_refused() -> None:
    with pytest.raises(InvalidParameterError, match=r"bias_share 0.5 and drift_share 0.6 leave nothing"):
        MeterSettings(bias_share=0.5, drift_share=0.6)
