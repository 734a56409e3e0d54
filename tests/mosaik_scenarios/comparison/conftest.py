"""A small feeder with two days of recorded loads, and references that `pandapower.runpp` works out for it."""

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

from networks.feeder import Feeder, RecordedLoads

HOURS = 48
LENGTHS_KM = (1.0, 2.5, 0.5)


@cache
def small_net() -> pp.pandapowerNet:
    """A transformer with taps and three lines in a row behind it, the last one a lateral; buses named as in OpenDSS."""
    net = pp.create_empty_network(sn_mva=1.0)
    high = pp.create_bus(net, 69.0, name="sourcebus")
    buses = [pp.create_bus(net, 13.8, name=f"bus{number}") for number in (1001, 1002, 1003, 1004)]
    pp.create_ext_grid(net, high, vm_pu=1.0)
    pp.create_transformer_from_parameters(
        net, high, buses[0], sn_mva=10.0, vn_hv_kv=69.0, vn_lv_kv=13.8, vkr_percent=0.6, vk_percent=6.3,
        pfe_kw=0.0, i0_percent=0.0, tap_side="lv", tap_neutral=0, tap_min=-16, tap_max=16, tap_step_percent=0.625,
        tap_pos=2, tap_changer_type="Ratio", name="substation",
    )  # fmt: skip
    for start, end, length in zip((0, 1, 1), (1, 2, 3), LENGTHS_KM, strict=True):
        pp.create_line_from_parameters(net, buses[start], buses[end], length, 0.3, 0.4, 0.0, max_i_ka=0.3)
    for bus, p_mw in zip(buses[1:], (2.4, 1.5, 0.9), strict=True):
        pp.create_load(net, bus, p_mw=p_mw, q_mvar=0.3 * p_mw)
    return net


def small_feeder(hours: int = HOURS) -> Feeder:
    """The net and what its loads drew: a day's shape, never twice the same hour."""
    net = deepcopy(small_net())
    shape = 1.0 + 0.4 * np.sin(2 * np.pi * np.arange(hours) / 24) + 0.001 * np.arange(hours)
    p_mw = pd.DataFrame(shape[:, None] * net.load.p_mw.to_numpy(), columns=net.load.index)
    loads = RecordedLoads(start="2017-01-01T00:00", step_s=3600.0, p_mw=p_mw, q_mvar=0.3 * p_mw)
    return Feeder(name="small", title="a small feeder", net=net, source="these tests", recorded_loads=loads)


class Truth:
    """The small feeder by `pandapower.runpp`, hour by hour.

    Parameters
    ----------
    taps
        Of the transformer at every hour, a fraction if need be; its own unless given.
    """

    def __init__(self, taps: np.ndarray | None = None) -> None:
        feeder = small_feeder()
        net, loads = feeder.net, feeder.recorded_loads
        assert loads is not None
        vm_pu, total = [], []
        for hour in range(HOURS):
            net.load["p_mw"], net.load["q_mvar"] = loads.p_mw.iloc[hour], loads.q_mvar.iloc[hour]
            if taps is not None:
                net.trafo["tap_pos"] = float(taps[hour])
            pp.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-10)
            vm_pu.append(net.res_bus.vm_pu.to_numpy())
            total.append((net.res_ext_grid.p_mw.sum(), net.res_ext_grid.q_mvar.sum()))
        self.vm_pu = pd.DataFrame(vm_pu, columns=net.bus.name.tolist())
        self.totals = pd.DataFrame(total, columns=["p_mw", "q_mvar"])


@pytest.fixture(scope="session")
def truth() -> Truth:
    """At the feeder's own tap."""
    return Truth()


@pytest.fixture
def feeder() -> Feeder:
    """The small feeder, fresh."""
    return small_feeder()


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Path]:
    """Writes a table or text as a CSV file and says where."""

    def write(content: pd.DataFrame | str, name: str = "reference.csv", header: bool = True) -> Path:
        path = tmp_path / name
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            content.to_csv(path, index=False, header=header)
        return path

    return write
