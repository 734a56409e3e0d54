"""Loads whose power follows the voltage: constant power, current and impedance in shares (ZIP)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.network_model import Admittances, ComplexArray, FloatArray, NetworkModel

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix


class VoltageDependentLoads:
    """What the loads of a net draw at a voltage; their nominal power may change from step to step.

    Parameters
    ----------
    network
        The compiled network; the shares are those of the load table of its net.

    Notes
    -----
    A load draws ``P (p + i v + z v^2)`` with shares p + i + z = 1 of constant power, current and impedance, and Q
    likewise with shares of its own (IEEE Task Force on Load Representation for Dynamic Performance, "Load
    representation for dynamic performance analysis", Trans. Power Syst. 8(2), 1993, the polynomial model).

    `pandapower.runpp` gives everything at a bus, static generators too, the plain mean of the shares of its loads (and
    of only one of the buses that a closed switch joins). Both agree where the loads at a bus have the same shares.
    """

    def __init__(self, network: NetworkModel) -> None:
        load = network.net.load
        self.network = network
        self.current = _shares(load, "const_i")
        self.impedance = _shares(load, "const_z")
        self.present = bool(self.current.any() or self.impedance.any())

    def consumption(self, load: ComplexArray, vm_pu: FloatArray) -> ComplexArray:
        """What loads of nominal power `load` (n_load,) draw at the bus voltages `vm_pu` (n_bus,). [MVA]"""
        vm_pu = vm_pu[self.network.load_bus]
        factor = 1.0 + self.current * (vm_pu - 1.0) + self.impedance * (vm_pu**2 - 1.0)
        return factor[0] * load.real + 1j * (factor[1] * load.imag)

    def tangent(self, load: ComplexArray, vm_pu: FloatArray) -> "Tangent":
        """The loads as ``power + square v^2``, the same as they are, and as steep, at the bus voltages `vm_pu`."""
        vm_pu = vm_pu[self.network.load_bus]
        nominal = np.stack((load.real, load.imag))
        current, impedance = self.current * nominal, self.impedance * nominal
        power = nominal - current - impedance + current * vm_pu / 2.0
        square = impedance + current / (2.0 * vm_pu)
        return Tangent(self.network, power[0] + 1j * power[1], square[0] + 1j * square[1])


@dataclass(frozen=True, eq=False)
class Tangent:
    """Loads as constant power and constant admittances, which is what a power flow solves directly.

    The power of a constant current, linear in v, is its tangent in v^2 here: the error is of second order in the
    distance to the voltage where it touches. Constant power and constant impedance are exact.
    """

    network: NetworkModel
    power: ComplexArray
    """What does not depend on the voltage, (n_load,). [MVA]"""
    square: ComplexArray
    """What grows with the square of the voltage, at 1 pu, (n_load,). [MVA]"""

    def consumption(self, vm_pu: FloatArray) -> ComplexArray:
        """What the loads (n_load,) draw at the bus voltages `vm_pu` (n_bus,). [MVA]"""
        return self.power + self.square * vm_pu[self.network.load_bus] ** 2

    def admittance_matrix(self, topology: Admittances) -> "csc_matrix":
        """`ybus` with the loads' admittances at their nodes. [pu]"""
        from scipy.sparse import csc_matrix

        bare, diagonal = topology.ybus_by_column, topology.diagonal_by_column
        at_bus = self.network.bus_consumption(self.square, np.zeros(0, dtype=complex))
        at_node = np.conj(self.network.node_consumption(topology, at_bus))
        values = bare.data.copy()
        values[diagonal] += at_node[bare.indices[diagonal]]
        return csc_matrix((values, bare.indices, bare.indptr), shape=bare.shape)


def _shares(load: Any, kind: str) -> FloatArray:
    """Shares of one kind in P and in Q, (2, n_load). [-]"""
    columns = (load[f"{kind}_{power}_percent"] for power in ("p", "q"))
    return np.stack([column.fillna(0.0).to_numpy(dtype=float) / 100.0 for column in columns])
