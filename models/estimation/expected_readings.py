"""What the meters of a plan would read in a given state: for tables that set readings against the estimate."""

import numpy as np

from models.estimation.measurement_model import ACTIVE_POWER, ANGLE, CURRENT, REACTIVE_POWER, VOLTAGE
from models.estimation.metering_plan import STATUS, Channels
from models.estimation.network_equations import NetworkEquations
from models.network_model import ComplexArray, FloatArray, IntArray, solve_linear


def node_voltages(equations: NetworkEquations, vm_pu: FloatArray, va_degree: FloatArray) -> ComplexArray:
    """Voltages of all nodes from those of the buses; nodes without a bus inject nothing. (n_node,) [pu]

    Parameters
    ----------
    vm_pu, va_degree
        (n_bus,) [pu], [degree]
    """
    alive = equations.node_of_bus >= 0
    v = np.zeros(equations.n_node, dtype=complex)
    v[equations.node_of_bus[alive]] = (vm_pu * np.exp(1j * np.radians(va_degree)))[alive]
    with_bus = np.unique(equations.node_of_bus[alive])
    return v if len(with_bus) == equations.n_node else solve_linear(equations.ybus, with_bus, v[with_bus])


def expected_readings(
    equations: NetworkEquations, channels: Channels, vm_pu: FloatArray, va_degree: FloatArray
) -> FloatArray:
    """What every channel would read, NaN at a status and where its element is out of service. (n_channel,)

    The power of a bus is that of its node: where closed switches join buses, all their consumption together.

    Parameters
    ----------
    vm_pu, va_degree
        State of the buses. (n_bus,) [pu], [degree]
    """
    v = node_voltages(equations, vm_pu, va_degree)
    injected = v * np.conj(equations.ybus @ v)
    places: dict[str, IntArray] = {
        "bus": equations.node_of_bus,
        "line": equations.branch_of_line,
        "trafo": equations.branch_of_trafo,
    }
    reading = np.full(len(channels), np.nan)
    for channel, quantity in enumerate(channels.quantity.tolist()):
        if quantity == STATUS:
            continue
        kind = channels.element_type[channel]
        place = int(places[kind][channels.position[channel]])
        if place < 0:
            continue
        if kind == "bus":
            current, power = 0.0, -injected[place]
            node = place
        else:
            node, nodes, admittances = equations.terminal(place, int(channels.end[channel]))
            current = np.dot(admittances, v[nodes])
            power = v[node] * np.conj(current)
        reading[channel] = {
            VOLTAGE: abs(v[node]),
            ANGLE: np.degrees(np.angle(v[node])),
            ACTIVE_POWER: power.real * equations.base_mva,
            REACTIVE_POWER: power.imag * equations.base_mva,
            CURRENT: abs(current) * equations.base_ka[node],
        }[quantity]
    return reading
