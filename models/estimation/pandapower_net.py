"""State estimation of a pandapower net in one call, in the place of `pandapower.estimation.estimate`."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from models.errors import InvalidMeasurementError, InvalidParameterError, NotObservableError
from models.estimation.estimator import METHODS, StateEstimator
from models.estimation.measurements.measurement_frame import MeasurementFrame
from models.estimation.measurements.metering_plan import STATUS
from models.estimation.measurements.pseudo_measurements import AUXILIARY_BUS
from models.estimation.tables.estimate_tables import EstimateTables
from models.estimation.tables.net_results import fill_in_results
from models.network_model import NetworkModel

if TYPE_CHECKING:
    from pandapower import pandapowerNet

METHOD_OF_ALGORITHM: Mapping[str, str] = {**{m: m for m in METHODS}, "wls_with_zero_constraint": "wls", "lp": "lav"}
# A meter that reads this many standard deviations of something reads something.
BEYOND_NOISE = 5.0
NAMED_IN_FULL = 12
# Their voltages or flows are states of their own, which the estimator does not have.
ELEMENTS_WITH_STATES = ("xward", "dcline", "svc", "tcsc", "ssc", "vsc")


def estimate(
    net: "pandapowerNet",
    algorithm: str = "wls",
    init: str = "flat",
    tolerance: float = 1e-6,
    maximum_iterations: int = 50,
    zero_injection: str | Iterable[int] | None = AUXILIARY_BUS,
    *,
    measurements: MeasurementFrame | None = None,
    pseudo_measurements: bool = False,
    max_removals: int = 0,
    **settings: Any,
) -> EstimateTables:
    """Estimate the state of a net from its measurements, and fill in `net.res_bus_est`, `res_line_est` and so on.

    Like pandapower, and unlike `StateEstimator` by itself, it takes nothing for granted that is not measured: no
    forecast for loads without a meter, no zero injection but those of auxiliary buses, no removal of bad data.

    Parameters
    ----------
    net
        With measurements in ``net.measurement``; only its `res_*_est` tables are written.
    algorithm
        ``wls``, ``huber``, ``shgm`` or ``lav``; pandapower's ``wls_with_zero_constraint`` is wls here (zero injections
        are as good as exact) and ``lp`` is lav.
    init, tolerance, maximum_iterations
        Accepted as pandapower's, and not needed: the estimator finds its starts and ends at 1e-8.
    zero_injection
        As in `StateEstimator`, in pandapower's words: ``"aux_bus"``, ``"no_inj_bus"``, None or buses.
    measurements
        In the place of ``net.measurement``.
    pseudo_measurements
        Whether loads and the like without a meter are expected at the net's nominal power.
    max_removals
        Most measurements removed as bad data.
    settings
        Further parameters of `StateEstimator`.

    Raises
    ------
    InvalidMeasurementError
        No measurements, a row that cannot be, or one that reads something where the net is dead.
    NotObservableError
        The measurements leave the state of some bus open; it names the buses.
    InvalidParameterError
        An algorithm or option that is none, or a net with extended wards, DC lines or FACTS devices in service.
    """
    if algorithm not in METHOD_OF_ALGORITHM:
        raise InvalidParameterError(f"algorithm is one of {', '.join(METHOD_OF_ALGORITHM)}, got {algorithm!r}.")
    refuse_elements_with_states(net)
    frame = MeasurementFrame.from_net(net) if measurements is None else measurements
    if not frame.usable.any():
        raise InvalidMeasurementError(
            "expected measurements, got none; fill net.measurement or give a MeasurementFrame."
        )
    network = NetworkModel(net)
    settings |= {"pseudo_measurements": pseudo_measurements, "max_removals": max_removals}
    with open_buses_told(network.n_bus):
        estimator = StateEstimator(
            network,
            frame.plan_on(net),
            method=METHOD_OF_ALGORITHM[algorithm],
            zero_injection=zero_injection,
            **settings,
        )
        refuse_contradictions(estimator, frame)
        found = estimator.estimate(frame.value, frame.usable)
        if not found.observable:
            raise NotObservableError("", found.unobservable_buses)
    if found.converged:
        fill_in_results(net, found.vm_pu, found.va_degree)
    return EstimateTables(estimator, found, frame)


def refuse_elements_with_states(net: "pandapowerNet") -> None:
    """Refuse a net with elements that the estimator does not know.

    Raises
    ------
    InvalidParameterError
    """
    there = [table for table in ELEMENTS_WITH_STATES if table in net and net[table].in_service.any()]
    if there:
        raise InvalidParameterError(
            f"expected a net of buses, lines, transformers and injections, got one with {', '.join(there)} in service; "
            "replace these by their equivalents, such as a ward or a pair of generators."
        )


@contextmanager
def open_buses_told(n_bus: int) -> Iterator[None]:
    """Name the buses that stay open, and what somebody who estimates a net can do about it.

    Raises
    ------
    NotObservableError
    """
    try:
        yield
    except NotObservableError as error:
        buses = error.buses
        more = f" and {len(buses) - NAMED_IN_FULL} more" if len(buses) > NAMED_IN_FULL else ""
        raise NotObservableError(
            f"the measurements leave the state of {len(buses)} of {n_bus} buses open: "
            f"{', '.join(map(str, buses[:NAMED_IN_FULL]))}{more}; measure there, or let zero_injection='no_inj_bus' or "
            "pseudo_measurements stand in.",
            buses,
        ) from None


def refuse_contradictions(estimator: StateEstimator, frame: MeasurementFrame) -> None:
    """Refuse measurements of voltage, power or current where the network says that there is none, and of other states.

    Raises
    ------
    InvalidMeasurementError
        A row reads more than noise at an element that is out of service or has no connection to a supply, or a tap or
        switch where it is not.
    """
    network, channels = estimator.network, estimator.channels
    admittances = network.admittances()
    place = {"bus": admittances.node_of_bus, "line": admittances.branch_of_line, "trafo": admittances.branch_of_trafo}
    state = {"trafo": network.initial_tap_pos, "switch": network.initial_switch_closed}
    is_status = channels.quantity == STATUS
    reads_something = np.abs(frame.value) > BEYOND_NOISE * np.sqrt(channels.variance)
    for row in np.flatnonzero(frame.usable & (is_status | reads_something)).tolist():
        kind, position, value = channels.element_type[row], channels.position[row], frame.value[row]
        what = f"{frame.rows[row]}: {channels.name[row]!r} reads {value:g}, but {kind} {frame.element(row)}"
        if not is_status[row] and place[kind][position] < 0:
            raise InvalidMeasurementError(
                f"{what} is out of service or has no connection to a supply; "
                "correct the network's switches or leave the row out."
            )
        if is_status[row] and value != state[kind][position]:
            raise InvalidMeasurementError(
                f"{what} is at {state[kind][position]:g} in the network; set it there or leave the row out."
            )
