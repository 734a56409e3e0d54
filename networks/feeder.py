"""A feeder: a pandapower net and the plain tables that say what stands around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from networks.errors import InvalidFeederError

if TYPE_CHECKING:
    from pandas import DataFrame

    from networks.three_phase.tables import ThreePhaseTables

LOAD_PROFILE_COLUMNS = ("load", "profile")
PV_COLUMNS = ("sgen", "peak_mw", "tilt_degree", "azimuth_degree")
METER_COLUMNS = (
    "name",
    "measurement_type",
    "element_type",
    "element",
    "side",
    "accuracy_class",
    "full_scale",
    "std_dev",
)
REGULATOR_COLUMNS = (
    "trafo",
    "controlled_bus",
    "vm_set_pu",
    "bandwidth_pu",
    "delay_s",
    "inter_tap_delay_s",
    "tap_min",
    "tap_max",
    "raise_direction",
    "phases",
    "max_taps_per_operation",
    "line_drop_r_pu",
    "line_drop_x_pu",
    "line_drop_base_mva",
)
RECLOSER_COLUMNS = ("line", "switch", "pickup_ka", "curve", "time_dial", "instantaneous_ka")
MACHINE_COLUMNS = (
    "ext_grid",
    "rated_mva",
    "inertia_constant_s",
    "damping_pu",
    "nominal_hz",
    "transient_reactance_pu",
    "p_mw",
    "q_mvar",
    "vm_pu",
    "va_degree",
)
TRANSFORMER_COLUMNS = ("trafo", "cooling")


@dataclass(frozen=True)
class Location:
    """Where a feeder stands: its sun and its wall clock.

    Parameters
    ----------
    latitude, longitude
        Positive north and east. [degree]
    timezone
        IANA name, e.g. ``"Europe/Berlin"``.
    altitude
        Above sea level. [m]
    """

    latitude: float
    longitude: float
    timezone: str
    altitude: float = 0.0

    def __post_init__(self) -> None:
        if not (abs(self.latitude) <= 90 and abs(self.longitude) <= 180):
            raise InvalidFeederError(
                f"expected latitude within 90 and longitude within 180 degree, "
                f"got {self.latitude} and {self.longitude}; give them in decimal degrees."
            )
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            raise InvalidFeederError(
                f"unknown timezone {self.timezone!r}; give an IANA name as Europe/Berlin."
            ) from None


# The standard load profiles are German, so feeders that stand nowhere in particular stand in Germany, where the
# profiles' evenings and the sun's belong together.
KARLSRUHE = Location(latitude=49.01, longitude=8.40, timezone="Europe/Berlin", altitude=115.0)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]] = ()) -> DataFrame:
    """A table with these columns, empty unless there are rows."""
    from pandas import DataFrame

    return DataFrame([list(row) for row in rows], columns=list(columns))


@dataclass(frozen=True, eq=False)
class RecordedLoads:
    """Smart-meter readings of a feeder's loads over time.

    Attributes
    ----------
    start
        Wall-clock time of the first reading, at the feeder's location, ISO 8601 without offset.
    step_s
        From one reading to the next; each holds until the next. [s]
    p_mw, q_mvar
        Rows are readings, columns are loads (pandapower index). [MW, Mvar]
    """

    start: str
    step_s: float
    p_mw: DataFrame
    q_mvar: DataFrame


@dataclass(frozen=True, eq=False)
class Network:
    """What a source says of a feeder: the network, and what else is known of it.

    Attributes
    ----------
    net
        The pandapower net; of a feeder known phase by phase, its balanced net.
    three_phase, recorded_loads, approximations, regulators
        As in `Feeder`.
    """

    net: Any
    three_phase: ThreePhaseTables | None = None
    recorded_loads: RecordedLoads | None = None
    approximations: tuple[str, ...] = ()
    regulators: DataFrame = field(default_factory=lambda: table(REGULATOR_COLUMNS))


def solvers(three_phase: bool) -> tuple[str, ...]:
    """Power flows that can step a feeder: every phase by OpenDSS only where the phases are known."""
    return ("pandapower", "opendss") if three_phase else ("pandapower",)


@dataclass(frozen=True, eq=False)
class Feeder:
    """What is there: a network and its surroundings, named as the models' parameters are.

    Parameters
    ----------
    name, title, source
        Registry name (or file stem), one line for people, and where the data comes from.
    net
        The pandapower net, fresh at each load, with `res_*` tables of its nominal power flow. `scaling` of loads and
        static generators is folded into their `p_mw` and `q_mvar`: nominal power is what the tables say.
    location
        Latitude, longitude, timezone and altitude.
    load_profiles
        One row a load: `load`, `profile` (BDEW class h0, g0 to g6, l0 to l2).
    pv
        One row a photovoltaic site: `sgen`, `peak_mw` [MW], `tilt_degree` (0 is flat), `azimuth_degree` (180 is south).
    meters
        The metering plan, one row a channel: `name`, `measurement_type` (v, va, p, q, i, tap, closed), `element_type`
        (bus, line, trafo, switch), `element`, `side` (from, to, hv, lv or None), `accuracy_class` [percent],
        `full_scale` and `std_dev` [pu, degree, MW, Mvar, kA].
    regulators
        One row a transformer with an on-load tap changer, or a single-phase unit of one: `trafo`, `controlled_bus`,
        `vm_set_pu`, `bandwidth_pu` (whole width of the band), `delay_s`, `inter_tap_delay_s`, `tap_min`, `tap_max`,
        `raise_direction` (+1 where a higher `tap_pos` raises the controlled voltage, else -1), `phases` (where a
        unit's potential transformer sits, "" for ganged ones), `max_taps_per_operation`, and line-drop compensation,
        empty for none: `line_drop_r_pu`, `line_drop_x_pu`, `line_drop_base_mva`.
    reclosers
        One row a recloser: `line` (its current), `switch` (what it opens), `pickup_ka`, `curve`, `time_dial`,
        `instantaneous_ka`.
    machines
        One row a hosted synchronous machine: `ext_grid` (its EMF behind X'd), `rated_mva`, `inertia_constant_s`,
        `damping_pu`, `nominal_hz`, `transient_reactance_pu` (on `rated_mva`), and its terminals at the start: `p_mw`,
        `q_mvar` (generation positive), `vm_pu`, `va_degree`.
    transformers
        One row a transformer: `trafo`, `cooling` (ONAN, ONAF).
    extensions
        Names of the declared extensions in effect; empty means the network as published.
    three_phase
        The feeder phase by phase, where it is known; `net` is then the balanced network built from it, whose elements
        carry the names of the tables.
    recorded_loads
        What the customers drew, where the feeder comes with it.
    approximations
        What `net` leaves out or simplifies of its source, one line each.
    """

    name: str
    title: str
    net: Any
    source: str
    location: Location = KARLSRUHE
    load_profiles: DataFrame = field(default_factory=lambda: table(LOAD_PROFILE_COLUMNS))
    pv: DataFrame = field(default_factory=lambda: table(PV_COLUMNS))
    meters: DataFrame = field(default_factory=lambda: table(METER_COLUMNS))
    regulators: DataFrame = field(default_factory=lambda: table(REGULATOR_COLUMNS))
    reclosers: DataFrame = field(default_factory=lambda: table(RECLOSER_COLUMNS))
    machines: DataFrame = field(default_factory=lambda: table(MACHINE_COLUMNS))
    transformers: DataFrame = field(default_factory=lambda: table(TRANSFORMER_COLUMNS))
    extensions: tuple[str, ...] = ()
    three_phase: ThreePhaseTables | None = None
    recorded_loads: RecordedLoads | None = None
    approximations: tuple[str, ...] = ()

    @property
    def solvers(self) -> tuple[str, ...]:
        """Power flows that can step this feeder."""
        return solvers(self.three_phase is not None)

    def regulator_settings(self) -> list[dict[str, Any]]:
        """The regulators with the step of their taps, as the models take them; what a row leaves empty is left out."""
        tap_step_percent = self.net.trafo.tap_step_percent
        rows = [
            {"tap_step_percent": float(tap_step_percent.at[row["trafo"]]), **row}
            for row in self.regulators.to_dict("records")
        ]
        # What is empty is NaN, which equals nothing.
        return [{str(name): value for name, value in row.items() if value == value} for row in rows]

    def loads(self) -> DataFrame:
        """Nominal power and profile of each load in vector order: load, name, bus, p_mw, q_mvar, profile."""
        nominal = self.net.load[["name", "bus", "p_mw", "q_mvar"]].rename_axis("load").reset_index()
        return nominal.merge(self.load_profiles, on="load", how="left")
