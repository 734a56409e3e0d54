"""Where the rows of the estimator come from: channels, pseudo-measurements and zero injections of one topology state.

A row adds up *contributions*. Mostly there is one: a channel, or the forecast of a bus. Only where closed bus-bus
switches join several buses into one node do injections add up: the node's row is the sum of its buses' meters, with the
forecast in place of those that are absent; such channels share one residual and are suspected together.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np

from models.estimation.measurements.metering_plan import STATUS, Channels
from models.estimation.measurements.pseudo_measurements import ExpectedConsumption, InjectionForecast
from models.estimation.network_equations import NetworkEquations
from models.estimation.solution.elimination import Elimination, nodes_to_eliminate
from models.estimation.solution.measurement_model import (
    ACTIVE_POWER,
    ANGLE,
    CURRENT,
    REACTIVE_POWER,
    VOLTAGE,
    RowCollector,
)
from models.network_model import BoolArray, FloatArray, IntArray

POWERS = (ACTIVE_POWER, REACTIVE_POWER)
NONE = -1
DEGREES_IN_A_RADIAN = 180.0 / np.pi
# Standard deviation of a zero injection over that of the sharpest power row: as good as exact, yet the gain matrix
# stays well conditioned.
ZERO_INJECTION_SHARPNESS = 0.03
# A current magnitude has no direction, so a reading of hardly any current is no measurement in the sense of least
# squares: its row rests below this many standard deviations.
FAINT_CURRENT = 5.0


@dataclass(frozen=True, eq=False)
class Readings:
    """What the rows read at one time."""

    measured: FloatArray
    """(n_row,) [pu]"""
    variance: FloatArray
    """(n_row,) [pu^2]"""
    active: BoolArray
    """Rows that count, (n_row,)."""
    faint: BoolArray
    """Current rows that rest because they read hardly any current, (n_row,)."""

    def weights(self, active: BoolArray) -> FloatArray:
        """1 / variance of `active` rows, zero elsewhere. (n_row,) [1/pu^2]"""
        return inverse_where(self.variance, active)


class Contributions(NamedTuple):
    """What rows add up, for the kernel; one entry a contribution.

    Attributes
    ----------
    row, channel, source
        The row it belongs to, the channel that measures it and the place of its forecast (n_contribution,); `NONE`
        where there is none.
    scale
        Per unit of the row per unit of the channel and forecast. (n_contribution,)
    channel_variance
        By meter, infinite where there is none. (n_contribution,) [pu^2]
    """

    row: IntArray
    channel: IntArray
    source: IntArray
    scale: FloatArray
    channel_variance: FloatArray


class MeasurementSet:
    """All rows that may ever be active in one topology state, and how values get there.

    Parameters
    ----------
    admittances
        The topology state.
    channels
        The metering plan.
    forecast
        What is expected of injections that nobody measures.

    Attributes
    ----------
    elimination
        What is left of the network: most nodes where nothing is connected are gone.
    rows
        For the kernels of `measurement_model`, on what is left.
    rows_of_whole_network
        The same rows without elimination, and behind them the zero injections that made elimination possible.
    row_of_channel
        Row that a channel takes part in, -1 where its element is de-energised or out of service. (n_channel,)
    n_metered
        Number of rows that channels take part in; they come first.
    is_zero_injection
        Rows that say nothing is drawn where nothing is connected: laws rather than measurements. (n_row,)
    n_contribution
        Number of meters and forecasts that a row adds up. (n_row,)
    """

    def __init__(self, admittances: NetworkEquations, channels: Channels, forecast: InjectionForecast) -> None:
        self._admittances = admittances
        self._channels = channels
        self._n_bus = len(admittances.node_of_bus)
        self._collector = RowCollector()
        self._contributions: list[tuple[int, int, int, float]] = []
        self._injecting_buses_of_node: dict[int, list[int]] = defaultdict(list)
        for bus in sorted(forecast.injecting_buses):
            self._injecting_buses_of_node[int(admittances.node_of_bus[bus])].append(bus)
        self.row_of_channel = np.full(len(channels), NONE, dtype=np.int64)
        silent = self._silent_nodes(forecast.zero_injection_buses)
        eliminated = nodes_to_eliminate(admittances.ybus, silent)
        silent[eliminated] = False

        self._add_voltages_and_flows()
        metered = self._add_metered_injections()
        self.n_metered = len(self._collector)
        pseudo = self._add_pseudo_measurements(forecast.generator_buses)
        first_zero_injection = len(self._collector)
        self._add_zero_injections(np.flatnonzero(silent))

        self.elimination = Elimination(admittances.ybus, eliminated)
        self.rows = self._collector.rows(admittances, self.elimination)
        self.is_zero_injection = np.arange(self.n_row) >= first_zero_injection
        self._add_zero_injections(eliminated)
        self.rows_of_whole_network = self._collector.rows(admittances, Elimination(admittances.ybus))
        self._substitute = np.full(self.n_metered, NONE, dtype=np.int64)
        for place, row in metered:
            self._substitute[row] = pseudo.get(place, NONE)
        self._other_consumption = forecast.other_consumption(admittances)
        self._no_extra_variance = np.zeros(len(channels))
        self._contributed = self._with_variances()
        self.n_contribution = np.bincount(self._contributed.row, minlength=self.n_row)
        self._zero_variance = self._variance_of_zero_injections(forecast.consumption(None, None))

    @property
    def n_row(self) -> int:
        """Number of rows, active or not."""
        return len(self.rows.quantity)

    def read(
        self,
        value: FloatArray,
        usable: BoolArray,
        consumption: ExpectedConsumption,
        extra_variance: FloatArray | None = None,
    ) -> Readings:
        """The rows at one time.

        Parameters
        ----------
        value, usable
            What the channels read, and which of them count. (n_channel,)
        extra_variance
            Variance that channels have beside their meters', such as that of a stale value; None is none. (n_channel,)
        consumption
            What `InjectionForecast.consumption` expects.
        """
        if extra_variance is None:
            extra_variance = self._no_extra_variance
        other = self._other_consumption
        return Readings(
            *read_rows(
                self._contributed,
                self.rows.quantity,
                self._zero_variance,
                self._substitute,
                self.n_metered,
                value,
                usable,
                consumption.power + other.power,
                consumption.variance + other.variance,
                extra_variance,
            )
        )

    def channels_in(self, rows: BoolArray) -> BoolArray:
        """The channels that take part in any of some rows. (n_channel,)"""
        return np.append(rows, False)[self.row_of_channel]

    def names_of(self, row: int, usable: BoolArray, bus_index: IntArray) -> tuple[str, ...]:
        """The usable channels in a row; without any, its forecasts, as ``p forecast bus 7``."""
        channels = np.flatnonzero((self.row_of_channel == row) & usable)
        if len(channels):
            return tuple(self._channels.name[channel] for channel in channels)
        quantity = "p" if self.rows.quantity[row] == ACTIVE_POWER else "q"
        buses = bus_index[self.forecast_buses(np.arange(self.n_row) == row)]
        return tuple(f"{quantity} forecast bus {bus}" for bus in buses)

    def forecast_buses(self, rows: BoolArray) -> IntArray:
        """Positions of the buses whose forecast alone is in any of some rows."""
        if not rows.any():
            return np.empty(0, dtype=np.int64)
        is_forecast = ~self.is_zero_injection & (np.arange(self.n_row) >= self.n_metered)
        source = self._contributed.source[(rows & is_forecast)[self._contributed.row]]
        return np.unique(source % self._n_bus)

    def at_channels(self, metered: FloatArray, usable: BoolArray) -> FloatArray:
        """Values of the metered rows at the channels that take part in them, NaN at unusable ones. (n_channel,)"""
        return taken_from(metered, self.row_of_channel, usable)

    def _add_voltages_and_flows(self) -> None:
        for channel, place in enumerate(self._places()):
            quantity = int(self._channels.quantity[channel])
            if place == NONE or (self._channels.element_type[channel] == "bus" and quantity in POWERS):
                continue
            if quantity == VOLTAGE:
                row, base = self._collector.voltage(place), 1.0
            elif quantity == ANGLE:
                row, base = self._collector.angle(place), DEGREES_IN_A_RADIAN
            else:
                row = self._collector.flow(quantity, place, int(self._channels.end[channel]))
                node, _, _ = self._admittances.terminal(place, int(self._channels.end[channel]))
                base = float(self._admittances.base_ka[node]) if quantity == CURRENT else self._admittances.base_mva
            self.row_of_channel[channel] = row
            self._contributions.append((row, channel, NONE, 1.0 / base))

    def _add_metered_injections(self) -> list[tuple[tuple[int, int], int]]:
        """Rows of metered injections, as ((node, quantity), row); a second meter at the same bus makes a second row."""
        slots: dict[tuple[int, int, int], dict[int, int]] = defaultdict(dict)
        meters_at: Counter[tuple[int, int]] = Counter()
        for channel, node in enumerate(self._places()):
            quantity = int(self._channels.quantity[channel])
            if node == NONE or self._channels.element_type[channel] != "bus" or quantity not in POWERS:
                continue
            bus = int(self._channels.position[channel])
            slots[node, quantity, meters_at[bus, quantity]][bus] = channel
            meters_at[bus, quantity] += 1
        return [
            ((node, quantity), self._add_injection(quantity, node, meters))
            for (node, quantity, _), meters in slots.items()
        ]

    def _add_pseudo_measurements(self, generator_buses: Iterable[int]) -> dict[tuple[int, int], int]:
        """Rows of expected injections by (node, quantity), wherever nothing but loads and the like is connected."""
        generator_nodes = {NONE, *self._admittances.node_of_bus[list(generator_buses)].tolist()}
        nodes = [node for node in sorted(self._injecting_buses_of_node) if node not in generator_nodes]
        return {(node, quantity): self._add_injection(quantity, node, {}) for node in nodes for quantity in POWERS}

    def _add_zero_injections(self, nodes: Iterable[int]) -> None:
        """Rows of nodes with nothing connected that elimination has left."""
        for node in nodes:
            for quantity in POWERS:
                self._collector.injection(quantity, int(node))

    def _silent_nodes(self, zero_injection_buses: Collection[int]) -> BoolArray:
        """Nodes all of whose buses are known to inject nothing; auxiliary nodes have no bus and never do. (n_node,)"""
        a = self._admittances
        silent = a.fixed_injection == 0.0
        may_inject = np.ones(self._n_bus, dtype=bool)
        may_inject[list(zero_injection_buses)] = False
        silent[a.node_of_bus[may_inject & (a.node_of_bus != NONE)]] = False
        silent[a.slack_nodes] = False
        silent[a.pv_nodes] = False
        return silent

    def _add_injection(self, quantity: int, node: int, meters: dict[int, int]) -> int:
        """One row for a node's injection from the `meters` {bus: channel} and the forecast of its other buses."""
        row = self._collector.injection(quantity, node)
        offset = 0 if quantity == ACTIVE_POWER else self._n_bus
        # Consumption is positive at meters and forecasts; the model counts what flows into the network.
        scale = -1.0 / self._admittances.base_mva
        for bus in sorted({*meters, *self._injecting_buses_of_node.get(node, ())}):
            self._contributions.append((row, meters.get(bus, NONE), offset + bus, scale))
        self.row_of_channel[list(meters.values())] = row
        return row

    def _places(self) -> list[int]:
        """Node (at a bus) or branch (at a line or transformer) of every channel; none of a status."""
        a = self._admittances
        places = {"bus": a.node_of_bus, "line": a.branch_of_line, "trafo": a.branch_of_trafo}
        channels = zip(self._channels.quantity, self._channels.element_type, self._channels.position, strict=True)
        return [NONE if kind == STATUS else int(places[element][position]) for kind, element, position in channels]

    def _with_variances(self) -> Contributions:
        """What was collected, with the variance of every contribution by meter."""
        table = np.array(self._contributions, dtype=float).reshape(-1, 4)
        row, channel, source = table[:, :3].T.astype(np.int64)
        scale = table[:, 3].copy()
        # The last place of a vector is what NONE points to.
        channel_variance = scale**2 * np.append(self._channels.variance, np.inf)[channel]
        return Contributions(row, channel, source, scale, channel_variance)

    def _variance_of_zero_injections(self, nominal: ExpectedConsumption) -> FloatArray:
        """Variance of every zero injection, zero of other rows. (n_row,) [pu^2]"""
        contributed = self._contributed
        is_power = np.isin(self.rows.quantity[contributed.row], POWERS)
        expected_variance = np.append(nominal.variance + self._other_consumption.variance, np.inf)
        by_forecast = contributed.scale**2 * expected_variance[contributed.source]
        power_variance = np.concatenate((contributed.channel_variance[is_power], by_forecast[is_power]))
        sharpest = power_variance[power_variance > 0.0].min(initial=1.0)
        return np.where(self.is_zero_injection, ZERO_INJECTION_SHARPNESS**2 * sharpest, 0.0)


@numba.njit(cache=True)
def read_rows(
    contributed: Contributions,
    quantity: IntArray,
    zero_variance: FloatArray,
    substitute: IntArray,
    n_metered: int,
    value: FloatArray,
    usable: BoolArray,
    expected: FloatArray,
    expected_variance: FloatArray,
    extra_variance: FloatArray,
) -> tuple[FloatArray, FloatArray, BoolArray, BoolArray]:
    """The fields of `Readings`; `substitute` is the row that rests while a metered row counts. (n_metered,)"""
    measured, variance = np.zeros(len(quantity)), zero_variance.copy()
    active, faint = np.ones(len(quantity), dtype=np.bool_), np.zeros(len(quantity), dtype=np.bool_)
    active[:n_metered] = False
    for k in range(len(contributed.row)):
        row, channel, source = contributed.row[k], contributed.channel[k], contributed.source[k]
        scale = contributed.scale[k]
        if channel != NONE and usable[channel]:
            active[row] = True
            measured[row] += scale * value[channel]
            variance[row] += contributed.channel_variance[k] + scale**2 * extra_variance[channel]
        else:
            measured[row] += scale * expected[source] if source != NONE else 0.0
            variance[row] += scale**2 * expected_variance[source] if source != NONE else np.inf
    for row in range(len(quantity)):
        active[row] &= np.isfinite(variance[row])
        if row < n_metered and active[row] and substitute[row] != NONE:
            active[substitute[row]] = False
    for row in range(len(quantity)):
        faint[row] = (
            active[row] and quantity[row] == CURRENT and abs(measured[row]) < FAINT_CURRENT * np.sqrt(variance[row])
        )
        active[row] &= not faint[row]
    return measured, variance, active, faint


@numba.njit(cache=True)
def inverse_where(variance: FloatArray, active: BoolArray) -> FloatArray:
    """1 / variance where active, zero elsewhere."""
    weight = np.zeros(len(variance))
    for row in range(len(weight)):
        if active[row]:
            weight[row] = 1.0 / variance[row]
    return weight


@numba.njit(cache=True)
def taken_from(value: FloatArray, place: IntArray, wanted: BoolArray) -> FloatArray:
    """The values at these places, NaN where there is none or it is not wanted."""
    result = np.full(len(place), np.nan)
    for k in range(len(place)):
        if wanted[k] and place[k] != NONE:
            result[k] = value[place[k]]
    return result
