"""CPU time of a year on the Iowa 240-bus system, beside bare loops over pandapower and OpenDSS.

python -m benchmarks.year [--hours N] [--bare-hours N] [--json FILE]

8760 hours of smart-meter loads with the taps of the MATLAB study. Timed is the twin's power flow with each solver, all
it says of an hour included (voltages, powers, flows and currents of every element). The bare loops do what a user would
write: `runpp` with the loads in its table, warm-started, and OpenDSS through its own interface, load by load, the
voltages and the total read. `runpp` does fewer hours and is shown at what the year would cost. Needs GRIDTWIN_IOWA240
and the extra `opendss`.
"""

from benchmarks import reporting  # first: it settles the number of threads

# isort: split
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from mosaik_scenarios.comparison.taps import ImposedTaps, impose, read_taps
from mosaik_scenarios.comparison.twin import hourly_loads, power_flow_of
from networks.feeder import Feeder
from networks.importers.iowa240 import MASTER, registered_folder
from networks.registry import load_feeder
from networks.three_phase.start import product_of_taps

YEAR_H = 8760
TAPS = "Tap_Changing_Data.csv"
TAP_STEP = 0.00625

Step = Callable[[int], Any]


def twin_step(feeder: Feeder, solver: str, loads: np.ndarray, taps: ImposedTaps) -> Step:
    """An hour of the twin's power flow."""
    flow = power_flow_of(feeder, solver)
    nominal = flow.nominal_inputs()

    def step(hour: int) -> Any:
        inputs = replace(nominal, load=loads[hour], tap_pos=taps.tap_pos[hour])
        return flow.solve(replace(inputs, phase_tap_pos=taps.phase_tap_pos[hour]) if solver == "opendss" else inputs)

    return step


def runpp_step(feeder: Feeder, loads: np.ndarray, taps: ImposedTaps) -> Step:
    """An hour by `pandapower.runpp`: from the last results, or from the product of the taps where those have moved.

    From anywhere else Newton's method does not pass a new tap through a regulator of hardly any impedance.
    """
    import pandapower

    net = feeder.net
    tapped = net.trafo.tap_pos.notna().to_numpy()

    def step(hour: int) -> None:
        net.load["p_mw"], net.load["q_mvar"] = loads[hour].real, loads[hour].imag
        moved = taps.tap_pos[hour][tapped] != net.trafo.tap_pos[tapped]
        net.trafo.loc[tapped, "tap_pos"] = taps.tap_pos[hour][tapped]
        pandapower.runpp(net, **({"init_vm_pu": product_of_taps(net)} if moved.any() else {"init": "results"}))

    return step


def bare_opendss_step(feeder: Feeder, loads: np.ndarray, taps: np.ndarray) -> Step:
    """An hour by OpenDSS on the release's own script."""
    import opendssdirect

    dss = opendssdirect.NewContext()
    dss.Basic.AllowChangeDir(False)
    dss.Text.Command(f"Redirect [{registered_folder() / MASTER}]")
    dss.Text.Command("Set ControlMode=off")
    order = {str(name): k for k, name in enumerate(feeder.net.load.name)}
    place = [order[name.lower()] for name in dss.Loads.AllNames()]

    def step(hour: int) -> tuple[Any, Any]:
        kva = 1000.0 * loads[hour]
        for k in place:
            (dss.Loads.First if k is place[0] else dss.Loads.Next)()
            dss.Loads.kW(kva[k].real)
            dss.Loads.kvar(kva[k].imag)
        for phase, tap in zip("abc", taps[hour], strict=True):
            dss.Transformers.Name(f"sub_regulator_{phase}")
            dss.Transformers.Wdg(2)
            dss.Transformers.Tap(1.0 + TAP_STEP * tap)
        dss.Solution.Solve()
        return dss.Circuit.AllBusMagPu(), dss.Circuit.TotalPower()

    return step


def year_cpu_s(step: Step, hours: int) -> float:
    """CPU time of a year of steps, from as many as are made after one that compiles. [s]"""
    step(0)
    start_s = time.process_time()
    for hour in range(hours):
        step(hour)
    return (time.process_time() - start_s) * YEAR_H / hours


def main() -> int:
    """Measure, print, write."""
    parser = reporting.parser(__doc__)
    parser.add_argument("--hours", type=int, default=YEAR_H, help="hours that the twin and bare OpenDSS step")
    parser.add_argument("--bare-hours", type=int, default=240, help="hours of the bare runpp loop")
    arguments = parser.parse_args()
    feeder = load_feeder("iowa240", extensions=())
    record = read_taps(registered_folder() / TAPS)
    loads, taps = hourly_loads(feeder), impose(record, feeder)
    bare = {
        "pandapower": (runpp_step(load_feeder("iowa240", extensions=()), loads, taps), arguments.bare_hours),
        "opendss": (bare_opendss_step(feeder, loads, record.positions), arguments.hours),
    }
    rows = []
    for solver, (bare_step, hours) in bare.items():
        twin_s = year_cpu_s(twin_step(feeder, solver, loads, taps), arguments.hours)
        bare_s = year_cpu_s(bare_step, hours)
        rows.append({"solver": solver, "twin_s": twin_s, "bare_s": bare_s, "ratio": twin_s / bare_s})
    columns = {"solver": "solver", "twin_s": "gridtwin s", "bare_s": "bare loop s", "ratio": "ratio"}
    reporting.report("A year of hours on the Iowa 240-bus system, CPU time", columns, rows, arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
