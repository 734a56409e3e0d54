"""The estimate in the result tables of a pandapower net: `res_bus_est`, `res_line_est`, `res_trafo_est` and so on."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from models.estimation.measurements.channel_readings import node_voltages
from models.network_model import FloatArray

if TYPE_CHECKING:
    from pandapower import pandapowerNet


def fill_in_results(net: "pandapowerNet", vm_pu: FloatArray, va_degree: FloatArray) -> None:
    """Write an estimated state into `net`, by pandapower's own rules for columns, signs, loading and joined buses.

    Parameters
    ----------
    vm_pu, va_degree
        In the order of ``net.bus``, NaN where de-energised. (n_bus,) [pu], [degree]
    """
    from pandapower.estimation.ppc_conversion import _init_ppc
    from pandapower.estimation.results import _calc_power_flow, _extract_result_ppci_to_pp
    from pandapower.pypower.makeYbus import makeYbus

    ppc, case = _init_ppc(net, "flat", "flat", calculate_voltage_angles=True)
    ybus, yf, yt = makeYbus(case["baseMVA"], case["bus"], case["branch"])
    case["internal"].update(Ybus=ybus, Yf=yf, Yt=yt)
    lookup = net._pd2ppc_lookups["bus"][net.bus.index.to_numpy()]
    node_of_bus = np.where((lookup < len(case["bus"])) & np.isfinite(vm_pu), lookup, -1).astype(np.int64)
    case = _calc_power_flow(case, node_voltages(node_of_bus, csr_matrix(ybus), vm_pu, va_degree))
    _extract_result_ppci_to_pp(net, ppc, case)
