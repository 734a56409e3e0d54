"""The attacker's other place: between whatever acts on the plant and the plant, always wired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.attacks.attacker import Attacker
from models.attacks.field import FieldSignals
from simulators.adapter import ModelAdapter, serve

if TYPE_CHECKING:
    from pandapower import pandapowerNet


@dataclass(frozen=True, eq=False)
class FieldLink:
    """An attacker, and the signals as they are where nobody sends any."""

    attacker: Attacker
    at_rest: FieldSignals


class FieldAttackerSimulator(ModelAdapter):
    """Hands commands and set-points on, forged where and while an attack is active; with none, exactly as they came.

    Parameters of ``FieldAttacker``: those of ``Attacker``, told the same as it is: `attacks`, `plan`, `channel_buses`,
    `net`, `start_time_of_day_s`, `seed`.

    Inputs and outputs: tap_pos (n_trafo) [-], switch_closed (n_switch), sgen_p_mw (n_sgen) [MW]; as the net has them
    where nobody connects them.

    Outputs: slack_vm_step_pu (n_ext_grid), by how much an attack moves the voltage of the external grids off their
    set-points. [pu]
    """

    MODEL = "FieldAttacker"
    PARAMS = ("attacks", "plan", "channel_buses", "net", "start_time_of_day_s", "seed")
    INPUTS = ("tap_pos", "switch_closed", "sgen_p_mw")
    OUTPUTS = ("tap_pos", "switch_closed", "sgen_p_mw", "slack_vm_step_pu")

    def build(self, **params: Any) -> FieldLink:
        return FieldLink(Attacker.of_plan(**params), signals_of(params.get("net")))

    def advance(self, model: FieldLink, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        sent = FieldSignals(**{**vars(model.at_rest), **inputs})
        return dict(vars(model.attacker.act(seconds, sent)))


def signals_of(net: pandapowerNet | None) -> FieldSignals:
    """What acts on a net as its tables state it; nothing on an unknown one."""
    if net is None:
        return FieldSignals(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool), np.zeros(0), np.zeros(0))
    return FieldSignals(
        tap_pos=net.trafo.tap_pos.fillna(0).to_numpy(dtype=np.int64),
        switch_closed=net.switch.closed.to_numpy(dtype=bool),
        sgen_p_mw=net.sgen.p_mw.to_numpy(dtype=float),
        slack_vm_step_pu=np.zeros(len(net.ext_grid)),
    )


if __name__ == "__main__":
    serve(FieldAttackerSimulator)
