"""The plant's power flow: Newton's method on the compiled network; the user's net is filled in when it is looked at."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.network_model import (
    Admittances,
    ComplexArray,
    FloatArray,
    IntArray,
    NetworkModel,
    set_topology,
    solve_linear,
)
from models.newton import TOLERANCE_PU, NewtonSolver
from models.plant.faults import FaultedNetwork, PreFaultState
from models.plant.grid_state import GridInputs, GridState, Ratings, nominal_inputs, phasor
from models.plant.voltage_dependence import VoltageDependentLoads

if TYPE_CHECKING:
    from pandapower import pandapowerNet

# Each tangent squares the distance to the solution, so that two or three do from the step before.
MAX_TANGENTS = 20


class PowerFlow:
    """Steps a pandapower net through time on arrays.

    Parameters
    ----------
    net
        The user's net. It stays the user's model: reading the property `net` brings its tables up to the last step.

    Notes
    -----
    Newton-Raphson by lightsim2grid on pandapower's own admittance matrix, warm-started from the last solution. While a
    fault is on, loads and generators are held as the admittances they were before it and the network is solved as the
    linear one it then is. Voltage-dependent loads are solved by their tangents. Nets the compiled network does not
    cover (`models.plant.net_tables.needs_runpp`) are stepped by `pandapower.runpp` itself.
    """

    def __init__(self, net: "pandapowerNet") -> None:
        from models.plant.net_tables import needs_runpp

        self.network = NetworkModel(net)
        self.ratings = Ratings(net)
        self._net = net
        self._written: GridState | None = None
        self._by_runpp = needs_runpp(net)
        self._newton = NewtonSolver()
        self._loads = VoltageDependentLoads(self.network)
        self._pre_fault = PreFaultState(self.network)
        self._last: tuple[Admittances, ComplexArray] | None = None
        self._as_found = _result_voltages(net)
        self.inputs = self.nominal_inputs()
        self.state = GridState.unsolved(self.network)

    def nominal_inputs(self) -> GridInputs:
        """Loads, static generators, taps, switches and external grids as the tables of the net state them."""
        return nominal_inputs(self.network)

    @property
    def net(self) -> "pandapowerNet":
        """The user's net with element and result tables of the last step."""
        from models.plant.net_tables import write_step

        if self._written is not self.state:
            drawn = None
            if self._loads.present and not self._by_runpp:
                drawn = self._loads.consumption(self.inputs.load, np.nan_to_num(self.state.vm_pu))
            write_step(self._net, self.network, self.inputs, self.state, drawn)
            self._written = self.state
        return self._net

    def solve(self, inputs: GridInputs) -> GridState:
        """Solve one step; a power flow without a solution comes back as ``converged=False`` with NaN."""
        self.inputs = inputs
        if self._by_runpp and not inputs.faults:
            self.state = self._solve_by_runpp(inputs)
            return self.state
        topology = self.network.admittances(inputs.tap_pos, inputs.switch_closed, inputs.line_in_service)
        solution = self._faulted(topology, inputs) if inputs.faults else self._healthy(topology, inputs)
        if solution is None:
            self.state = GridState.unsolved(self.network)
            return self.state
        external, generators = self._delivered(solution)
        self.state = self._describe(solution, external, generators)
        if not inputs.faults:
            self._pre_fault.remember(self.state.vm_pu, generators)
        return self.state

    def thevenin(self, ext_grid: int) -> tuple[complex, complex]:
        """The grid as the external grid at position `ext_grid` sees it, loads held as impedances.

        Returns
        -------
        voltage, impedance
            Open-circuit voltage and series impedance from the external grid's own node, on the net's base. [pu]
        """
        topology = self.network.admittances(self.inputs.tap_pos, self.inputs.switch_closed, self.inputs.line_in_service)
        drawn = self._drawn(self.inputs, self._pre_fault.vm_pu)
        faulted = FaultedNetwork(self.network, topology, self.inputs.faults)
        ybus = faulted.with_shunts(self._pre_fault.node_admittance(topology, drawn))
        own = topology.node_of_bus[self.network.ext_grid_bus[ext_grid]]
        slack = topology.slack_nodes
        others = self._slack_voltages(topology, self.inputs)
        others[slack == own] = 0.0
        current_from_others = (ybus @ solve_linear(ybus, slack, others))[own]
        admittance = (ybus @ solve_linear(ybus, slack, (slack == own).astype(complex)))[own]
        return complex(-current_from_others / admittance), complex(1.0 / admittance)

    def _drawn(self, inputs: GridInputs, vm_pu: FloatArray) -> ComplexArray:
        """What loads less static generators draw at the bus voltages `vm_pu`, (n_bus,). [MVA]"""
        load = inputs.load
        if self._loads.present:
            load = self._loads.consumption(load, vm_pu)
        return self.network.bus_consumption(load, inputs.sgen)

    def _healthy(self, topology: Admittances, inputs: GridInputs) -> "_Solution | None":
        """Newton's method from where a solution may be near."""
        solve = self._voltage_dependent if self._loads.present else self._constant_power
        for start in self._starts(topology, inputs):
            solution = solve(topology, inputs, start)
            if solution is not None:
                self._last = (topology, solution.v)
                return solution
        self._last = None
        return None

    def _constant_power(self, topology: Admittances, inputs: GridInputs, start: ComplexArray) -> "_Solution | None":
        drawn = self.network.bus_consumption(inputs.load, inputs.sgen)
        injection = self.network.node_injection(topology, drawn)
        v = self._newton.solve(
            topology, topology.ybus_by_column, start, injection, topology.slack_nodes, topology.pv_nodes
        )
        return None if v is None else _Solution.of_branches(topology, drawn, v)

    def _voltage_dependent(self, topology: Admittances, inputs: GridInputs, start: ComplexArray) -> "_Solution | None":
        """Newton's method on the tangents of the loads at the last voltage, until that is where they touch."""
        v = start
        vm_pu = _at(np.abs(v), topology.node_of_bus, 1.0)
        for _ in range(MAX_TANGENTS):
            tangent = self._loads.tangent(inputs.load, vm_pu)
            drawn = self.network.bus_consumption(tangent.power, inputs.sgen)
            ybus = tangent.admittance_matrix(topology)
            injection = self.network.node_injection(topology, drawn)
            solved = self._newton.solve(topology, ybus, v, injection, topology.slack_nodes, topology.pv_nodes)
            if solved is None:
                return None
            v = solved
            vm_pu = _at(np.abs(v), topology.node_of_bus, 1.0)
            error = self._loads.consumption(inputs.load, vm_pu) - tangent.consumption(vm_pu)
            if np.abs(error).max(initial=0.0) <= TOLERANCE_PU * topology.base_mva:
                return _Solution.of_branches(topology, self._drawn(inputs, vm_pu), v)
        return None

    def _starts(self, topology: Admittances, inputs: GridInputs) -> Iterator[ComplexArray]:
        """Where Newton's method may start, from the most likely on: the slacks have the voltages given.

        The last solution, if its nodes are the same; flat; unloaded; and as the net's tables were found.
        """
        slack = self._slack_voltages(topology, inputs)
        if self._last is not None and topology.has_nodes_of(self._last[0]):
            yield _with_slack(self._last[1], topology, slack)
        yield _with_slack(topology.flat_start, topology, slack)
        yield _with_slack(topology.unloaded_start, topology, slack)
        if self._as_found is not None:
            known = np.isfinite(self._as_found) & (topology.node_of_bus >= 0)
            start = topology.flat_start.copy()
            start[topology.node_of_bus[known]] = self._as_found[known]
            yield _with_slack(start, topology, slack)

    def _slack_voltages(self, topology: Admittances, inputs: GridInputs) -> ComplexArray:
        """Phasors at `slack_nodes`: those of the external grids; slack generators keep their set-point. [pu]"""
        v = topology.initial_v.copy()
        node = topology.node_of_bus[self.network.ext_grid_bus]
        v[node[node >= 0]] = inputs.slack[node >= 0]
        return v[topology.slack_nodes]

    def _faulted(self, topology: Admittances, inputs: GridInputs) -> "_Solution":
        """The linear network of a fault."""
        drawn = self._drawn(inputs, self._pre_fault.vm_pu)
        faulted = FaultedNetwork(self.network, topology, inputs.faults)
        shunts = self._pre_fault.node_admittance(topology, drawn)
        v = faulted.solve(self._slack_voltages(topology, inputs), shunts)
        healthy = v[: topology.n_node]
        vm_pu = _at(np.abs(healthy), topology.node_of_bus, np.nan)
        solution = _Solution.of_branches(topology, self._pre_fault.consumption(drawn, vm_pu), healthy)
        faulted.branch_currents(v, solution.i_from, solution.i_to)
        solution.injected[:] = (healthy * np.conj((faulted.ybus @ v)[: topology.n_node])) * topology.base_mva
        return solution

    def _solve_by_runpp(self, inputs: GridInputs) -> GridState:
        from models.plant.net_tables import solve_by_runpp

        net = self.network.net
        set_topology(net, inputs.tap_pos, inputs.switch_closed, inputs.line_in_service)
        return solve_by_runpp(net, self.network, inputs)

    def _delivered(self, solution: "_Solution") -> tuple[ComplexArray, ComplexArray]:
        """What every external grid and every generator delivers. [MVA]

        Loads and static generators are known; what else a node injects comes from its units, shared equally.
        """
        topology = solution.topology
        n_ext_grid = len(self.network.ext_grid_bus)
        node = topology.node_of_bus[np.concatenate((self.network.ext_grid_bus, self.network.gen_bus))]
        alive = topology.node_of_bus >= 0
        total = solution.injected.copy()
        np.add.at(total, topology.node_of_bus[alive], solution.drawn[alive])
        units_at_node = np.maximum(np.bincount(node[node >= 0], minlength=topology.n_node), 1)
        delivered = np.where(node >= 0, (total / units_at_node)[node], 0.0)
        return delivered[:n_ext_grid], delivered[n_ext_grid:]

    def _describe(self, solution: "_Solution", external: ComplexArray, generators: ComplexArray) -> GridState:
        """Everything users ask of one step, in the order of the tables."""
        topology = solution.topology
        line, trafo, node = topology.branch_of_line, topology.branch_of_trafo, topology.node_of_bus
        s_from, s_to = solution.branch_powers()
        i_from_ka, i_to_ka = solution.branch_currents_ka()
        i_line_from_ka, i_line_to_ka = _at(i_from_ka, line), _at(i_to_ka, line)
        i_line_ka = np.maximum(i_line_from_ka, i_line_to_ka)
        i_hv_ka, i_lv_ka = _at(i_from_ka, trafo), _at(i_to_ka, trafo)
        bus_power = np.where(node >= 0, solution.drawn, 0.0)
        np.subtract.at(bus_power, self.network.ext_grid_bus, external)
        np.subtract.at(bus_power, self.network.gen_bus, generators)
        line_from, line_to, hv, lv = _at(s_from, line), _at(s_to, line), _at(s_from, trafo), _at(s_to, trafo)
        return GridState(
            converged=True,
            vm_pu=_at(np.abs(solution.v), node, np.nan),
            va_degree=_at(np.degrees(np.angle(solution.v)), node, np.nan),
            p_mw=bus_power.real,
            q_mvar=bus_power.imag,
            line_p_from_mw=line_from.real,
            line_q_from_mvar=line_from.imag,
            line_p_to_mw=line_to.real,
            line_q_to_mvar=line_to.imag,
            line_i_from_ka=i_line_from_ka,
            line_i_to_ka=i_line_to_ka,
            line_i_ka=i_line_ka,
            line_loading_percent=self.ratings.line_loading_percent(i_line_ka),
            trafo_p_hv_mw=hv.real,
            trafo_q_hv_mvar=hv.imag,
            trafo_p_lv_mw=lv.real,
            trafo_q_lv_mvar=lv.imag,
            trafo_i_hv_ka=i_hv_ka,
            trafo_i_lv_ka=i_lv_ka,
            trafo_loading_percent=self.ratings.trafo_loading_percent(i_hv_ka, i_lv_ka),
            slack_p_mw=external.real,
            slack_q_mvar=external.imag,
            p_loss_mw=float(s_from.real.sum() + s_to.real.sum()),
        )


@dataclass(frozen=True, eq=False)
class _Solution:
    """A solved topology state in nodes and branches."""

    topology: Admittances
    drawn: ComplexArray
    """What loads less static generators draw at every bus, (n_bus,). [MVA]"""
    v: ComplexArray
    injected: ComplexArray
    """What flows from every node into the network, (n_node,). [MVA]"""
    i_from: ComplexArray
    i_to: ComplexArray

    @classmethod
    def of_branches(cls, topology: Admittances, drawn: ComplexArray, v: ComplexArray) -> "_Solution":
        v_from, v_to = v[topology.from_node], v[topology.to_node]
        return cls(
            topology=topology,
            drawn=drawn,
            v=v,
            injected=v * np.conj(topology.ybus @ v) * topology.base_mva,
            i_from=topology.y_ff * v_from + topology.y_ft * v_to,
            i_to=topology.y_tf * v_from + topology.y_tt * v_to,
        )

    def branch_powers(self) -> tuple[ComplexArray, ComplexArray]:
        """Power into every branch at either end. [MVA]"""
        base = self.topology.base_mva
        return (
            self.v[self.topology.from_node] * np.conj(self.i_from) * base,
            self.v[self.topology.to_node] * np.conj(self.i_to) * base,
        )

    def branch_currents_ka(self) -> tuple[FloatArray, FloatArray]:
        """Current magnitude at either end. [kA]"""
        base_ka = self.topology.base_ka
        return (
            np.abs(self.i_from) * base_ka[self.topology.from_node],
            np.abs(self.i_to) * base_ka[self.topology.to_node],
        )


def _result_voltages(net: "pandapowerNet") -> ComplexArray | None:
    """Voltages in the net's result table, as its source or an earlier power flow left them, None for none. [pu]"""
    found = net.get("res_bus")
    if found is None or not found.index.equals(net.bus.index):
        return None
    return phasor(found.vm_pu, found.va_degree)


def _with_slack(v: ComplexArray, topology: Admittances, slack: ComplexArray) -> ComplexArray:
    """A copy of `v` with the phasors `slack` at the slack nodes."""
    started = v.copy()
    started[topology.slack_nodes] = slack
    return started


def _at(values: NDArray[Any], position: IntArray, missing: float = 0.0) -> NDArray[Any]:
    """`values[position]`, `missing` where the position is -1."""
    if not len(values):
        return np.full(len(position), missing)
    return np.where(position >= 0, values[position], missing)
