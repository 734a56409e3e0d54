"""The kinds of results that can be compared, as people are told of them."""

from collections.abc import Sequence
from pathlib import Path

from mosaik_scenarios.errors import ComparisonError

COLUMNS_SHOWN = 6

KINDS = {
    "MATPOWER result": "a .mat file (v7 or v7.3) with what runpf returned",
    "bus table": "a CSV file, one row a bus: MATPOWER's bus columns 1 to 13 without a header, or columns bus and "
                 "vm_pu, with va_degree if you have it, and node for results by phase",
    "voltages over time": "a CSV file, one row an hour, one column a bus (bus1003) or node (bus1003.1) in pu, with a "
                          "column hour or time if you have it",
    "taps over time": "a CSV file, one row an hour: tap positions, in columns such as TapA, TapB, TapC",
    "totals over time": "a CSV file, one row an hour: P and Q at the source, in columns such as Total_Active_Power and "
                        "Total_Reac_Power, or p_kw and q_kvar",
}  # fmt: skip


def kinds_text() -> str:
    """All kinds in a sentence."""
    return "; or ".join(f"{kind}: {what}" for kind, what in KINDS.items())


def no_kind(path: Path, columns: Sequence[str]) -> ComparisonError:
    """The refusal of a file with these columns."""
    some = ", ".join(columns[:COLUMNS_SHOWN]) + (", ..." if len(columns) > COLUMNS_SHOWN else "")
    return ComparisonError(f"{path}: no kind of results has its columns ({some}); give a {kinds_text()}.")
