"""What the estimator asks of a network, as such and in one topology state, balanced or phase by phase."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.network_model import BoolArray, ComplexArray, FloatArray, IntArray
from models.shares import Shares

if TYPE_CHECKING:
    from pandapower import pandapowerNet


class Branches(Protocol):
    """What connects nodes."""

    @property
    def ybus(self) -> csr_matrix:
        """Nodal admittance matrix, (n_node, n_node). [pu]"""

    def terminal(self, branch: int, end: int) -> tuple[int, list[int], list[complex]]:
        """The node at one end of a branch, and the nodes and admittances whose products add up to the current there."""


class NetworkEquations(Branches, Protocol):
    """Admittances per unit between nodes, and where buses, lines and transformers are among them.

    `models.network_model.Admittances` is the balanced one. Phase by phase a node is one phase of a bus, and a "bus" (or
    "line", "transformer") of the vectors below one phase of it, in the order bus 0 a, b, c, bus 1 a, ...
    """

    @property
    def n_node(self) -> int:
        """Number of energised nodes."""

    @property
    def slack_nodes(self) -> IntArray:
        """Nodes at external grids."""

    @property
    def reference_nodes(self) -> IntArray:
        """Nodes whose angle is known."""

    @property
    def pv_nodes(self) -> IntArray:
        """Nodes whose magnitude a generator holds."""

    @property
    def fixed_injection(self) -> ComplexArray:
        """Node injections other than loads and static generators. [pu]"""

    @property
    def node_of_bus(self) -> IntArray:
        """Node of every bus, -1 where de-energised."""

    @property
    def branch_of_line(self) -> IntArray:
        """Branch of every line, -1 where out of service or de-energised."""

    @property
    def branch_of_trafo(self) -> IntArray:
        """Branch of every transformer, -1 where out of service or de-energised."""

    @property
    def base_mva(self) -> float:
        """Power of 1 pu. [MVA]"""

    @property
    def base_ka(self) -> FloatArray:
        """Current of 1 pu at every node. [kA]"""

    @property
    def flat_start(self) -> ComplexArray:
        """Voltages at the set-points' magnitude and the unloaded network's angle. [pu]"""

    @property
    def unloaded_start(self) -> ComplexArray:
        """Voltages of the unloaded network. [pu]"""


class EstimatedNetwork(Protocol):
    """A network as the control room believes it to be: `models.network_model.NetworkModel`, or phase by phase.

    Buses, lines and transformers are those of its vectors, so phase by phase one phase of each.
    """

    @property
    def net(self) -> "pandapowerNet":
        """Its tables."""

    @property
    def n_bus(self) -> int:
        """Number of buses."""

    @property
    def bus_index(self) -> NDArray[Any]:
        """What the buses are called: their pandapower indices, or names such as ``"5 a"``. (n_bus,)"""

    @property
    def trafo_index(self) -> NDArray[Any]:
        """What the transformers are called. (n_trafo,)"""

    @property
    def load_weight(self) -> FloatArray:
        """What a nominal megawatt of every load is worth at its bus, 0 out of service. (n_load,)"""

    @property
    def sgen_weight(self) -> FloatArray:
        """The same of every static generator. (n_sgen,)"""

    @property
    def load_shares(self) -> Shares:
        """Which buses the loads draw from."""

    @property
    def sgen_shares(self) -> Shares:
        """Which buses the static generators feed into."""

    @property
    def generator_buses(self) -> frozenset[int]:
        """Positions of the buses with a generator or an external grid in service."""

    @property
    def initial_tap_pos(self) -> IntArray | FloatArray:
        """Taps as built. (n_trafo,)"""

    @property
    def tap_range(self) -> tuple[FloatArray, FloatArray]:
        """Lowest and highest position of every tap changer. (n_trafo,)"""

    @property
    def initial_switch_closed(self) -> BoolArray:
        """Switches as built. (n_switch,)"""

    def position(self, element_type: str, element: int, side: str | None, phase: str | None) -> int | None:
        """Where the vectors by bus, line, trafo or switch hold an element; None if there is none."""

    def order(self) -> dict[str, list[int]]:
        """The pandapower index behind every element of the tables' vectors, by table."""

    def bus_position(self, buses: Iterable[int]) -> IntArray:
        """Positions of pandapower bus indices."""

    def bus_consumption(self, load: ComplexArray, sgen: ComplexArray) -> ComplexArray:
        """Complex power that loads less static generators draw at every bus, (n_bus,). [MVA]"""

    def admittances(self, tap_pos: Any = None, switch_closed: Any = None) -> NetworkEquations:
        """The equations with taps (n_trafo,) and switches (n_switch,) at these positions; None is as built."""
