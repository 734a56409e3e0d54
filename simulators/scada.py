"""The SCADA system as a mosaik simulator: meters in the field and the channel to the control room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from models.parameters import from_mapping
from models.random_streams import stream
from models.telemetry.channel import ChannelSettings, TelemetryChannel, clock_offsets_s
from models.telemetry.instrument_errors import MeterSettings
from models.telemetry.meters import BY_PHASE, METERED_VECTORS, Meters
from simulators.adapter import ModelAdapter, serve

if TYPE_CHECKING:
    import pandas as pd


class Scada(NamedTuple):
    """The two halves of telemetry."""

    meters: Meters
    channel: TelemetryChannel


class ScadaSimulator(ModelAdapter):
    """Measures the grid and carries the measurements to the control room.

    Parameters of ``Scada``: `plan`, the metering plan (a DataFrame, or a list of its rows as mappings); `order`,
    pandapower indices in vector order as ``{"bus": [...], "line": [...], "trafo": [...], "switch": [...]}``;
    `meter_settings` and `channel_settings`, mappings (or instances) of `MeterSettings` and `ChannelSettings`;
    `stations`, a number by which channels of one remote terminal unit know each other (one unit a channel if left out);
    `seed` of what differs from day to day; `installation_seed` of what stays as it was installed (biases, clocks).

    Inputs, the grid's vectors (those that the plan reads must be connected): vm_pu [pu], va_degree [degree], p_mw [MW],
    q_mvar [Mvar] (n_bus, consumption positive); line_p_from_mw, line_p_to_mw [MW], line_q_from_mvar, line_q_to_mvar
    [Mvar], line_i_from_ka, line_i_to_ka [kA] (n_line); trafo_p_hv_mw, trafo_p_lv_mw [MW], trafo_q_hv_mvar,
    trafo_q_lv_mvar [Mvar], trafo_i_hv_ka, trafo_i_lv_ka [kA], tap_pos_in_effect [-] (n_trafo); switch_closed_in_effect
    [-] (n_switch). For channels in a phase (the plan's column `phase`), and for b and c as here for a: vm_a_pu,
    va_a_degree, p_a_mw, q_a_mvar; line_p_from_a_mw, line_p_to_a_mw, line_q_from_a_mvar, line_q_to_a_mvar,
    line_i_from_a_ka, line_i_to_a_ka; trafo_p_hv_a_mw, trafo_p_lv_a_mw, trafo_q_hv_a_mvar, trafo_q_lv_a_mvar,
    trafo_i_hv_a_ka, trafo_i_lv_a_ka; tap_a_pos_in_effect.

    Outputs (n_channel, row order of the plan): value_measured, what the meters read; value_received, what the control
    room has, NaN where missing [unit of the channel]; timestamp_s, when that was measured [s]; quality, codes of
    `models.telemetry.quality.Quality` [-].
    """

    MODEL = "Scada"
    PARAMS = ("plan", "order", "meter_settings", "channel_settings", "stations", "seed", "installation_seed")
    INPUTS = (*METERED_VECTORS.values(), *(vector for vectors in BY_PHASE.values() for vector in vectors))
    OUTPUTS = ("value_measured", "value_received", "timestamp_s", "quality")

    def build(
        self,
        plan: pd.DataFrame | Sequence[Mapping[str, Any]],
        order: Mapping[str, Sequence[int]],
        meter_settings: MeterSettings | Mapping[str, Any] | None = None,
        channel_settings: ChannelSettings | Mapping[str, Any] | None = None,
        stations: Sequence[int] | None = None,
        seed: int = 0,
        installation_seed: int = 0,
    ) -> Scada:
        import pandas as pd

        meter_noise, channel_luck = stream(seed, "scada").spawn(2)
        instruments, clocks = stream(installation_seed, "telemetry installation").spawn(2)
        meters = Meters(
            pd.DataFrame(plan), order, from_mapping(MeterSettings, meter_settings), instruments, meter_noise
        )
        settings = from_mapping(ChannelSettings, channel_settings)
        each_alone = np.arange(len(meters.names))
        offset_s = clock_offsets_s(each_alone if stations is None else stations, settings.clock_skew_s, clocks)
        deadband_of = np.where(meters.is_status, 0.0, meters.full_scale)
        return Scada(meters, TelemetryChannel(deadband_of, settings, channel_luck, offset_s))

    def advance(self, model: Scada, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        reading = model.meters.read(seconds, inputs)
        received = model.channel.step(seconds, reading.value, reading.over_range)
        return {
            "value_measured": reading.value,
            "value_received": received.value,
            "timestamp_s": received.timestamp_s,
            "quality": received.quality,
        }

    def order(self, model: Scada) -> dict[str, list[Any]]:
        return {"channel": model.meters.names}


if __name__ == "__main__":
    serve(ScadaSimulator)
