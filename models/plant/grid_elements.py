"""Single elements of the grid in pandapower's words: which vectors each shows one value of, and which it sets."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ChildModel:
    """One kind of element: its pandapower table and its scalar attributes, by the vector whose value they are."""

    table: str
    outputs: Mapping[str, str]
    inputs: tuple[str, ...] = ()


CHILDREN = {
    "Bus": ChildModel(
        "bus",
        {
            name: name
            for name in (
                *("vm_pu", "va_degree", "p_mw", "q_mvar"),
                *("vm_a_pu", "vm_b_pu", "vm_c_pu", "va_a_degree", "va_b_degree", "va_c_degree"),
                *("p_a_mw", "p_b_mw", "p_c_mw", "q_a_mvar", "q_b_mvar", "q_c_mvar"),
            )
        },
    ),
    "Line": ChildModel(
        "line",
        {
            name: f"line_{name}"
            for name in (
                *("p_from_mw", "q_from_mvar", "p_to_mw", "q_to_mvar", "i_ka", "loading_percent"),
                *("i_from_a_ka", "i_from_b_ka", "i_from_c_ka"),
            )
        },
    ),
    "Trafo": ChildModel(
        "trafo",
        {
            name: f"trafo_{name}"
            for name in (
                "p_hv_mw",
                "q_hv_mvar",
                "p_lv_mw",
                "q_lv_mvar",
                "i_hv_ka",
                "i_lv_ka",
                "loading_percent",
            )
        },
        inputs=("tap_pos", "tap_a_pos", "tap_b_pos", "tap_c_pos"),
    ),
    "Ext_grid": ChildModel("ext_grid", {"p_mw": "slack_p_mw", "q_mvar": "slack_q_mvar"}, inputs=("vm_pu", "va_degree")),
    "Load": ChildModel("load", {}, inputs=("p_mw", "q_mvar")),
    "Sgen": ChildModel("sgen", {}, inputs=("p_mw", "q_mvar")),
    "Switch": ChildModel("switch", {}, inputs=("closed",)),
}

# What an element takes -> the grid's vector input that it is one value of.
VECTOR_OF_CHILD_INPUT = {
    ("Load", "p_mw"): "load_p_mw",
    ("Load", "q_mvar"): "load_q_mvar",
    ("Sgen", "p_mw"): "sgen_p_mw",
    ("Sgen", "q_mvar"): "sgen_q_mvar",
    ("Trafo", "tap_pos"): "tap_pos",
    ("Trafo", "tap_a_pos"): "tap_a_pos",
    ("Trafo", "tap_b_pos"): "tap_b_pos",
    ("Trafo", "tap_c_pos"): "tap_c_pos",
    ("Switch", "closed"): "switch_closed",
    ("Ext_grid", "vm_pu"): "slack_vm_pu",
    ("Ext_grid", "va_degree"): "slack_va_degree",
}
