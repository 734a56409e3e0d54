"""The state estimator as a mosaik simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from models.telemetry.quality import Quality
from simulators.adapter import ModelAdapter

if TYPE_CHECKING:
    import pandas as pd
    from pandapower import pandapowerNet

    from models.estimation.believed_topology import BelievedTopology
    from models.estimation.estimator import StateEstimator
    from models.network_model import NetworkModel

USABLE = (Quality.VALID, Quality.STALE)


class ControlRoom(NamedTuple):
    """The estimator, and what it takes the network for."""

    estimator: StateEstimator
    topology: BelievedTopology


class EstimatorSimulator(ModelAdapter):
    """Estimates the voltage of every bus from what the control room received.

    Where taps and switches stand it knows from telemetry alone (`BelievedTopology`): what is lost, late or forged on
    the way makes it estimate another network than there is.

    Parameters of ``Estimator``: `network`, the network as the control room believes it to be (a `NetworkModel` or a
    pandapower net); `plan`, the metering plan (a DataFrame, or a list of its rows as mappings); `significance`,
    `identification_threshold`, `max_removals` and `pseudo_std_dev_fraction` of `StateEstimator`.

    Inputs: value_received [unit of the channel] and quality [codes of `Quality`] (n_channel); only VALID and STALE
    values are used, and all of them where no quality is connected; timestamp_s [s] (n_channel) is accepted and not
    used. load_p_mw_forecast [MW], load_q_mvar_forecast [Mvar] (n_load), nominal where not connected.

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
        "significance",
        "identification_threshold",
        "max_removals",
        "pseudo_std_dev_fraction",
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
        **settings: Any,
    ) -> ControlRoom:
        import pandas as pd

        from models.estimation.believed_topology import BelievedTopology
        from models.estimation.estimator import StateEstimator
        from models.network_model import NetworkModel

        as_built = network if isinstance(network, NetworkModel) else NetworkModel(network)
        estimator = StateEstimator(as_built, pd.DataFrame(plan), **settings)
        return ControlRoom(estimator, BelievedTopology(as_built, estimator.channels))

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
        return {name: getattr(estimate, name.removesuffix("_estimated")) for name in self.OUTPUTS}

    def order(self, model: ControlRoom) -> dict[str, list[Any]]:
        order = model.estimator.network.order()
        return {"bus": order["bus"], "trafo": order["trafo"], "channel": list(model.estimator.channels.name)}
