"""What every feeder must satisfy before anything runs on it; the same code for all of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from networks.errors import InvalidFeederError
from networks.feeder import Feeder
from networks.metering_points import STATUS_TYPES

if TYPE_CHECKING:
    from pandas import DataFrame, Series

HIGHEST_KV = 1500.0
LARGEST_ELEMENT_MW = 100_000.0
SIDES_OF_QUANTITIES: dict[str, dict[str, tuple[str | None, ...]]] = {
    "bus": dict.fromkeys(("v", "va", "p", "q"), (None,)),
    "line": dict.fromkeys("pqi", ("from", "to")),
    "trafo": {**dict.fromkeys("pqi", ("hv", "lv")), "tap": (None,)},
    "switch": {"closed": (None,)},
}
NAMED_IN_FULL = 8


def check_feeder(feeder: Feeder) -> None:
    """Refuse a feeder that cannot be simulated, with one line that says why.

    Raises
    ------
    InvalidFeederError
        No slack, implausible units, a load without a supply, no solution at nominal load, or a table that refers to
        elements the network does not have.
    """
    check_network(feeder.net)
    check_tables(feeder)


def check_network(net: Any) -> None:
    """Slack, units, connection and nominal power flow of a pandapower net, whose `res_*` tables it fills."""
    check_slack(net)
    check_units(net)
    check_connected(net)
    check_solves(net)


def check_slack(net: Any) -> None:
    """Something must hold voltage and angle."""
    generators = net.gen[net.gen.in_service.astype(bool)]
    if not net.ext_grid.in_service.any() and not generators.slack.any():
        raise InvalidFeederError("the network has no slack; add an ext_grid in service or a gen with slack=True.")


def check_units(net: Any) -> None:
    """Voltages in kV, powers in MW; loads consume."""
    for bus, vn_kv in net.bus.vn_kv.items():
        if not 0 < vn_kv <= HIGHEST_KV:
            raise InvalidFeederError(
                f"bus {bus} has vn_kv {vn_kv}; expected kilovolts above 0 and up to {HIGHEST_KV:g}."
            )
    for element_type in ("load", "sgen"):
        for quantity in ("p_mw", "q_mvar"):
            _check_finite(net, element_type, quantity)
    for load, p_mw in net.load.p_mw.items():
        if p_mw < 0:
            raise InvalidFeederError(
                f"{_named(net, 'load', load)} has p_mw {p_mw:g}; a load consumes, model generation as an sgen."
            )


def _check_finite(net: Any, element_type: str, quantity: str) -> None:
    for element, value in net[element_type][quantity].items():
        if not abs(value) <= LARGEST_ELEMENT_MW:  # NaN compares false
            raise InvalidFeederError(
                f"{_named(net, element_type, element)} has {quantity} {value:g}; "
                f"expected a finite number of {'MW' if quantity == 'p_mw' else 'Mvar'} within {LARGEST_ELEMENT_MW:g}."
            )


def check_connected(net: Any) -> None:
    """Every load in service at a bus in service is reached from a slack."""
    import pandapower.topology

    unsupplied = pandapower.topology.unsupplied_buses(net)
    loaded = set(net.load.bus[net.load.in_service.astype(bool)])
    in_service = set(net.bus.index[net.bus.in_service.astype(bool)])
    stranded = sorted(unsupplied & loaded & in_service)
    if stranded:
        raise InvalidFeederError(
            f"loads at {_listed('bus', stranded)} have no connection to a slack; close a switch, add a line, "
            "or take the buses out of service."
        )


def check_solves(net: Any) -> None:
    """The power flow converges at nominal load; its results stay in the net's `res_*` tables.

    It starts as the net's own options say, else from the voltages that stand there, else as pandapower does.
    """
    import pandapower

    start = {"init": "results"} if _states_voltages(net) and not net.user_pf_options else {}
    try:
        # Once at load: compiling the kernels would take longer than this saves.
        pandapower.runpp(net, calculate_voltage_angles=True, numba=False, **start)
    except pandapower.LoadflowNotConverged:
        raise InvalidFeederError(
            "the power flow does not converge at nominal load; check impedances, units and the size of the loads."
        ) from None
    except Exception as error:  # pandapower meets nonsensical parameters with whatever NumPy raises
        raise InvalidFeederError(f"the power flow fails at nominal load ({type(error).__name__}: {error}).") from error


def _states_voltages(net: Any) -> bool:
    known = net.res_bus.index.equals(net.bus.index) and {"vm_pu", "va_degree"} <= set(net.res_bus)
    return bool(known and net.res_bus[["vm_pu", "va_degree"]].notna().all(axis=None))


def check_tables(feeder: Feeder) -> None:
    """Every table refers to what the network has."""
    net = feeder.net
    _check_exist(feeder.load_profiles, "load", net.load.index, "load_profiles")
    _check_complete(feeder)
    _check_exist(feeder.pv, "sgen", net.sgen.index, "pv")
    _check_exist(feeder.regulators, "trafo", net.trafo.index, "regulators")
    _check_exist(feeder.regulators, "controlled_bus", net.bus.index, "regulators")
    _check_exist(feeder.reclosers, "line", net.line.index, "reclosers")
    _check_exist(feeder.reclosers, "switch", net.switch.index, "reclosers")
    _check_exist(feeder.machines, "ext_grid", net.ext_grid.index, "machines")
    _check_exist(feeder.transformers, "trafo", net.trafo.index, "transformers")
    check_meters(feeder.meters, net)


def check_meters(meters: DataFrame, net: Any) -> None:
    """A metering plan with unique names, on elements that exist, with a positive spread where it measures."""
    check_channels(meters, net)
    for meter in meters[~meters.measurement_type.isin(STATUS_TYPES)].itertuples(index=False):
        for quantity in ("accuracy_class", "full_scale", "std_dev"):
            if not getattr(meter, quantity) > 0:
                value = getattr(meter, quantity)
                raise InvalidFeederError(f"meter {meter.name!r} has {quantity} {value}; expected a positive number.")


def check_channels(meters: DataFrame, net: Any) -> None:
    """Channels with unique names, of quantities that there are, on elements that exist.

    Raises
    ------
    InvalidFeederError
    """
    if meters.empty:
        raise InvalidFeederError("the metering plan is empty; meter at least the slack bus.")
    repeated = meters.name[meters.name.duplicated()]
    if len(repeated):
        raise InvalidFeederError(f"two channels are called {repeated.iloc[0]!r}; give each channel its own name.")
    for meter in meters.itertuples(index=False):
        _check_channel(meter, net)


def _check_channel(meter: Any, net: Any) -> None:
    what = f"meter {meter.name!r}"
    if meter.element_type not in SIDES_OF_QUANTITIES:
        raise InvalidFeederError(f"{what} sits on a {meter.element_type!r}; expected {_either(SIDES_OF_QUANTITIES)}.")
    if meter.element not in net[meter.element_type].index:
        raise InvalidFeederError(
            f"{what} sits on {meter.element_type} {meter.element}, which the network does not have; "
            f"its {meter.element_type} table holds {_span(net[meter.element_type].index)}."
        )
    sides_of = SIDES_OF_QUANTITIES[meter.element_type]
    if meter.measurement_type not in sides_of:
        raise InvalidFeederError(
            f"{what} measures {meter.measurement_type!r} at a {meter.element_type}; expected {_either(sides_of)}."
        )
    side = meter.side if isinstance(meter.side, str) else None
    if side not in sides_of[meter.measurement_type]:
        expected = " or ".join(map(str, sides_of[meter.measurement_type]))
        raise InvalidFeederError(f"{what} is on side {side!r} of a {meter.element_type}; expected {expected}.")


def _check_exist(table: DataFrame, column: str, existing: Collection, table_name: str) -> None:
    known = set(existing)
    wrong = [element for element in table[column] if element not in known]
    if wrong:
        raise InvalidFeederError(
            f"{table_name} names {_listed(column, wrong)}, which the network does not have; it holds {_span(existing)}."
        )


def _check_complete(feeder: Feeder) -> None:
    described: Series = feeder.load_profiles["load"]
    missing = sorted(set(feeder.net.load.index) - set(described))
    if missing or described.duplicated().any():
        repeated = described[described.duplicated()].tolist()
        raise InvalidFeederError(
            f"load_profiles wants one row a load; {_listed('load', missing or repeated)} "
            f"{'is missing' if missing else 'comes twice'}."
        )


def _named(net: Any, element_type: str, element: int) -> str:
    name = net[element_type].name.at[element] if "name" in net[element_type] else None
    return f"{element_type} {element} ({name})" if isinstance(name, str) and name else f"{element_type} {element}"


def _listed(kind: str, elements: list) -> str:
    shown = ", ".join(str(element) for element in elements[:NAMED_IN_FULL])
    return f"{kind} {shown}" + (f" and {len(elements) - NAMED_IN_FULL} more" if len(elements) > NAMED_IN_FULL else "")


def _either(names: Collection[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _span(existing: Collection) -> str:
    return f"{min(existing)} to {max(existing)}" if len(existing) else "none"
