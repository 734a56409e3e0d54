"""A transformer known by its test report and its masses: what Annex G of IEEE Std C57.91-2011 needs."""

from dataclasses import dataclass
from enum import StrEnum

from models.errors import InvalidParameterError
from models.parameters import member, require_not_negative, require_positive
from models.plant.transformer_nameplate import CoolingMode


class Conductor(StrEnum):
    """Metal of the windings."""

    COPPER = "copper"
    ALUMINIUM = "aluminium"


# Temperature at which the conductor's resistance would vanish, extrapolated. [K below 0 degC]
RESISTANCE_TEMPERATURE = {Conductor.COPPER: 234.5, Conductor.ALUMINIUM: 225.0}

# IEEE Std C57.91-2011, Table G.2 states W*min/(lb*K). [J/(kg*K)]
POUND_KG = 0.45359237
SPECIFIC_HEAT_OIL = 13.92 * 60 / POUND_KG
SPECIFIC_HEAT_STEEL = 3.51 * 60 / POUND_KG
SPECIFIC_HEAT_CONDUCTOR = {Conductor.COPPER: 2.91 * 60 / POUND_KG, Conductor.ALUMINIUM: 6.80 * 60 / POUND_KG}

# Annex G states 0.031621 lb/in^3. [kg/m^3]
OIL_DENSITY = 0.031621 * POUND_KG / 0.0254**3


@dataclass(frozen=True)
class LossTest:
    """Losses as the test report states them.

    Parameters
    ----------
    mva
        Power at which the load losses were measured. [MVA]
    temperature_c
        Winding temperature to which they are referred. [degC]
    winding_i2r_w, winding_eddy_w, stray_w, core_w
        Ohmic and eddy loss of the windings, stray loss in other parts, no-load loss of the core. [W]
    """

    mva: float
    temperature_c: float
    winding_i2r_w: float
    stray_w: float
    core_w: float
    winding_eddy_w: float = 0.0

    def __post_init__(self) -> None:
        require_positive(self, "mva", "winding_i2r_w", "core_w")
        require_not_negative(self, "temperature_c", "stray_w", "winding_eddy_w")


@dataclass(frozen=True)
class DetailedThermal:
    """A mineral-oil transformer known by its test report and its masses, heated by Annex G.

    Parameters
    ----------
    losses
        The loss test, at whatever power it was made.
    rated_mva
        Power at which the rises hold; a load of 1 pu. [MVA]
    tested_winding_rise_k
        Average winding rise as tested. [K]
    top_oil_rise_k, bottom_oil_rise_k, hot_spot_rise_k
        Rises over ambient at rated load. [K]
    core_and_coils_kg, tank_kg, oil_l
        Untanking mass, mass of tank and fittings in contact with oil, volume of oil. [kg], [kg], [l]
    guaranteed_winding_rise_k
        Average winding rise to which the rated losses are referred. [K]
    top_duct_oil_rise_k
        Oil leaving the winding's ducts at rated load. None takes the top oil's, which holds for ONAN, ONAF and ODAF;
        pumped oil that is not directed (OFAF) bypasses the windings, so there it has to be given. [K]
    winding_tau_min
        Time constant of the winding. [min]
    hot_spot_height_pu
        Height of the hot spot in the winding. [pu of winding height]
    hot_spot_eddy_pu
        Eddy loss at the hot spot. [pu of ohmic loss there]
    rated_ambient_c
        Ambient temperature at which the rises were stated. [degC]
    """

    losses: LossTest
    rated_mva: float
    tested_winding_rise_k: float
    top_oil_rise_k: float
    bottom_oil_rise_k: float
    hot_spot_rise_k: float
    core_and_coils_kg: float
    tank_kg: float
    oil_l: float
    cooling: CoolingMode = CoolingMode.ONAN
    conductor: Conductor = Conductor.COPPER
    guaranteed_winding_rise_k: float = 65.0
    top_duct_oil_rise_k: float | None = None
    winding_tau_min: float = 5.0
    hot_spot_height_pu: float = 1.0
    hot_spot_eddy_pu: float = 0.0
    rated_ambient_c: float = 30.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "cooling", member(CoolingMode, self.cooling))
        object.__setattr__(self, "conductor", member(Conductor, self.conductor))
        self._take_top_duct_oil_from_the_tank()
        require_positive(
            self, "rated_mva", "core_and_coils_kg", "tank_kg", "oil_l", "winding_tau_min", "hot_spot_height_pu",
            "guaranteed_winding_rise_k", "top_duct_oil_rise_k", "bottom_oil_rise_k",
        )  # fmt: skip
        require_not_negative(self, "hot_spot_eddy_pu")
        self._require_heat_to_flow_from_copper_to_oil()

    def _take_top_duct_oil_from_the_tank(self) -> None:
        if self.top_duct_oil_rise_k is not None:
            return
        if self.cooling is CoolingMode.OFAF:
            raise InvalidParameterError(
                "DetailedThermal.top_duct_oil_rise_k is needed for OFAF, where duct and top oil differ; give it in K."
            )
        object.__setattr__(self, "top_duct_oil_rise_k", self.top_oil_rise_k)

    def _require_heat_to_flow_from_copper_to_oil(self) -> None:
        falling = {
            "hot_spot_rise_k over the oil beside it": self.hot_spot_rise_k - self.hot_spot_oil_rise_k,
            "tested_winding_rise_k over the mean duct oil": self.tested_winding_rise_k - self.duct_oil_rise_k,
            "top_oil_rise_k over bottom_oil_rise_k": self.top_oil_rise_k - self.bottom_oil_rise_k,
            "top_duct_oil_rise_k over bottom_oil_rise_k": self.duct_top_over_bottom_k,
        }
        for what, difference_k in falling.items():
            if not difference_k > 0:
                raise InvalidParameterError(
                    f"DetailedThermal: {what} must be above 0 K, is {difference_k:g} K; check the rises."
                )
        if not self.core_kg > 0:
            raise InvalidParameterError(
                f"DetailedThermal.core_and_coils_kg must exceed the windings' {self.winding_kg:.0f} kg, which follow "
                f"from losses and winding_tau_min; got {self.core_and_coils_kg:g}."
            )

    # Rated temperatures

    @property
    def duct_top_over_bottom_k(self) -> float:
        """Rated rise of the oil on its way up the ducts. [K]"""
        assert self.top_duct_oil_rise_k is not None
        return self.top_duct_oil_rise_k - self.bottom_oil_rise_k

    @property
    def duct_oil_rise_k(self) -> float:
        """Rated average rise of the duct oil over ambient. [K]"""
        return self.bottom_oil_rise_k + self.duct_top_over_bottom_k / 2

    @property
    def hot_spot_oil_rise_k(self) -> float:
        """Rated rise over ambient of the oil beside the hot spot, Equations (G.10) and (G.11). [K]"""
        if self.bottom_oil_rise_k + self.duct_top_over_bottom_k < self.top_oil_rise_k:
            return self.top_oil_rise_k
        return self.bottom_oil_rise_k + self.hot_spot_height_pu * self.duct_top_over_bottom_k

    @property
    def average_oil_rise_k(self) -> float:
        """Rated average rise of the oil in tank and radiators. [K]"""
        return (self.top_oil_rise_k + self.bottom_oil_rise_k) / 2

    @property
    def loss_temperature_c(self) -> float:
        """Winding temperature to which the rated losses are referred. [degC]"""
        return self.rated_ambient_c + self.guaranteed_winding_rise_k

    @property
    def resistance_temperature_k(self) -> float:
        """Resistance is proportional to degC plus this, Equation (G.5). [K]"""
        return RESISTANCE_TEMPERATURE[self.conductor]

    # Rated losses: ohmic loss grows with temperature, eddy and stray loss fall with it

    @property
    def _load_squared(self) -> float:
        return (self.rated_mva / self.losses.mva) ** 2

    @property
    def _resistance_ratio(self) -> float:
        zero = self.resistance_temperature_k
        return (zero + self.loss_temperature_c) / (zero + self.losses.temperature_c)

    @property
    def winding_i2r_w(self) -> float:
        """Ohmic loss at rated load and `loss_temperature_c`. [W]"""
        return self.losses.winding_i2r_w * self._load_squared * self._resistance_ratio

    @property
    def winding_eddy_w(self) -> float:
        """Eddy loss at rated load and `loss_temperature_c`. [W]"""
        return self.losses.winding_eddy_w * self._load_squared / self._resistance_ratio

    @property
    def stray_w(self) -> float:
        """Stray loss at rated load and `loss_temperature_c`. [W]"""
        return self.losses.stray_w * self._load_squared / self._resistance_ratio

    @property
    def core_w(self) -> float:
        """No-load loss. [W]"""
        return self.losses.core_w

    @property
    def total_w(self) -> float:
        """All rated losses, Equation (G.20). [W]"""
        return self.winding_i2r_w + self.winding_eddy_w + self.stray_w + self.core_w

    # Heat capacities

    @property
    def winding_heat_capacity(self) -> float:
        """Equation (G.7). [J/K]"""
        heat_w = self.winding_i2r_w + self.winding_eddy_w
        return heat_w * self.winding_tau_min * 60 / (self.tested_winding_rise_k - self.duct_oil_rise_k)

    @property
    def winding_kg(self) -> float:
        """Mass of the windings, Equation (G.22). [kg]"""
        return self.winding_heat_capacity / SPECIFIC_HEAT_CONDUCTOR[self.conductor]

    @property
    def core_kg(self) -> float:
        """Mass of the core, Equation (G.23). [kg]"""
        return self.core_and_coils_kg - self.winding_kg

    @property
    def oil_heat_capacity(self) -> float:
        """Oil with the steel it wets, Equation (G.24). [J/K]"""
        oil_kg = self.oil_l / 1000 * OIL_DENSITY
        return (self.tank_kg + self.core_kg) * SPECIFIC_HEAT_STEEL + oil_kg * SPECIFIC_HEAT_OIL
