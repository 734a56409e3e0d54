"""What a feeder does not say about itself, by rule: the same net always gets the same answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import nan
from typing import TYPE_CHECKING, Any

from networks.feeder import (
    LOAD_PROFILE_COLUMNS,
    PV_COLUMNS,
    REGULATOR_COLUMNS,
    TRANSFORMER_COLUMNS,
    Feeder,
    table,
)
from networks.metering import plan_of
from networks.metering_points import LOW_VOLTAGE_KV, has_on_load_taps

if TYPE_CHECKING:
    from pandas import DataFrame

# Six households in ten, the rest shops, workdays, round-the-clock business and farms.
MIXED_PROFILES = ("h0", "h0", "g0", "h0", "l0", "h0", "g1", "h0", "g3", "h0")
COMMERCIAL_PROFILES = ("g0", "g1", "g3", "g4")

PV_TILT_DEGREE = 30.0
PV_AZIMUTH_DEGREE = 180.0

# A band of 1.6 steps holds one tap position at any load and never hunts between two.
BANDWIDTH_STEPS = 1.6
REGULATOR_DELAY_S = 60.0
INTER_TAP_DELAY_S = 10.0
SETPOINT_RANGE_PU = (1.0, 1.04)

LARGEST_NATURALLY_COOLED_MVA = 10.0


def fill_in(feeder: Feeder) -> Feeder:
    """The feeder with a default for every table that it leaves empty, from its nominal power flow."""
    defaults: dict[str, Callable[[Any], DataFrame]] = {
        "load_profiles": default_load_profiles,
        "pv": default_pv,
        "regulators": default_regulators,
        "transformers": default_transformers,
        "meters": default_meters,
    }
    missing: dict[str, Any] = {
        name: build(feeder.net) for name, build in defaults.items() if getattr(feeder, name).empty
    }
    return replace(feeder, **missing)


def default_load_profiles(net: Any) -> DataFrame:
    """A BDEW class for each load.

    Low-voltage loads and those named as CIGRE names residential ones (``Load R...``) are households; CIGRE's commercial
    ones (``Load CI...``) rotate through the business classes; all others through a mix that is mostly households.
    """
    rows, commercial, mixed = [], 0, 0
    for load, name, bus in net.load[["name", "bus"]].itertuples():
        label = str(name)
        if label.startswith("Load CI"):
            rows.append((load, COMMERCIAL_PROFILES[commercial % len(COMMERCIAL_PROFILES)]))
            commercial += 1
        elif label.startswith("Load R") or net.bus.vn_kv.at[bus] < LOW_VOLTAGE_KV:
            rows.append((load, "h0"))
        else:
            rows.append((load, MIXED_PROFILES[mixed % len(MIXED_PROFILES)]))
            mixed += 1
    return table(LOAD_PROFILE_COLUMNS, rows)


def default_pv(net: Any) -> DataFrame:
    """A site facing south at 30 degrees for each static generator of type PV; rated power is its peak."""
    rows = []
    for sgen, kind, rated_mva, p_mw in net.sgen[["type", "sn_mva", "p_mw"]].itertuples():
        if str(kind).upper() == "PV":
            peak_mw = rated_mva if rated_mva > 0 else p_mw
            rows.append((sgen, float(peak_mw), PV_TILT_DEGREE, PV_AZIMUTH_DEGREE))
    return table(PV_COLUMNS, rows)


def default_regulators(net: Any) -> DataFrame:
    """A voltage regulator on each transformer with an on-load tap changer that feeds a medium-voltage busbar.

    A transformer counts when its tap range and step are stated and its secondary is above 1 kV: distribution
    transformers are tapped off load. The set point is the nominal voltage, rounded to a percent, within 1.00 to 1.04.
    """
    rows = []
    for trafo, row in net.trafo.iterrows():
        if not has_on_load_taps(net, trafo):
            continue
        nominal = net.res_bus.vm_pu.at[row.lv_bus]
        low, high = SETPOINT_RANGE_PU
        vm_set_pu = min(max(round(float(nominal), 2), low), high)
        bandwidth_pu = round(BANDWIDTH_STEPS * row.tap_step_percent / 100, 4)
        raise_direction = 1 if row.tap_side == "lv" else -1
        limits = (int(row.tap_min), int(row.tap_max))
        delays = (REGULATOR_DELAY_S, INTER_TAP_DELAY_S)
        ganged_without_line_drop = ("", 1, nan, nan, nan)
        control = (vm_set_pu, bandwidth_pu, *delays, *limits, raise_direction)
        rows.append((trafo, int(row.lv_bus), *control, *ganged_without_line_drop))
    return table(REGULATOR_COLUMNS, rows)


def default_transformers(net: Any) -> DataFrame:
    """Cooling by rating: natural (ONAN) up to 10 MVA, with fans (ONAF) above."""
    cooling = ["ONAN" if mva <= LARGEST_NATURALLY_COOLED_MVA else "ONAF" for mva in net.trafo.sn_mva]
    return table(TRANSFORMER_COLUMNS, list(zip(net.trafo.index, cooling, strict=True)))


def default_meters(net: Any) -> DataFrame:
    """The typical metering plan."""
    return plan_of(net, "typical")
