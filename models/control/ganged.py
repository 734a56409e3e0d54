"""Single-phase regulators of one bank as the one ganged regulator of a balanced network."""

from __future__ import annotations

from cmath import rect
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import radians
from statistics import fmean

from models.control.voltage_regulator import VoltageRegulatorSettings
from models.errors import InvalidParameterError

# A voltage from one phase to the next leads the first one's own by 30 degree, one to the phase before lags it.
LEADING_PAIRS = ("ab", "bc", "ca")
LAGGING_PAIRS = ("ba", "cb", "ac")


def ganged(settings: Sequence[VoltageRegulatorSettings]) -> list[VoltageRegulatorSettings]:
    """One regulator a transformer, in the order of their first units.

    The units of a transformer become one with the mean of their set points, bandwidths, delays, line-drop impedances
    and tap steps, the range and the taps per operation that all of them have, and the highest undervoltage block.
    Line-drop compensation between two phases is turned to what it is against the line's own phase, by 30 degree: in a
    balanced network that is the angle between the unit's voltage and the current that it carries.

    Raises
    ------
    InvalidParameterError
        If units of one transformer look at different buses or raise in different directions.
    """
    by_trafo: dict[int, list[VoltageRegulatorSettings]] = {}
    for unit in settings:
        by_trafo.setdefault(unit.trafo, []).append(unit)
    return [_merged(units) for units in by_trafo.values()]


def _merged(units: Sequence[VoltageRegulatorSettings]) -> VoltageRegulatorSettings:
    first = units[0]
    for what in ("controlled_bus", "raise_direction"):
        values = sorted({getattr(unit, what) for unit in units})
        if len(values) > 1:
            raise InvalidParameterError(
                f"the regulators of trafo {first.trafo} must have the same {what} to be ganged, "
                f"got {', '.join(map(str, values))}."
            )
    if any(unit.phases == "" for unit in units) and len(units) > 1:
        raise InvalidParameterError(
            f"trafo {first.trafo} has a ganged regulator and another one; give each unit its phases or take one out."
        )
    r_pu, x_pu, base_mva = _line_drop(units)
    return replace(
        first,
        tap_min=max(unit.tap_min for unit in units),
        tap_max=min(unit.tap_max for unit in units),
        vm_set_pu=fmean(unit.vm_set_pu for unit in units),
        bandwidth_pu=fmean(unit.bandwidth_pu for unit in units),
        delay_s=fmean(unit.delay_s for unit in units),
        inter_tap_delay_s=fmean(unit.inter_tap_delay_s for unit in units),
        line_drop_r_pu=r_pu,
        line_drop_x_pu=x_pu,
        line_drop_base_mva=base_mva,
        undervoltage_block_pu=max(unit.undervoltage_block_pu for unit in units),
        tap_step_percent=_mean_if_stated(unit.tap_step_percent for unit in units),
        max_taps_per_operation=min(unit.max_taps_per_operation for unit in units),
        phases="",
    )


def _line_drop(units: Sequence[VoltageRegulatorSettings]) -> tuple[float | None, float | None, float | None]:
    """Mean impedance of line-drop compensation on the first unit's base; none where no unit compensates."""
    base_mva = next((unit.line_drop_base_mva for unit in units if unit.compensates_line_drop), None)
    if base_mva is None:
        return None, None, None
    impedances = [_against_own_phase(unit) * base_mva / (unit.line_drop_base_mva or base_mva) for unit in units]
    mean = sum(impedances) / len(impedances)
    return mean.real, mean.imag, base_mva


def _against_own_phase(unit: VoltageRegulatorSettings) -> complex:
    impedance = complex(unit.line_drop_r_pu or 0.0, unit.line_drop_x_pu or 0.0)
    degree = -30.0 * (unit.phases in LEADING_PAIRS) + 30.0 * (unit.phases in LAGGING_PAIRS)
    return impedance * rect(1.0, radians(degree))


def _mean_if_stated(values: Iterable[float | None]) -> float | None:
    stated = [value for value in values if value is not None]
    return fmean(stated) if stated else None
