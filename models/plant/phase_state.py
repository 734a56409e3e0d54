"""What a grid looks like phase by phase; in pandapower table order."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.network_model import FloatArray, NetworkModel
from models.phases import PHASES, of_phase


@dataclass(frozen=True, eq=False)
class PhaseState:
    """One solved step by phase, (n, 3) each; NaN where a phase is absent or dead, or there is no solution.

    The legs 1 and 2 of a centre-tapped secondary stand in the places of a and b. Voltages are those to ground, in pu of
    the bus's base voltage over sqrt(3). Angles are the phases' own (b lags a by about 120 degree). Powers are of the
    phases to ground: bus power is consumption less generation, flows are into lines and transformers.
    """

    vm_pu: FloatArray
    va_degree: FloatArray
    p_mw: FloatArray
    q_mvar: FloatArray
    line_p_from_mw: FloatArray
    line_q_from_mvar: FloatArray
    line_p_to_mw: FloatArray
    line_q_to_mvar: FloatArray
    line_i_from_ka: FloatArray
    line_i_to_ka: FloatArray
    trafo_p_hv_mw: FloatArray
    trafo_q_hv_mvar: FloatArray
    trafo_p_lv_mw: FloatArray
    trafo_q_lv_mvar: FloatArray
    trafo_i_hv_ka: FloatArray
    trafo_i_lv_ka: FloatArray

    @classmethod
    def unknown(cls, network: NetworkModel) -> "PhaseState":
        """Nothing but NaN; read-only, so that it can be handed out at every step."""
        sizes = {"line": len(network.line_index), "trafo": len(network.trafo_index)}
        nothing = {name: np.full((sizes.get(name.split("_")[0], network.n_bus), 3), np.nan) for name in QUANTITIES}
        for values in nothing.values():
            values.setflags(write=False)
        return cls(**nothing)

    @cached_property
    def vectors(self) -> Mapping[str, FloatArray]:
        """Every quantity phase by phase, by the names that `models.phases.of_phase` gives."""
        return {
            name: values
            for quantity in QUANTITIES
            for name, values in by_phase(quantity, getattr(self, quantity)).items()
        }


QUANTITIES: tuple[str, ...] = tuple(PhaseState.__dataclass_fields__)
PHASE_VECTORS: tuple[str, ...] = tuple(of_phase(quantity, phase) for quantity in QUANTITIES for phase in PHASES)


def by_phase(vector: str, values: FloatArray) -> dict[str, FloatArray]:
    """The columns of an (n, 3) array under the names of the phases of `vector`."""
    columns = np.ascontiguousarray(values.T)
    columns.setflags(write=values.flags.writeable)
    return dict(zip((of_phase(vector, phase) for phase in PHASES), columns, strict=True))
