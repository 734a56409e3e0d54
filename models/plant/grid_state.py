"""What acts on the grid in one step and what the grid answers; vectors in the order of the pandapower tables."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from models.network_model import BoolArray, ComplexArray, FloatArray, IntArray, NetworkModel
from models.plant.faults import Fault


@dataclass(frozen=True, eq=False)
class GridInputs:
    """What acts on the grid in one step."""

    load: ComplexArray
    """P + jQ of every load, consumption positive, (n_load,). [MVA]"""
    sgen: ComplexArray
    """P + jQ of every static generator, generation positive, (n_sgen,). [MVA]"""
    tap_pos: IntArray | FloatArray
    """Of every transformer, (n_trafo,); a fraction stands for the mean of taps by phase. [-]"""
    switch_closed: BoolArray
    line_in_service: BoolArray
    slack: ComplexArray
    """Voltage phasor of every external grid, (n_ext_grid,). [pu]"""
    faults: tuple[Fault, ...] = ()
    phase_tap_pos: FloatArray | None = None
    """Taps by phase, (n_trafo, 3), for solvers that have them; NaN where the phase moves with `tap_pos`."""


@dataclass(frozen=True, eq=False)
class GridState:
    """One solved step; voltages are NaN where de-energised, everything is NaN where the power flow did not converge.

    Branch flows go into the branch at either end; a branch out of service carries 0. Bus power is consumption less
    generation, shunts of the net not included.
    """

    converged: bool
    vm_pu: FloatArray
    va_degree: FloatArray
    p_mw: FloatArray
    q_mvar: FloatArray
    line_p_from_mw: FloatArray
    line_q_from_mvar: FloatArray
    line_p_to_mw: FloatArray
    line_q_to_mvar: FloatArray
    line_i_from_ka: FloatArray
    line_i_to_ka: FloatArray
    line_i_ka: FloatArray
    line_loading_percent: FloatArray
    trafo_p_hv_mw: FloatArray
    trafo_q_hv_mvar: FloatArray
    trafo_p_lv_mw: FloatArray
    trafo_q_lv_mvar: FloatArray
    trafo_i_hv_ka: FloatArray
    trafo_i_lv_ka: FloatArray
    trafo_loading_percent: FloatArray
    slack_p_mw: FloatArray
    slack_q_mvar: FloatArray
    p_loss_mw: float

    @classmethod
    def unsolved(cls, network: NetworkModel) -> "GridState":
        """The answer to a power flow without a solution."""
        sizes = {"line": len(network.line_index), "trafo": len(network.trafo_index)}
        sizes["slack"] = len(network.ext_grid_index)
        values: dict[str, Any] = {"converged": False, "p_loss_mw": float("nan")}
        for name in cls.__dataclass_fields__:
            if name not in values:
                values[name] = np.full(sizes.get(name.split("_")[0], network.n_bus), np.nan)
        return cls(**values)


STATE_FIELDS = tuple(GridState.__dataclass_fields__)


class Ratings:
    """Rated currents of lines and transformers, as pandapower's loading uses them.

    Parameters
    ----------
    net
        The pandapower net the ratings are read from.
    """

    def __init__(self, net: Any) -> None:
        line, trafo = net.line, net.trafo
        self.line_ka = (line.max_i_ka * line.df * line.parallel).to_numpy(dtype=float)
        rated_mva = (trafo.sn_mva * trafo.parallel * trafo.df / np.sqrt(3)).to_numpy(dtype=float)
        self.trafo_hv_ka = rated_mva / trafo.vn_hv_kv.to_numpy(dtype=float)
        self.trafo_lv_ka = rated_mva / trafo.vn_lv_kv.to_numpy(dtype=float)

    def line_loading_percent(self, i_ka: FloatArray) -> FloatArray:
        """Current over rated current. [percent]"""
        with np.errstate(divide="ignore", invalid="ignore"):
            return 100.0 * i_ka / self.line_ka

    def trafo_loading_percent(self, i_hv_ka: FloatArray, i_lv_ka: FloatArray) -> FloatArray:
        """The larger of both sides' current over rated current. [percent]"""
        return 100.0 * np.maximum(i_hv_ka / self.trafo_hv_ka, i_lv_ka / self.trafo_lv_ka)


def nominal_inputs(network: NetworkModel) -> GridInputs:
    """Loads, static generators, taps, switches and external grids as the tables of the net state them."""
    net = network.net
    return GridInputs(
        load=net.load.p_mw.to_numpy(dtype=float) + 1j * net.load.q_mvar.to_numpy(dtype=float),
        sgen=net.sgen.p_mw.to_numpy(dtype=float) + 1j * net.sgen.q_mvar.to_numpy(dtype=float),
        tap_pos=network.initial_tap_pos,
        switch_closed=network.initial_switch_closed,
        line_in_service=network.initial_line_in_service,
        slack=phasor(net.ext_grid.vm_pu, net.ext_grid.va_degree),
    )


def phasor(vm_pu: ArrayLike, va_degree: ArrayLike) -> ComplexArray:
    """Complex voltages of magnitudes [pu] and angles [degree]."""
    angle = np.radians(np.asarray(va_degree, dtype=float))
    return np.asarray(vm_pu, dtype=float) * np.exp(1j * angle)
