"""Power between the buses of a solved net, as a list of branches would state it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.plant.grid_state import GridState


def flows_between_buses(net: Any, state: GridState) -> dict[tuple[int, int], complex]:
    """Power into what joins two buses, at the first of them, by rows of the net's bus table; circuits add up. [MVA]"""
    row = {int(bus): place for place, bus in enumerate(net.bus.index)}
    flows: dict[tuple[int, int], complex] = {}
    for starts, ends, at_start, at_end in (
        (net.line.from_bus, net.line.to_bus, state.line_p_from_mw + 1j * state.line_q_from_mvar,
         state.line_p_to_mw + 1j * state.line_q_to_mvar),
        (net.trafo.hv_bus, net.trafo.lv_bus, state.trafo_p_hv_mw + 1j * state.trafo_q_hv_mvar,
         state.trafo_p_lv_mw + 1j * state.trafo_q_lv_mvar),
    ):  # fmt: skip
        for start, end, into_start, into_end in zip(starts, ends, at_start, at_end, strict=True):
            there, back = (row[start], row[end]), (row[end], row[start])
            flows[there] = flows.get(there, 0.0) + complex(into_start)
            flows[back] = flows.get(back, 0.0) + complex(into_end)
    for (bus, other), drawn in _charging(net, state, row).items():
        if (bus, other) in flows:
            flows[bus, other] += drawn
    return flows


def _charging(net: Any, state: GridState, row: Mapping[int, int]) -> dict[tuple[int, int], complex]:
    """What the charging of transformers draws, which stands among the shunts of networks from MATPOWER. [MVA]"""
    ends = {
        name: (row[hv], row[lv]) for name, hv, lv in net.trafo[["name", "hv_bus", "lv_bus"]].itertuples(index=False)
    }
    drawn: dict[tuple[int, int], complex] = {}
    for name, bus, q_mvar, in_service in net.shunt[["name", "bus", "q_mvar", "in_service"]].itertuples(index=False):
        branch = str(name).partition(" charging ")[0]
        if branch != name and branch in ends and in_service:
            hv, lv = ends[branch]
            there = (hv, lv) if row[bus] == hv else (lv, hv)
            drawn[there] = drawn.get(there, 0.0) + 1j * q_mvar * state.vm_pu[row[bus]] ** 2
    return drawn
