"""Kundur's example 13.1: one machine against an infinite bus over two circuits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from networks.feeder import MACHINE_COLUMNS, Feeder, table

RATED_MVA = 2220.0
GENERATOR_KV = 24.0
TRANSMISSION_KV = 400.0
X_TRANSIENT_PU = 0.3
X_TRANSFORMER_PU = 0.15
X_CIRCUIT_PU = (0.5, 0.93)
EMF_VM_PU = 1.16259
EMF_VA_DEGREE = 41.772
INFINITE_BUS_VM_PU = 0.90081
NOMINAL_HZ = 60.0
INERTIA_CONSTANT_S = 3.5
TERMINAL_PQ_PU = (0.9, 0.436)
TERMINAL_VM_PU = 1.0
TERMINAL_VA_DEGREE = 28.34


def kundur_smib() -> Any:
    """The system before the fault, everything per unit on 2220 MVA.

    Buses: 0 the EMF behind X'd, 1 the machine's terminals, 2 the transformer's high side (where the example's fault
    comes), 3 the infinite bus. Line 1 is circuit 2; switches 0 and 1 are its breakers. External grid 0 is the infinite
    bus, external grid 1 the machine's EMF, so that the machine's angle enters the power flow.

    References
    ----------
    .. [1] P. Kundur, Power System Stability and Control, McGraw-Hill, 1994, example 13.1. The book states reactances
       per unit; 24 kV and 400 kV are chosen here, and no result in per unit depends on them.
    """
    import pandapower

    net = pandapower.create_empty_network(name="Kundur example 13.1", f_hz=NOMINAL_HZ, sn_mva=RATED_MVA)
    emf = pandapower.create_bus(net, GENERATOR_KV, name="EMF behind X'd", geodata=(0.0, 0.0))
    terminal = pandapower.create_bus(net, GENERATOR_KV, name="Generator terminals", geodata=(1.0, 0.0))
    high_side = pandapower.create_bus(net, TRANSMISSION_KV, name="Transformer high side", geodata=(2.0, 0.0))
    infinite = pandapower.create_bus(net, TRANSMISSION_KV, name="Infinite bus", geodata=(4.0, 0.0))

    pandapower.create_ext_grid(net, infinite, vm_pu=INFINITE_BUS_VM_PU, va_degree=0.0, name="Infinite bus")
    pandapower.create_ext_grid(net, emf, vm_pu=EMF_VM_PU, va_degree=EMF_VA_DEGREE, name="EMF")
    pandapower.create_impedance(net, emf, terminal, rft_pu=0.0, xft_pu=X_TRANSIENT_PU, sn_mva=RATED_MVA, name="X'd")
    _add_transformer(net, high_side, terminal)
    for number, x_pu in enumerate(X_CIRCUIT_PU, start=1):
        _add_circuit(net, high_side, infinite, x_pu, f"Circuit {number}")
    for bus in (high_side, infinite):
        pandapower.create_switch(net, bus, 1, et="l", type="CB", name=f"Circuit 2 at bus {bus}")
    return net


def _add_transformer(net: Any, hv_bus: int, lv_bus: int) -> None:
    import pandapower

    pandapower.create_transformer_from_parameters(
        net,
        hv_bus=hv_bus,
        lv_bus=lv_bus,
        sn_mva=RATED_MVA,
        vn_hv_kv=TRANSMISSION_KV,
        vn_lv_kv=GENERATOR_KV,
        vk_percent=100 * X_TRANSFORMER_PU,
        vkr_percent=0.0,
        pfe_kw=0.0,
        i0_percent=0.0,
        name="Step-up transformer",
    )


def _add_circuit(net: Any, from_bus: int, to_bus: int, x_pu: float, name: str) -> None:
    import pandapower

    base_ohm = TRANSMISSION_KV**2 / RATED_MVA
    pandapower.create_line_from_parameters(
        net,
        from_bus,
        to_bus,
        length_km=1.0,
        r_ohm_per_km=0.0,
        x_ohm_per_km=x_pu * base_ohm,
        c_nf_per_km=0.0,
        max_i_ka=RATED_MVA / (3**0.5 * TRANSMISSION_KV),
        name=name,
    )


def describe_machine(feeder: Feeder) -> Feeder:
    """The example's classical machine (its EMF is external grid 1), without damping, as it runs before the fault."""
    p_mw, q_mvar = (RATED_MVA * pu for pu in TERMINAL_PQ_PU)
    constants = (RATED_MVA, INERTIA_CONSTANT_S, 0.0, NOMINAL_HZ, X_TRANSIENT_PU)
    terminals = (p_mw, q_mvar, TERMINAL_VM_PU, TERMINAL_VA_DEGREE)
    return replace(feeder, machines=table(MACHINE_COLUMNS, [(1, *constants, *terminals)]))
