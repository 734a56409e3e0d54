"""What a solved net says about the rows of the MATPOWER case it was made from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

FLOWS = ("p_from_mw", "q_from_mvar", "p_to_mw", "q_to_mvar")


def branch_flows(net: Any) -> DataFrame:
    """Flows into every branch of a solved net that `net_of` made.

    Returns
    -------
    `p_from_mw`, `q_from_mvar`, `p_to_mw`, `q_to_mvar`, indexed by the row of MATPOWER's branch table, counted from one
    and in its order. Branches out of service carry nothing; what flows through a closed switch is not known (NaN).
    """
    import pandas

    tables = [_line_flows(net), _transformer_flows(net), _switch_flows(net)]
    flows = pandas.concat([table for table in tables if len(table)])
    flows.index = flows.index.map(lambda name: int(name.removeprefix("branch "))).rename("branch")
    return _with_charging(net, flows).sort_index()


def _line_flows(net: Any) -> DataFrame:
    return net.res_line[list(FLOWS)].set_axis(net.line.name, axis=0).fillna(0.0)


def _transformer_flows(net: Any) -> DataFrame:
    """Flows of the transformers by name, "from" and "to" instead of high and low voltage."""
    import numpy
    import pandas

    if not len(net.trafo):
        return pandas.DataFrame(columns=list(FLOWS))
    from_is_hv = (net.trafo.from_side == "hv").to_numpy()
    ends: dict[str, Any] = {}
    for flow in FLOWS:
        quantity, end, unit = flow.split("_")
        hv, lv = (net.res_trafo[f"{quantity}_{side}_{unit}"].to_numpy() for side in ("hv", "lv"))
        ends[flow] = numpy.where(from_is_hv == (end == "from"), hv, lv)
    return pandas.DataFrame(ends, index=net.trafo.name).fillna(0.0)


def _switch_flows(net: Any) -> DataFrame:
    """Zero where open."""
    import numpy
    import pandas

    switches = net.switch[net.switch.name.astype(str).str.fullmatch(r"branch \d+")]
    through = numpy.where(switches.closed, numpy.nan, 0.0)
    return pandas.DataFrame({flow: through for flow in FLOWS}, index=switches.name)


def _with_charging(net: Any, flows: DataFrame) -> DataFrame:
    """Add what a transformer's charging draws, which stands among the shunts."""
    for shunt, name in net.shunt.name.items():
        found = re.fullmatch(r"branch (\d+) charging (from|to)", str(name))
        if found and net.shunt.in_service.at[shunt]:
            flows.loc[int(found[1]), f"q_{found[2]}_mvar"] += net.res_shunt.q_mvar.at[shunt]
    return flows
