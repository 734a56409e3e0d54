"""What each detector catches and misses on days of the twin that it has not seen, and how often it cries wolf.

python benchmarks/detection_evidence.py [--seed N] [--clean-days N] [--attacked-days N] [--histories FOLDER]
                                        [--json FILE]

Simulates 20 days of `ieee33` (five to learn from, ten clean, five attacked) and trains: three minutes of CPU time. Days
kept in FOLDER are not simulated again; a folder holds the days of one seed.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.special import chdtri

from models.detection import DETECTORS, Detector, History
from mosaik_scenarios.clean_days import clean_scenario, history_in_subprocess
from mosaik_scenarios.manifest import versions
from mosaik_scenarios.scenario import Scenario
from mosaik_scenarios.training import train

VOLTAGES = ("v bus 13", "v bus 24", "v bus 5", "v bus 30", "v bus 17")
INJECTIONS = ("p bus 24", "p bus 7", "p bus 30", "p bus 13", "p bus 23")
FLOWS = ("p line 0 from", "p trafo 0 hv")
TARGETS = {"one voltage": VOLTAGES, "one P injection": INJECTIONS, "one P flow": FLOWS}
SIZES_SIGMA = (2, 4, 8, 20)

FIRST_ATTACK, PERIOD, WINDOW = (timedelta(minutes=minutes) for minutes in (45, 90, 45))

Attack = dict[str, Any]
Outcomes = dict[tuple[str, str], list["Outcome"]]


@dataclass(frozen=True)
class Outcome:
    """One attack before one detector: scans until the alarm (None: missed), share of the window above the threshold."""

    delay_scans: int | None
    share_above: float


def attacks_of(day: int) -> dict[str, Attack]:
    """One attack of each kind; targets, sign and order change from day to day."""
    attacks: dict[str, Attack] = {}
    sign = 1 if day % 2 else -1
    for target, channels in TARGETS.items():
        for size in SIZES_SIGMA:
            bias = {"channels": [channels[day % len(channels)]], "bias_sigma": sign * size}
            attacks[f"{target}, {size} sigma"] = {"family": "bias", **bias}
    attacks["three voltages, -8 sigma"] = {"family": "bias", "count": 3, "measurement_type": "v", "bias_sigma": -8}
    attacks["10 meters frozen"] = {"family": "denial", "mode": "frozen", "count": 10}
    attacks["3 meters missing"] = {"family": "denial", "mode": "missing", "count": 3}
    kinds = list(attacks)
    shift = 4 * day % len(kinds)
    return {kind: attacks[kind] for kind in kinds[shift:] + kinds[:shift]}


def windows_of(day: int) -> Iterator[tuple[str, Attack]]:
    """The attacks of a day with their windows, one after the other."""
    for position, (kind, attack) in enumerate(attacks_of(day).items()):
        window = {"start": FIRST_ATTACK + position * PERIOD, "duration": WINDOW}
        yield kind, {**attack, **window}


def scenarios(seed: int, clean_days: int, attacked_days: int) -> dict[str, Scenario]:
    """All that is simulated, by name: training and calibration before 17 June, the test days from then on."""
    base = Scenario(seed=seed, detectors=())
    days = {
        "training": clean_scenario(base, 5, 3),
        "calibration": clean_scenario(base, 2, 2),
    }
    for day in range(attacked_days + clean_days):
        attacks = [attack for _, attack in windows_of(day)] if day < attacked_days else []
        name = f"attacked-{day}" if attacks else f"clean-{day}"
        start = base.start + timedelta(days=day)
        days[name] = Scenario(seed=seed, start=start, detectors=(), attacks=attacks)
    return days


def histories(wanted: Mapping[str, Scenario], folder: Path, console: Console) -> dict[str, History]:
    """What the control room saw on these days: kept in `folder`, else simulated, two at a time."""

    def history(name: str) -> History:
        kept = folder / f"{name}.npz"
        if not kept.exists():
            with TemporaryDirectory() as temporary:
                history_in_subprocess(wanted[name], Path(temporary)).save(kept)
            console.print(f"simulated {name}")
        return History.load(kept)

    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(wanted, pool.map(history, wanted), strict=True))


def watched(detector: Detector, history: History) -> tuple[np.ndarray, np.ndarray]:
    """(n_time,) each: the alarm as the operator hears it, and whether the score is above the threshold."""
    detector.reset()
    verdicts = [detector.update(frame) for frame in history]
    detector.reset()
    alarm = np.array([verdict.alarm for verdict in verdicts])
    return alarm, np.array([verdict.score > verdict.threshold for verdict in verdicts])


def false_alarms(detector: Detector, clean: list[History]) -> dict[str, Any]:
    """Alarms raised on clean days."""
    alarms = [watched(detector, day)[0] for day in clean]
    raised = [int(np.sum(np.diff(alarm, prepend=False) & alarm)) for alarm in alarms]
    return {
        "detector": detector.name,
        "threshold": detector.threshold,
        "alarms_per_day": float(np.mean(raised)),
        "alarms_by_day": raised,
        "share_of_time_in_alarm": float(np.mean(alarms)),
    }


def outcomes(detector: Detector, history: History, day: int) -> Iterator[tuple[str, Outcome]]:
    """Every attack of a day before one detector."""
    alarm, above = watched(detector, history)
    for kind, attack in windows_of(day):
        first = int(attack["start"].total_seconds() / history.step_s)
        window = slice(first, first + int(attack["duration"].total_seconds() / history.step_s))
        delay = int(np.argmax(alarm[window])) if alarm[window].any() else None
        yield kind, Outcome(delay, float(np.mean(above[window])))


def caught(detectors: list[Detector], attacked: list[History]) -> list[dict[str, Any]]:
    """One row a kind of attack and detector."""
    table: Outcomes = {(kind, detector.name): [] for kind in attacks_of(0) for detector in detectors}
    for detector in detectors:
        for day, history in enumerate(attacked):
            for kind, outcome in outcomes(detector, history, day):
                table[kind, detector.name].append(outcome)
    return [{"attack": kind, "detector": name, **_summary(row)} for (kind, name), row in table.items()]


def _summary(row: list[Outcome]) -> dict[str, Any]:
    delays = [outcome.delay_scans for outcome in row if outcome.delay_scans is not None]
    return {
        "attacks": len(row),
        "seen": len(delays),
        "median_delay_scans": float(np.median(delays)) if delays else None,
        "share_of_window_above_threshold": float(np.mean([outcome.share_above for outcome in row])),
    }


def estimator_on(clean: list[History]) -> dict[str, float]:
    """Whether J(x) on clean days is distributed as its degrees of freedom say."""
    objective, freedom = (
        np.concatenate([getattr(day, name) for day in clean]) for name in ("objective", "degrees_of_freedom")
    )
    residual = np.concatenate([day.normalised_residual for day in clean])
    return {
        "mean_objective_per_degree_of_freedom": float(np.nanmean(objective / freedom)),
        "share_above_1_percent_quantile": float(np.mean(objective > chdtri(freedom, 0.01))),
        "share_above_5_percent_quantile": float(np.mean(objective > chdtri(freedom, 0.05))),
        "share_with_a_residual_above_3": float(np.mean(np.nanmax(residual, axis=1) > 3)),
        "degrees_of_freedom_least": float(freedom.min()),
        "degrees_of_freedom_most": float(freedom.max()),
    }


def print_false_alarms(console: Console, rows: list[dict[str, Any]], days: int) -> None:
    """The first table."""
    table = Table(title=f"Clean: {days} days not seen before, 1 false alarm a day allowed")
    for heading in ("detector", "threshold", "alarms a day", "by day", "share of time"):
        table.add_column(heading)
    for row in rows:
        table.add_row(
            row["detector"],
            f"{row['threshold']:.3f}",
            f"{row['alarms_per_day']:.1f}",
            " ".join(map(str, row["alarms_by_day"])),
            f"{100 * row['share_of_time_in_alarm']:.2f} %",
        )
    console.print(table)


def print_caught(console: Console, rows: list[dict[str, Any]]) -> None:
    """The second table: seen of attacks, median delay, share of the window above the threshold."""
    table = Table(title="Attacked for 45 min: seen / attacks, median delay in scans, share above the threshold")
    table.add_column("attack")
    for name in DETECTORS:
        table.add_column(name)
    cells = {(row["attack"], row["detector"]): row for row in rows}
    for kind in attacks_of(0):
        table.add_row(kind, *(_cell(cells[kind, name]) for name in DETECTORS))
    console.print(table)


def _cell(row: dict[str, Any]) -> str:
    delay = "-" if row["median_delay_scans"] is None else f"{row['median_delay_scans']:g}"
    return f"{row['seen']}/{row['attacks']}  {delay:>4}  {100 * row['share_of_window_above_threshold']:3.0f} %"


def measure(arguments: argparse.Namespace, folder: Path, console: Console) -> dict[str, Any]:
    """Simulate, train, watch."""
    wanted = scenarios(arguments.seed, arguments.clean_days, arguments.attacked_days)
    days = histories(wanted, folder, console)
    scenario = Scenario(seed=arguments.seed)
    detectors = [
        train(name, scenario, days["training"], days["calibration"], lambda stage, share: None) for name in DETECTORS
    ]
    clean = [history for name, history in days.items() if name.startswith("clean")]
    attacked = [history for name, history in days.items() if name.startswith("attacked")]
    return {
        "clean": [false_alarms(detector, clean) for detector in detectors],
        "attacked": caught(detectors, attacked),
        "estimator": estimator_on(clean),
    }


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=1, help="of the feeder's customers and of all luck")
    parser.add_argument("--clean-days", type=int, default=10)
    parser.add_argument("--attacked-days", type=int, default=5)
    parser.add_argument("--histories", type=Path, help="folder in which simulated days are kept and looked for")
    parser.add_argument("--json", type=Path, help="file for the figures with machine and versions")
    arguments = parser.parse_args()
    console, start = Console(width=120), time.perf_counter()
    with TemporaryDirectory() as temporary:
        figures = measure(arguments, arguments.histories or Path(temporary), console)
    figures["duration_s"] = round(time.perf_counter() - start, 1)
    print_false_alarms(console, figures["clean"], arguments.clean_days)
    print_caught(console, figures["attacked"])
    console.print("State estimation on the clean days:", figures["estimator"])
    console.print(f"took {figures['duration_s']:.0f} s")
    if arguments.json:
        machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(), **versions()}
        arguments.json.write_text(json.dumps({"machine": machine, "seed": arguments.seed, **figures}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
