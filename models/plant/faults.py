"""Short circuits on lines: where they are, when they burn, and the linear network they make of the grid."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, diags

from models.errors import InvalidParameterError
from models.network_model import Admittances, ComplexArray, FloatArray, NetworkModel, solve_linear

# A bolted fault: small against any line, large enough to keep the matrix well conditioned.
BOLTED_PU = 1e-7


@dataclass(frozen=True)
class Fault:
    """A three-phase short circuit to earth on a line.

    Parameters
    ----------
    line
        pandapower index of the line.
    position
        Distance from the from-bus over the line's length; 0 and 1 are its terminals, behind its switches. [-]
    resistance_ohm
        Fault resistance; 0 is bolted. [ohm]
    """

    line: int
    position: float = 0.5
    resistance_ohm: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.position <= 1.0:
            raise InvalidParameterError(f"fault position is a share of the line, 0 to 1; got {self.position}.")
        if not self.resistance_ohm >= 0.0:
            raise InvalidParameterError(f"fault resistance is 0 ohm or more; got {self.resistance_ohm}.")


@dataclass(frozen=True)
class FaultEvent:
    """A fault with its time: it burns from `start_s` on, for `duration_s` or until the end.

    A temporary fault (a branch in the wind, an insulator flashed over) goes by itself after `duration_s`; a permanent
    one has an infinite duration and stays until its line is taken out.
    """

    fault: Fault
    start_s: float
    duration_s: float = float("inf")

    def __post_init__(self) -> None:
        if self.start_s < 0 or not self.duration_s > 0:
            raise InvalidParameterError(
                f"a fault starts at 0 s or later and lasts; got start {self.start_s} s, duration {self.duration_s} s."
            )

    def burns_at(self, seconds: float) -> bool:
        """Whether the fault is on at `seconds` since the scenario's start."""
        return self.start_s <= seconds < self.start_s + self.duration_s


class PreFaultState:
    """What the grid was before a fault: loads and generators are held as the admittances they then were.

    Constant-impedance loads are the usual assumption of fault and stability studies (Kundur, Power System Stability and
    Control, 1994, section 13.3); at the depressed voltage of a fault constant power has no solution. Converters are
    treated alike: their current falls with the voltage.
    """

    def __init__(self, network: NetworkModel) -> None:
        self.network = network
        self.vm_pu = np.ones(network.n_bus)
        self.gen = np.zeros(len(network.gen_index), dtype=complex)

    def remember(self, vm_pu: FloatArray, gen: ComplexArray) -> None:
        """Keep bus voltages [pu] and generator powers [MVA] of a healthy step; de-energised buses keep their last."""
        self.vm_pu = np.where(np.isfinite(vm_pu), vm_pu, self.vm_pu)
        self.gen = gen

    def node_admittance(self, state: Admittances, drawn: ComplexArray) -> ComplexArray:
        """Admittance to earth that stands for loads, static generators and generators at every node. [pu]"""
        power = drawn.copy()
        np.subtract.at(power, self.network.gen_bus, self.gen)
        alive = state.node_of_bus >= 0
        admittance = np.conj(power) / self.vm_pu**2 / state.base_mva
        total = np.zeros(state.n_node, dtype=complex)
        np.add.at(total, state.node_of_bus[alive], admittance[alive])
        return total

    def consumption(self, drawn: ComplexArray, vm_pu: FloatArray) -> ComplexArray:
        """What constant impedances draw at the voltages `vm_pu`. [MVA]"""
        return drawn * (np.nan_to_num(vm_pu) / self.vm_pu) ** 2


class FaultedNetwork:
    """The grid with its faults on: every faulted line split at the fault, an admittance to earth there.

    Parameters
    ----------
    network, state
        The compiled network and its topology state. A fault on a line that is de-energised is not there.
    faults
        Faults that burn; several on one line are not supported.

    Raises
    ------
    InvalidParameterError
        If a fault's line does not exist or has two faults.
    """

    def __init__(self, network: NetworkModel, state: Admittances, faults: tuple[Fault, ...]) -> None:
        self.state = state
        lines = [fault.line for fault in faults]
        if len(set(lines)) != len(lines):
            raise InvalidParameterError(f"one fault a line at a time; got faults on lines {lines}.")
        position = {int(index): k for k, index in enumerate(network.line_index)}
        self._splits: list[_Split] = []
        for fault in faults:
            if fault.line not in position:
                raise InvalidParameterError(f"fault on line {fault.line}, which the net does not have.")
            branch = int(state.branch_of_line[position[fault.line]])
            if branch >= 0:
                self._splits.append(_Split.of(state, branch, fault, state.n_node + len(self._splits)))
        self.ybus = self._admittance_matrix()

    def _admittance_matrix(self) -> csr_matrix:
        state = self.state
        size = state.n_node + len(self._splits)
        base = state.ybus.tocoo()
        rows, columns, values = [base.row], [base.col], [base.data]
        for split in self._splits:
            for row, column, value in split.stamps(state):
                rows.append(np.array([row]))
                columns.append(np.array([column]))
                values.append(np.array([value]))
        triplet = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
        return coo_matrix(triplet, shape=(size, size)).tocsr()

    def solve(self, slack_v: ComplexArray, node_admittance: ComplexArray) -> ComplexArray:
        """Voltages of all nodes, the fault nodes last, for slack phasors (at `state.slack_nodes`) and shunts. [pu]"""
        return solve_linear(self.with_shunts(node_admittance), self.state.slack_nodes, slack_v)

    def with_shunts(self, node_admittance: ComplexArray) -> csr_matrix:
        """`ybus` with admittances to earth at the nodes, (n_node + number of faults) square. [pu]"""
        shunt = np.concatenate((node_admittance, np.zeros(len(self._splits))))
        return (self.ybus + diags(shunt, format="csr")).tocsr()

    def branch_currents(self, v: ComplexArray, i_from: ComplexArray, i_to: ComplexArray) -> None:
        """Correct the branch currents [pu] of the split lines in place; `v` as `solve` returned it."""
        for split in self._splits:
            f, t = self.state.from_node[split.branch], self.state.to_node[split.branch]
            first, second = split.sections
            i_from[split.branch] = first.y_ff * v[f] + first.y_ft * v[split.node]
            i_to[split.branch] = second.y_ft * v[split.node] + second.y_ff * v[t]


@dataclass(frozen=True)
class _Section:
    """Symmetric pi section: self and mutual admittance. [pu]"""

    y_ff: complex
    y_ft: complex


@dataclass(frozen=True)
class _Split:
    """One line cut in two at the fault, each part a pi section with its share of series impedance and charging."""

    branch: int
    node: int
    sections: tuple[_Section, _Section]
    y_fault: complex

    @classmethod
    def of(cls, state: Admittances, branch: int, fault: Fault, node: int) -> "_Split":
        series = -complex(state.y_ft[branch])
        charging = complex(state.y_ff[branch] + state.y_tt[branch]) - 2 * series
        z_base = float(state.vn_kv[state.from_node[branch]]) ** 2 / state.base_mva
        # A terminal fault leaves a stub of no length that must still have a finite admittance.
        share = float(np.clip(fault.position, BOLTED_PU, 1 - BOLTED_PU))
        sections = tuple(
            _Section(y_ff=series / part + charging * part / 2, y_ft=-series / part) for part in (share, 1 - share)
        )
        y_fault = 1.0 / max(fault.resistance_ohm / z_base, BOLTED_PU)
        return cls(branch, node, (sections[0], sections[1]), y_fault)

    def stamps(self, state: Admittances) -> list[tuple[int, int, complex]]:
        """Entries to add to the admittance matrix: the line out, both sections and the fault in."""
        k, f, t, x = self.branch, int(state.from_node[self.branch]), int(state.to_node[self.branch]), self.node
        first, second = self.sections
        return [
            (f, f, first.y_ff - complex(state.y_ff[k])),
            (f, t, -complex(state.y_ft[k])),
            (t, f, -complex(state.y_tf[k])),
            (t, t, second.y_ff - complex(state.y_tt[k])),
            (f, x, first.y_ft),
            (x, f, first.y_ft),
            (t, x, second.y_ft),
            (x, t, second.y_ft),
            (x, x, first.y_ff + second.y_ff + self.y_fault),
        ]
