"""How far loads stray from their forecast, measured where they are metered."""

import numpy as np
import pytest

from models.estimation.measurements.forecast_accuracy import ForecastAccuracy
from models.estimation.measurements.metering_plan import Channels
from models.estimation.measurements.pseudo_measurements import ExpectedConsumption
from models.estimation.solution.measurement_model import ACTIVE_POWER, REACTIVE_POWER

N_BUS = 400
METERED = N_BUS // 2
CLAIMED_MW = 0.15
METER_MW = 0.02


def accuracy(n_metered=METERED, class_of_bus=None):
    """Meters of both powers at the first buses; all buses have loads of 1 MW and nothing else."""
    channels = Channels(
        name=tuple(f"{quantity} bus {bus}" for quantity in "pq" for bus in range(n_metered)),
        quantity=np.repeat([ACTIVE_POWER, REACTIVE_POWER], n_metered),
        element_type=("bus",) * (2 * n_metered),
        position=np.tile(np.arange(n_metered), 2),
        end=np.zeros(2 * n_metered, dtype=np.int64),
        variance=np.full(2 * n_metered, METER_MW**2),
    )
    return ForecastAccuracy(channels, frozenset(range(N_BUS)), N_BUS, class_of_bus)


def factors(watch, error_mw, scans=60, usable=True):
    """The factors at every bus after an hour in which customers strayed by `error_mw` all the time. (n_bus,)"""
    expected = ExpectedConsumption(np.ones(2 * N_BUS), np.full(2 * N_BUS, CLAIMED_MW**2))
    n_metered = len(error_mw)
    random = np.random.default_rng(0)
    for scan in range(scans):
        read_mw = 1.0 + error_mw + METER_MW * random.standard_normal(n_metered)
        value = np.concatenate((read_mw, np.zeros(n_metered)))
        found = watch.update(60.0 * scan, value, np.full(2 * n_metered, usable), expected)
    np.testing.assert_array_equal(found[:N_BUS], found[N_BUS:])
    return found[:N_BUS]


def errors_mw(std_dev, n_metered=METERED):
    return std_dev * np.random.default_rng(1).standard_normal(n_metered)


@pytest.mark.parametrize(("strays", "factor"), [(CLAIMED_MW, 1.0), (2 * CLAIMED_MW, 4.0), (CLAIMED_MW / 2, 1.0)])
def test_that_the_metered_stray_farther_is_believed_of_all_but_not_that_they_stray_less(strays, factor):
    found = factors(accuracy(), errors_mw(strays))
    np.testing.assert_allclose(found, factor, rtol=0.3)


def test_few_meters_say_little():
    one, many = (factors(accuracy(n), errors_mw(3 * CLAIMED_MW, n))[0] for n in (1, METERED))
    assert abs(one - 1.0) < 0.5 < many - 1.0


def test_classes_of_customers_are_told_apart():
    restless = np.arange(N_BUS) % 2 == 0
    strays = np.where(restless[:METERED], 2.0, 0.5) * errors_mw(CLAIMED_MW)
    found = factors(accuracy(class_of_bus=restless.tolist()), strays)
    assert found[METERED] > 2.0
    assert found[METERED + 1] == 1.0


def test_a_class_without_meters_is_taken_for_the_mean_of_the_others():
    found = factors(accuracy(class_of_bus=[bus < METERED for bus in range(N_BUS)]), errors_mw(2 * CLAIMED_MW))
    assert found[-1] == pytest.approx(found[0], rel=0.1)


def test_a_forged_meter_is_one_bad_customer():
    error_mw = errors_mw(2 * CLAIMED_MW)
    honest = factors(accuracy(), error_mw)[0]
    error_mw[0] = 1e6
    assert factors(accuracy(), error_mw)[0] < 1.2 * honest


def test_what_is_not_heard_of_says_nothing():
    np.testing.assert_array_equal(factors(accuracy(), errors_mw(3 * CLAIMED_MW), usable=False), 1.0)


def test_what_happened_hours_ago_is_forgotten():
    watch = accuracy()
    factors(watch, errors_mw(3 * CLAIMED_MW))
    assert factors(watch, errors_mw(CLAIMED_MW), scans=360)[0] == pytest.approx(1.0, rel=0.3)
