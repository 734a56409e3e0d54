"""A feeder phase by phase, as the plain tables its publication consists of.

Both builders start here: `networks.three_phase.balanced` makes a pandapower net of them, and
`networks.three_phase.opendss_circuit` an OpenDSS circuit. A feeder ships as a folder with one CSV file a table.

Phases are a string with one character a conductor, in the conductors' order: ``"abc"``, ``"cb"``, ``"a"``. The legs of
a centre-tapped secondary are ``"1"`` and ``"2"`` (CIM's s1 and s2), ``"12"`` for both. Loads between phases have
``connection`` delta; a single-phase one states its pair, as ``"ab"``. The winding of leg ``"2"`` is wound against that
of leg ``"1"``: their voltages to the neutral between them are opposite.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from networks.errors import InvalidFeederError

if TYPE_CHECKING:
    from pandas import DataFrame

PHASES = "abc"
LEGS = "12"
LOWER_TRIANGLE = ("11", "21", "22", "31", "32", "33")
# What a balanced net has beyond the tables: the bus behind the source's impedance, and the line that stands for it.
STIFF_SOURCE = "stiff source"
SOURCE_IMPEDANCE = "source impedance"

WINDINGS = ("primary", "secondary", "tertiary")

SOURCE_COLUMNS = ("bus", "vn_kv", "vm_pu", "va_degree", "f_hz", "r1_ohm", "x1_ohm", "r0_ohm", "x0_ohm")
BUS_COLUMNS = ("bus", "vn_kv", "phases", "x", "y")
LINE_CONFIGURATION_COLUMNS = (
    "configuration",
    *(f"r{entry}_ohm_per_km" for entry in LOWER_TRIANGLE),
    *(f"x{entry}_ohm_per_km" for entry in LOWER_TRIANGLE),
    *(f"b{entry}_us_per_km" for entry in LOWER_TRIANGLE),
)
LINE_COLUMNS = ("line", "from_bus", "to_bus", "phases", "length_km", "configuration", "max_i_ka")
SWITCH_COLUMNS = ("switch", "from_bus", "to_bus", "phases", "closed")
TRANSFORMER_COLUMNS = (
    "transformer",
    "bank",
    "rated_kva",
    *(
        f"{winding}_{quantity}"
        for winding in WINDINGS
        for quantity in ("bus", "phases", "connection", "kv", "r_percent", "tap_pu")
    ),
    "xhl_percent",
    "xht_percent",
    "xlt_percent",
    "no_load_loss_percent",
    "magnetising_percent",
)
REGULATOR_COLUMNS = (
    "regulator",
    "transformer",
    "controlled_bus",
    "phases",
    "v_set_v",
    "bandwidth_v",
    "pt_ratio",
    "ct_primary_a",
    "line_drop_r_v",
    "line_drop_x_v",
    "delay_s",
    "inter_tap_delay_s",
    "tap_min",
    "tap_max",
    "tap_step_percent",
    "tap_pos",
    "max_taps_per_operation",
)
LOAD_COLUMNS = (
    "load",
    "bus",
    "phases",
    "connection",
    "kv",
    "p_kw",
    "q_kvar",
    "const_z_p_percent",
    "const_i_p_percent",
    "const_z_q_percent",
    "const_i_q_percent",
    "vmin_pu",
    "vmax_pu",
)
CAPACITOR_COLUMNS = ("capacitor", "bus", "phases", "connection", "kv", "q_kvar")


@dataclass(frozen=True, eq=False)
class ThreePhaseTables:
    """Everything that is published of a feeder, phase by phase.

    Attributes
    ----------
    source
        One row, the stiff voltage behind the impedance of what supplies the feeder: `bus`, `vn_kv` (line to line),
        `vm_pu`, `va_degree`, `f_hz`, and its impedance in sequences `r1_ohm`, `x1_ohm`, `r0_ohm`, `x0_ohm`.
    bus
        `bus`, `vn_kv` (line-to-line base voltage, for centre-tapped secondaries sqrt(3) times a leg's), `phases`, and
        the place in a drawing, `x` and `y` (empty where nobody said).
    line_configuration
        `configuration` and the lower triangle of its series impedance and shunt susceptance matrices, by conductor:
        `r11_ohm_per_km` ... `x33_ohm_per_km`, `b11_us_per_km` ...; empty beyond the number of conductors.
    line
        `line`, `from_bus`, `to_bus`, `phases` (conductor by conductor), `length_km`, `configuration`, `max_i_ka`.
    switch
        Connections without an impedance worth a name: `switch`, `from_bus`, `to_bus`, `phases`, `closed`.
    transformer
        One row a unit: `transformer`; `bank`, the name that single-phase units of one bank share (else its own);
        `rated_kva` of the unit; `bus`, `phases`, `connection` (wye, grounded, or delta), `kv` (line to line for
        three-phase and delta windings, else line to neutral), `r_percent` and `tap_pu` of the windings `primary_`,
        `secondary_` and `tertiary_` (empty where there are two); the reactances between windings 1 and 2, 1 and 3, 2
        and 3, `xhl_percent`, `xht_percent`, `xlt_percent`; `no_load_loss_percent`, `magnetising_percent`. All percent
        of `rated_kva`. Taps of a regulated transformer are the regulator's, on the secondary.
    regulator
        One row a unit: `regulator`, `transformer`, `controlled_bus` (that of the secondary unless it is remote) and
        `phases` (where the potential transformer sits, "a" or "ab"); control settings on the potential transformer's
        secondary `v_set_v`, `bandwidth_v` (whole width), `pt_ratio`, `ct_primary_a`, `line_drop_r_v`,
        `line_drop_x_v`; `delay_s`, `inter_tap_delay_s`; `tap_min`, `tap_max`, `tap_step_percent`; the published
        `tap_pos`; `max_taps_per_operation`.
    load
        `load`, `bus`, `phases`, `connection` (wye or delta), `kv` (its rating; line to neutral for one phase of a
        wye), `p_kw`, `q_kvar` (of all its phases, at rated voltage), the shares of constant impedance and constant
        current (the rest is constant power), and the voltages beyond which it turns into an impedance, `vmin_pu`,
        `vmax_pu`.
    capacitor
        `capacitor`, `bus`, `phases`, `connection`, `kv`, `q_kvar` (at rated voltage, of all phases).
    """

    source: DataFrame
    bus: DataFrame
    line_configuration: DataFrame
    line: DataFrame
    switch: DataFrame
    transformer: DataFrame
    regulator: DataFrame
    load: DataFrame
    capacitor: DataFrame


COLUMNS = {
    "source": SOURCE_COLUMNS,
    "bus": BUS_COLUMNS,
    "line_configuration": LINE_CONFIGURATION_COLUMNS,
    "line": LINE_COLUMNS,
    "switch": SWITCH_COLUMNS,
    "transformer": TRANSFORMER_COLUMNS,
    "regulator": REGULATOR_COLUMNS,
    "load": LOAD_COLUMNS,
    "capacitor": CAPACITOR_COLUMNS,
}
TEXT_ENDINGS = ("bus", "phases", "connection", "configuration")
OPTIONAL_TABLES = ("switch", "transformer", "regulator", "capacitor", "line")


def read_tables(folder: str | Path) -> ThreePhaseTables:
    """The tables in a folder; a table without a file is empty.

    Raises
    ------
    InvalidFeederError
        If a table that every feeder has is missing, or a column is missing or unknown.
    """
    folder = Path(folder)
    return ThreePhaseTables(**{table: _read_table(folder, table) for table in COLUMNS})


def _read_table(folder: Path, name: str) -> DataFrame:
    from pandas import DataFrame, read_csv

    path, columns = folder / f"{name}.csv", COLUMNS[name]
    if not path.exists():
        if name in OPTIONAL_TABLES:
            return DataFrame(columns=list(columns))
        raise InvalidFeederError(f"expected {path}, found none; a three-phase feeder has a table {name}.")
    table = read_csv(path, dtype=dict.fromkeys(_text_columns(name), str))
    if tuple(table.columns) != columns:
        raise InvalidFeederError(f"{path} has columns {', '.join(table.columns)}; expected {', '.join(columns)}.")
    return table


def _text_columns(name: str) -> list[str]:
    """Names stay text though they look like numbers; so do the legs of a secondary."""
    return [column for column in COLUMNS[name] if column in (*COLUMNS, "bank") or column.endswith(TEXT_ENDINGS)]
