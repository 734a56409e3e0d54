"""What the meters of a plan would read in a given state: for tables that set readings against the estimate."""

import numpy as np
from scipy.sparse import csr_matrix

from models.estimation.measurements.metering_plan import STATUS, Channels
from models.estimation.network_equations import NetworkEquations
from models.estimation.solution.measurement_model import ACTIVE_POWER, ANGLE, CURRENT, REACTIVE_POWER, VOLTAGE
from models.network_model import ComplexArray, FloatArray, IntArray, solve_linear


def node_voltages(node_of_bus: IntArray, ybus: csr_matrix, vm_pu: FloatArray, va_degree: FloatArray) -> ComplexArray:
    """Voltages of all nodes from those of the buses; a node without a bus injects nothing. (n_node,) [pu]

    Parameters
    ----------
    node_of_bus
        -1 where de-energised. (n_bus,)
    vm_pu, va_degree
        (n_bus,) [pu], [degree]
    """
    alive = node_of_bus >= 0
    v = np.zeros(ybus.shape[0], dtype=complex)
    v[node_of_bus[alive]] = (vm_pu * np.exp(1j * np.radians(va_degree)))[alive]
    with_bus = np.unique(node_of_bus[alive])
    return v if len(with_bus) == len(v) else solve_linear(ybus, with_bus, v[with_bus])


def expected_readings(
    equations: NetworkEquations, channels: Channels, vm_pu: FloatArray, va_degree: FloatArray
) -> FloatArray:
    """What every channel would read, NaN at a status and where its element is out of service.

    The power of a bus is that of its node: where closed switches join buses, the consumption of all of them together.

    Parameters
    ----------
    vm_pu, va_degree
        State of the buses. (n_bus,) [pu], [degree]

    Returns
    -------
    (n_channel,) [pu, degree, MW, Mvar, kA]
    """
    v = node_voltages(equations.node_of_bus, equations.ybus, vm_pu, va_degree)
    injected = v * np.conj(equations.ybus @ v)
    place = {"line": equations.branch_of_line, "trafo": equations.branch_of_trafo, "bus": equations.node_of_bus}
    reading = np.full(len(channels), np.nan)
    for channel, (quantity, kind) in enumerate(zip(channels.quantity, channels.element_type, strict=True)):
        at = STATUS if quantity == STATUS else int(place[kind][channels.position[channel]])
        if at < 0:
            continue
        if kind == "bus":
            node, current, power = at, 0.0, -injected[at]
        else:
            node, nodes, admittances = equations.terminal(at, int(channels.end[channel]))
            current = np.dot(admittances, v[nodes])
            power = v[node] * np.conj(current)
        reading[channel] = {
            VOLTAGE: abs(v[node]),
            ANGLE: np.degrees(np.angle(v[node])),
            ACTIVE_POWER: power.real * equations.base_mva,
            REACTIVE_POWER: power.imag * equations.base_mva,
            CURRENT: abs(current) * equations.base_ka[node],
        }[int(quantity)]
    return reading
