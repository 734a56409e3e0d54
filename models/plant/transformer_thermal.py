"""Temperatures and ageing of all transformers of a feeder, each by what is known of it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from models.errors import InvalidParameterError
from models.plant.insulation_ageing import ageing_acceleration
from models.plant.transformer_annex_g import DetailedHeating
from models.plant.transformer_clause_7 import NameplateHeating
from models.plant.transformer_nameplate import NameplateThermal
from models.plant.transformer_parameters import ThermalParameters
from models.plant.transformer_test_report import DetailedThermal

# Short enough for Annex G to be accurate and for ageing to be integrated from the ends of a sub-step.
SUB_STEPS_PER_WINDING_TIME_CONSTANT = 5


class HeatingModel(Protocol):
    """What clause 7 and Annex G have in common: state under held inputs."""

    def hold(self, load_pu: np.ndarray, energised: np.ndarray, ambient_c: float) -> None: ...
    def cool_down(self) -> None: ...
    def settle(self) -> None: ...
    def advance(self, seconds: float) -> None: ...
    @property
    def top_oil_c(self) -> np.ndarray: ...
    @property
    def hot_spot_c(self) -> np.ndarray: ...


HEATINGS: dict[type, Callable[[Sequence[Any]], HeatingModel]] = {
    NameplateThermal: NameplateHeating,
    DetailedThermal: DetailedHeating,
}


@dataclass(frozen=True)
class SteadyStart:
    """Begin as if the first load and ambient temperature had lasted forever."""

    def prepare(self, heating: HeatingModel) -> None:
        """Bring `heating`, whose inputs are held, to this state."""
        heating.settle()


@dataclass(frozen=True)
class ColdStart:
    """Begin with everything at the first ambient temperature."""

    def prepare(self, heating: HeatingModel) -> None:
        """Bring `heating`, whose inputs are held, to this state."""
        heating.cool_down()


STARTS: dict[str, type[SteadyStart] | type[ColdStart]] = {"steady": SteadyStart, "cold": ColdStart}


@dataclass(frozen=True, eq=False)
class TransformerTemperatures:
    """What is known of every transformer at one time, in the order of the parameters.

    Attributes
    ----------
    top_oil_c, hot_spot_c
        Temperatures. [degC]
    ageing_acceleration
        Hours of normal life that one hour at this hot spot takes. [-]
    loss_of_life_h
        Normal life consumed since the start. [h]
    """

    top_oil_c: np.ndarray
    hot_spot_c: np.ndarray
    ageing_acceleration: np.ndarray
    loss_of_life_h: np.ndarray


class TransformerThermal:
    """Heats every transformer with its load: clause 7 for nameplates, Annex G for detailed descriptions.

    Parameters
    ----------
    parameters
        One description per transformer, in the order of all vectors. There may be none.
    start
        State at the first step: `SteadyStart` or `ColdStart`.

    Attributes
    ----------
    elapsed_s
        Time advanced so far. [s]

    References
    ----------
    .. [1] IEEE Std C57.91-2011, clauses 5 and 7 and Annex G.
    """

    def __init__(self, parameters: Sequence[ThermalParameters], start: SteadyStart | ColdStart | None = None) -> None:
        self.parameters = tuple(parameters)
        self.start = start or SteadyStart()
        self.heatings = _heatings_by_kind(self.parameters)
        self.elapsed_s = 0.0
        self.loss_of_life_h = np.zeros(len(self.parameters))
        self.longest_sub_step_s = min(
            (transformer.winding_tau_min * 60 / SUB_STEPS_PER_WINDING_TIME_CONSTANT for transformer in self.parameters),
            default=math.inf,
        )
        self._started = False

    def step(self, seconds: float, load_pu: Any, ambient_c: float) -> TransformerTemperatures:
        """Let `seconds` pass under a constant load and ambient temperature.

        Parameters
        ----------
        seconds
            Length of the interval; zero only takes notice of the inputs. [s]
        load_pu
            Load current over rated current, (n_transformer,). NaN is a transformer without voltage: neither load nor
            no-load loss. [pu]
        ambient_c
            Temperature of the air around the transformers. [degC]

        Raises
        ------
        InvalidParameterError
            If time runs backwards, the loads do not match the transformers or the ambient temperature is no number.
        """
        load_pu = np.asarray(load_pu, dtype=float)
        self._check(seconds, load_pu, ambient_c)
        self._hold(load_pu, ambient_c)
        self._advance(seconds)
        hot_spot_c = self._gathered("hot_spot_c")
        return TransformerTemperatures(
            top_oil_c=self._gathered("top_oil_c"),
            hot_spot_c=hot_spot_c,
            ageing_acceleration=ageing_acceleration(hot_spot_c),
            loss_of_life_h=self.loss_of_life_h.copy(),
        )

    def _check(self, seconds: float, load_pu: np.ndarray, ambient_c: float) -> None:
        if not seconds >= 0:
            raise InvalidParameterError(f"seconds must be at least 0, got {seconds!r}; transformers cannot go back.")
        if load_pu.shape != (len(self.parameters),):
            raise InvalidParameterError(
                f"load_pu needs one value per transformer, shape ({len(self.parameters)},), got shape {load_pu.shape}."
            )
        if not math.isfinite(ambient_c):
            raise InvalidParameterError(f"ambient_c must be a temperature in degC, got {ambient_c!r}.")

    def _hold(self, load_pu: np.ndarray, ambient_c: float) -> None:
        energised = ~np.isnan(load_pu)
        load_pu = np.where(energised, load_pu, 0.0)
        for heating, members in self.heatings:
            heating.hold(load_pu[members], energised[members].astype(float), ambient_c)
            if not self._started:
                self.start.prepare(heating)
        self._started = True

    def _advance(self, seconds: float) -> None:
        sub_steps = math.ceil(seconds / self.longest_sub_step_s)
        for _ in range(sub_steps):
            self._sub_step(seconds / sub_steps)
        self.elapsed_s += seconds

    def _sub_step(self, seconds: float) -> None:
        for heating, members in self.heatings:
            ageing_before = ageing_acceleration(heating.hot_spot_c)
            heating.advance(seconds)
            ageing_after = ageing_acceleration(heating.hot_spot_c)
            # Simpson's rule; ageing is exponential in temperature, so that halfway it is the geometric mean.
            mean_ageing = (ageing_before + 4 * np.sqrt(ageing_before * ageing_after) + ageing_after) / 6
            self.loss_of_life_h[members] += mean_ageing * seconds / 3600

    def _gathered(self, quantity: str) -> np.ndarray:
        values = np.empty(len(self.parameters))
        for heating, members in self.heatings:
            values[members] = getattr(heating, quantity)
        return values


def _heatings_by_kind(parameters: Sequence[ThermalParameters]) -> list[tuple[HeatingModel, np.ndarray]]:
    """One vectorised model per kind of description, with the positions of its transformers."""
    heatings = []
    for kind, heating in HEATINGS.items():
        members = [i for i, transformer in enumerate(parameters) if isinstance(transformer, kind)]
        if members:
            heatings.append((heating([parameters[i] for i in members]), np.array(members)))
    return heatings
