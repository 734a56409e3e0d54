"""The attacker as a mosaik simulator, always wired between telemetry and control room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.attacks.attacker import Attacker
from models.attacks.surface import AttackSurface
from models.parameters import require_length
from models.telemetry.quality import Quality, Telemetry
from simulators.adapter import ModelAdapter, serve


class AttackerSimulator(ModelAdapter):
    """Hands telemetry on, forged where and while an attack is active; with no attack, exactly as it came.

    Parameters of ``Attacker``: `attacks`, a list of mappings with `family` and that family's parameters (empty for
    none); `channels`, the names of all channels in row order of the metering plan; `std_dev`, their standard
    deviations (needed by biases in standard deviations); `measurement_type`, their types (needed to draw targets of
    one type); `seed`.

    Inputs and outputs (n_channel): value_received [unit of the channel], timestamp_s [s], quality [-].
    A timestamp that nobody connects is the time of the step, a quality VALID or, for NaN, MISSING.

    Outputs: forged (n_channel), whether a channel is the target of an active attack; attack_active (n_attack), 0 or 1.

    The entity's ``extra_info`` names the channels, labels the attacks and lists their targets.
    """

    MODEL = "Attacker"
    PARAMS = ("attacks", "channels", "std_dev", "measurement_type", "seed")
    INPUTS = ("value_received", "timestamp_s", "quality")
    OUTPUTS = ("value_received", "timestamp_s", "quality", "forged", "attack_active")

    def build(
        self,
        attacks: Sequence[Mapping[str, Any]] = (),
        channels: Sequence[str] = (),
        std_dev: Sequence[float] | None = None,
        measurement_type: Sequence[str] | None = None,
        seed: int = 0,
    ) -> Attacker:
        return Attacker(attacks, AttackSurface.of(channels, std_dev, measurement_type), seed)

    def advance(self, model: Attacker, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        received = model.step(seconds, as_telemetry(seconds, inputs, len(model.surface.names)))
        return {
            "value_received": received.value,
            "timestamp_s": received.timestamp_s,
            "quality": received.quality,
            "forged": model.forged,
            "attack_active": model.attack_active,
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
