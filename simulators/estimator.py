"""The control room's state estimator as a mosaik simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from models.parameters import from_mapping
from models.phases import PHASES, of_phase
from models.telemetry.quality import Quality, Telemetry
from simulators.adapter import ModelAdapter

if TYPE_CHECKING:
    import pandas as pd
    from pandapower import pandapowerNet

    from models.estimation.control_room import ControlRoom
    from models.estimation.estimate import Estimate
    from models.estimation.measurements.staleness import Reporting
    from models.network_model import FloatArray, NetworkModel
    from models.phase_network import PhaseNetworkModel

BY_PHASE = tuple(of_phase(vector, phase) for vector in ("vm_pu", "va_degree") for phase in PHASES)
OF_ESTIMATE = (
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
FORECASTS = ("load_p_mw_forecast", "load_q_mvar_forecast", "sgen_p_mw_forecast", "sgen_q_mvar_forecast")


class Estimation(NamedTuple):
    """The control room; `phases` is its network where it estimates by phase, `unknown` what it says where not."""

    room: ControlRoom
    phases: PhaseNetworkModel | None
    unknown: FloatArray


class EstimatorSimulator(ModelAdapter):
    """Estimates the voltage of every bus from what the control room received.

    Where taps and switches stand, how far to trust an old value and how far a forecast the `ControlRoom` knows from
    telemetry alone: what is lost, late or forged on the way makes it estimate another network than there is.

    Parameters of ``Estimator``: `network`, the network as the control room believes it to be (a `NetworkModel` or a
    pandapower net); `plan`, the metering plan (a DataFrame, or a list of its rows as mappings); `circuit`, the net's
    OpenDSS circuit (`networks.three_phase.opendss_circuit.opendss_circuit`), with which every phase is estimated and
    every channel of the plan has a `phase`; `reporting`, a mapping (or instance) of `Reporting`; `load_class`, what
    customers every load has; `significance`, `identification_threshold`, `max_removals`, `pseudo_std_dev_fraction` and
    `method` of `StateEstimator`.

    Inputs: value_received [unit of the channel], timestamp_s [s] and quality [codes of `Quality`] (n_channel); only
    VALID and STALE values are used; without quality all count, without timestamps all are fresh. load_p_mw_forecast
    [MW], load_q_mvar_forecast [Mvar] (n_load), nominal where not connected; sgen_p_mw_forecast [MW],
    sgen_q_mvar_forecast [Mvar] (n_sgen), anything up to nominal where not connected.

    Outputs: vm_pu_estimated [pu], va_degree_estimated [degree] (n_bus), NaN where de-energised or without a solution;
    trafo_p_lv_mw_estimated [MW], trafo_q_lv_mvar_estimated [Mvar] (n_trafo), into the transformer; value_estimated,
    value_expected (n_channel), what channels read in the estimated state, and in the power flow of the forecasts alone;
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
        "reporting",
        "load_class",
        "significance",
        "identification_threshold",
        "max_removals",
        "pseudo_std_dev_fraction",
        "method",
    )
    INPUTS = ("value_received", "timestamp_s", "quality", *FORECASTS)
    OUTPUTS = (
        "vm_pu_estimated",
        "va_degree_estimated",
        "trafo_p_lv_mw_estimated",
        "trafo_q_lv_mvar_estimated",
        *(f"{name}_estimated" for name in BY_PHASE),
        "value_estimated",
        "value_expected",
        *OF_ESTIMATE,
    )

    def build(
        self,
        network: NetworkModel | pandapowerNet,
        plan: pd.DataFrame | Sequence[Mapping[str, Any]],
        circuit: Any = None,
        reporting: Reporting | Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Estimation:
        import pandas as pd

        from models.estimation.control_room import ControlRoom
        from models.estimation.measurements.staleness import Reporting
        from models.network_model import NetworkModel
        from models.phase_network import PhaseNetworkModel

        balanced = network if isinstance(network, NetworkModel) else NetworkModel(network)
        phases = None if circuit is None else PhaseNetworkModel(balanced.net, circuit)
        room = ControlRoom(phases or balanced, pd.DataFrame(plan), from_mapping(Reporting, reporting), **settings)
        unknown = np.full(balanced.n_bus, np.nan)
        unknown.setflags(write=False)
        return Estimation(room, phases, unknown)

    def advance(self, model: Estimation, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        n_channel = len(model.room.estimator.channels)
        telemetry = Telemetry(
            value=inputs.get("value_received", np.full(n_channel, np.nan)),
            timestamp_s=inputs.get("timestamp_s", np.full(n_channel, seconds)),
            quality=inputs.get("quality", np.full(n_channel, Quality.VALID, dtype=np.int8)),
        )
        picture = model.room.scan(seconds, telemetry, **{name: inputs.get(name) for name in FORECASTS})
        state = self._state(model, picture.estimate)
        return {
            **{f"{name}_estimated": vector for name, vector in state.items()},
            **{name: getattr(picture.estimate, name) for name in OF_ESTIMATE},
            "value_estimated": picture.estimated,
            "value_expected": picture.expected,
        }

    def _state(self, model: Estimation, estimate: Estimate) -> dict[str, FloatArray]:
        """What is estimated, as a whole and by phase."""
        from models.estimation.state_by_phase import StateByPhase

        whole = ("vm_pu", "va_degree", "trafo_p_lv_mw", "trafo_q_lv_mvar")
        if model.phases is None:
            return {name: getattr(estimate, name) for name in whole} | dict.fromkeys(BY_PHASE, model.unknown)
        state = StateByPhase(estimate, model.phases)
        return {name: getattr(state, name) for name in whole} | {**state.vectors}

    def order(self, model: Estimation) -> dict[str, list[Any]]:
        estimator = model.room.estimator
        order = estimator.network.order()
        return {"bus": order["bus"], "trafo": order["trafo"], "channel": list(estimator.channels.name)}
