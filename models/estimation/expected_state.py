"""The state that the control room expects without looking at a single measurement: its forecasts' power flow."""

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from scipy.sparse import csc_matrix

from models.estimation.measurements.pseudo_measurements import ExpectedConsumption, InjectionForecast
from models.estimation.network_equations import NetworkEquations
from models.network_model import ComplexArray, FloatArray
from models.newton import NewtonSolver


class ExpectedState(NamedTuple):
    """Voltages by bus, NaN where de-energised or without a solution."""

    vm_pu: FloatArray
    """(n_bus,) [pu]"""
    va_degree: FloatArray
    """(n_bus,) [degree]"""


class ForecastPowerFlow:
    """Power flow of the forecasts, the supply at its set-point, taps and switches as believed.

    What it finds owes nothing to meters (but for the taps' and switches' positions), so that who forges them
    consistently, and therefore leaves no residual, still has to leave it or to stay close to what was to be expected.

    Parameters
    ----------
    forecast
        What buses are expected to draw.
    """

    def __init__(self, forecast: InjectionForecast) -> None:
        self._forecast = forecast
        self._newton = NewtonSolver()
        self._by_column: WeakKeyDictionary[NetworkEquations, csc_matrix] = WeakKeyDictionary()
        self._last: ComplexArray | None = None

    def solve(self, equations: NetworkEquations, consumption: ExpectedConsumption) -> ExpectedState:
        """The expected state in one topology state.

        Parameters
        ----------
        equations
            The network with taps and switches as believed.
        consumption
            What loads less static generators are expected to draw at every bus.
        """
        v = self._voltages(equations, consumption)
        alive = equations.node_of_bus >= 0
        vm_pu, va_degree = np.full((2, len(alive)), np.nan)
        if v is not None:
            at_bus = v[equations.node_of_bus[alive]]
            vm_pu[alive], va_degree[alive] = np.abs(at_bus), np.degrees(np.angle(at_bus))
        return ExpectedState(vm_pu, va_degree)

    def _voltages(self, equations: NetworkEquations, consumption: ExpectedConsumption) -> ComplexArray | None:
        if equations not in self._by_column:
            self._by_column[equations] = csc_matrix(equations.ybus)
            self._by_column[equations].sort_indices()
        injection = self._injection(equations, consumption)
        held = equations.slack_nodes, equations.pv_nodes
        for start in self._starts(equations):
            v = self._newton.solve(equations, self._by_column[equations], start, injection, *held)
            if v is not None:
                self._last = v
                return v
        self._last = None
        return None

    def _starts(self, equations: NetworkEquations) -> list[ComplexArray]:
        """The last solution, flat, and unloaded; the supply and the generators are at their set-points."""
        starts = [equations.flat_start.copy(), equations.unloaded_start.copy()]
        if self._last is not None and len(self._last) == equations.n_node:
            starts.insert(0, self._last.copy())
        for start in starts:
            start[equations.slack_nodes] = equations.unloaded_start[equations.slack_nodes]
            magnitude = np.abs(equations.flat_start[equations.pv_nodes])
            start[equations.pv_nodes] *= magnitude / np.abs(start[equations.pv_nodes])
        return starts

    def _injection(self, equations: NetworkEquations, consumption: ExpectedConsumption) -> ComplexArray:
        """(n_node,) [pu]"""
        active, reactive = np.split(consumption.power, 2)
        alive = equations.node_of_bus >= 0
        injection = equations.fixed_injection.copy()
        drawn = (active + 1j * reactive)[alive] / equations.base_mva
        np.subtract.at(injection, equations.node_of_bus[alive], drawn)
        return injection
