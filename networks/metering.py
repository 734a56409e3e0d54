"""Metering plans: which quantities are measured where, and how well.

A plan is a list of points (what is measured, `networks.metering_points`) that `metering_plan` turns into channels (how
well). Bus powers are injections with consumption positive: loads minus static generators minus generators, the sum that
pandapower shows in `res_bus` without what its shunts take, because those belong to the admittance matrix.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import degrees
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from networks.errors import FeederError
from networks.feeder import METER_COLUMNS, table
from networks.metering_points import POINTS, STATUS_TYPES, Point, busbars, live_buses, load_mva_by_bus

if TYPE_CHECKING:
    from pandas import DataFrame, Series

# Measuring classes of IEC 61869-2 and -3 and of IEC 62053-21 and -22: limit of error over full scale. [percent]
ACCURACY_CLASSES_PERCENT = (0.2, 0.5, 1.0, 3.0)
# Instrument transformers and transducers in series. An angle's 1 % is the total vector error of a phasor measurement
# unit (IEEE C37.118.1) of 1 radian.
ACCURACY_CLASS_PERCENT = {"v": 0.5, "p": 1.0, "q": 1.0, "i": 1.0, "va": 1.0}
# Plans with instruments of several generations: each instrument's class is drawn among these, evenly.
DRAWN_CLASSES_PERCENT: Mapping[str, tuple[float, ...]] = {"sparse": (0.5, 1.0, 3.0)}
# A limit of error is three standard deviations: a Gaussian meter keeps its class in 99.7 % of its readings.
STD_DEVS_IN_LIMIT = 3.0

VOLTAGE_FULL_SCALE_PU = 1.2
ANGLE_FULL_SCALE_DEGREE = degrees(1.0)
HEADROOM = 1.2
# A lightly loaded point still has a real meter with a real range: this share of the largest like it.
SMALLEST_SHARE = 0.02
SMALLEST_FULL_SCALE = 1e-4

Amount = TypeVar("Amount", float, "Series")
"""A number, or one a channel."""


def plan_of(net: Any, name: str, seed: int = 0) -> DataFrame:
    """The channels of a plan by name, see `networks.metering_points.POINTS`.

    Parameters
    ----------
    net
        With `res_*` tables of its nominal power flow.
    name
        "full", "typical" or "sparse".
    seed
        Of what is drawn: buses and lines with a meter, and in a sparse plan the class of every instrument.

    Raises
    ------
    FeederError
        If no plan has that name.
    """
    if name not in POINTS:
        raise FeederError(f"unknown metering plan {name!r}; there are {', '.join(POINTS)}.")
    random = np.random.default_rng(seed)
    points = POINTS[name](net, random)
    plan = metering_plan(net, points)
    if name in DRAWN_CLASSES_PERCENT:
        plan = _with_drawn_classes(plan, DRAWN_CLASSES_PERCENT[name], random)
    return plan


def metering_plan(net: Any, points: Iterable[Point]) -> DataFrame:
    """The channels of these points, one row each, with ranges from the net's nominal power flow.

    Parameters
    ----------
    net
        With `res_*` tables of its nominal power flow.
    points
        Measurement type (v, va, p, q, i, tap, closed), element type (bus, line, trafo, switch), element and side.

    Returns
    -------
    The columns of `METER_COLUMNS`. `full_scale` is 1.2 pu for voltage and a radian for angles; 1.2 times the nominal
    apparent power for P and Q, since a meter's range knows no power factor; 1.2 times the nominal current for |I|;
    never below 2 % of the largest of its kind. `std_dev` is that of the class (`std_dev_of_class`). The position of a
    tap changer or a switch has no error: class and standard deviation 0.
    """
    ratings = {kind: _ratings(net, *kind) for kind in (("power", "bus"), ("power", "line"), ("power", "trafo"))}
    ratings |= {kind: _ratings(net, *kind) for kind in (("current", "line"), ("current", "trafo"))}
    rows = []
    for quantity, element_type, element, side in points:
        accuracy_class = ACCURACY_CLASS_PERCENT.get(quantity, 0.0)
        full_scale = _full_scale(ratings, quantity, element_type, element, side)
        std_dev = std_dev_of_class(accuracy_class, full_scale)
        name = channel_name(quantity, element_type, element, side)
        rows.append((name, quantity, element_type, element, side, accuracy_class, full_scale, std_dev))
    return table(METER_COLUMNS, rows)


def with_accuracy_classes(plan: DataFrame, percent: Mapping[str, float]) -> DataFrame:
    """The plan with other accuracy classes.

    Parameters
    ----------
    plan
        With the columns of `METER_COLUMNS`.
    percent
        Class by measurement type; types that are left out keep theirs. [percent of full scale]
    """
    given = plan.measurement_type.map(percent).astype(float)
    accuracy_class = given.fillna(plan.accuracy_class)
    return plan.assign(
        accuracy_class=accuracy_class,
        std_dev=plan.std_dev.where(given.isna(), std_dev_of_class(accuracy_class, plan.full_scale)),
    )


def with_phasor_units(net: Any, plan: DataFrame, count: int, seed: int = 0) -> DataFrame:
    """The plan with phasor measurement units, that is voltage angles, at `count` buses.

    They stand at the busbars first, then at other buses, drawn; buses whose angle the plan has already are left out.
    """
    from pandas import concat

    metered = set(plan.element[plan.measurement_type == "va"])
    candidates = [bus for bus in live_buses(net) if bus not in metered]
    stations = [bus for bus in candidates if bus in busbars(net)]
    others = [bus for bus in candidates if bus not in stations]
    drawn = np.random.default_rng(seed).permutation(others).tolist()
    chosen = sorted([*stations, *drawn][:count])
    units = metering_plan(net, [("va", "bus", int(bus), None) for bus in chosen])
    return concat([plan, units], ignore_index=True) if chosen else plan


def std_dev_of_class(accuracy_class: Amount, full_scale: Amount) -> Amount:
    """Standard deviation of instruments of a class: of single numbers, or of whole columns.

    Parameters
    ----------
    accuracy_class
        Limit of error. [percent of full scale]
    full_scale
        End of the range. [unit of the value]
    """
    return accuracy_class / 100 * full_scale / STD_DEVS_IN_LIMIT


def channel_name(quantity: str, element_type: str, element: int, side: str | None) -> str:
    """For example ``v bus 5`` or ``p line 3 from``."""
    return " ".join(str(part) for part in (quantity, element_type, element, side) if part is not None)


def _with_drawn_classes(plan: DataFrame, classes: tuple[float, ...], random: np.random.Generator) -> DataFrame:
    """Each instrument's class by lot; P, Q and |I| at one place come from one instrument, V from another."""
    at = list(zip(plan.measurement_type == "v", plan.element_type, plan.element, plan.side, strict=True))
    class_of = {place: classes[random.integers(len(classes))] for place in dict.fromkeys(at)}
    drawn = np.array([class_of[place] for place in at])
    accuracy_class = plan.accuracy_class.where(plan.measurement_type.isin(STATUS_TYPES), drawn)
    return plan.assign(accuracy_class=accuracy_class, std_dev=std_dev_of_class(accuracy_class, plan.full_scale))


def _full_scale(ratings: dict, quantity: str, element_type: str, element: int, side: str | None) -> float:
    fixed = {"v": VOLTAGE_FULL_SCALE_PU, "va": ANGLE_FULL_SCALE_DEGREE} | dict.fromkeys(STATUS_TYPES, 1.0)
    if quantity in fixed:
        return fixed[quantity]
    rating = ratings["current" if quantity == "i" else "power", element_type]
    nominal = rating.get((element, side), 0.0)
    largest = max(rating.values(), default=0.0)
    return float(HEADROOM * max(nominal, SMALLEST_SHARE * largest, SMALLEST_FULL_SCALE))


def _ratings(net: Any, quantity: str, element_type: str) -> dict[tuple[int, str | None], float]:
    """Nominal apparent power [MVA] or current [kA] by element and side; zero where nothing flows."""
    if element_type == "bus":
        return {(bus, None): mva for bus, mva in _bus_mva(net).items()}
    result = net[f"res_{element_type}"]
    ratings: dict[tuple[int, str | None], float] = {}
    for side in ("from", "to") if element_type == "line" else ("hv", "lv"):
        values = result[f"i_{side}_ka"] if quantity == "current" else _apparent_mva(result, side)
        ratings |= dict(zip(((element, side) for element in values.index), values.fillna(0.0), strict=True))
    return ratings


def _apparent_mva(result: DataFrame, side: str) -> Series:
    return (result[f"p_{side}_mw"] ** 2 + result[f"q_{side}_mvar"] ** 2) ** 0.5


def _bus_mva(net: Any) -> dict[int, float]:
    """What a bus meter must be able to show: its loads or its generation alone, or what flows nominally. [MVA]"""
    injected = (net.res_bus.p_mw**2 + net.res_bus.q_mvar**2) ** 0.5
    loads = load_mva_by_bus(net)
    generators = net.sgen[net.sgen.in_service.astype(bool)]
    generation = generators.groupby("bus").p_mw.apply(lambda p_mw: p_mw.abs().sum()).to_dict()
    nominal = injected.fillna(0.0).to_dict()
    return {int(bus): max(nominal[bus], loads.get(bus, 0.0), generation.get(bus, 0.0)) for bus in net.bus.index}
