"""A transformer known by its nameplate: what clause 7 of IEEE Std C57.91-2011 needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from models.parameters import member, require_positive

if TYPE_CHECKING:
    import pandas as pd


class CoolingMode(StrEnum):
    """How heat leaves windings and tank: natural or forced, directed or not, oil first and air second."""

    ONAN = "ONAN"
    ONAF = "ONAF"
    OFAF = "OFAF"
    ODAF = "ODAF"


# Top-oil time constants used where none is given: IEC 60076-7, recommended thermal characteristics. [min]
DEFAULT_TOP_OIL_TAU_MIN = {
    CoolingMode.ONAN: 180.0,
    CoolingMode.ONAF: 150.0,
    CoolingMode.OFAF: 90.0,
    CoolingMode.ODAF: 90.0,
}


@dataclass(frozen=True)
class NameplateThermal:
    """A transformer known by its nameplate, heated by clause 7.

    The defaults describe a unit of 65 K average winding rise: 55 K top oil and 25 K from there to the hot spot make the
    80 K hottest-spot rise that IEEE Std C57.12.00 allows it; a loss ratio of 5 is typical of distribution transformers.

    Parameters
    ----------
    cooling
        Sets the exponents and, unless given, the top-oil time constant.
    top_oil_rise_k
        Top oil over ambient at rated load. [K]
    hot_spot_over_top_oil_k
        Hottest spot over top oil at rated load. [K]
    loss_ratio
        Load loss at rated load over no-load loss. [-]
    top_oil_tau_min
        Time constant of the oil; None takes 180 (ONAN), 150 (ONAF) or 90 (OFAF, ODAF). [min]
    winding_tau_min
        Time constant of the winding. [min]
    """

    cooling: CoolingMode = CoolingMode.ONAN
    top_oil_rise_k: float = 55.0
    hot_spot_over_top_oil_k: float = 25.0
    loss_ratio: float = 5.0
    top_oil_tau_min: float | None = None
    winding_tau_min: float = 5.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "cooling", member(CoolingMode, self.cooling))
        if self.top_oil_tau_min is None:
            object.__setattr__(self, "top_oil_tau_min", DEFAULT_TOP_OIL_TAU_MIN[self.cooling])
        require_positive(
            self, "top_oil_rise_k", "hot_spot_over_top_oil_k", "loss_ratio", "top_oil_tau_min", "winding_tau_min"
        )


def nameplates(trafo: "pd.DataFrame", cooling: Sequence[str] | None = None) -> list[NameplateThermal]:
    """Nameplates from a pandapower transformer table: the loss ratio where both losses are stated, else the default.

    Parameters
    ----------
    trafo
        A table such as ``net.trafo``, with columns ``sn_mva``, ``vkr_percent`` and ``pfe_kw``.
    cooling
        The cooling mode of each transformer; None takes ONAN.
    """
    load_loss_kw = trafo["vkr_percent"] / 100 * trafo["sn_mva"] * 1000
    modes = [CoolingMode.ONAN] * len(trafo) if cooling is None else [member(CoolingMode, mode) for mode in cooling]
    return [
        NameplateThermal(mode, loss_ratio=load_kw / core_kw) if load_kw > 0 and core_kw > 0 else NameplateThermal(mode)
        for mode, load_kw, core_kw in zip(modes, load_loss_kw, trafo["pfe_kw"], strict=True)
    ]
