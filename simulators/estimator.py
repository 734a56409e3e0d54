"""The state estimator as a mosaik simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from models.phases import PHASES, of_phase
from models.telemetry.quality import Quality
from simulators.adapter import ModelAdapter

if TYPE_CHECKING:
    import pandas as pd
    from pandapower import pandapowerNet

    from models.estimation.believed_topology import BelievedTopology
    from models.estimation.estimate import Estimate
    from models.estimation.estimator import StateEstimator
    from models.network_model import FloatArray, NetworkModel
    from models.phase_network import PhaseNetworkModel

BY_PHASE = tuple(of_phase(vector, phase) for vector in ("vm_pu", "va_degree") for phase in PHASES)
USABLE = (Quality.VALID, Quality.STALE)


class ControlRoom(NamedTuple):
    """The estimator, and what it takes the network for; `phases` is the network where it is estimated by phase."""

    estimator: StateEstimator
    topology: BelievedTopology
    phases: PhaseNetworkModel | None
    unknown: FloatArray


class EstimatorSimulator(ModelAdapter):
    """Estimates the voltage of every bus from what the control room received.

    Where taps and switches stand it knows from telemetry alone (`BelievedTopology`): what is lost, late or forged on
    the way makes it estimate another network than there is.

    Parameters of ``Estimator``: `network`, the network as the control room believes it to be (a `NetworkModel` or a
    pandapower net); `plan`, the metering plan (a DataFrame, or a list of its rows as mappings); `circuit`, the net's
    OpenDSS circuit (`networks.three_phase.opendss_circuit.opendss_circuit`), with which every phase is estimated and
    every channel of the plan has a `phase`; `significance`, `identification_threshold`, `max_removals`,
    `pseudo_std_dev_fraction` and `method` of `StateEstimator`.

    Inputs: value_received [unit of the channel] and quality [codes of `Quality`] (n_channel); only VALID and STALE
    values are used, and all of them where no quality is connected; timestamp_s [s] (n_channel) is accepted and not
    used. load_p_mw_forecast [MW], load_q_mvar_forecast [Mvar] (n_load), nominal where not connected.

    Outputs: vm_pu_estimated [pu], va_degree_estimated [degree] (n_bus), NaN where de-energised or without a solution;
    trafo_p_lv_mw_estimated [MW], trafo_q_lv_mvar_estimated [Mvar] (n_trafo), into the transformer;
    objective, degrees_of_freedom, chi_square_threshold, p_value [-], of everything received; normalised_residual
    (n_channel) [-], NaN where not used or critical; removed (n_channel), channels taken for bad data; suspects
    (n_channel), channels of which some are bad while the data do not say which; identifiable, whether no test fails or
    what was removed explains it; observable, converged. With a circuit vm_pu_estimated is the mean of the phases,
    powers are their sum, and there are vm_a_pu_estimated and va_a_degree_estimated, and so for b and c, NaN where a
    phase is absent; without, all of these are NaN.
    """

    MODEL = "Estimator"
    PARAMS = (
        "network",
        "plan",
        "circuit",
        "significance",
        "identification_threshold",
        "max_removals",
        "pseudo_std_dev_fraction",
        "method",
    )
    INPUTS = (
        "value_received",
        "timestamp_s",
        "quality",
        "load_p_mw_forecast",
        "load_q_mvar_forecast",
    )
    OUTPUTS = (
        "vm_pu_estimated",
        "va_degree_estimated",
        "trafo_p_lv_mw_estimated",
        "trafo_q_lv_mvar_estimated",
        *(f"{name}_estimated" for name in BY_PHASE),
        "objective",
        "degrees_of_freedom",
        "chi_square_threshold",
        "p_value",
        "normalised_residual",
        "removed",
        "suspects",
        "identifiable",
        "observable",
        "converged",
    )

    def build(
        self,
        network: NetworkModel | pandapowerNet,
        plan: pd.DataFrame | Sequence[Mapping[str, Any]],
        circuit: Any = None,
        **settings: Any,
    ) -> ControlRoom:
        import pandas as pd

        from models.estimation.believed_topology import BelievedTopology
        from models.estimation.estimator import StateEstimator
        from models.network_model import NetworkModel
        from models.phase_network import PhaseNetworkModel

        balanced = network if isinstance(network, NetworkModel) else NetworkModel(network)
        phases = None if circuit is None else PhaseNetworkModel(balanced.net, circuit)
        as_built = phases or balanced
        estimator = StateEstimator(as_built, pd.DataFrame(plan), **settings)
        unknown = np.full(balanced.n_bus, np.nan)
        unknown.setflags(write=False)
        return ControlRoom(estimator, BelievedTopology(as_built, estimator.channels), phases, unknown)

    def advance(self, model: ControlRoom, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        value = inputs.get("value_received", np.full(len(model.estimator.channels), np.nan))
        usable = np.isin(inputs["quality"], USABLE) if "quality" in inputs else np.ones(len(value), dtype=bool)
        model.topology.update(value, usable)
        estimate = model.estimator.estimate(
            value,
            usable,
            load_p_mw_forecast=inputs.get("load_p_mw_forecast"),
            load_q_mvar_forecast=inputs.get("load_q_mvar_forecast"),
            tap_pos=model.topology.tap_pos,
            switch_closed=model.topology.switch_closed,
        )
        state = self._state(model, estimate)
        tests = {name: getattr(estimate, name) for name in self.OUTPUTS if not name.endswith("_estimated")}
        return {f"{name}_estimated": vector for name, vector in state.items()} | tests

    def _state(self, model: ControlRoom, estimate: Estimate) -> dict[str, FloatArray]:
        """What is estimated, as a whole and by phase."""
        from models.estimation.state_by_phase import StateByPhase

        whole = ("vm_pu", "va_degree", "trafo_p_lv_mw", "trafo_q_lv_mvar")
        if model.phases is None:
            return {name: getattr(estimate, name) for name in whole} | dict.fromkeys(BY_PHASE, model.unknown)
        state = StateByPhase(estimate, model.phases)
        return {name: getattr(state, name) for name in whole} | {**state.vectors}

    def order(self, model: ControlRoom) -> dict[str, list[Any]]:
        order = model.estimator.network.order()
        return {"bus": order["bus"], "trafo": order["trafo"], "channel": list(model.estimator.channels.name)}
