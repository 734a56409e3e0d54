"""A pandapower net compiled to arrays: admittances and element maps, one set for each state of taps and switches.

The plant steps on it; the control room keeps one of its own, built from the topology it believes in. Vectors are in the
order of the pandapower tables. "Nodes" are the buses of pandapower's internal case: buses joined by closed bus-bus
switches share a node, open line ends and three-winding transformers add auxiliary ones, de-energised buses have none.
"""

from collections import OrderedDict
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from models.internal_case import internal_case
from models.shares import Shares, sum_at

if TYPE_CHECKING:
    from pandapower import pandapowerNet

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

# A tap changer that walks its whole range, at a few switch states, stays compiled.
CACHED_STATES = 64

FROM_END, TO_END = range(2)


@dataclass(frozen=True, eq=False)
class Admittances:
    """One topology state as arrays; per unit on `base_mva` and the nodes' base voltages.

    The two-port of branch k between nodes f and t is ``i_f = y_ff v_f + y_ft v_t``, ``i_t = y_tf v_f + y_tt v_t``.
    """

    ybus: csr_matrix
    """Nodal admittance matrix, (n_node, n_node). [pu]"""
    from_node: IntArray
    to_node: IntArray
    y_ff: ComplexArray
    y_ft: ComplexArray
    y_tf: ComplexArray
    y_tt: ComplexArray
    slack_nodes: IntArray
    pv_nodes: IntArray
    node_of_bus: IntArray
    """Node of every pandapower bus, -1 where de-energised, (n_bus,)."""
    branch_of_line: IntArray
    """Branch of every line, -1 where out of service or de-energised, (n_line,)."""
    branch_of_trafo: IntArray
    """Branch of every two-winding transformer, -1 where out of service or de-energised, (n_trafo,)."""
    vn_kv: FloatArray
    """Base voltage of every node. [kV]"""
    base_mva: float
    initial_v: ComplexArray
    """Set-points at slack and PV nodes, their mean magnitude elsewhere, no transformer's phase shift yet. [pu]"""
    fixed_injection: ComplexArray
    """Node injections other than loads and static generators: generators' P, wards, storages, motors. [pu]"""

    @property
    def n_node(self) -> int:
        """Number of energised nodes."""
        return len(self.vn_kv)

    @cached_property
    def base_ka(self) -> FloatArray:
        """Current of 1 pu at every node. [kA]"""
        return np.asarray(self.base_mva / np.sqrt(3.0) / self.vn_kv)

    @cached_property
    def reference_nodes(self) -> IntArray:
        """The first slack node of every island: its angle is its set-point, all other angles are unknown.

        A second slack in the same island keeps its angle as a state, since the control room does not know the phase
        between two infeeds from anywhere but its meters.
        """
        _, island = connected_components(abs(self.ybus), directed=False)
        _, first = np.unique(island[self.slack_nodes], return_index=True)
        return self.slack_nodes[np.sort(first)]

    def terminal(self, branch: int, end: int) -> tuple[int, list[int], list[complex]]:
        """The node at one end of a branch, and the nodes and admittances whose products add up to the current there."""
        f, t = int(self.from_node[branch]), int(self.to_node[branch])
        if end == FROM_END:
            return f, [f, t], [complex(self.y_ff[branch]), complex(self.y_ft[branch])]
        return t, [t, f], [complex(self.y_tt[branch]), complex(self.y_tf[branch])]

    @cached_property
    def flat_start(self) -> ComplexArray:
        """Start of Newton's method: magnitudes of `initial_v`, angles that transformers' phase shifts alone make. [pu]

        They are those of the network without load and charging; with charging alone a large transmission system is
        further from a flat start than with its loads.
        """
        series = -self.y_tf * self._tap
        between = (self.from_node, self.to_node, series / np.abs(self._tap) ** 2, self.y_ft, self.y_tf, series)
        uncharged = solve_linear(_nodal(*between, self.n_node), self.slack_nodes, self.initial_v[self.slack_nodes])
        return np.abs(self.initial_v) * np.exp(1j * np.angle(uncharged))

    @cached_property
    def unloaded_start(self) -> ComplexArray:
        """Another start of Newton's method: the network without load, generators at their set-points. [pu]

        Far from the slack's voltage, behind regulators that raise or lower it, this is where a solution is near. In
        large transmission systems it is not: there the lines' charging raises it without bounds.
        """
        start = solve_linear(self.ybus, self.slack_nodes, self.initial_v[self.slack_nodes])
        start[self.pv_nodes] = self.flat_start[self.pv_nodes]
        return start

    @cached_property
    def _tap(self) -> ComplexArray:
        """Ratio of every branch's ideal transformer, at its from end, before a series admittance between equal shunts.

        (n_branch,) [-]
        """
        tap = np.sqrt(np.abs(self.y_tt / self.y_ff)) * np.exp(0.5j * np.angle(self.y_ft / self.y_tf))
        # Half an angle is known but for half a turn: the shunts are smaller than what is in series.
        turned = np.abs(self.y_tt + self.y_tf * tap) > np.abs(self.y_tt - self.y_tf * tap)
        return np.where(turned, -tap, tap)

    def has_nodes_of(self, other: "Admittances") -> bool:
        """Whether voltages of `other` are voltages of this state, as where only taps differ."""
        return self is other or (
            self.n_node == other.n_node
            and np.array_equal(self.node_of_bus, other.node_of_bus)
            and np.array_equal(self.pv_nodes, other.pv_nodes)
        )

    @cached_property
    def ybus_by_column(self) -> Any:
        """`ybus` in the column order that Newton solvers want."""
        matrix = self.ybus.tocsc()
        matrix.sort_indices()
        return matrix

    @cached_property
    def diagonal_by_column(self) -> IntArray:
        """Where the entries on the diagonal lie in the values of `ybus_by_column`; a node alone has none."""
        matrix = self.ybus_by_column
        column = np.repeat(np.arange(self.n_node), np.diff(matrix.indptr))
        return np.flatnonzero(matrix.indices == column).astype(np.int64)


class NetworkModel:
    """The arrays of a pandapower net, recompiled (and cached) when a tap, a switch or a line's service state changes.

    Parameters
    ----------
    net
        Any pandapower net that `pandapower.runpp` solves; it is copied, never changed.

    Notes
    -----
    pandapower itself builds the admittances (taps, phase shifts, switches, auxiliary nodes, connectivity), so that
    there is one interpretation of a net. The parts of its internal case read here are pinned by a test.
    """

    def __init__(self, net: "pandapowerNet") -> None:
        self.net = deepcopy(net)
        self.bus_index = net.bus.index.to_numpy(dtype=np.int64)
        self.line_index = net.line.index.to_numpy(dtype=np.int64)
        self.trafo_index = net.trafo.index.to_numpy(dtype=np.int64)
        self.load_index = net.load.index.to_numpy(dtype=np.int64)
        self.sgen_index = net.sgen.index.to_numpy(dtype=np.int64)
        self.gen_index = net.gen.index.to_numpy(dtype=np.int64)
        self.ext_grid_index = net.ext_grid.index.to_numpy(dtype=np.int64)
        self.switch_index = net.switch.index.to_numpy(dtype=np.int64)

        self.initial_tap_pos = net.trafo.tap_pos.fillna(0).to_numpy(dtype=np.int64)
        self.initial_switch_closed = net.switch.closed.to_numpy(dtype=bool)
        self.initial_line_in_service = net.line.in_service.to_numpy(dtype=bool)

        self.load_bus = self.bus_position(net.load.bus)
        self.sgen_bus = self.bus_position(net.sgen.bus)
        self.gen_bus = self.bus_position(net.gen.bus)
        self.ext_grid_bus = self.bus_position(net.ext_grid.bus)
        self.load_shares, self.sgen_shares = Shares.of_own_bus(self.load_bus), Shares.of_own_bus(self.sgen_bus)
        # What a nominal megawatt of the table is worth at the bus.
        self.load_weight = net.load.scaling.to_numpy(dtype=float) * net.load.in_service.to_numpy(dtype=float)
        self.sgen_weight = net.sgen.scaling.to_numpy(dtype=float) * net.sgen.in_service.to_numpy(dtype=float)
        self._states: OrderedDict[bytes, Admittances] = OrderedDict()

    @property
    def n_bus(self) -> int:
        """Number of rows of ``net.bus``."""
        return len(self.bus_index)

    @property
    def generator_buses(self) -> frozenset[int]:
        """Positions of the buses with a generator or an external grid in service."""
        at_gen = self.gen_bus[self.net.gen.in_service.to_numpy(dtype=bool)]
        at_ext_grid = self.ext_grid_bus[self.net.ext_grid.in_service.to_numpy(dtype=bool)]
        return frozenset([*at_gen.tolist(), *at_ext_grid.tolist()])

    @property
    def tap_range(self) -> tuple[FloatArray, FloatArray]:
        """Lowest and highest position of every tap changer, infinite where none is stated. (n_trafo,)"""
        lowest, highest = (self.net.trafo[column].to_numpy(dtype=float) for column in ("tap_min", "tap_max"))
        return np.where(np.isnan(lowest), -np.inf, lowest), np.where(np.isnan(highest), np.inf, highest)

    def position(self, element_type: str, element: int, side: str | None, phase: str | None) -> int | None:
        """Where the vectors by bus, line, trafo or switch hold an element; None if there is none, or for a phase."""
        return None if phase is not None else self._positions[element_type].get(element)

    @cached_property
    def _positions(self) -> dict[str, dict[int, int]]:
        indices = {table: self.net[table].index for table in ("bus", "line", "trafo", "switch")}
        return {table: {int(element): k for k, element in enumerate(index)} for table, index in indices.items()}

    def bus_position(self, buses: Any) -> IntArray:
        """Positions of pandapower bus indices in the vectors by bus."""
        position = self._positions["bus"]
        return np.array([position[int(bus)] for bus in buses], dtype=np.int64)

    def order(self) -> dict[str, list[int]]:
        """The pandapower index behind every element of the vectors, by table."""
        tables = ("bus", "line", "trafo", "load", "sgen", "gen", "ext_grid", "switch")
        return {table: getattr(self, f"{table}_index").tolist() for table in tables}

    def admittances(
        self,
        tap_pos: Any = None,
        switch_closed: Any = None,
        line_in_service: Any = None,
    ) -> Admittances:
        """The compiled state of the given taps (n_trafo), switches (n_switch) and lines (n_line); None is as built.

        A tap may be a fraction: the mean of the taps by phase is where the one tap of a balanced network stands.
        """
        taps = np.asarray(self.initial_tap_pos if tap_pos is None else tap_pos, dtype=np.float64)
        closed = self.initial_switch_closed if switch_closed is None else np.asarray(switch_closed, dtype=bool)
        service = self.initial_line_in_service if line_in_service is None else np.asarray(line_in_service, dtype=bool)
        key = taps.tobytes() + closed.tobytes() + service.tobytes()
        if key in self._states:
            self._states.move_to_end(key)
            return self._states[key]
        set_topology(self.net, taps, closed, service)
        state = compile_admittances(self.net)
        self._states[key] = state
        if len(self._states) > CACHED_STATES:
            self._states.popitem(last=False)
        return state

    def bus_consumption(self, load: ComplexArray, sgen: ComplexArray) -> ComplexArray:
        """Complex power that loads less static generators draw at every bus, (n_bus,). [MVA]"""
        drawn = sum_at(self.load_bus, load * self.load_weight, self.n_bus)
        if len(sgen):
            drawn = drawn - sum_at(self.sgen_bus, sgen * self.sgen_weight, self.n_bus)
        return drawn

    def node_injection(self, state: Admittances, bus_consumption: ComplexArray) -> ComplexArray:
        """Node injections of one topology state, (n_node,). [pu]"""
        return state.fixed_injection - self.node_consumption(state, bus_consumption)

    def node_consumption(self, state: Admittances, bus_consumption: ComplexArray) -> ComplexArray:
        """What is drawn at the buses (n_bus,) [MVA] by node, (n_node,). [pu]"""
        alive = state.node_of_bus >= 0
        drawn = sum_at(state.node_of_bus[alive], bus_consumption[alive], state.n_node)
        return drawn / state.base_mva


def solve_linear(ybus: csr_matrix, fixed: IntArray, v_fixed: ComplexArray) -> ComplexArray:
    """Voltages of a linear network with the voltages of `fixed` nodes given and no current injected elsewhere. [pu]"""
    size = ybus.shape[0]
    free = np.setdiff1d(np.arange(size), fixed)
    v = np.zeros(size, dtype=complex)
    v[fixed] = v_fixed
    if len(free):
        rows = ybus[free]
        v[free] = spsolve(csc_matrix(rows[:, free]), -(rows[:, fixed] @ v_fixed))
    return v


def _nodal(
    from_node: IntArray,
    to_node: IntArray,
    y_ff: ComplexArray,
    y_ft: ComplexArray,
    y_tf: ComplexArray,
    y_tt: ComplexArray,
    size: int,
) -> csr_matrix:
    """Nodal admittance matrix of branches alone."""
    rows = np.concatenate((from_node, from_node, to_node, to_node))
    columns = np.concatenate((from_node, to_node, from_node, to_node))
    return csr_matrix((np.concatenate((y_ff, y_ft, y_tf, y_tt)), (rows, columns)), shape=(size, size))


def set_topology(
    net: "pandapowerNet", tap_pos: IntArray | FloatArray, switch_closed: BoolArray, line_in_service: BoolArray
) -> None:
    """Write taps, switches and service states into the tables of `net`, touching only what differs."""
    has_tap = net.trafo.tap_pos.notna().to_numpy()
    if has_tap.any():
        taps = np.asarray(tap_pos)[has_tap]
        if not np.array_equal(taps, np.trunc(taps)):
            net.trafo["tap_pos"] = net.trafo.tap_pos.astype(np.float64)
        net.trafo.loc[has_tap, "tap_pos"] = taps.astype(net.trafo.tap_pos.dtype)
    if len(switch_closed):
        net.switch["closed"] = switch_closed
    if len(line_in_service):
        net.line["in_service"] = line_in_service


def compile_admittances(net: "pandapowerNet") -> Admittances:
    """Let pandapower build its internal case for `net` as it stands and keep what power flow and estimation need."""
    from pandapower.pypower.makeSbus import makeSbus
    from pandapower.pypower.makeYbus import branch_vectors, makeYbus

    case = internal_case(net)
    base_mva, bus, gen, branch, slack, pv, _, initial_v = case.variables
    ybus, _, _ = makeYbus(base_mva, bus, branch)
    # Not the entries of the matrices beside it, which add up where a branch begins and ends at one node.
    y_tt, y_ff, y_ft, y_tf = (np.asarray(y, dtype=complex) for y in branch_vectors(branch, len(branch)))
    from_node = branch[:, 0].real.astype(np.int64)
    to_node = branch[:, 1].real.astype(np.int64)
    lookup = net._pd2ppc_lookups["bus"][net.bus.index.to_numpy()]
    node_of_bus = np.where((lookup < len(bus)) & net.bus.in_service.to_numpy(), lookup, -1).astype(np.int64)
    injection = np.asarray(makeSbus(base_mva, bus, gen), dtype=complex)
    ybus = csr_matrix(ybus)
    ybus.sum_duplicates()
    ybus.sort_indices()
    return Admittances(
        ybus=ybus,
        from_node=from_node,
        to_node=to_node,
        y_ff=y_ff,
        y_ft=y_ft,
        y_tf=y_tf,
        y_tt=y_tt,
        slack_nodes=np.asarray(slack, dtype=np.int64),
        pv_nodes=np.asarray(pv, dtype=np.int64),
        node_of_bus=node_of_bus,
        branch_of_line=case.branch_positions("line", len(net.line)),
        branch_of_trafo=case.branch_positions("trafo", len(net.trafo)),
        vn_kv=bus[:, 9].astype(float),
        base_mva=float(base_mva),
        initial_v=np.asarray(initial_v, dtype=complex),
        fixed_injection=injection + _table_consumption(net, node_of_bus, len(bus)) / base_mva,
    )


def _table_consumption(net: "pandapowerNet", node_of_bus: IntArray, n_node: int) -> ComplexArray:
    """What loads less static generators of the tables draw at every node, as pandapower added it up. [MVA]"""
    position = {int(bus): k for k, bus in enumerate(net.bus.index)}
    total = np.zeros(n_node, dtype=complex)
    for table, sign in ((net.load, 1.0), (net.sgen, -1.0)):
        node = node_of_bus[[position[int(bus)] for bus in table.bus]] if len(table) else np.array([], dtype=np.int64)
        weight = table.scaling.to_numpy(dtype=float) * table.in_service.to_numpy(dtype=float)
        power = sign * weight * (table.p_mw.to_numpy(dtype=float) + 1j * table.q_mvar.to_numpy(dtype=float))
        total += sum_at(node[node >= 0], power[node >= 0], n_node)
    return total
