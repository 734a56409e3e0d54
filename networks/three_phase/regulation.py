"""The regulators of a three-phase feeder, from the volts on their dials to per unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from networks.errors import InvalidFeederError
from networks.feeder import REGULATOR_COLUMNS, table

if TYPE_CHECKING:
    from pandas import DataFrame

    from networks.three_phase.tables import ThreePhaseTables


@dataclass(frozen=True)
class LineDrop:
    """Line-drop compensation per unit of `base_mva`, which is the current transformer's rating at nominal voltage."""

    r_pu: float
    x_pu: float
    base_mva: float


def line_drop_per_unit(
    r_v: float, x_v: float, pt_ratio: float, ct_primary_a: float, sensed_kv: float, vn_kv: float
) -> LineDrop:
    """Line-drop compensation of a control's dials, per unit.

    The dials state the drop on the potential transformer's secondary while the current transformer's primary carries
    its rating [1]_. With that rating as the base of the current, ``r_pu = r_v * pt_ratio / sensed voltage``.

    Parameters
    ----------
    r_v, x_v
        Settings of resistance and reactance. [V]
    pt_ratio
        Of the potential transformer. [-]
    ct_primary_a
        Rated primary current of the current transformer. [A]
    sensed_kv
        Nominal voltage across the potential transformer: line to neutral for a phase, line to line between two. [kV]
    vn_kv
        Nominal line-to-line voltage of the bus. [kV]

    References
    ----------
    .. [1] W. H. Kersting, "Distribution System Modeling and Analysis", 3rd ed., CRC Press, 2012, section 7.4.
    """
    pu_of_volt = pt_ratio / (1000.0 * sensed_kv)
    return LineDrop(r_v * pu_of_volt, x_v * pu_of_volt, np.sqrt(3) * vn_kv * ct_primary_a / 1000.0)


def regulators_of(tables: ThreePhaseTables, net: Any) -> DataFrame:
    """The rows of `Feeder.regulators`, one a unit.

    Parameters
    ----------
    tables
        The feeder phase by phase.
    net
        Its balanced net; transformers carry the names of the banks, buses those of the tables.

    Raises
    ------
    InvalidFeederError
        If a regulator's transformer or controlled bus is not in the net.
    """
    bank_of = dict(zip(tables.transformer.transformer, tables.transformer.bank, strict=True))
    trafo_of = {name: index for index, name in net.trafo.name.items()}
    bus_of = {name: index for index, name in net.bus.name.items()}
    rows = []
    for unit in tables.regulator.itertuples(index=False):
        bank = bank_of.get(unit.transformer)
        if bank not in trafo_of:
            raise InvalidFeederError(
                f"regulator {unit.regulator} moves transformer {unit.transformer}, which the network does not have."
            )
        if unit.controlled_bus not in bus_of:
            raise InvalidFeederError(
                f"regulator {unit.regulator} controls bus {unit.controlled_bus}, which the network does not have."
            )
        bus = bus_of[unit.controlled_bus]
        rows.append(_per_unit(unit, int(trafo_of[bank]), int(bus), float(net.bus.vn_kv.at[bus])))
    return table(REGULATOR_COLUMNS, [[row[column] for column in REGULATOR_COLUMNS] for row in rows])


def _per_unit(unit: Any, trafo: int, bus: int, vn_kv: float) -> dict[str, Any]:
    sensed_kv = vn_kv if len(unit.phases) == 2 else vn_kv / np.sqrt(3)
    pu_of_volt = unit.pt_ratio / (1000.0 * sensed_kv)
    drop = _line_drop(unit, sensed_kv, vn_kv)
    return {
        "trafo": trafo,
        "controlled_bus": bus,
        "vm_set_pu": unit.v_set_v * pu_of_volt,
        "bandwidth_pu": unit.bandwidth_v * pu_of_volt,
        "delay_s": float(unit.delay_s),
        "inter_tap_delay_s": float(unit.inter_tap_delay_s),
        "tap_min": int(unit.tap_min),
        "tap_max": int(unit.tap_max),
        # Their taps are on the secondary: a higher one raises it.
        "raise_direction": 1,
        "phases": unit.phases,
        "max_taps_per_operation": int(unit.max_taps_per_operation),
        "line_drop_r_pu": drop.r_pu,
        "line_drop_x_pu": drop.x_pu,
        "line_drop_base_mva": drop.base_mva,
    }


def _line_drop(unit: Any, sensed_kv: float, vn_kv: float) -> LineDrop:
    """None of it, as NaN, where both dials stand at zero or nobody said."""
    r_v, x_v = (0.0 if np.isnan(value) else float(value) for value in (unit.line_drop_r_v, unit.line_drop_x_v))
    if r_v == x_v == 0.0:
        return LineDrop(np.nan, np.nan, np.nan)
    return line_drop_per_unit(r_v, x_v, float(unit.pt_ratio), float(unit.ct_primary_a), sensed_kv, vn_kv)
