"""The attacker as a mosaik simulator, always wired between telemetry and control room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from models.attacks.attacker import Attacker
from models.parameters import require_length
from models.telemetry.quality import Quality, Telemetry
from simulators.adapter import ModelAdapter, serve

if TYPE_CHECKING:
    pass


class AttackerSimulator(ModelAdapter):
    """Hands telemetry on, forged where and while an attack is active; with no attack, exactly as it came.

    Parameters of ``Attacker``: `attacks`, a list of mappings with `family` and that family's parameters (empty for
    none); `plan`, the metering plan (a DataFrame, or a list of its rows as mappings); `channel_buses`, the bus of every
    channel (needed to attack stations); `net`, the pandapower net (needed by attacks that know the network);
    `start_time_of_day_s`, time since midnight at the start; `seed`.

    Inputs and outputs (n_channel): value_received [unit of the channel], timestamp_s [s], quality [-].
    A timestamp that nobody connects is the time of the step, a quality VALID or, for NaN, MISSING.
    Further inputs: tap_pos (n_trafo) and switch_closed (n_switch) as an attacker who knows the network overhears them;
    as built where not connected.

    Outputs: forged (n_channel), whether an attack forges a channel; forged_by (n_channel), the number of the attack
    that does, -1 for none; change (n_channel), value handed on less value received; attack_active (n_attack), 0 or 1;
    magnitude (n_attack), how large an attack is at the moment: of forged channels the largest change in standard
    deviations of the meter, else in the family's own measure.

    The entity's ``extra_info`` names the channels, labels the attacks and lists their targets.
    """

    MODEL = "Attacker"
    PARAMS = ("attacks", "plan", "channel_buses", "net", "start_time_of_day_s", "seed")
    INPUTS = ("value_received", "timestamp_s", "quality", "tap_pos", "switch_closed")
    OUTPUTS = (
        "value_received",
        "timestamp_s",
        "quality",
        "forged",
        "forged_by",
        "change",
        "attack_active",
        "magnitude",
    )

    def build(self, **params: Any) -> Attacker:
        return Attacker.of_plan(**params)

    def advance(self, model: Attacker, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        telemetry = as_telemetry(seconds, inputs, len(model.surface.names))
        received = model.step(seconds, telemetry, inputs.get("tap_pos"), inputs.get("switch_closed"))
        return {
            "value_received": received.value,
            "timestamp_s": received.timestamp_s,
            "quality": received.quality,
            **{name: getattr(model, name) for name in self.OUTPUTS[3:]},
        }

    def order(self, model: Attacker) -> dict[str, list[Any]]:
        return {
            "channel": list(model.surface.names),
            "attack": model.labels(),
            "target": [list(attack.target_names) for attack in model.attacks],
        }


def as_telemetry(seconds: float, inputs: Mapping[str, Any], n_channel: int) -> Telemetry:
    """The telemetry that came in, completed where nobody connected a part of it.

    Raises
    ------
    InvalidParameterError
        If the vector of values does not fit the channels.
    """
    value = np.asarray(inputs.get("value_received", np.full(n_channel, np.nan)), dtype=np.float64)
    require_length("value_received", value, n_channel)
    timestamp_s = inputs.get("timestamp_s", np.full(n_channel, seconds))
    quality = inputs.get("quality", np.where(np.isnan(value), Quality.MISSING, Quality.VALID).astype(np.int8))
    return Telemetry(value, timestamp_s, quality)


if __name__ == "__main__":
    serve(AttackerSimulator)
