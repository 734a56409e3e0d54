"""A small network with everything an attacker can reach, its telemetry, and one complete example of every family."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandapower
import pytest

from models.attacks.attacker import Attacker
from models.attacks.field import FieldSignals
from models.attacks.surface import AttackSurface
from models.telemetry.quality import Quality, Telemetry

NAMES = ["v bus 1", "v bus 2", "v bus 3", "p bus 2", "p bus 3", "q bus 3", "closed switch 0"]
STD_DEV = [0.01, 0.01, 0.01, 0.5, 0.6, 0.7, float("nan")]
WINDOW = {"start_s": 3.0, "duration_s": 4.0}
VOLTAGES = {"channels": ["v bus 2", "v bus 3"]}
CUSTOMER = {"channels": ["p bus 3", "q bus 3"]}

# One complete example of every family; a new family is tested by an entry here.
ON_CHANNELS: dict[str, dict[str, Any]] = {
    "bias": {**VOLTAGES, "bias": 0.5},
    "scaling": {**CUSTOMER, "factor": 1.2},
    "ramp": {**VOLTAGES, "slope": 60.0},
    "noise": {**CUSTOMER, "noise_sigma": 3.0},
    "replay": {**VOLTAGES, "age_s": 2.0},
    "denial": {**VOLTAGES, "mode": "frozen"},
    "delay": {**CUSTOMER, "delay_s": 2.0},
    "jitter": {**CUSTOMER, "delay_s": 3.0},
    "stuck": {**VOLTAGES, "at": 0.0},
    "drift": {**VOLTAGES, "drift": 0.5},
    "spike": {**VOLTAGES, "height": 0.5, "probability": 1.0},
    "gain": {**CUSTOMER, "ratio_error_percent": 5.0},
    "wrong_sign": CUSTOMER,
    "wrong_phase": VOLTAGES,
    "theft": {**CUSTOMER, "factor": 0.7},
    "breaker_state": {"channels": ["closed switch 0"]},
}
IN_THE_FIELD: dict[str, dict[str, Any]] = {
    "surge": {"change_pu": 0.05},
    "sag": {"change_pu": 0.1},
    "tap_command": {"trafo": 0, "steps": 2},
    "breaker_command": {"switch": 0},
    "set_point": {"factor": 0.5},
}


def small_net() -> Any:
    """A transformer with a tap changer, a line behind a switch, a load and a generator."""
    net = pandapower.create_empty_network()
    hv, lv, end = (pandapower.create_bus(net, vn_kv) for vn_kv in (110.0, 20.0, 20.0))
    pandapower.create_ext_grid(net, hv)
    trafo = pandapower.create_transformer(net, hv, lv, "25 MVA 110/20 kV")
    line = pandapower.create_line(net, lv, end, 5.0, "NAYY 4x50 SE")
    pandapower.create_switch(net, lv, line, "l")
    pandapower.create_load(net, end, 1.0, 0.3)
    pandapower.create_sgen(net, end, 0.4)
    assert (net.trafo.tap_min[trafo], net.trafo.tap_max[trafo]) == (-9, 9)
    return net


@pytest.fixture(scope="session")
def surface() -> AttackSurface:
    return AttackSurface.of(
        NAMES,
        STD_DEV,
        [name.split()[0] for name in NAMES],
        bus=(1, 2, 3, 2, 3, 3, 1),
        place=tuple((kind, int(element), None, None) for _, kind, element in (name.split() for name in NAMES)),
        net=small_net(),
        start_time_of_day_s=22 * 3600.0,
    )


@pytest.fixture
def attacker_of(surface: AttackSurface) -> Callable[..., Attacker]:
    return lambda *attacks, seed=0: Attacker(attacks, surface, seed)


def traffic(seconds: float) -> Telemetry:
    """Clean telemetry that moves from step to step and is not to be written to."""
    value = 1.0 + np.arange(len(NAMES)) + 0.1 * seconds
    value[-1] = 1.0
    timestamp_s = np.full(len(NAMES), seconds)
    quality = np.full(len(NAMES), Quality.VALID, dtype=np.int8)
    for array in (value, timestamp_s, quality):
        array.setflags(write=False)
    return Telemetry(value, timestamp_s, quality)


def orders() -> FieldSignals:
    """What the control room and the sun send to the small network."""
    signals = FieldSignals(np.array([1]), np.array([True]), np.array([0.4]), np.zeros(1))
    for array in vars(signals).values():
        array.setflags(write=False)
    return signals


def attack_on(family: str, *channels: str, **parameters: Any) -> dict[str, Any]:
    return {**WINDOW, "family": family, "channels": list(channels), **parameters}


def run(attacker: Attacker, steps: int = 10) -> list[Telemetry]:
    return [attacker.step(float(k), traffic(float(k))) for k in range(steps)]


def same(one: Telemetry, other: Telemetry) -> bool:
    return all(
        np.array_equal(getattr(one, part), getattr(other, part), equal_nan=True)
        for part in ("value", "timestamp_s", "quality")
    )
