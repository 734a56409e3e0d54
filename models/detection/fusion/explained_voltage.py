"""Which change of voltage does a change of injections explain?"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection.fusion.evidence import Learned

Array = NDArray[np.float64]

POWERS = ("p", "q")
SAMPLE = 1500
"""Scans that the sensitivities are learnt from at most. [scans]"""

DIRECTIONS = 16
"""Combinations of powers that the sensitivities are cut down to. [-]"""

RIDGE = 1e-2
"""Part of the powers' variance that is taken for noise: what only a ridge of nothing could tell (the voltage from the
reactive power of the lines' charging) is not worth telling. [-]"""


def voltage_sensitivities(channels: tuple[str, ...], innovation: Array) -> dict[str, NDArray[Any]]:
    """Linear sensitivities of the voltages to the powers, as arrays for `ExplainedVoltage`.

    Ridge regression [1]_ of the voltages' innovations on those of the powers, in its dual form (scans are fewer than
    channels where it would be slow), cut down to the directions that matter [2]_. Where no power is estimated, there is
    no voltage of which anything could be said.

    Parameters
    ----------
    channels
        Names, each beginning with its quantity.
    innovation
        (n_time, n_channel) Estimated less expected on clean records. [channel's unit]

    References
    ----------
    .. [1] A. E. Hoerl, R. W. Kennard, "Ridge regression", Technometrics 12(1), 1970.
    .. [2] A. J. Izenman, "Reduced-rank regression for the multivariate linear model", Journal of Multivariate Analysis
       5(2), 1975.
    """
    quantity = np.array([name.split()[0] for name in channels])
    estimated = np.isfinite(innovation).any(axis=0)
    voltages = np.flatnonzero((quantity == "v") & estimated)
    powers = np.flatnonzero(np.isin(quantity, POWERS) & estimated)
    known = np.flatnonzero(np.isfinite(innovation[:, [*voltages, *powers]]).all(axis=1))
    sample = known[np.linspace(0, len(known) - 1, min(SAMPLE, len(known))).astype(int)] if len(known) else known
    if not (len(voltages) and len(powers) and len(sample)):
        nobody = np.zeros(0, dtype=np.int64)
        return {"voltages": nobody, "powers": nobody, "directions": np.zeros((0, 0)), "response": np.zeros((0, 0))}
    power, voltage = innovation[np.ix_(sample, powers)], innovation[np.ix_(sample, voltages)]
    power, voltage = power - power.mean(axis=0), voltage - voltage.mean(axis=0)
    spread = np.maximum(power.std(axis=0), 1e-3 * power.std() + np.finfo(np.float32).tiny)
    scaled = power / spread
    kernel = scaled @ scaled.T
    ridge = RIDGE * np.trace(kernel) / len(sample) * np.eye(len(sample))
    dual = np.linalg.solve(kernel + ridge, voltage)
    _, _, response = np.linalg.svd(kernel @ dual, full_matrices=False)
    response = response[:DIRECTIONS].T
    directions = (scaled.T @ (dual @ response)) / spread[:, None]
    return {"voltages": voltages, "powers": powers, "directions": directions, "response": response}


class ExplainedVoltage:
    """Takes from the voltages what the powers explain.

    Parameters
    ----------
    learned
        As `voltage_sensitivities` gave it.
    """

    def __init__(self, learned: Learned) -> None:
        self.voltages, self._powers = learned["voltages"].astype(np.int64), learned["powers"].astype(np.int64)
        self._directions, self._response = learned["directions"], learned["response"]

    def unexplained(self, innovation: Array) -> Array:
        """(..., n_voltage) Innovations (..., n_channel) of the voltages less what those of the powers explain. [pu]"""
        explained = innovation[..., self._powers] @ self._directions @ self._response.T
        return innovation[..., self.voltages] - explained
