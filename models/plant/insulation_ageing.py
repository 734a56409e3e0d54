"""How fast heat wears the paper of a transformer winding: IEEE Std C57.91-2011, clause 5."""

from typing import Any

import numpy as np

# Thermally upgraded paper: the reaction's activation temperature, and the hot spot at which life passes at its normal
# rate.
ACTIVATION_TEMPERATURE_K = 15000.0
REFERENCE_HOT_SPOT_C = 110.0
# The standard rounds the ice point in clause 5, so that 110 degC is 383 K.
ZERO_CELSIUS_K = 273.0


def ageing_acceleration(hot_spot_c: Any) -> np.ndarray:
    """How many hours of normal life one hour at this hot spot takes. [-]

    One at 110 degC, doubling about every 7 K around it; for thermally upgraded paper (65 K average winding rise).

    Parameters
    ----------
    hot_spot_c
        Temperature of the winding's hottest spot. [degC]

    References
    ----------
    .. [1] IEEE Std C57.91-2011, clause 5.2, ageing acceleration factor F_AA.
    """
    reference_k = REFERENCE_HOT_SPOT_C + ZERO_CELSIUS_K
    hot_spot_k = np.asarray(hot_spot_c, dtype=float) + ZERO_CELSIUS_K
    return np.exp(ACTIVATION_TEMPERATURE_K / reference_k - ACTIVATION_TEMPERATURE_K / hot_spot_k)


def equivalent_ageing(loss_of_life_h: Any, duration_h: float) -> np.ndarray:
    """Ageing factor that, held throughout, would have taken the same life. [-]

    Parameters
    ----------
    loss_of_life_h
        Hours of normal life consumed, the integral of `ageing_acceleration` over time. [h]
    duration_h
        The time it took. [h]

    References
    ----------
    .. [1] IEEE Std C57.91-2011, clause 5.2, equivalent ageing factor F_EQA.
    """
    return np.asarray(loss_of_life_h, dtype=float) / duration_h
