"""The control room's state estimator as a mosaik simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from models.parameters import from_mapping
from models.telemetry.quality import Quality, Telemetry
from simulators.adapter import ModelAdapter

if TYPE_CHECKING:
    import pandas as pd
    from pandapower import pandapowerNet

    from models.estimation.control_room import ControlRoom
    from models.estimation.staleness import Reporting
    from models.network_model import NetworkModel

FORECASTS = ("load_p_mw_forecast", "load_q_mvar_forecast", "sgen_p_mw_forecast", "sgen_q_mvar_forecast")


class EstimatorSimulator(ModelAdapter):
    """Estimates the voltage of every bus from what the control room received.

    Where taps and switches stand, how far to trust an old value and how far a forecast the `ControlRoom` knows from
    telemetry alone: what is lost, late or forged on the way makes it estimate another network than there is.

    Parameters of ``Estimator``: `network`, the network as the control room believes it to be (a `NetworkModel` or a
    pandapower net); `plan`, the metering plan (a DataFrame, or a list of its rows as mappings); `reporting`, a mapping
    (or instance) of `Reporting`; `load_class`, the class of every load's customers; `significance`,
    `identification_threshold`, `max_removals` and `pseudo_std_dev_fraction` of `StateEstimator`.

    Inputs: value_received [unit of the channel], timestamp_s [s] and quality [codes of `Quality`] (n_channel); only
    VALID and STALE values are used; without quality all count, without timestamps all are fresh. load_p_mw_forecast
    [MW], load_q_mvar_forecast [Mvar] (n_load), nominal where not connected; sgen_p_mw_forecast [MW],
    sgen_q_mvar_forecast [Mvar] (n_sgen), anything up to nominal where not connected.

    Outputs: vm_pu_estimated [pu], va_degree_estimated [degree] (n_bus), NaN where de-energised or without a solution;
    trafo_p_lv_mw_estimated [MW], trafo_q_lv_mvar_estimated [Mvar] (n_trafo), into the transformer;
    objective, degrees_of_freedom, chi_square_threshold, p_value [-], of everything received; normalised_residual
    (n_channel) [-], NaN where not used or critical; removed (n_channel), channels taken for bad data; observable,
    converged.
    """

    MODEL = "Estimator"
    PARAMS = (
        "network",
        "plan",
        "reporting",
        "load_class",
        "significance",
        "identification_threshold",
        "max_removals",
        "pseudo_std_dev_fraction",
    )
    INPUTS = ("value_received", "timestamp_s", "quality", *FORECASTS)
    OUTPUTS = (
        "vm_pu_estimated",
        "va_degree_estimated",
        "trafo_p_lv_mw_estimated",
        "trafo_q_lv_mvar_estimated",
        "objective",
        "degrees_of_freedom",
        "chi_square_threshold",
        "p_value",
        "normalised_residual",
        "removed",
        "observable",
        "converged",
    )

    def build(
        self,
        network: NetworkModel | pandapowerNet,
        plan: pd.DataFrame | Sequence[Mapping[str, Any]],
        reporting: Reporting | Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> ControlRoom:
        import pandas as pd

        from models.estimation.control_room import ControlRoom
        from models.estimation.staleness import Reporting
        from models.network_model import NetworkModel

        as_built = network if isinstance(network, NetworkModel) else NetworkModel(network)
        return ControlRoom(as_built, pd.DataFrame(plan), from_mapping(Reporting, reporting), **settings)

    def advance(self, model: ControlRoom, seconds: float, inputs: Mapping[str, Any]) -> dict[str, Any]:
        n_channel = len(model.estimator.channels)
        telemetry = Telemetry(
            value=inputs.get("value_received", np.full(n_channel, np.nan)),
            timestamp_s=inputs.get("timestamp_s", np.full(n_channel, seconds)),
            quality=inputs.get("quality", np.full(n_channel, Quality.VALID, dtype=np.int8)),
        )
        estimate = model.estimate(seconds, telemetry, **{name: inputs.get(name) for name in FORECASTS})
        return {name: getattr(estimate, name.removesuffix("_estimated")) for name in self.OUTPUTS}

    def order(self, model: ControlRoom) -> dict[str, list[Any]]:
        order = model.estimator.network.order()
        return {"bus": order["bus"], "trafo": order["trafo"], "channel": list(model.estimator.channels.name)}
