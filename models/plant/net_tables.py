"""Between the compiled network and the pandapower net: what only `runpp` solves, and the tables brought up to date."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from models.network_model import ComplexArray, NetworkModel, set_topology
from models.plant.grid_state import GridInputs, GridState

if TYPE_CHECKING:
    from pandapower import pandapowerNet

ELEMENTS_FOR_RUNPP = ("xward", "dcline", "svc", "tcsc", "ssc", "vsc")

# GridState field -> (result table, column).
RESULT_COLUMNS = {
    "vm_pu": ("bus", "vm_pu"),
    "va_degree": ("bus", "va_degree"),
    "p_mw": ("bus", "p_mw"),
    "q_mvar": ("bus", "q_mvar"),
    "line_p_from_mw": ("line", "p_from_mw"),
    "line_q_from_mvar": ("line", "q_from_mvar"),
    "line_p_to_mw": ("line", "p_to_mw"),
    "line_q_to_mvar": ("line", "q_to_mvar"),
    "line_i_from_ka": ("line", "i_from_ka"),
    "line_i_to_ka": ("line", "i_to_ka"),
    "line_i_ka": ("line", "i_ka"),
    "line_loading_percent": ("line", "loading_percent"),
    "trafo_p_hv_mw": ("trafo", "p_hv_mw"),
    "trafo_q_hv_mvar": ("trafo", "q_hv_mvar"),
    "trafo_p_lv_mw": ("trafo", "p_lv_mw"),
    "trafo_q_lv_mvar": ("trafo", "q_lv_mvar"),
    "trafo_i_hv_ka": ("trafo", "i_hv_ka"),
    "trafo_i_lv_ka": ("trafo", "i_lv_ka"),
    "trafo_loading_percent": ("trafo", "loading_percent"),
    "slack_p_mw": ("ext_grid", "p_mw"),
    "slack_q_mvar": ("ext_grid", "q_mvar"),
}


def needs_runpp(net: "pandapowerNet") -> bool:
    """Whether a net holds what the compiled network does not cover: xwards, DC, FACTS."""
    return any(table in net and len(net[table]) for table in ELEMENTS_FOR_RUNPP)


def write_inputs(net: "pandapowerNet", inputs: GridInputs) -> None:
    """Write what acted on the grid into the element tables."""
    set_topology(net, inputs.tap_pos, inputs.switch_closed, inputs.line_in_service)
    for table, power in (("load", inputs.load), ("sgen", inputs.sgen)):
        if len(power):
            net[table]["p_mw"] = power.real
            net[table]["q_mvar"] = power.imag
    net.ext_grid["vm_pu"] = np.abs(inputs.slack)
    net.ext_grid["va_degree"] = np.degrees(np.angle(inputs.slack))


def run_pandapower(net: "pandapowerNet", start: GridState | None = None, voltage_depend_loads: bool = True) -> bool:
    """`pandapower.runpp` with the twin's options, from the voltages of `start` if given; whether it converged."""
    import pandapower

    options: dict[str, Any] = {}
    if start is not None:
        # Lists: pandapower compares them with words, which an array does not bear.
        vm_pu, va_degree = np.nan_to_num(start.vm_pu, nan=1.0).tolist(), np.nan_to_num(start.va_degree).tolist()
        options = {"init_vm_pu": vm_pu, "init_va_degree": va_degree}
    try:
        pandapower.runpp(net, calculate_voltage_angles=True, voltage_depend_loads=voltage_depend_loads, **options)
    except pandapower.LoadflowNotConverged:
        return False
    return True


def solve_by_runpp(net: "pandapowerNet", network: NetworkModel, inputs: GridInputs) -> GridState:
    """One step by pandapower itself, as the twin's state."""
    write_inputs(net, inputs)
    if not run_pandapower(net):
        return GridState.unsolved(network)
    values = {name: _column(net, *place) for name, place in RESULT_COLUMNS.items()}
    loss = sum(float(np.nansum(net[f"res_{table}"].pl_mw)) for table in ("line", "trafo"))
    return GridState(converged=True, p_loss_mw=loss, **values)


def write_step(
    net: "pandapowerNet",
    network: NetworkModel,
    inputs: GridInputs,
    state: GridState,
    drawn: ComplexArray | None = None,
) -> None:
    """Bring element and result tables to one step.

    A healthy step is solved again by pandapower, so that every result table it knows is right. A step with a fault, or
    without a solution, is none that pandapower has: the tables hold what the twin computed and NaN elsewhere.

    Parameters
    ----------
    drawn
        What voltage-dependent loads draw (n_load,), where pandapower is not to work it out itself; the load table
        keeps their nominal power. [MVA]
    """
    write_inputs(net, inputs if drawn is None else replace(inputs, load=drawn))
    solved = state.converged and not inputs.faults and run_pandapower(net, state, voltage_depend_loads=drawn is None)
    if drawn is not None:
        write_inputs(net, inputs)
    if solved:
        return
    write_results(net, state)


def write_state(net: "pandapowerNet", inputs: GridInputs, state: GridState) -> None:
    """Bring element and result tables to one step that pandapower does not solve itself."""
    write_inputs(net, inputs)
    write_results(net, state)


def write_results(net: "pandapowerNet", state: GridState) -> None:
    """What the twin computed, and NaN in the result columns it has nothing for."""
    from pandapower.results import init_results

    init_results(net)
    for name, (table, column) in RESULT_COLUMNS.items():
        if len(net[table]):
            net[f"res_{table}"].loc[net[table].index, column] = getattr(state, name)


def _column(net: "pandapowerNet", table: str, column: str) -> np.ndarray:
    return net[f"res_{table}"][column].to_numpy(dtype=float) if len(net[table]) else np.zeros(0)
