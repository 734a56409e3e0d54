"""Transformer banks as balanced two-winding transformers, with the taps of their regulators merged."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, sqrt
from typing import TYPE_CHECKING, Any

from networks.errors import InvalidFeederError
from networks.three_phase.folding import line_to_line_kv
from networks.three_phase.tables import LEGS, PHASES, ThreePhaseTables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pandas import DataFrame

# Some regulators are published without an impedance worth the name; this much drops less than 0.0001 pu at rated power.
LEAST_X_PERCENT = 0.01


@dataclass(frozen=True, eq=False)
class Bank:
    """Units that share a place: one of three phases, or several of one phase; and the regulators of their taps."""

    name: str
    units: DataFrame
    regulators: DataFrame

    @property
    def first(self) -> Any:
        """The unit that says where the bank stands and how it is connected."""
        return self.units.iloc[0]

    @property
    def buses(self) -> frozenset[str]:
        """Primary and secondary bus."""
        return frozenset((self.first.primary_bus, self.first.secondary_bus))

    @property
    def is_open_delta(self) -> bool:
        """Two single-phase units between phases, the third pair of phases without one."""
        two_phase = self.units.primary_phases.str.len() == 2
        delta = (self.units.primary_connection == "delta") & (self.units.secondary_connection == "delta")
        return len(self.units) == 2 and self.units.primary_phases.nunique() == 2 and bool((two_phase & delta).all())

    @property
    def is_centre_tapped(self) -> bool:
        """Whether secondary and tertiary are the two legs of one secondary."""
        return str(self.first.secondary_phases) in tuple(LEGS) and str(self.first.tertiary_phases) in tuple(LEGS)

    @property
    def phases(self) -> str:
        """The primary phases that any of its units uses, in order."""
        used = set("".join(self.units.primary_phases))
        return "".join(phase for phase in PHASES if phase in used)

    @property
    def mean_tap(self) -> float:
        """Mean of the units' published taps, in steps."""
        return float(self.regulators.tap_pos.mean())


def banks_of(tables: ThreePhaseTables) -> Iterator[Bank]:
    """The banks in the order in which the tables name them."""
    for name, units in tables.transformer.groupby("bank", sort=False):
        regulated = tables.regulator.transformer.isin(units.transformer)
        yield Bank(str(name), units, tables.regulator[regulated])


def trafo_parameters(bank: Bank, vn_kv: dict[str, float]) -> dict[str, Any]:
    """Arguments of `pandapower.create_transformer_from_parameters` for a bank, but for `hv_bus` and `lv_bus`.

    Instead of those there are ``hv_name`` and ``lv_name``, names of the tables. The secondary is the high-voltage side
    where it has the higher base voltage. Fixed taps are in the rated voltages; so is what the mean of published taps
    has beyond whole steps.

    Parameters
    ----------
    bank
        The bank.
    vn_kv
        Base voltage of every bus of the tables. [kV]
    """
    first = bank.first
    step_up = vn_kv[first.secondary_bus] > vn_kv[first.primary_bus]
    primary, secondary = ("hv", "lv") if not step_up else ("lv", "hv")
    r_percent, x_percent = short_circuit_percent(bank)
    rated_kva = bank.units.rated_kva.sum()
    losses_kw = (bank.units.no_load_loss_percent * bank.units.rated_kva).sum() / 100.0
    star_and_delta = len(first.primary_phases) == 3 and first.primary_connection != first.secondary_connection
    return {
        f"{primary}_name": first.primary_bus,
        f"{secondary}_name": first.secondary_bus,
        f"vn_{primary}_kv": _rated_kv(first, "primary"),
        f"vn_{secondary}_kv": _rated_kv(first, "secondary") * _fraction_of_a_step(bank),
        "sn_mva": bank_kva(bank) / 1000.0,
        "vkr_percent": r_percent,
        "vk_percent": hypot(r_percent, x_percent),
        "pfe_kw": losses_kw,
        "i0_percent": hypot(losses_kw / rated_kva * 100.0, float(first.magnetising_percent)),
        "shift_degree": 30.0 if star_and_delta else 0.0,
        "vector_group": _vector_group(first, primary),
        "name": bank.name,
        **(_tap_changer(bank, secondary) if len(bank.regulators) else {}),
    }


def bank_kva(bank: Bank) -> float:
    """Rated power of the bank as a balanced one: in an open delta the units carry line currents at line voltage."""
    share = sqrt(3.0) / 2.0 if bank.is_open_delta else 1.0
    return float(bank.units.rated_kva.sum()) * share


def short_circuit_percent(bank: Bank) -> tuple[float, float]:
    """Resistance and reactance of the bank on its own rated power, the reactance raised to a floor. [percent]

    An open delta of impedances z between the lines loses ``2 z i^2``, as much as ``2/3 z`` in each of three phases.
    """
    weight = bank.units.rated_kva / bank.units.rated_kva.sum()
    of_units = [_unit_short_circuit_percent(unit) for unit in bank.units.itertuples(index=False)]
    factor = 2.0 / sqrt(3.0) if bank.is_open_delta else 1.0
    impedance = factor * sum(share * z for share, z in zip(weight, of_units, strict=True))
    return impedance.real, max(impedance.imag, LEAST_X_PERCENT)


def _unit_short_circuit_percent(unit: Any) -> complex:
    """From the primary to the secondary, or to both legs in series of a centre-tapped one (star equivalent)."""
    r1, r2 = float(unit.primary_r_percent), float(unit.secondary_r_percent)
    to_second = complex(r1 + r2, float(unit.xhl_percent))
    if str(unit.tertiary_phases) not in tuple(LEGS):
        return to_second
    r3 = float(unit.tertiary_r_percent)
    to_third = complex(r1 + r3, float(unit.xht_percent))
    between = complex(r2 + r3, float(unit.xlt_percent))
    primary = (to_second + to_third - between) / 2.0
    return primary + between / 4.0


def _rated_kv(unit: Any, winding: str) -> float:
    """Line-to-line rated voltage with the winding's fixed tap. [kV]"""
    kv, phases, connection = (getattr(unit, f"{winding}_{of}") for of in ("kv", "phases", "connection"))
    return line_to_line_kv(float(kv), str(phases), connection) * float(getattr(unit, f"{winding}_tap_pu"))


def _fraction_of_a_step(bank: Bank) -> float:
    """What the mean tap has beyond whole steps, as a factor on the rated voltage of the tapped side."""
    if not len(bank.regulators):
        return 1.0
    step = float(bank.regulators.tap_step_percent.iloc[0]) / 100.0
    return (1.0 + bank.mean_tap * step) / (1.0 + round(bank.mean_tap) * step)


def _tap_changer(bank: Bank, side: str) -> dict[str, Any]:
    """Raising the tap raises the secondary voltage, whichever side that is."""
    regulator = bank.regulators.iloc[0]
    return {
        "tap_side": side,
        "tap_changer_type": "Ratio",
        "tap_neutral": 0,
        "tap_min": int(regulator.tap_min),
        "tap_max": int(regulator.tap_max),
        "tap_step_percent": float(regulator.tap_step_percent),
        "tap_pos": round(bank.mean_tap),
    }


def _vector_group(unit: Any, primary: str) -> str:
    letters = {"wye": "YN", "delta": "D"}
    high, low = unit.primary_connection, unit.secondary_connection
    if primary == "lv":
        high, low = low, high
    clock = "1" if len(unit.primary_phases) == 3 and high != low else "0"
    return letters[high] + letters[low].lower() + clock


def require_two_windings(bank: Bank, tables: ThreePhaseTables) -> str | None:
    """A note where a third winding that feeds nothing was left out.

    Raises
    ------
    InvalidFeederError
        If a third winding feeds something, and is not the second leg of a centre-tapped secondary.
    """
    tertiary = bank.first.tertiary_bus
    if not isinstance(tertiary, str) or not tertiary or bank.is_centre_tapped:
        return None
    ends = [tables.line[end] for end in ("from_bus", "to_bus")] + [tables.switch[end] for end in ("from_bus", "to_bus")]
    used = any((buses == tertiary).any() for buses in (*ends, tables.load.bus, tables.capacitor.bus))
    if used:
        raise InvalidFeederError(
            f"transformer {bank.name} feeds bus {tertiary} from a third winding, which the balanced net does not hold; "
            "write it as two transformers."
        )
    return f"third winding of transformer {bank.name}, which feeds nothing, left out."
