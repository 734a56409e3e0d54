"""What the control room expects of injections that nobody measures, and how uncertain it is about them.

Loads draw their forecast, within a share of it. Static generators feed theirs, within a larger share; without one,
anything between nothing and their nominal power: half of it, with the standard deviation of that uniform distribution,
nominal / sqrt(12). Storages, wards and motors are held at what the net states, as uncertain as a load of that size. Of
a generator or an external grid nothing is expected (infinite variance): it delivers what the network asks of it. Phase
by phase, an element's forecast is split on its phases as if their voltages were balanced.

Pseudo-measurements of loads by class profile, with a standard deviation relative to the profile's level, are how
distribution networks become observable [1]_ [2]_.

References
----------
.. [1] R. Singh, B. C. Pal, R. A. Jabr, Statistical representation of distribution system loads using Gaussian mixture
   model, IEEE Trans. Power Systems 25 (1), 2010.
.. [2] A. Primadianto, C.-N. Lu, A review on distribution system state estimation, IEEE Trans. Power Systems 32 (5),
   2017.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from models.errors import InvalidParameterError
from models.estimation.network_equations import EstimatedNetwork, NetworkEquations
from models.network_model import FloatArray
from models.shares import Shares

if TYPE_CHECKING:
    from pandas import DataFrame

# Standard deviation of a load's forecast over the forecast: single customers stray from their class profile by some
# 13 % of what they draw at the time (`models.profiles.diversity`), most of it all day long, and more while it is steep.
PSEUDO_STD_DEV_FRACTION = 0.15
# No power of a load is known better than this share of the load's own nominal apparent power (its power factor is not
# known either), nor than this share of a mean load's.
FLOOR_OF_NOMINAL = 0.01
FLOOR_OF_MEAN_LOAD = 0.001
# Standard deviation of a static generator's forecast over the forecast, and, unless it rests, at least over its nominal
# power: photovoltaic modules whose tilt and azimuth are not known stray by that much from modules that face south.
SGEN_STD_DEV_FRACTION = 0.2
SGEN_FLOOR_OF_NOMINAL = 0.05
NO_INJECTION_BUS, AUXILIARY_BUS = "no_inj_bus", "aux_bus"
OTHER_INJECTING_TABLES = ("storage", "ward", "xward", "motor", "asymmetric_load", "asymmetric_sgen")


class ExpectedConsumption(NamedTuple):
    """What every bus is expected to draw, active, then reactive power."""

    power: FloatArray
    """(2 n_bus,) [MW, Mvar]"""
    variance: FloatArray
    """(2 n_bus,) [MW^2, Mvar^2]"""

    def widened(self, factor: FloatArray) -> "ExpectedConsumption":
        """The same expectation, its variance larger by a factor at every bus, for active, then reactive power."""
        return self._replace(variance=self.variance * factor)


class InjectionForecast:
    """Expected consumption of every bus, and its variance.

    Parameters
    ----------
    network
        The network as the control room believes it to be.
    std_dev_fraction
        Standard deviation of a load's forecast over the forecast. [-]
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
    load_buses
        Positions of the buses with loads and nothing else.
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
        self._loads = _Elements(net.load, network.load_weight, network.load_shares, network.n_bus)
        self._sgens = _Elements(net.sgen, network.sgen_weight, network.sgen_shares, network.n_bus)
        drawn_mva = self._loads.apparent_power()
        mean_mva = float(drawn_mva[drawn_mva > 0.0].mean()) if (drawn_mva > 0.0).any() else float(net.sn_mva)
        self.floor_mva = FLOOR_OF_MEAN_LOAD * mean_mva
        self._load_floor_mva = np.tile(np.maximum(FLOOR_OF_NOMINAL * drawn_mva, self.floor_mva), 2)

        self.generator_buses = network.generator_buses
        self.other_buses = self._buses_of_other_elements()
        not_only_loads = self.generator_buses.union(self.other_buses, self._sgens.buses)
        self.injecting_buses = not_only_loads.union(self._loads.buses)
        self.load_buses = self._loads.buses - not_only_loads
        self.zero_injection_buses = self._zero_injection_buses(zero_injection)
        self._anything_up_to_nominal = self._of_sgens(None, None)
        self._nominal = self.consumption(self._loads.nominal_p_mw, self._loads.nominal_q_mvar)

    def consumption(
        self,
        load_p_mw: FloatArray | None,
        load_q_mvar: FloatArray | None,
        sgen_p_mw: FloatArray | None = None,
        sgen_q_mvar: FloatArray | None = None,
    ) -> ExpectedConsumption:
        """Expected power that loads less static generators draw at every bus.

        Parameters
        ----------
        load_p_mw, load_q_mvar
            What loads are expected to draw; without (None) their nominal power. (n_load,)
        sgen_p_mw, sgen_q_mvar
            What static generators are expected to feed in; without (None) anything up to nominal power. (n_sgen,)
        """
        if load_p_mw is None and load_q_mvar is None and sgen_p_mw is None and sgen_q_mvar is None:
            return self._nominal
        loads = self._loads
        load = loads.shares(load_p_mw, load_q_mvar)
        std_dev = np.maximum(self.std_dev_fraction * np.abs(load), self._load_floor_mva)
        if sgen_p_mw is None and sgen_q_mvar is None:
            fed = self._anything_up_to_nominal
        else:
            fed = self._of_sgens(sgen_p_mw, sgen_q_mvar)
        return ExpectedConsumption(
            power=loads.at_buses(load) - fed.power, variance=loads.at_buses(std_dev**2) + fed.variance
        )

    def other_consumption(self, admittances: NetworkEquations) -> ExpectedConsumption:
        """The same for storages, wards, motors and generators, in one topology state.

        The compiled network knows it by node; of several such buses in a node the first one stands for all.
        """
        drawn = np.zeros(self.network.n_bus, dtype=complex)
        done = {-1, *admittances.slack_nodes.tolist(), *admittances.pv_nodes.tolist()}
        for bus in sorted(self.other_buses):
            node = int(admittances.node_of_bus[bus])
            if node not in done:
                done.add(node)
                drawn[bus] = -admittances.fixed_injection[node] * admittances.base_mva
        power = np.concatenate((drawn.real, drawn.imag))
        has_other = np.tile([bus in self.other_buses for bus in range(self.network.n_bus)], 2)
        variance = has_other * np.maximum(self.std_dev_fraction * np.abs(power), self.floor_mva) ** 2
        for bus in self.generator_buses if self.pseudo_measurements else self.injecting_buses:
            variance[[bus, self.network.n_bus + bus]] = np.inf
        return ExpectedConsumption(power, variance)

    def _of_sgens(self, p_mw: FloatArray | None, q_mvar: FloatArray | None) -> ExpectedConsumption:
        """What static generators feed in."""
        sgens = self._sgens
        nominal = sgens.shares(None, None)
        if p_mw is None and q_mvar is None:
            fed, std_dev = 0.5 * nominal, np.abs(nominal) / np.sqrt(12.0)
        else:
            fed = sgens.shares(p_mw, q_mvar)
            floor = SGEN_FLOOR_OF_NOMINAL * np.abs(nominal) * (fed != 0.0)
            std_dev = np.maximum(SGEN_STD_DEV_FRACTION * np.abs(fed), floor)
        variance = np.maximum(std_dev, self.floor_mva) ** 2
        return ExpectedConsumption(sgens.at_buses(fed), sgens.at_buses(variance))

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


class _Elements:
    """What loads or static generators in service draw at each of their buses: active, then reactive power."""

    def __init__(self, table: "DataFrame", weight: FloatArray, shares: Shares, n_bus: int) -> None:
        self.nominal_p_mw = table.p_mw.to_numpy(dtype=float)
        self.nominal_q_mvar = table.q_mvar.to_numpy(dtype=float)
        in_service = weight[shares.element] != 0.0
        self.buses = frozenset(shares.bus[in_service].tolist())
        self._share = weight[shares.element] * shares.share
        self._element = shares.element
        self._in_service = np.tile(in_service, 2)
        self._place = np.concatenate((shares.bus, n_bus + shares.bus)).astype(np.int64)
        self._n_place = 2 * n_bus

    def shares(self, p_mw: FloatArray | None, q_mvar: FloatArray | None) -> FloatArray:
        """What every element draws at each of its buses, nominal where None. (2 n_share,)"""
        active = self.nominal_p_mw if p_mw is None else np.asarray(p_mw, dtype=float)
        reactive = self.nominal_q_mvar if q_mvar is None else np.asarray(q_mvar, dtype=float)
        drawn = (active + 1j * reactive)[self._element] * self._share
        return np.concatenate((drawn.real, drawn.imag))

    def at_buses(self, values: FloatArray) -> FloatArray:
        """Sum of the values (2 n_share,) of elements in service at every bus. (2 n_bus,)"""
        return np.bincount(self._place, weights=self._in_service * values, minlength=self._n_place).astype(float)

    def apparent_power(self) -> FloatArray:
        """Nominal, 0 out of service. (n_share,) [MVA]"""
        return np.hypot(*np.split(self.shares(None, None), 2))
