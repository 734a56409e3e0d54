"""What a pandapower file may hold: no module but those of a net, and tables that a net has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from networks.errors import InvalidFeederError

if TYPE_CHECKING:
    from pandas import DataFrame

# pandapower stores nested objects as text inside the text, so quotes may be escaped any number of times.
MODULE = re.compile(r'\\*"_module\\*"\s*:\s*\\*"([^"\\]*)')
MODULES_OF_A_NET = frozenset({"geojson", "networkx", "pandapower", "pandas", "shapely"})
# A letter spelled by its number, which no writer of JSON does and which would hide a word from the expression above.
HIDDEN_LETTER = re.compile(r"\\u00(?:[2-6][0-9a-f]|7[0-9a-e])", re.IGNORECASE)
# pandas reads a table from another file where its text is an absolute path.
OTHER_FILE = re.compile(r'\\*"_object\\*"\s*:\s*\\*"[^"]*\.json\\*"')

# What the checks of a feeder and its simulation take for granted; everything else has a default.
NUMBERS = {
    "bus": ("vn_kv",),
    "line": ("length_km", "r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km", "max_i_ka"),
    "trafo": ("sn_mva", "vn_hv_kv", "vn_lv_kv", "vk_percent", "vkr_percent", "tap_pos"),
    "load": ("p_mw", "q_mvar", "scaling"),
    "sgen": ("p_mw", "q_mvar", "scaling", "sn_mva"),
    "gen": ("p_mw", "vm_pu"),
    "shunt": ("p_mw", "q_mvar"),
    "ext_grid": ("vm_pu", "va_degree"),
    "switch": (),
}
BUSES = {
    "line": ("from_bus", "to_bus"),
    "trafo": ("hv_bus", "lv_bus"),
    "load": ("bus",),
    "sgen": ("bus",),
    "gen": ("bus",),
    "shunt": ("bus",),
    "ext_grid": ("bus",),
    "switch": ("bus",),
}
FLAGS = {table: ("closed",) if table == "switch" else ("in_service",) for table in NUMBERS}


def require_harmless(text: str, path: Path) -> None:
    """Refuse text that names modules a net has no use for: pandapower's decoder imports what the file names.

    Raises
    ------
    InvalidFeederError
    """
    foreign = sorted({name for name in MODULE.findall(text) if name.split(".")[0] not in MODULES_OF_A_NET})
    if foreign:
        raise InvalidFeederError(
            f"{path} names the Python modules {', '.join(foreign)}, which no pandapower net needs; "
            "write it again with pandapower."
        )
    if HIDDEN_LETTER.search(text) or OTHER_FILE.search(text):
        raise InvalidFeederError(f"{path} hides what it holds; write it again with pandapower.")


def require_tables(net: Any, path: Path) -> None:
    """Refuse a net whose tables lack columns, or hold something else than numbers, flags and its own buses.

    Raises
    ------
    InvalidFeederError
        Names the table and the column.
    """
    from pandas import DataFrame

    for name in NUMBERS:
        table = net.get(name)
        if not isinstance(table, DataFrame):
            raise InvalidFeederError(f"{path} holds no table {name}; write it again with pandapower.")
        _require_columns(table, name, path)
        _require_index(table, name, path)
    for name, columns in BUSES.items():
        for column in columns:
            stray = net[name][column][~net[name][column].isin(net.bus.index)]
            if len(stray):
                raise InvalidFeederError(f"{path}: {name} {stray.index[0]} is at {column} {stray.iloc[0]}, no bus.")


def _require_columns(table: DataFrame, name: str, path: Path) -> None:
    wanted = (*NUMBERS[name], *BUSES.get(name, ()), *FLAGS[name])
    missing = [column for column in wanted if column not in table]
    if missing:
        raise InvalidFeederError(f"{path}: table {name} lacks {', '.join(missing)}; write it again with pandapower.")
    if table.columns.has_duplicates:
        raise InvalidFeederError(f"{path}: table {name} has two columns of one name; write it again with pandapower.")
    for column in NUMBERS[name]:
        _require_numbers(table, name, column, path)
    for column in FLAGS[name]:
        wrong = table[column][~table[column].isin([True, False])]
        if len(wrong):
            raise InvalidFeederError(
                f"{path}: {name} {wrong.index[0]} has {column} {wrong.iloc[0]!r:.40}; expected true or false."
            )


def _require_numbers(table: DataFrame, name: str, column: str, path: Path) -> None:
    from pandas import to_numeric

    numbers = to_numeric(table[column], errors="coerce")
    wrong = table[column][numbers.isna() & table[column].notna()]
    if len(wrong):
        raise InvalidFeederError(
            f"{path}: {name} {wrong.index[0]} has {column} {wrong.iloc[0]!r:.40}; expected a number."
        )
    table[column] = numbers


def _require_index(table: DataFrame, name: str, path: Path) -> None:
    from pandas.api.types import is_integer_dtype

    whole = is_integer_dtype(table.index.dtype) or table.empty
    if not whole or table.index.has_duplicates or (len(table) and table.index.min() < 0):
        raise InvalidFeederError(f"{path}: the index of table {name} is no unique whole number from 0 on.")
