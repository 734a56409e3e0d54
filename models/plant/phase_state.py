"""What a grid looks like phase by phase, and the balanced equivalent of its currents; in pandapower table order."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models.network_model import FloatArray, NetworkModel
from models.phases import PHASES
from models.plant.grid_state import GridState

# Balanced equivalent of a current, and the vector of the state that shows the largest phase.
EQUIVALENT_CURRENTS = {
    "line_i_from_equivalent_ka": "line_i_from_ka",
    "line_i_to_equivalent_ka": "line_i_to_ka",
    "trafo_i_hv_equivalent_ka": "trafo_i_hv_ka",
    "trafo_i_lv_equivalent_ka": "trafo_i_lv_ka",
}


@dataclass(frozen=True, eq=False)
class PhaseState:
    """One solved step by phase; NaN where a phase is absent or de-energised, or there is no solution.

    The legs 1 and 2 of a centre-tapped secondary stand in the places of a and b. Voltages are those to ground, in pu of
    the bus's base voltage over sqrt(3). Angles are the phases' own (b lags a by about 120 degree). Powers are of the
    phases to ground: bus power is consumption less generation, that of a transformer flows into its low-voltage side.
    Line currents are those at the "from" end.

    Equivalent currents are what a balanced network would carry in each phase: the mean of the three phases' magnitudes,
    0 where a phase is absent. A balanced model of the feeder expects them of a meter.
    """

    vm_a_pu: FloatArray
    vm_b_pu: FloatArray
    vm_c_pu: FloatArray
    va_a_degree: FloatArray
    va_b_degree: FloatArray
    va_c_degree: FloatArray
    p_a_mw: FloatArray
    p_b_mw: FloatArray
    p_c_mw: FloatArray
    q_a_mvar: FloatArray
    q_b_mvar: FloatArray
    q_c_mvar: FloatArray
    line_i_a_ka: FloatArray
    line_i_b_ka: FloatArray
    line_i_c_ka: FloatArray
    trafo_p_lv_a_mw: FloatArray
    trafo_p_lv_b_mw: FloatArray
    trafo_p_lv_c_mw: FloatArray
    trafo_q_lv_a_mvar: FloatArray
    trafo_q_lv_b_mvar: FloatArray
    trafo_q_lv_c_mvar: FloatArray
    line_i_from_equivalent_ka: FloatArray
    line_i_to_equivalent_ka: FloatArray
    trafo_i_hv_equivalent_ka: FloatArray
    trafo_i_lv_equivalent_ka: FloatArray

    @classmethod
    def unknown(cls, network: NetworkModel) -> "PhaseState":
        """Nothing but NaN; read-only, so that it can be handed out at every step."""
        sizes = {"line": len(network.line_index), "trafo": len(network.trafo_index)}
        values = {name: np.full(sizes.get(name.split("_")[0], network.n_bus), np.nan) for name in PHASE_FIELDS}
        for value in values.values():
            value.setflags(write=False)
        return cls(**values)

    def with_currents_of(self, balanced: GridState) -> "PhaseState":
        """The same phases, with the currents of a balanced network, which are their own equivalents."""
        return replace(self, **{name: getattr(balanced, of) for name, of in EQUIVALENT_CURRENTS.items()})


PHASE_FIELDS: tuple[str, ...] = tuple(PhaseState.__dataclass_fields__)


def by_phase(pattern: str, values: Any) -> dict[str, FloatArray]:
    """Columns of an (n, 3) array under the names that `pattern` makes, such as ``"vm_{}_pu"``."""
    return {pattern.format(phase): values[:, place].copy() for place, phase in enumerate(PHASES)}
