"""J(x) and its gradient in one sweep over the rows, without a Jacobian: what a step of the estimator costs least.

The gradient is collected backwards: each row adds what its weighted residual asks of the voltages it looks at, as one
complex number a node, and only at the end that number is split into angle and magnitude. P and Q of the same place are
worked out together.
"""

import numba
import numpy as np

from models.estimation.gain_matrix import StateLayout
from models.estimation.measurement_model import (
    ACTIVE_POWER,
    NOWHERE,
    REACTIVE_POWER,
    Rows,
    phasors,
    prediction,
    sensitivity,
    sums_of,
)
from models.network_model import FloatArray


@numba.njit(cache=True)
def misfit(
    rows: Rows,
    layout: StateLayout,
    measured: FloatArray,
    weight: FloatArray,
    va_radian: FloatArray,
    vm_pu: FloatArray,
    residual: FloatArray,
    downhill: FloatArray,
) -> float:
    """J(x), the weighted sum of squared residuals.

    Parameters
    ----------
    residual
        Receives z - h(x) of the rows that have a weight. (n_row,)
    downhill
        Receives H' W (z - h(x)), half of J's negative gradient, with one entry more for reference angles, zero.
        (n_state + 1,)
    """
    v = phasors(va_radian, vm_pu)
    pull = np.zeros(len(v), dtype=np.complex128)
    objective = 0.0
    for row in range(len(weight)):
        quantity, partner = rows.quantity[row], rows.partner[row]
        is_pair = partner != NOWHERE
        if is_pair and quantity == REACTIVE_POWER:
            continue
        if weight[row] == 0.0 and not (is_pair and weight[partner] != 0.0):
            continue
        voltage, current = sums_of(rows, row, v)
        residual[row] = measured[row] - prediction(rows, row, voltage, current, v, va_radian)
        asked = weight[row] * residual[row]
        objective += asked * residual[row]
        if quantity == ACTIVE_POWER:
            asked_both = complex(asked, 0.0)
            if is_pair:
                residual[partner] = measured[partner] - (voltage * np.conj(current)).imag
                asked = weight[partner] * residual[partner]
                objective += asked * residual[partner]
                asked_both += 1j * asked
            by_voltage, by_current = np.conj(asked_both * current), asked_both * np.conj(voltage)
        else:
            by_voltage, by_current = sensitivity(quantity, voltage, current)
            by_voltage, by_current = asked * by_voltage, asked * by_current
        own = rows.own_node[row]
        if own != NOWHERE:
            pull[own] += by_voltage
        else:
            for t in range(rows.term_start[row], rows.term_start[row + 1]):
                pull[rows.term_node[t]] += by_voltage * rows.term_voltage[t]
        for t in range(rows.term_start[row], rows.term_start[row + 1]):
            pull[rows.term_node[t]] += by_current * rows.term_admittance[t]

    for node in range(len(v)):
        share = pull[node] * v[node]
        downhill[layout.angle_state[node]] = -share.imag
        downhill[layout.magnitude_state[node]] = share.real / vm_pu[node]
    downhill[layout.n_state] = 0.0
    return objective
