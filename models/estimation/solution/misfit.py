"""J(x) and its gradient in one sweep over the rows, without a Jacobian: what a step of the estimator costs least.

The gradient is collected backwards: each row adds what its weighted residual asks of the voltages it looks at, as one
complex number a node, which is split into angle and magnitude only where a step is worked out. P and Q of the same
place are worked out together.
"""

import numba
import numpy as np

from models.estimation.solution.measurement_model import (
    ACTIVE_POWER,
    NOWHERE,
    REACTIVE_POWER,
    Rows,
    deviation,
    sensitivity,
    sums_of,
)
from models.network_model import ComplexArray, FloatArray


@numba.njit(cache=True)
def misfit(
    rows: Rows, measured: FloatArray, weight: FloatArray, v: ComplexArray, residual: FloatArray, pull: ComplexArray
) -> float:
    """J(x), the weighted sum of squared residuals.

    Parameters
    ----------
    v
        Voltage of every node. (n_node,) [pu]
    residual
        Receives z - h(x) of the rows that have a weight. (n_row,)
    pull
        Receives half of J's negative gradient: a small change dv lowers J by the real part of 2 sum(pull dv). (n_node,)
    """
    pull[:] = 0.0
    objective = 0.0
    for row in range(len(weight)):
        quantity, partner = rows.quantity[row], rows.partner[row]
        is_pair = partner != NOWHERE
        if is_pair and quantity == REACTIVE_POWER:
            continue
        if weight[row] == 0.0 and not (is_pair and weight[partner] != 0.0):
            continue
        voltage, current = sums_of(rows, row, v)
        residual[row] = deviation(quantity, measured[row], voltage, current)
        asked = weight[row] * residual[row]
        objective += asked * residual[row]
        if quantity == ACTIVE_POWER:
            both = complex(asked, 0.0)
            if is_pair:
                residual[partner] = measured[partner] - (voltage * np.conj(current)).imag
                asked = weight[partner] * residual[partner]
                objective += asked * residual[partner]
                both += 1j * asked
            by_voltage, by_current = np.conj(both * current), both * np.conj(voltage)
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
    return objective
