"""What the voltage regulators look at: a vector of bus voltages, or single telemetry channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.control.voltage_regulator import VoltageRegulatorSettings
from models.errors import InvalidParameterError
from models.parameters import require_length

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Sensed:
    """What one regulator sees: voltage, and the power that flows into the feeder. [pu, MW, Mvar]"""

    vm_pu: float
    p_mw: float
    q_mvar: float


class BusSensing:
    """Regulators that act on a vector of bus voltages: the estimator's, or at the plant the true ones.

    The flow for line-drop compensation comes from the vectors trafo_p_lv_mw and trafo_q_lv_mvar (into the transformer).

    Parameters
    ----------
    settings
        The regulators.
    order
        pandapower indices in vector order: ``{"bus": [...], "trafo": [...]}``.

    Raises
    ------
    InvalidParameterError
        If a controlled bus or a transformer is not in the order.
    """

    def __init__(self, settings: Sequence[VoltageRegulatorSettings], order: Mapping[str, Sequence[int]]) -> None:
        self._settings = settings
        self._n_bus = len(order["bus"])
        self._bus = [position_of(order, "bus", regulator.controlled_bus) for regulator in settings]
        self._trafo = [position_of(order, "trafo", regulator.trafo) for regulator in settings]

    def look(self, inputs: Mapping[str, NDArray[np.float64]]) -> list[Sensed]:
        """What each regulator sees; NaN where no voltages came.

        Raises
        ------
        InvalidParameterError
            If line-drop compensation lacks its flows, or a vector has another length than announced.
        """
        if "vm_pu" not in inputs:
            return [Sensed(np.nan, np.nan, np.nan)] * len(self._settings)
        require_length("vm_pu", inputs["vm_pu"], self._n_bus)
        return [
            Sensed(float(inputs["vm_pu"][bus]), *self._flow(regulator, trafo, inputs))
            for regulator, bus, trafo in zip(self._settings, self._bus, self._trafo, strict=True)
        ]

    def _flow(
        self, regulator: VoltageRegulatorSettings, trafo: int, inputs: Mapping[str, NDArray[np.float64]]
    ) -> tuple[float, float]:
        if not regulator.compensates_line_drop:
            return 0.0, 0.0
        for vector in ("trafo_p_lv_mw", "trafo_q_lv_mvar"):
            if vector not in inputs:
                raise InvalidParameterError(
                    f"line-drop compensation of trafo {regulator.trafo} needs {vector}; connect it."
                )
        # pandapower counts flows into the transformer; the feeder gets the opposite.
        return -float(inputs["trafo_p_lv_mw"][trafo]), -float(inputs["trafo_q_lv_mvar"][trafo])


class MeasuredSensing:
    """Regulators that act on telemetry as it was received, forged or not: metered by phase, on the mean voltage.

    Line-drop compensation takes the metered flow at the transformer's low-voltage side or, failing that, at its
    high-voltage side (neglecting the transformer's losses).

    Parameters
    ----------
    settings
        The regulators.
    plan
        The metering plan, whose rows are the channels.

    Raises
    ------
    InvalidParameterError
        If a controlled bus has no voltage meter, or line-drop compensation no flow meters.
    """

    def __init__(self, settings: Sequence[VoltageRegulatorSettings], plan: pd.DataFrame) -> None:
        channels = _channels(plan)
        self._n_channel = len(plan)
        self._voltage = [_voltage_channel(regulator, channels) for regulator in settings]
        self._flows = [
            _flow_channels(regulator, channels) if regulator.compensates_line_drop else None for regulator in settings
        ]

    def look(self, inputs: Mapping[str, NDArray[np.float64]]) -> list[Sensed]:
        """What each regulator sees; NaN where nothing was received."""
        if "value_received" not in inputs:
            return [Sensed(np.nan, np.nan, np.nan)] * len(self._voltage)
        received = inputs["value_received"]
        require_length("value_received", received, self._n_channel)
        return [
            Sensed(float(received[voltage].mean()), *(flows.read(received) if flows else (0.0, 0.0)))
            for voltage, flows in zip(self._voltage, self._flows, strict=True)
        ]


@dataclass(frozen=True)
class _FlowChannels:
    """Where a transformer's p and q are received, and the sign that makes them flow into the feeder."""

    p: list[int]
    q: list[int]
    sign: float

    def read(self, received: NDArray[np.float64]) -> tuple[float, float]:
        return self.sign * float(received[self.p].sum()), self.sign * float(received[self.q].sum())


Channels = dict[tuple[str, str, int, str | None], list[int]]


def _channels(plan: pd.DataFrame) -> Channels:
    """Row of the first channel, in each phase, of every (measurement_type, element_type, element, side)."""
    found: dict[tuple[str, str, int, str | None], dict[Any, int]] = {}
    columns = ("measurement_type", "element_type", "element", "side")
    phases = plan["phase"] if "phase" in plan else [None] * len(plan)
    places = zip(*(plan[column] for column in columns), phases, strict=True)
    for row, (quantity, kind, element, side, phase) in enumerate(places):
        place = (quantity, kind, int(element), side if isinstance(side, str) and side else None)
        found.setdefault(place, {}).setdefault(phase, row)
    return {place: list(rows.values()) for place, rows in found.items()}


def _voltage_channel(regulator: VoltageRegulatorSettings, channels: Channels) -> list[int]:
    channel = channels.get(("v", "bus", regulator.controlled_bus, None))
    if channel is None:
        metered = [str(bus) for quantity, _, bus, _ in channels if quantity == "v"]
        raise InvalidParameterError(
            f"the regulator of trafo {regulator.trafo} acts on the measured voltage of bus {regulator.controlled_bus}, "
            f"which no channel measures (only buses {', '.join(metered) or '-'}); add a 'v' meter there or let it act "
            "on the estimated voltage."
        )
    return channel


def _flow_channels(regulator: VoltageRegulatorSettings, channels: Channels) -> _FlowChannels:
    for side, sign in (("lv", -1.0), ("hv", 1.0)):
        p, q = (channels.get((quantity, "trafo", regulator.trafo, side)) for quantity in ("p", "q"))
        if p is not None and q is not None:
            return _FlowChannels(p, q, sign)
    raise InvalidParameterError(
        f"line-drop compensation of trafo {regulator.trafo} needs its measured p and q on one side; "
        "add both meters or leave line_drop_r_pu and line_drop_x_pu out."
    )


def position_of(order: Mapping[str, Sequence[int]], element_type: str, index: int) -> int:
    """Position of a pandapower index in its vector.

    Raises
    ------
    InvalidParameterError
    """
    indices = list(order.get(element_type, ()))
    if index not in indices:
        raise InvalidParameterError(
            f"a voltage regulator names {element_type} {index}, which is none of the network's "
            f"{len(indices)} {element_type} indices."
        )
    return indices.index(index)
