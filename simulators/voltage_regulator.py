"""The voltage regulators as a mosaik simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from models.control.ganged import ganged
from models.control.regulator_bank import RegulatorBank
from models.control.regulator_sensing import BusSensing, MeasuredSensing
from models.control.voltage_regulator import VoltageRegulatorSettings
from models.errors import InvalidParameterError
from models.parameters import from_mapping
from simulators.adapter import ModelAdapter, serve

if TYPE_CHECKING:
    import pandas as pd


class VoltageRegulatorSimulator(ModelAdapter):
    """Moves the taps of all regulated transformers (device 90).

    Parameters of ``VoltageRegulator``: `regulators`, a list of mappings (or instances) of `VoltageRegulatorSettings`,
    empty for none, single-phase units of one transformer ganged (`models.control.ganged`); `order`, pandapower indices
    in vector order as ``{"bus": [...], "trafo": [...]}``; `tap_pos`, all transformers' taps at the start (zeros if left
    out); `source`, ``"estimated"`` or ``"measured"``; `plan`, the metering plan (a DataFrame, or a list of its rows as
    mappings), with which ``"measured"`` finds its channels.

    Inputs: with ``"estimated"`` vm_pu [pu] (n_bus) and, for line-drop compensation, trafo_p_lv_mw [MW] and
    trafo_q_lv_mvar [Mvar] (n_trafo, into the transformer); with ``"measured"`` value_received (n_channel). A regulator
    whose voltage is NaN or not connected blocks.

    Outputs: tap_pos (n_trafo) [-]; operations (n_regulator), taps done so far [-].
    """

    MODEL = "VoltageRegulator"
    PARAMS = ("regulators", "order", "tap_pos", "source", "plan")
    INPUTS = ("vm_pu", "value_received", "trafo_p_lv_mw", "trafo_q_lv_mvar")
    OUTPUTS = ("tap_pos", "operations")

    def build(
        self,
        order: Mapping[str, Sequence[int]],
        regulators: Sequence[VoltageRegulatorSettings | Mapping[str, Any]] = (),
        tap_pos: Sequence[int] | None = None,
        source: str = "estimated",
        plan: pd.DataFrame | Sequence[Mapping[str, Any]] | None = None,
    ) -> RegulatorBank:
        settings = ganged([from_mapping(VoltageRegulatorSettings, regulator) for regulator in regulators])
        taps = [0] * len(order["trafo"]) if tap_pos is None else tap_pos
        return RegulatorBank(settings, make_sensing(source, settings, order, plan), order["trafo"], taps)

    def advance(self, model: RegulatorBank, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {"tap_pos": model.step(seconds, inputs), "operations": model.operations}

    def order(self, model: RegulatorBank) -> dict[str, list[Any]]:
        return {"trafo": model.trafo_order, "regulator": model.names}


def make_sensing(
    source: str,
    settings: Sequence[VoltageRegulatorSettings],
    order: Mapping[str, Sequence[int]],
    plan: pd.DataFrame | Sequence[Mapping[str, Any]] | None,
) -> BusSensing | MeasuredSensing:
    """What the regulators look at.

    Raises
    ------
    InvalidParameterError
        For an unknown source, or ``"measured"`` without a metering plan.
    """
    if source == "estimated":
        return BusSensing(settings, order)
    if source != "measured":
        raise InvalidParameterError(f"source must be 'estimated' or 'measured', got {source!r}.")
    if plan is None:
        raise InvalidParameterError("regulators that act on measured voltages need the metering plan; give plan.")
    import pandas as pd

    return MeasuredSensing(settings, pd.DataFrame(plan))


if __name__ == "__main__":
    serve(VoltageRegulatorSimulator)
