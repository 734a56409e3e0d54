"""From node voltages and terminal currents of an OpenDSS circuit to the state of the grid, as a whole and by phase."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from models.network_model import BoolArray, ComplexArray, FloatArray, NetworkModel
from models.opendss.maps import CircuitMaps
from models.phases import PHASORS
from models.plant.grid_state import GridState, Ratings
from models.plant.phase_state import PhaseState

MVA_PER_VA = 1e-6
KA_PER_A = 1e-3


class PhaseResults:
    """Describes solved steps of one built circuit.

    What loads and generators draw at a bus follows from Kirchhoff's current law, so that it is what the power flow
    really solved, voltage dependence included.

    Parameters
    ----------
    network
        The order of the vectors.
    maps
        Where they are in the circuit.
    source
        `bus` of the source, and `line`, the net's line that stands for its impedance.
    """

    def __init__(self, network: NetworkModel, maps: CircuitMaps, source: Mapping[str, Any]) -> None:
        self.network, self._maps = network, maps
        self._ratings = Ratings(network.net)
        self._present_at = {side: present for side, present in maps.present().items() if side != "bus"}
        line, trafo = network.net.line, network.net.trafo
        self._from_bus, self._to_bus = network.bus_position(line.from_bus), network.bus_position(line.to_bus)
        self._hv_bus, self._lv_bus = network.bus_position(trafo.hv_bus), network.bus_position(trafo.lv_bus)
        self._stiff_bus = int(network.ext_grid_bus[0])
        self._emf_v = maps.base_v[self._stiff_bus] * PHASORS
        self._source_bus = maps.bus_of(f"{source['bus']}.1")
        lines = network.line_index.tolist()
        self._source_line = lines.index(source["line"]) if source["line"] in lines else None
        if self._source_line is not None:
            for side in ("line_from", "line_to"):
                self._present_at[side][self._source_line] = True

    def describe(
        self,
        voltages: ComplexArray,
        currents: ComplexArray,
        supplied: ComplexArray,
        slack: complex,
        alive: BoolArray,
    ) -> tuple[GridState, PhaseState]:
        """Both states of a solved step.

        Parameters
        ----------
        voltages, currents, supplied
            As the engine has them. [V, A]
        slack
            The stiff source. [pu]
        alive
            Which buses have voltage, by phase, (n_bus, 3).
        """
        emf = slack * self._emf_v
        into = self._maps.side_currents(currents)
        v = np.where(alive, np.append(voltages, 0.0)[self._maps.node], 0.0)
        drawn: ComplexArray = -v * np.conj(into["bus"])
        drawn[self._source_bus] += v[self._source_bus] * np.conj(supplied)
        v[self._stiff_bus] = emf
        alive = alive.copy()
        alive[self._stiff_bus] = True
        drawn[self._stiff_bus] -= emf * np.conj(supplied)
        drawn *= MVA_PER_VA
        if self._source_line is not None:
            into["line_from"][self._source_line] = supplied
            into["line_to"][self._source_line] = -supplied
        power = {
            "line_from": _power(v[self._from_bus], into["line_from"]),
            "line_to": _power(v[self._to_bus], into["line_to"]),
            "trafo_hv": _power(v[self._hv_bus], into["trafo_hv"]),
            "trafo_lv": _power(v[self._lv_bus], into["trafo_lv"]),
        }
        ampere = {side: np.abs(into[side]) for side in power}
        loading = self._maps.trafo_loading_percent(currents)
        slack_mva = complex((emf * np.conj(supplied)).sum()) * MVA_PER_VA
        state = self._whole(v, alive, drawn, power, ampere, loading, slack_mva)
        return state, self._by_phase(v, alive, drawn, power, ampere)

    def _whole(
        self,
        v: ComplexArray,
        alive: BoolArray,
        drawn: ComplexArray,
        power: Mapping[str, ComplexArray],
        ampere: Mapping[str, FloatArray],
        trafo_loading_percent: FloatArray,
        slack_mva: complex,
    ) -> GridState:
        total = {side: _sum(s) for side, s in power.items()}
        largest_ka = {side: _largest(i) * KA_PER_A for side, i in ampere.items()}
        i_line_ka = np.maximum(largest_ka["line_from"], largest_ka["line_to"])
        phases = _sum(alive.astype(np.int64))
        vm_pu = _sum(np.abs(v)) / self._maps.base_v / np.maximum(phases, 1)
        in_step = _sum(v * self._maps.rotation)
        bus = _sum(drawn)
        losses = sum(float(s.real.sum()) for s in power.values())
        return GridState(
            converged=True,
            vm_pu=np.where(phases > 0, vm_pu, np.nan),
            va_degree=np.where(phases > 0, np.degrees(np.angle(in_step)), np.nan),
            p_mw=bus.real,
            q_mvar=bus.imag,
            line_p_from_mw=total["line_from"].real,
            line_q_from_mvar=total["line_from"].imag,
            line_p_to_mw=total["line_to"].real,
            line_q_to_mvar=total["line_to"].imag,
            line_i_from_ka=largest_ka["line_from"],
            line_i_to_ka=largest_ka["line_to"],
            line_i_ka=i_line_ka,
            line_loading_percent=self._ratings.line_loading_percent(i_line_ka),
            trafo_p_hv_mw=total["trafo_hv"].real,
            trafo_q_hv_mvar=total["trafo_hv"].imag,
            trafo_p_lv_mw=total["trafo_lv"].real,
            trafo_q_lv_mvar=total["trafo_lv"].imag,
            trafo_i_hv_ka=largest_ka["trafo_hv"],
            trafo_i_lv_ka=largest_ka["trafo_lv"],
            trafo_loading_percent=trafo_loading_percent,
            slack_p_mw=np.array([slack_mva.real]),
            slack_q_mvar=np.array([slack_mva.imag]),
            p_loss_mw=losses,
        )

    def _by_phase(
        self,
        v: ComplexArray,
        alive: BoolArray,
        drawn: ComplexArray,
        power: Mapping[str, ComplexArray],
        ampere: Mapping[str, FloatArray],
    ) -> PhaseState:
        def where(present: BoolArray, values: FloatArray) -> FloatArray:
            return np.where(present, values, np.nan)

        flows = {}
        for side, present in self._present_at.items():
            table, end = side.split("_")
            flows[f"{table}_p_{end}_mw"] = where(present, power[side].real)
            flows[f"{table}_q_{end}_mvar"] = where(present, power[side].imag)
            flows[f"{table}_i_{end}_ka"] = where(present, ampere[side] * KA_PER_A)
        return PhaseState(
            vm_pu=where(alive, np.abs(v) / self._maps.base_v[:, None]),
            va_degree=where(alive, np.degrees(np.angle(v))),
            p_mw=where(alive, drawn.real),
            q_mvar=where(alive, drawn.imag),
            **flows,
        )


def _power(v: ComplexArray, current: ComplexArray) -> ComplexArray:
    """Power of every phase. [MVA]"""
    return np.asarray(v * np.conj(current) * MVA_PER_VA)


def _sum(by_phase: Any) -> Any:
    """Over the phases; three columns added are several times faster than a reduction of many short rows."""
    return by_phase[:, 0] + by_phase[:, 1] + by_phase[:, 2]


def _largest(by_phase: FloatArray) -> FloatArray:
    return np.maximum(np.maximum(by_phase[:, 0], by_phase[:, 1]), by_phase[:, 2])
