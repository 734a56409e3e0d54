"""The kinds of attacks in the arena: each family at three magnitudes, aimed at somebody by lot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from mosaik_scenarios.arena.targets import Targets

Parameters = Mapping[str, Any]
DAY = timedelta(days=1)
ANY_TIME = (0.0, 24.0)
IN_THE_SUN = (9.5, 15.5)


@dataclass(frozen=True)
class Kind:
    """One kind of attack.

    Attributes
    ----------
    family
        Key of `ATTACKS`.
    measure
        What the magnitude is, with its unit.
    magnitudes
        From small to large.
    aimed
        Parameters of the family, for a magnitude and the targets.
    hours
        Time of day at which it may begin. [h]
    not_before
        Time from the timeline's start.
    possible
        Whether a feeder has what it takes.
    """

    family: str
    measure: str
    magnitudes: tuple[float, ...]
    aimed: Callable[[float, Targets], Parameters]
    hours: tuple[float, float] = ANY_TIME
    not_before: timedelta = timedelta(0)
    possible: Callable[[Targets], bool] = lambda targets: True


def _bias(sigma: float, to: Targets) -> Parameters:
    return {"channels": to.meters(1), "bias_sigma": to.sign() * sigma}


def _scaling(share: float, to: Targets) -> Parameters:
    return {"channels": to.meters(1, ("p", "q", "i"), "line"), "factor": 1 - share}


def _ramp(sigma_per_hour: float, to: Targets) -> Parameters:
    return {"channels": to.meters(1), "slope_sigma": to.sign() * sigma_per_hour}


def _noise(sigma: float, to: Targets) -> Parameters:
    return {"channels": to.meters(1), "noise_sigma": sigma}


def _stealthy(vm_pu: float, to: Targets) -> Parameters:
    return {"bus": to.customers(1)[0], "vm_change_pu": to.sign() * vm_pu}


def _stealthy_theft(share: float, to: Targets) -> Parameters:
    bus = to.customers(1)[0]
    return {"bus": bus, "p_change_mw": -share * to.consumption_of(bus)}


def _stealthy_slow(minutes: float, to: Targets) -> Parameters:
    return {**_stealthy(0.01, to), "ramp_s": 60.0 * minutes}


def _stealthy_partial(out_of_reach: float, to: Targets) -> Parameters:
    return {**_stealthy(0.01, to), "access": 1 - out_of_reach}


def _stealthy_wrong(percent: float, to: Targets) -> Parameters:
    return {**_stealthy(0.01, to), "impedance_error_percent": percent}


def _replay(share: float, to: Targets) -> Parameters:
    return {"count": to.share_of_meters(share), "age_s": DAY.total_seconds()}


def _denial(stations: float, to: Targets) -> Parameters:
    return {"buses": to.stations(int(stations)), "mode": "missing"}


def _freeze(meters: float, to: Targets) -> Parameters:
    return {"channels": to.meters(int(meters), ("p", "i"), "line"), "mode": "frozen"}


def _delay(seconds: float, to: Targets) -> Parameters:
    return {"count": to.share_of_meters(0.2), "delay_s": seconds, "restamped": True}


def _jitter(seconds: float, to: Targets) -> Parameters:
    return {"count": to.share_of_meters(0.2), "delay_s": seconds}


def _stuck(below_nominal: float, to: Targets) -> Parameters:
    return {"channels": to.meters(1, ("v",)), "at": 1 - below_nominal}


def _drift(sigma: float, to: Targets) -> Parameters:
    return {"channels": to.meters(1), "drift_sigma": sigma}


def _spike(sigma: float, to: Targets) -> Parameters:
    return {"channels": to.meters(1), "height_sigma": sigma}


def _gain(percent: float, to: Targets) -> Parameters:
    return {"channels": to.meters(1, ("p", "q", "i"), "line"), "ratio_error_percent": -percent}


def _wrong_sign(meters: float, to: Targets) -> Parameters:
    return {"channels": tuple(name for bus in to.customers(int(meters)) for name in to.channels_of(bus, ("p",)))}


def _wrong_phase(meters: float, to: Targets) -> Parameters:
    return {"channels": to.meters(int(meters), ("p",), "bus")}


def _theft(share: float, to: Targets) -> Parameters:
    return {"channels": to.channels_of(to.customers(1)[0], ("p", "q")), "factor": 1 - share}


def _breaker_state(breakers: float, to: Targets) -> Parameters:
    return {"channels": to.breaker_states(int(breakers))}


def _source(change_pu: float, to: Targets) -> Parameters:
    return {"change_pu": change_pu}


def _tap_command(steps: float, to: Targets) -> Parameters:
    return {"trafo": to.regulated_trafo(), "steps": int(to.sign() * steps)}


def _breaker_command(rank: float, to: Targets) -> Parameters:
    return {"switch": to.breaker(rank)[0], "closed": False}


def _set_point(share: float, to: Targets) -> Parameters:
    return {"factor": 1 - share}


SIGMA = "standard deviations of the meter"
KINDS: dict[str, Kind] = {
    "bias": Kind("bias", SIGMA, (4, 8, 16), _bias),
    "scaling": Kind("scaling", "share taken off", (0.1, 0.3, 0.6), _scaling),
    "ramp": Kind("ramp", f"{SIGMA} an hour", (8, 16, 48), _ramp),
    "noise": Kind("noise", SIGMA, (3, 6, 12), _noise),
    "stealthy": Kind("stealthy", "pu", (0.005, 0.01, 0.02), _stealthy),
    "stealthy theft": Kind("stealthy", "share of the load", (0.3, 0.6, 1.0), _stealthy_theft),
    "stealthy slow": Kind("stealthy", "minutes to 0.01 pu", (10, 20, 30), _stealthy_slow),
    "stealthy partial": Kind("stealthy", "share out of reach, 0.01 pu", (0.1, 0.25, 0.5), _stealthy_partial),
    "stealthy wrong": Kind("stealthy", "percent wrong impedances, 0.01 pu", (5, 15, 40), _stealthy_wrong),
    "replay": Kind("replay", "share of the meters", (0.1, 0.5, 1.0), _replay, not_before=DAY),
    "denial": Kind("denial", "stations", (1, 2, 4), _denial),
    "freeze": Kind("denial", "meters", (1, 3, 10), _freeze),
    "delay": Kind("delay", "seconds", (300, 900, 1800), _delay),
    "jitter": Kind("jitter", "seconds", (120, 300, 900), _jitter),
    "stuck": Kind("stuck", "pu below nominal", (0.05, 0.2, 1.0), _stuck),
    "drift": Kind("drift", f"{SIGMA} after an hour", (8, 16, 48), _drift),
    "spike": Kind("spike", SIGMA, (6, 12, 24), _spike),
    "gain": Kind("gain", "percent", (3, 10, 30), _gain),
    "wrong sign": Kind("wrong_sign", "meters", (1, 2, 4), _wrong_sign),
    "wrong phase": Kind("wrong_phase", "meters", (2, 3, 4), _wrong_phase),
    "theft": Kind("theft", "share not reported", (0.15, 0.3, 0.6), _theft),
    "breaker state": Kind("breaker_state", "breakers", (1, 2, 3), _breaker_state),
    "surge": Kind("surge", "pu", (0.01, 0.03, 0.05), _source),
    "sag": Kind("sag", "pu", (0.01, 0.03, 0.05), _source),
    "tap command": Kind(
        "tap_command", "steps", (1, 3, 6), _tap_command, possible=lambda to: bool(to.roles.regulators())
    ),
    "breaker command": Kind("breaker_command", "rank by the load behind", (0.0, 0.5, 1.0), _breaker_command),
    "set-point": Kind(
        "set_point", "share taken off", (0.3, 0.6, 1.0), _set_point, IN_THE_SUN, possible=lambda to: to.generators > 0
    ),
}
