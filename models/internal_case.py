"""pandapower's internal case of a net as it stands: the tables that its power flow works on."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pandapower import pandapowerNet


@dataclass(frozen=True, eq=False)
class InternalCase:
    """pandapower's internal case, reduced to the elements in service."""

    variables: tuple[Any, ...]
    branch_in_service: NDArray[np.bool_]
    branch_ranges: dict[str, tuple[int, int]] = field(default_factory=dict)

    def branch_positions(self, table: str, length: int) -> NDArray[np.int64]:
        """Branch number of every row of a pandapower branch table, -1 where the row is not in the case."""
        if table not in self.branch_ranges:
            return np.full(length, -1, dtype=np.int64)
        start, stop = self.branch_ranges[table]
        position = np.cumsum(self.branch_in_service) - 1
        return np.where(self.branch_in_service, position, -1)[start:stop].astype(np.int64)


def internal_case(net: "pandapowerNet") -> InternalCase:
    """Build the internal case as `pandapower.runpp` does, without solving it."""
    from pandapower.auxiliary import _init_runpp_options
    from pandapower.pd2ppc import _pd2ppc
    from pandapower.pf.ppci_variables import _get_pf_variables_from_ppci
    from pandapower.results import init_results

    _init_runpp_options(
        net,
        algorithm="nr",
        calculate_voltage_angles=True,
        init="auto",
        max_iteration="auto",
        tolerance_mva=1e-8,
        trafo_model="t",
        trafo_loading="current",
        enforce_p_lims=False,
        enforce_q_lims=False,
        check_connectivity=True,
        voltage_depend_loads=False,
        lightsim2grid=False,  # a solver's option: nothing is solved here
    )
    init_results(net)
    nothing = np.array([], dtype=np.int64)
    tables = ("bus", "bus_dc", "ext_grid", "gen", "branch", "branch_dc")
    net._pd2ppc_lookups = {table: nothing for table in tables}
    _, case = _pd2ppc(net)
    base_mva, bus, gen, branch, _, _, _, _, slack, pv, pq, _, _, initial_v, _ = _get_pf_variables_from_ppci(case)
    return InternalCase(
        variables=(base_mva, bus, gen, branch, slack, pv, pq, initial_v),
        branch_in_service=np.asarray(case["internal"]["branch_is"], dtype=bool),
        branch_ranges=dict(net._pd2ppc_lookups["branch"]),
    )
