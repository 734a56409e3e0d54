"""What acts on the plant from outside of it, where an attacker can reach it on the way."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class FieldSignals:
    """Commands on their way to the plant, and the voltage behind its infeed; vectors in pandapower's table order.

    The arrays are not to be written to.

    Attributes
    ----------
    tap_pos
        (n_trafo,) Commanded positions. [-]
    switch_closed
        (n_switch,) Commanded states.
    sgen_p_mw
        (n_sgen,) What the static generators deliver. [MW]
    slack_vm_step_pu
        (n_ext_grid,) By how much the voltage of the external grids is off their set-point. [pu]
    """

    tap_pos: NDArray[np.int64]
    switch_closed: NDArray[np.bool_]
    sgen_p_mw: NDArray[np.float64]
    slack_vm_step_pu: NDArray[np.float64]
