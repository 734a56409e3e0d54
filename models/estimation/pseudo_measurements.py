"""What the control room expects of injections that nobody measures, and how uncertain it is about them.

Loads draw their forecast, within a share of their nominal power. Static generators feed anything between nothing and
their nominal power: half of it, with the standard deviation of that uniform distribution, nominal / sqrt(12). Storages,
wards and motors are held at what the net states, as uncertain as a load of that size. Of a generator or an external
grid nothing is expected (infinite variance): it delivers what the network asks of it. Phase by phase, an element's
forecast is split on its phases as if their voltages were balanced.
"""

from collections.abc import Iterable
from functools import cached_property

import numpy as np

from models.errors import InvalidParameterError
from models.estimation.network_equations import EstimatedNetwork, NetworkEquations
from models.network_model import ComplexArray, FloatArray
from models.shares import Shares

# Standard deviation of a load's forecast over its nominal power: single customers stray from their class profile by
# some 13 % of what they draw at the time (`models.profiles.diversity`), most of it all day long.
PSEUDO_STD_DEV_FRACTION = 0.15
# A small load is not known better than this share of a mean load's apparent power.
FLOOR_OF_MEAN_LOAD = 0.01
NO_INJECTION_BUS, AUXILIARY_BUS = "no_inj_bus", "aux_bus"
OTHER_INJECTING_TABLES = ("storage", "ward", "xward", "motor", "asymmetric_load", "asymmetric_sgen")


class InjectionForecast:
    """Expected consumption of every bus, and its variance.

    Parameters
    ----------
    network
        The network as the control room believes it to be.
    std_dev_fraction
        Standard deviation of a load's forecast over its nominal power. [-]
    pseudo_measurements
        Whether the forecast stands in for meters; if not, nothing is known of what nobody measures.
    zero_injection
        As in `StateEstimator`.

    Attributes
    ----------
    injecting_buses
        Positions of the buses with something connected that draws or feeds.
    zero_injection_buses
        Positions of the buses that are known to draw and feed nothing.
    """

    def __init__(
        self,
        network: EstimatedNetwork,
        std_dev_fraction: float,
        *,
        pseudo_measurements: bool = True,
        zero_injection: str | Iterable[int] | None = NO_INJECTION_BUS,
    ) -> None:
        net = network.net
        self.network = network
        self.std_dev_fraction = std_dev_fraction
        self.pseudo_measurements = pseudo_measurements
        self.load = net.load.p_mw.to_numpy(dtype=float) + 1j * net.load.q_mvar.to_numpy(dtype=float)
        self.sgen = net.sgen.p_mw.to_numpy(dtype=float) + 1j * net.sgen.q_mvar.to_numpy(dtype=float)
        self.loads_in_service = network.load_weight != 0.0
        self.sgens_in_service = network.sgen_weight != 0.0
        drawn_mva = np.abs(_power_at_buses(self.load * network.load_weight, network.load_shares))
        drawn_mva = drawn_mva[self.loads_in_service[network.load_shares.element]]
        self.floor_mva = FLOOR_OF_MEAN_LOAD * (float(drawn_mva.mean()) if len(drawn_mva) else float(net.sn_mva))

        self.generator_buses = network.generator_buses
        self.other_buses = self._buses_of_other_elements()
        self.injecting_buses = self.generator_buses.union(
            self.other_buses,
            _buses_of(network.load_shares, self.loads_in_service),
            _buses_of(network.sgen_shares, self.sgens_in_service),
        )
        self.zero_injection_buses = self._zero_injection_buses(zero_injection)

    def consumption(self, load_p_mw: FloatArray | None, load_q_mvar: FloatArray | None) -> FloatArray:
        """Expected active, then reactive power that loads less static generators draw at every bus. [MW, Mvar]

        Without a forecast (None) a load draws its nominal power. (2 n_bus,)
        """
        if load_p_mw is None and load_q_mvar is None:
            return self._nominal_consumption
        p_mw = self.load.real if load_p_mw is None else np.asarray(load_p_mw, dtype=float)
        q_mvar = self.load.imag if load_q_mvar is None else np.asarray(load_q_mvar, dtype=float)
        return self._expected(p_mw + 1j * q_mvar)

    @cached_property
    def _nominal_consumption(self) -> FloatArray:
        return self._expected(self.load)

    def _expected(self, load: ComplexArray) -> FloatArray:
        """Expected consumption when the loads draw this. (2 n_bus,) [MW, Mvar]"""
        drawn = self.network.bus_consumption(load, 0.5 * self.sgen)
        return np.concatenate((drawn.real, drawn.imag))

    def other_consumption(self, admittances: NetworkEquations) -> FloatArray:
        """The same for storages, wards and motors, in one topology state. (2 n_bus,)

        The compiled network knows it by node; of several such buses in a node the first one stands for all.
        """
        power = np.zeros(self.network.n_bus, dtype=complex)
        done = {-1, *admittances.slack_nodes.tolist(), *admittances.pv_nodes.tolist()}
        for bus in sorted(self.other_buses):
            node = int(admittances.node_of_bus[bus])
            if node not in done:
                done.add(node)
                power[bus] = -admittances.fixed_injection[node] * admittances.base_mva
        return np.concatenate((power.real, power.imag))

    def variance(self, other_consumption: FloatArray) -> FloatArray:
        """Variance of the sum of both consumptions. (2 n_bus,) [MW^2, Mvar^2]"""
        network = self.network
        load_share, sgen_share = self.std_dev_fraction, 1.0 / np.sqrt(12.0)
        load, sgen = load_share * self.load * network.load_weight, sgen_share * self.sgen * network.sgen_weight
        total = self._variance(load, network.load_shares, self.loads_in_service)
        total += self._variance(sgen, network.sgen_shares, self.sgens_in_service)
        other = np.array([bus in self.other_buses for bus in range(network.n_bus)])
        total += np.tile(other, 2) * np.maximum(load_share * np.abs(other_consumption), self.floor_mva) ** 2
        for bus in self.generator_buses if self.pseudo_measurements else self.injecting_buses:
            total[[bus, network.n_bus + bus]] = np.inf
        return total

    def _variance(self, std_dev: ComplexArray, shares: Shares, in_service: np.ndarray) -> FloatArray:
        """Sum of elements' variances by bus; no standard deviation is below the floor. (2 n_bus,) [MW^2, Mvar^2]"""
        at_buses = _power_at_buses(std_dev, shares)
        by_bus = [
            np.bincount(
                shares.bus,
                weights=in_service[shares.element] * np.maximum(np.abs(part), self.floor_mva) ** 2,
                minlength=self.network.n_bus,
            )
            for part in (at_buses.real, at_buses.imag)
        ]
        return np.concatenate(by_bus).astype(float)  # sums over no elements at all are integers

    def _zero_injection_buses(self, zero_injection: str | Iterable[int] | None) -> frozenset[int]:
        if zero_injection is None or zero_injection == AUXILIARY_BUS:
            return frozenset()
        if zero_injection == NO_INJECTION_BUS:
            return frozenset(range(self.network.n_bus)) - self.injecting_buses
        buses = [] if isinstance(zero_injection, str) else list(zero_injection)
        if not buses or not set(buses) <= set(self.network.order()["bus"]):
            raise InvalidParameterError(
                f"zero_injection is {NO_INJECTION_BUS!r}, {AUXILIARY_BUS!r}, None or buses of the network, "
                f"got {zero_injection!r}."
            )
        return frozenset(self.network.bus_position(buses).tolist())

    def _buses_of_other_elements(self) -> frozenset[int]:
        net = self.network.net
        tables = [net[table] for table in OTHER_INJECTING_TABLES if table in net]
        buses = [bus for table in tables for bus in table.bus[table.in_service.astype(bool)]]
        return frozenset(self.network.bus_position(buses).tolist())


def _power_at_buses(power: ComplexArray, shares: Shares) -> ComplexArray:
    """What every element draws from each of its buses, entry by entry."""
    return power[shares.element] * shares.share


def _buses_of(shares: Shares, in_service: np.ndarray) -> list[int]:
    buses: list[int] = shares.bus[in_service[shares.element]].tolist()
    return buses
