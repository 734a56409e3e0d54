"""Networks as published, through pandapower's library or from the project's own tables, fresh at each call."""

from pathlib import Path
from typing import Any

from networks.feeder import Network

DATA = Path(__file__).parent / "data"


def three_phase(name: str) -> Network:
    """The feeder whose tables lie in ``data/<name>``, phase by phase."""
    from networks.three_phase.network import network_of
    from networks.three_phase.tables import read_tables

    return network_of(read_tables(DATA / name))


def iowa240() -> Network:
    """The Iowa 240-bus system, from the folder that the environment names."""
    from networks.importers.iowa240 import read_iowa240, registered_folder

    return read_iowa240(registered_folder())


def ieee33() -> Any:
    """Baran and Wu's 33-bus feeder, 12.66 kV, radial with five open tie lines."""
    import pandapower.networks

    return pandapower.networks.case33bw()


def cigre_mv() -> Any:
    """CIGRE Task Force C6.04.02 medium-voltage benchmark, European configuration, 20 kV."""
    import pandapower.networks

    return pandapower.networks.create_cigre_network_mv()


def cigre_mv_der() -> Any:
    """The CIGRE medium-voltage benchmark with its photovoltaic sites and its wind turbine."""
    import pandapower.networks

    return pandapower.networks.create_cigre_network_mv(with_der="pv_wind")


def oberrhein() -> Any:
    """MV Oberrhein: a 20 kV network of 179 buses in the upper Rhine valley, two substations.

    Its load case switches photovoltaics off; here they stand with their installed power, the loads as in the load case.
    """
    import pandapower.networks

    net = pandapower.networks.mv_oberrhein()
    net.sgen["scaling"] = 1.0
    return net


def ieee14() -> Any:
    """IEEE 14-bus system as pandapower ships it."""
    import pandapower.networks

    return pandapower.networks.case14()


def ieee30() -> Any:
    """IEEE 30-bus system as pandapower ships it."""
    import pandapower.networks

    return pandapower.networks.case_ieee30()


def ieee57() -> Any:
    """IEEE 57-bus system as pandapower ships it."""
    import pandapower.networks

    return pandapower.networks.case57()


def ieee118() -> Any:
    """IEEE 118-bus system as pandapower ships it."""
    import pandapower.networks

    return pandapower.networks.case118()
