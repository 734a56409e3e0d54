"""Top oil and hot spot from losses and masses: IEEE Std C57.91-2011, Annex G.

Three bodies store heat: the average winding, its hottest spot, and the oil with the steel it wets. The oil's vertical
distribution (bottom, duct, top) has no inertia of its own and follows from the heat that flows. Equation numbers (G.x)
are the standard's; heat flows in per unit are in terms of their rated values.
"""

import math
from collections.abc import Sequence

import numpy as np

from models.plant.transformer_nameplate import CoolingMode
from models.plant.transformer_test_report import DetailedThermal

# IEEE Std C57.91-2011, Table G.3, by cooling mode.
DUCT_EXPONENT = {CoolingMode.ONAN: 0.5, CoolingMode.ONAF: 0.5, CoolingMode.OFAF: 0.5, CoolingMode.ODAF: 1.0}
OIL_EXPONENT = {CoolingMode.ONAN: 0.8, CoolingMode.ONAF: 0.9, CoolingMode.OFAF: 0.9, CoolingMode.ODAF: 1.0}
STRATIFICATION_EXPONENT = {CoolingMode.ONAN: 0.5, CoolingMode.ONAF: 0.5, CoolingMode.OFAF: 1.0, CoolingMode.ODAF: 1.0}

# Equations (G.6) and (G.16), solved for the difference between conductor and oil: heat**0.8 * viscosity**0.2 where the
# oil rises by itself along the winding, proportional to the heat where it is driven through (ODAF).
GRADIENT_EXPONENT = {CoolingMode.ONAN: 0.8, CoolingMode.ONAF: 0.8, CoolingMode.OFAF: 0.8, CoolingMode.ODAF: 1.0}
VISCOSITY_EXPONENT = {CoolingMode.ONAN: 0.2, CoolingMode.ONAF: 0.2, CoolingMode.OFAF: 0.2, CoolingMode.ODAF: 0.0}

# Mineral oil, Equation (G.28): viscosity = D * exp(G / (temperature + 273)). Only ratios matter, so D drops out.
VISCOSITY_TEMPERATURE_K = 2797.3

# Newton's method from above; at twice the rated heat this many steps still leave less than 0.001 K.
DUCT_ITERATIONS = 5
SETTLING_ITERATIONS = 200
SETTLED_K = 1e-9


class DetailedHeating:
    """Annex G for many transformers at once.

    Two things differ from the standard's difference equations, neither visible in its example. The heat that leaves the
    winding and the duct oil it warms determine each other; the standard takes the duct oil of the step before, which
    oscillates at light load, so here both are solved together. And heat may flow backwards (a winding colder than its
    oil, oil colder than the air): the same laws with the opposite sign.

    Parameters
    ----------
    parameters
        One description per transformer.
    """

    def __init__(self, parameters: Sequence[DetailedThermal]) -> None:
        def vector(name: str) -> np.ndarray:
            return np.array([getattr(transformer, name) for transformer in parameters], dtype=float)

        def exponent(table: dict[CoolingMode, float]) -> np.ndarray:
            return np.array([table[transformer.cooling] for transformer in parameters])

        self.duct_exponent = exponent(DUCT_EXPONENT)
        self.oil_exponent = exponent(OIL_EXPONENT)
        self.stratification_exponent = exponent(STRATIFICATION_EXPONENT)
        self.gradient_exponent = exponent(GRADIENT_EXPONENT)
        self.viscosity_exponent = exponent(VISCOSITY_EXPONENT)

        self.winding_i2r_w, self.winding_eddy_w = vector("winding_i2r_w"), vector("winding_eddy_w")
        self.stray_w, self.core_w, self.total_w = vector("stray_w"), vector("core_w"), vector("total_w")
        self.winding_w = self.winding_i2r_w + self.winding_eddy_w
        self.hot_spot_eddy_pu = vector("hot_spot_eddy_pu")
        self.winding_tau_s = vector("winding_tau_min") * 60
        self.winding_heat_capacity = vector("winding_heat_capacity")
        self.oil_heat_capacity = vector("oil_heat_capacity")

        self.hot_spot_height_pu = vector("hot_spot_height_pu")
        self.top_over_bottom_k = vector("top_oil_rise_k") - vector("bottom_oil_rise_k")
        self.duct_top_over_bottom_k = vector("duct_top_over_bottom_k")
        self.average_oil_rise_k = vector("average_oil_rise_k")
        self.winding_over_duct_k = vector("tested_winding_rise_k") - vector("duct_oil_rise_k")
        self.hot_spot_over_oil_k = vector("hot_spot_rise_k") - vector("hot_spot_oil_rise_k")

        ambient_c = vector("rated_ambient_c")
        self.resistance_zero_k = vector("resistance_temperature_k")
        self.rated_winding_resistance_k = self.resistance_zero_k + vector("loss_temperature_c")
        self.rated_hot_spot_resistance_k = self.resistance_zero_k + ambient_c + vector("hot_spot_rise_k")
        winding_film_rise_k = (vector("tested_winding_rise_k") + vector("duct_oil_rise_k")) / 2
        hot_spot_film_rise_k = (vector("hot_spot_rise_k") + vector("hot_spot_oil_rise_k")) / 2
        self.rated_winding_viscosity = viscosity(ambient_c + winding_film_rise_k)
        self.rated_hot_spot_viscosity = viscosity(ambient_c + hot_spot_film_rise_k)
        # Equation (G.12): the winding's loss, were all of it as hot as its hottest spot.
        self.hot_spot_i2r_w = self.winding_i2r_w * self.rated_hot_spot_resistance_k / self.rated_winding_resistance_k

    def hold(self, load_pu: np.ndarray, energised: np.ndarray, ambient_c: float) -> None:
        """Set the inputs for what follows."""
        self.load_squared = load_pu**2
        self.core_heat_w = self.core_w * energised
        self.ambient_c = ambient_c

    def cool_down(self) -> None:
        """Everything at ambient temperature."""
        self.temperatures_c = np.full((3, len(self.total_w)), float(self.ambient_c))

    def settle(self) -> None:
        """The state that the held inputs lead to: loss and temperature found in turn until both agree."""
        self.cool_down()
        for _ in range(SETTLING_ITERATIONS):
            before_c = self.temperatures_c
            self.temperatures_c = self._temperatures_carrying_the_losses(*before_c)
            if np.abs(self.temperatures_c - before_c).max(initial=0.0) < SETTLED_K:
                return

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass under the held inputs, in steps as short as stability asks."""
        sub_steps = math.ceil(seconds / self._stable_step_s())
        for _ in range(sub_steps):
            self._heun_step(seconds / sub_steps)

    def _stable_step_s(self) -> float:
        """Half the step that Equation (G.27) allows. [s]

        The equation asks how much better than at rated load heat passes from the conductor to the oil, for the winding
        and for its hottest spot; the hottest spot against the average oil, as thin as it makes it, is the worst case.
        """
        _, hot_spot_c, average_oil_c = self.temperatures_c
        over_oil_pu = np.abs(hot_spot_c - average_oil_c) / self.hot_spot_over_oil_k
        viscosity_pu = viscosity(hot_spot_c) / self.rated_hot_spot_viscosity
        conductance_pu = (over_oil_pu ** (1 - self.gradient_exponent) / viscosity_pu**self.viscosity_exponent) ** (
            1 / self.gradient_exponent
        )
        return float((self.winding_tau_s / (2 * np.maximum(conductance_pu, 1.0))).min())

    def _heun_step(self, seconds: float) -> None:
        """One explicit step of second order under the held inputs."""
        slope = self._heating_rates(*self.temperatures_c)
        slope_at_end = self._heating_rates(*(self.temperatures_c + seconds * slope))
        self.temperatures_c = self.temperatures_c + seconds / 2 * (slope + slope_at_end)

    @property
    def hot_spot_c(self) -> np.ndarray:
        """Hot-spot temperature. [degC]"""
        return self.temperatures_c[1].copy()

    @property
    def top_oil_c(self) -> np.ndarray:
        """Top-oil temperature. [degC]"""
        average_oil_c = self.temperatures_c[2]
        return average_oil_c + self._stratification_k(self._oil_heat_pu(average_oil_c)) / 2

    def _heating_rates(self, winding_c: np.ndarray, hot_spot_c: np.ndarray, average_oil_c: np.ndarray) -> np.ndarray:
        """Heat balances of winding (G.8), hot spot (G.17) and oil (G.25). [K/s]"""
        oil_heat_pu = self._oil_heat_pu(average_oil_c)
        half_stratification_k = self._stratification_k(oil_heat_pu) / 2
        bottom_oil_c, top_oil_c = average_oil_c - half_stratification_k, average_oil_c + half_stratification_k
        duct_rise_pu = self._duct_rise_pu(winding_c, bottom_oil_c)
        winding_heat_w = signed_power(duct_rise_pu, 1 / self.duct_exponent) * self.winding_w
        beside_hot_spot_c = self._oil_beside_hot_spot_c(duct_rise_pu, bottom_oil_c, top_oil_c)
        hot_spot_heat_w = self._hot_spot_heat_w(hot_spot_c, beside_hot_spot_c)

        winding = (self._winding_loss_w(winding_c) - winding_heat_w) / self.winding_heat_capacity
        hot_spot = (self._hot_spot_loss_w(hot_spot_c) - hot_spot_heat_w) / self.winding_heat_capacity
        oil_gain_w = winding_heat_w + self._stray_loss_w(winding_c) + self.core_heat_w - oil_heat_pu * self.total_w
        return np.stack([winding, hot_spot, oil_gain_w / self.oil_heat_capacity])

    def _temperatures_carrying_the_losses(
        self, winding_c: np.ndarray, hot_spot_c: np.ndarray, average_oil_c: np.ndarray
    ) -> np.ndarray:
        """Temperatures at which the losses of these temperatures would be carried away. [degC]"""
        winding_loss_w = self._winding_loss_w(winding_c)
        oil_heat_pu = (winding_loss_w + self._stray_loss_w(winding_c) + self.core_heat_w) / self.total_w
        average_oil_c = self.ambient_c + self.average_oil_rise_k * oil_heat_pu**self.oil_exponent
        half_stratification_k = self._stratification_k(oil_heat_pu) / 2
        bottom_oil_c, top_oil_c = average_oil_c - half_stratification_k, average_oil_c + half_stratification_k

        winding_heat_pu = winding_loss_w / self.winding_w
        duct_rise_pu = winding_heat_pu**self.duct_exponent
        duct_oil_c = bottom_oil_c + duct_rise_pu * self.duct_top_over_bottom_k / 2
        winding_c = duct_oil_c + winding_heat_pu**self.gradient_exponent * self._winding_gradient_k(
            winding_c, duct_oil_c
        )

        hot_spot_heat_pu = self._hot_spot_loss_w(hot_spot_c) / self._rated_hot_spot_w
        beside_c = self._oil_beside_hot_spot_c(duct_rise_pu, bottom_oil_c, top_oil_c)
        hot_spot_c = beside_c + hot_spot_heat_pu**self.gradient_exponent * self._hot_spot_gradient_k(
            hot_spot_c, beside_c
        )
        return np.stack([winding_c, hot_spot_c, average_oil_c])

    # Losses

    def _winding_loss_w(self, winding_c: np.ndarray) -> np.ndarray:
        """Equations (G.4) and (G.5)."""
        resistance_pu = (winding_c + self.resistance_zero_k) / self.rated_winding_resistance_k
        return self.load_squared * (self.winding_i2r_w * resistance_pu + self.winding_eddy_w / resistance_pu)

    def _hot_spot_loss_w(self, hot_spot_c: np.ndarray) -> np.ndarray:
        """Equations (G.13) to (G.15)."""
        resistance_pu = (hot_spot_c + self.resistance_zero_k) / self.rated_hot_spot_resistance_k
        return self.load_squared * self.hot_spot_i2r_w * (resistance_pu + self.hot_spot_eddy_pu / resistance_pu)

    def _stray_loss_w(self, winding_c: np.ndarray) -> np.ndarray:
        """Equation (G.19)."""
        resistance_pu = (winding_c + self.resistance_zero_k) / self.rated_winding_resistance_k
        return self.load_squared * self.stray_w / resistance_pu

    # Oil in tank and radiators

    def _oil_heat_pu(self, average_oil_c: np.ndarray) -> np.ndarray:
        """Heat the oil gives to the air, Equation (G.21)."""
        return signed_power((average_oil_c - self.ambient_c) / self.average_oil_rise_k, 1 / self.oil_exponent)

    def _stratification_k(self, oil_heat_pu: np.ndarray) -> np.ndarray:
        """Top oil over bottom oil, Equation (G.26)."""
        return signed_power(oil_heat_pu, self.stratification_exponent) * self.top_over_bottom_k

    # From the conductor to the oil beside it

    def _duct_rise_pu(self, winding_c: np.ndarray, bottom_oil_c: np.ndarray) -> np.ndarray:
        """Rise of the duct oil at which the winding gives as much heat (G.6) as the oil in the ducts takes away (G.9).

        With the rise r in per unit, heat is r**(1/x), so winding over bottom oil = gradient * r**(0.8/x) + half the
        duct's rated rise * r. The right side grows and is convex in r, so that Newton's method finds it from above.
        """
        over_bottom_k = winding_c - bottom_oil_c
        direction, over_bottom_k = np.sign(over_bottom_k), np.abs(over_bottom_k)
        power = self.gradient_exponent / self.duct_exponent
        half_duct_k = self.duct_top_over_bottom_k / 2
        rise_pu = over_bottom_k / half_duct_k
        for _ in range(DUCT_ITERATIONS):
            duct_oil_c = bottom_oil_c + direction * rise_pu * half_duct_k
            gradient_k = self._winding_gradient_k(winding_c, duct_oil_c)
            steep = gradient_k * rise_pu ** (power - 1)
            excess_k = (steep + half_duct_k) * rise_pu - over_bottom_k
            rise_pu = np.maximum(rise_pu - excess_k / (power * steep + half_duct_k), 0.0)
        return direction * rise_pu

    def _oil_beside_hot_spot_c(
        self, duct_rise_pu: np.ndarray, bottom_oil_c: np.ndarray, top_oil_c: np.ndarray
    ) -> np.ndarray:
        """Equations (G.10) and (G.11): duct oil at the hot spot's height, or top oil where the duct's top is cooler.

        With the hot spot below the winding's top, the standard's choice jumps at the load where both are equal.
        """
        duct_rise_k = duct_rise_pu * self.duct_top_over_bottom_k
        at_height_c = bottom_oil_c + self.hot_spot_height_pu * duct_rise_k
        return np.where(bottom_oil_c + duct_rise_k < top_oil_c, top_oil_c, at_height_c)

    def _hot_spot_heat_w(self, hot_spot_c: np.ndarray, beside_hot_spot_c: np.ndarray) -> np.ndarray:
        """Equation (G.16)."""
        over_oil_pu = (hot_spot_c - beside_hot_spot_c) / self._hot_spot_gradient_k(hot_spot_c, beside_hot_spot_c)
        return signed_power(over_oil_pu, 1 / self.gradient_exponent) * self._rated_hot_spot_w

    @property
    def _rated_hot_spot_w(self) -> np.ndarray:
        return self.hot_spot_i2r_w * (1 + self.hot_spot_eddy_pu)

    def _winding_gradient_k(self, winding_c: np.ndarray, duct_oil_c: np.ndarray) -> np.ndarray:
        """Winding over duct oil at rated heat and today's viscosity, from Equation (G.6)."""
        viscosity_pu = viscosity((winding_c + duct_oil_c) / 2) / self.rated_winding_viscosity
        return self.winding_over_duct_k * viscosity_pu**self.viscosity_exponent

    def _hot_spot_gradient_k(self, hot_spot_c: np.ndarray, oil_c: np.ndarray) -> np.ndarray:
        """Hot spot over the oil beside it at rated heat and today's viscosity, from Equation (G.16)."""
        viscosity_pu = viscosity((hot_spot_c + oil_c) / 2) / self.rated_hot_spot_viscosity
        return self.hot_spot_over_oil_k * viscosity_pu**self.viscosity_exponent


def viscosity(temperature_c: np.ndarray) -> np.ndarray:
    """Viscosity of mineral oil up to a constant factor, Equation (G.28). [-]"""
    return np.exp(VISCOSITY_TEMPERATURE_K / (temperature_c + 273.0))


def signed_power(base: np.ndarray, exponent: np.ndarray) -> np.ndarray:
    """A power law that holds in both directions of flow."""
    return np.sign(base) * np.abs(base) ** exponent
