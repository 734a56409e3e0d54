"""A scenario's telemetry: ideal in one word, plans by seed or from a file, meters of better classes, scans in time."""

from pathlib import Path

import numpy as np
import pytest

from models.telemetry.channel import ChannelSettings
from models.telemetry.instrument_errors import MeterSettings
from models.telemetry.quality import Quality
from mosaik_scenarios import Scenario, run
from mosaik_scenarios.roles import Roles
from networks.feeder import Feeder
from networks.registry import load_feeder


@pytest.fixture(scope="module")
def feeder() -> Feeder:
    return load_feeder("cigre_mv")


def test_ideal_telemetry_has_ideal_meters_and_hands_everything_on_at_once() -> None:
    ideal = Scenario(telemetry="ideal")
    meters, channel = ideal.telemetry.meters(), ideal.telemetry.channel(ideal.scan_period)
    expected = MeterSettings.ideal()
    assert (meters.noise, meters.systematic_variance) == (False, 0.0)
    assert (meters.resolution_bits, meters.range_percent) == (expected.resolution_bits, expected.range_percent)
    late_or_lost = (channel.latency_s, channel.latency_jitter_s, channel.loss_probability, channel.clock_skew_s)
    assert (*late_or_lost, channel.deadband_percent, channel.collection_window_s) == (0.0,) * 6


def test_ideal_is_the_same_from_a_file_and_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "ideal.toml").write_text('telemetry = "ideal"')
    ideal = Scenario(telemetry="ideal")
    assert Scenario.from_file(tmp_path / "ideal.toml") == ideal == Scenario().with_overrides({"telemetry": "ideal"})
    ideal.to_file(tmp_path / "written.json")
    assert Scenario.from_file(tmp_path / "written.json") == ideal


def test_the_defaults_of_a_scenario_are_those_of_the_models() -> None:
    scenario = Scenario(step="10s")
    assert scenario.telemetry.meters() == MeterSettings()
    assert scenario.telemetry.channel(scenario.scan_period) == ChannelSettings()


def test_the_scenarios_seed_draws_the_plan_and_the_instruments(feeder: Feeder) -> None:
    typical = [Roles(Scenario(telemetry={"metering": "typical"}, seed=seed), feeder) for seed in (1, 2)]
    assert set(typical[0].plan.name) != set(typical[1].plan.name)
    assert typical[0].scada()["installation_seed"] != typical[1].scada()["installation_seed"]


def test_the_instruments_are_the_same_on_every_day_and_their_noise_is_not(feeder: Feeder) -> None:
    today, tomorrow = (Roles(Scenario(start=f"2026-06-{day}T00:00:00+02:00"), feeder).scada() for day in (17, 18))
    assert today["installation_seed"] == tomorrow["installation_seed"]
    assert today["seed"] != tomorrow["seed"]


def test_a_plan_of_ones_own_with_better_meters_and_phasor_units(feeder: Feeder, tmp_path: Path) -> None:
    feeder.meters.to_csv(tmp_path / "plan.csv", index=False)
    telemetry = {"metering": str(tmp_path / "plan.csv"), "pmus": 2, "accuracy_class": {"v": 0.2}}
    plan = Roles(Scenario(telemetry=telemetry), feeder).plan
    assert plan.name.tolist() == [*feeder.meters.name, "va bus 0", "va bus 1"]
    of_voltage = plan.measurement_type == "v"
    assert (plan.accuracy_class[of_voltage] == 0.2).all()
    others = feeder.meters.measurement_type != "v"
    np.testing.assert_allclose(plan.std_dev[:-2][others], feeder.meters.std_dev[others])


def test_channels_of_a_station_share_its_clock(feeder: Feeder) -> None:
    scada = Roles(Scenario(telemetry={"metering": "full"}), feeder).scada()
    station_of = dict(zip(scada["plan"].name, scada["stations"], strict=True))
    assert station_of["v bus 12"] == station_of["p line 10 from"] == station_of["q trafo 1 lv"] == 12
    assert station_of["tap trafo 1"] == station_of["closed switch 7"] == station_of["p trafo 1 hv"] == 0


def test_scans_begin_at_their_phase_and_the_control_room_works_on_the_last_one() -> None:
    """A scan every three minutes from the second on; the estimator works every three minutes from the start."""
    telemetry = {"scan_period": "3min", "scan_phase": "1min", "loss_probability": 0, "deadband_percent": 0}
    scenario = Scenario(feeder="cigre_mv", duration="7min", detectors=(), telemetry=telemetry)
    measurement = run(scenario).measurement
    assert (measurement["quality"].iloc[0] == Quality.MISSING).all()
    assert not measurement["quality"].iloc[3:].any(axis=None)
    np.testing.assert_array_equal(measurement["value_received"].iloc[3], measurement["value_measured"].iloc[1])
    np.testing.assert_array_equal(measurement["value_received"].iloc[6], measurement["value_measured"].iloc[4])
