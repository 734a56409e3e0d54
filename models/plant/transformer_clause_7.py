"""Top oil and hot spot from the nameplate: IEEE Std C57.91-2011, clause 7, as differential equations."""

from collections.abc import Sequence

import numpy as np

from models.plant.transformer_nameplate import CoolingMode, NameplateThermal

# Oil exponent n and winding exponent m: IEEE Std C57.91-2011, clause 7.2, Table 4.
OIL_EXPONENT = {CoolingMode.ONAN: 0.8, CoolingMode.ONAF: 0.9, CoolingMode.OFAF: 0.9, CoolingMode.ODAF: 1.0}
WINDING_EXPONENT = {CoolingMode.ONAN: 0.8, CoolingMode.ONAF: 0.8, CoolingMode.OFAF: 0.8, CoolingMode.ODAF: 1.0}


def ultimate_top_oil_rise(
    load_pu: np.ndarray,
    energised: np.ndarray,
    rated_rise_k: np.ndarray,
    loss_ratio: np.ndarray,
    oil_exponent: np.ndarray,
) -> np.ndarray:
    """Top oil over ambient once a constant load has lasted forever. [K]

    Parameters
    ----------
    load_pu
        Load current over rated current. [pu]
    energised
        One where the core is magnetised, zero where it is not. [-]
    rated_rise_k
        The rise at rated load. [K]
    loss_ratio
        Load loss at rated load over no-load loss. [-]
    oil_exponent
        Exponent n. [-]

    References
    ----------
    .. [1] IEEE Std C57.91-2011, clause 7.2, ultimate top-oil rise.
    """
    # Total loss over rated total loss: the oil warms with losses, not with load.
    loss_pu = (load_pu**2 * loss_ratio + energised) / (loss_ratio + 1)
    return rated_rise_k * loss_pu**oil_exponent


def ultimate_hot_spot_over_top_oil(
    load_pu: np.ndarray, rated_difference_k: np.ndarray, winding_exponent: np.ndarray
) -> np.ndarray:
    """Hot spot over top oil once a constant load has lasted forever. [K]

    Parameters
    ----------
    load_pu
        Load current over rated current. [pu]
    rated_difference_k
        The difference at rated load. [K]
    winding_exponent
        Exponent m. [-]

    References
    ----------
    .. [1] IEEE Std C57.91-2011, clause 7.2, ultimate winding hottest-spot rise over top oil.
    """
    return rated_difference_k * (load_pu**2) ** winding_exponent


class NameplateHeating:
    """The two first-order lags of clause 7 for many transformers at once.

    The rises follow ``tau * d(rise)/dt = ultimate rise - rise``; with the inputs held this is an exponential, which is
    taken exactly, so that an interval gives the same however it is divided. Oil follows a change of the ambient
    temperature at once, as clause 7 has it.

    Parameters
    ----------
    parameters
        One nameplate per transformer.
    """

    def __init__(self, parameters: Sequence[NameplateThermal]) -> None:
        def vector(name: str) -> np.ndarray:
            return np.array([getattr(transformer, name) for transformer in parameters], dtype=float)

        self.rated_top_oil_rise_k = vector("top_oil_rise_k")
        self.rated_hot_spot_over_top_oil_k = vector("hot_spot_over_top_oil_k")
        self.loss_ratio = vector("loss_ratio")
        self.top_oil_tau_s = vector("top_oil_tau_min") * 60
        self.winding_tau_s = vector("winding_tau_min") * 60
        self.oil_exponent = np.array([OIL_EXPONENT[transformer.cooling] for transformer in parameters])
        self.winding_exponent = np.array([WINDING_EXPONENT[transformer.cooling] for transformer in parameters])

    def hold(self, load_pu: np.ndarray, energised: np.ndarray, ambient_c: float) -> None:
        """Set the inputs for what follows."""
        self.ambient_c = ambient_c
        self.ultimate_top_oil_rise_k = ultimate_top_oil_rise(
            load_pu, energised, self.rated_top_oil_rise_k, self.loss_ratio, self.oil_exponent
        )
        self.ultimate_hot_spot_over_top_oil_k = ultimate_hot_spot_over_top_oil(
            load_pu, self.rated_hot_spot_over_top_oil_k, self.winding_exponent
        )

    def cool_down(self) -> None:
        """Everything at ambient temperature."""
        self.top_oil_rise_k = np.zeros_like(self.loss_ratio)
        self.hot_spot_over_top_oil_k = np.zeros_like(self.loss_ratio)

    def settle(self) -> None:
        """The state that the held inputs lead to."""
        self.top_oil_rise_k = self.ultimate_top_oil_rise_k
        self.hot_spot_over_top_oil_k = self.ultimate_hot_spot_over_top_oil_k

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass under the held inputs."""
        self.top_oil_rise_k = relaxed(self.top_oil_rise_k, self.ultimate_top_oil_rise_k, seconds / self.top_oil_tau_s)
        self.hot_spot_over_top_oil_k = relaxed(
            self.hot_spot_over_top_oil_k, self.ultimate_hot_spot_over_top_oil_k, seconds / self.winding_tau_s
        )

    @property
    def top_oil_c(self) -> np.ndarray:
        """Top-oil temperature. [degC]"""
        return self.ambient_c + self.top_oil_rise_k

    @property
    def hot_spot_c(self) -> np.ndarray:
        """Hot-spot temperature. [degC]"""
        return self.top_oil_c + self.hot_spot_over_top_oil_k


def relaxed(initial: np.ndarray, ultimate: np.ndarray, time_constants: np.ndarray) -> np.ndarray:
    """A first-order lag `time_constants` after it stood at `initial`: IEEE Std C57.91-2011, clause 7.2."""
    return ultimate + (initial - ultimate) * np.exp(-time_constants)
