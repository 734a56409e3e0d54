"""Where Newton's method starts on a feeder with regulators: at the product of their taps."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandapower import pandapowerNet

# pandapower keeps the slope of voltage-dependent loads out of its Jacobian and so converges linearly with them.
MAX_ITERATIONS = 50
FLAT_ENOUGH_PU = 0.02


def let_runpp_converge(net: pandapowerNet) -> None:
    """Give plain `pandapower.runpp` what it needs, as the net's own power flow options.

    From a flat start Newton's method does not pass a ratio of taps behind the next to no impedance of a regulator. The
    options (`net.user_pf_options`) are plain numbers, which pandapower's JSON holds. Whoever adds a bus, or wants
    another ``init``, drops ``init_vm_pu`` first: pandapower refuses both at a time.
    """
    vm_pu = product_of_taps(net)
    if max(vm_pu) - min(vm_pu) > FLAT_ENOUGH_PU:
        net.user_pf_options["init_vm_pu"] = vm_pu
    if net.load.filter(like="const_").to_numpy().any():
        net.user_pf_options["max_iteration"] = MAX_ITERATIONS


def product_of_taps(net: pandapowerNet) -> list[float]:
    """The magnitude every bus has without load: that of the external grid times the ratios up to there. [pu]"""
    ratios = _ratios(net)
    vm_pu = {int(bus): float(magnitude) for bus, magnitude in zip(net.ext_grid.bus, net.ext_grid.vm_pu, strict=True)}
    reached = deque(vm_pu)
    while reached:
        bus = reached.popleft()
        for other, ratio in ratios[bus]:
            if other not in vm_pu:
                vm_pu[other] = vm_pu[bus] * ratio
                reached.append(other)
    return [vm_pu.get(int(bus), 1.0) for bus in net.bus.index]


def _ratios(net: pandapowerNet) -> dict[int, list[tuple[int, float]]]:
    """The neighbours of every bus, with the voltage there over that at the bus without load."""
    ratios: dict[int, list[tuple[int, float]]] = {int(bus): [] for bus in net.bus.index}

    def connect(one: Any, other: Any, ratio: float) -> None:
        ratios[int(one)].append((int(other), ratio))
        ratios[int(other)].append((int(one), 1.0 / ratio))

    for line in net.line.itertuples():
        connect(line.from_bus, line.to_bus, 1.0)
    for switch in net.switch[(net.switch.et == "b") & net.switch.closed].itertuples():
        connect(switch.bus, switch.element, 1.0)
    for trafo in net.trafo.itertuples():
        rated = {"hv": trafo.vn_hv_kv, "lv": trafo.vn_lv_kv}
        if trafo.tap_side in rated:
            rated[trafo.tap_side] *= 1.0 + (trafo.tap_pos - trafo.tap_neutral) * trafo.tap_step_percent / 100.0
        high, low = (rated[side] / net.bus.vn_kv.at[getattr(trafo, f"{side}_bus")] for side in ("hv", "lv"))
        connect(trafo.hv_bus, trafo.lv_bus, low / high)
    return ratios
