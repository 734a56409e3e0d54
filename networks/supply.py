"""What a line supplies."""

from typing import Any


def lines_behind(net: Any, line: int) -> list[int]:
    """Lines that lose their supply when `line` opens, the nearest first; `line` itself is one of them.

    Parameters
    ----------
    net
        A pandapower net; open switches and what is out of service carry nothing.
    line
        pandapower index.
    """
    import networkx
    from pandapower.topology import create_nxgraph, unsupplied_buses

    cut = net.line.index.drop(line)
    graph = create_nxgraph(net, respect_switches=True, multi=False)
    dead = unsupplied_buses(net, mg=create_nxgraph(_without(net, line), respect_switches=True))
    dead -= unsupplied_buses(net)
    lost = [int(k) for k in cut if net.line.from_bus.at[k] in dead and net.line.to_bus.at[k] in dead]
    distance = networkx.multi_source_dijkstra_path_length(graph, set(net.ext_grid.bus), weight=None)
    live = [k for k in lost if net.line.in_service.at[k]]
    return [line, *sorted(live, key=lambda k: (distance.get(net.line.from_bus.at[k], float("inf")), k))]


def _without(net: Any, line: int) -> Any:
    """A copy of the net whose `line` is out of service."""
    from copy import deepcopy

    changed = deepcopy(net)
    changed.line.loc[line, "in_service"] = False
    return changed
