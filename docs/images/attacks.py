"""Draws the figures of docs/detection.md: ``python docs/images/attacks.py [RUNS]``.

Every panel is a run of its own on the IEEE 33-bus feeder with every meter, attacked for half an hour, beside the same
run without the attack. Runs that lie in the folder RUNS (`runs/figures` unless given) are drawn again without
simulating them again. Needs a Chromium or Chrome on the path; prints what the page quotes.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from browser import photograph

from mosaik_scenarios import RunResult, Scenario, run
from mosaik_scenarios.channel_units import unit_of
from mosaik_scenarios.report.drawing import BLUE, GREEN, GREY, INK, RED, add_curve, clock, dressed
from networks.registry import load_feeder

PICTURES = Path(__file__).parent / "attacks"
HEIGHT_PX, COLUMN_PX, BORDER_PX = 560, 275, 40
DAY_BEFORE, MORNING = "2026-06-16T11:30:00+02:00", "2026-06-17T11:30:00+02:00"
ONSET, LENGTH = pd.Timedelta("30min"), pd.Timedelta("30min")
SHOWN = pd.Timestamp(MORNING), pd.Timestamp(MORNING) + pd.Timedelta("75min")
TABLE_OF = {"bus": "bus", "line": "line", "trafo": "trafo"}
BY_METER = {"source": "measured"}
LEGEND = ((INK, "plant", "solid"), (RED, "received", "solid"), (BLUE, "estimated", "solid"),
          (GREEN, "expected", "dot"), (GREY, "plant without the attack", "dash"))  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One panel: an attack, the channel it is seen on, and what moved."""

    title: str
    attack: Mapping[str, Any]
    channel: str
    moved: str
    regulator: Mapping[str, Any] | None = None
    start: str = MORNING
    step: str = "1min"

    @property
    def scenario(self) -> Scenario:
        """Half an hour before the attack, half an hour of it, a quarter after."""
        before = pd.Timestamp(MORNING) - pd.Timestamp(self.start)
        attack = {"start": (before + ONSET).isoformat(), "duration": LENGTH.isoformat(), **self.attack}
        duration = (SHOWN[1] - pd.Timestamp(self.start)).isoformat()
        return Scenario(
            feeder="ieee33", start=self.start, duration=duration, step=self.step, seed=7, attacks=[attack],
            telemetry={"metering": "full"}, detectors=(), regulator=self.regulator or {},
        )  # fmt: skip


@cache
def measured_channels() -> list[str]:
    """All that is measured on the feeder."""
    from mosaik_scenarios.roles import Roles

    scenario = Scenario(feeder="ieee33", telemetry={"metering": "full"})
    return list(Roles(scenario, load_feeder("ieee33")).judged_channels)


def figures() -> dict[str, list[Case]]:
    """The cases of every picture."""
    v0, v17, tap = "v bus 0", "v bus 17", "tap trafo 0"
    flow, customer = "p line 0 from", "p bus 29"
    two_flows = [flow, "p line 5 from"]
    return {
        "injections": [
            Case("bias", {"family": "bias", "channels": [v0], "bias": -0.02}, v0, tap, BY_METER),
            Case("scaling", {"family": "scaling", "channels": [v0], "factor": 1.03}, v0, v17, BY_METER),
            Case("ramp", {"family": "ramp", "channels": [v0], "slope_sigma": 24}, v0, v17, BY_METER),
            Case("noise", {"family": "noise", "channels": [v0], "noise_sigma": 8}, v0, tap, BY_METER),
        ],
        "stealthy": [
            Case("a voltage", {"family": "stealthy", "bus": 0, "vm_change_pu": -0.02}, v0, tap),
            Case("a flow", {"family": "stealthy", "line": 0, "flow_factor": 0.8}, flow, v17),
            Case("power stolen", {"family": "stealthy", "bus": 29, "p_change_mw": -0.1}, customer, flow),
            Case("half of the meters", {"family": "stealthy", "bus": 17, "vm_change_pu": 0.02, "access": 0.5}, v17, v0),
        ],
        "time": [
            Case("replay", {"family": "replay", "channels": measured_channels(), "age_s": 86400}, flow, v17,
                 start=DAY_BEFORE, step="5min"),
            Case("delay", {"family": "delay", "channels": measured_channels(), "delay_s": 900, "restamped": True},
                 flow, v17),
            Case("jitter", {"family": "jitter", "channels": two_flows, "delay_s": 600}, flow, v17),
        ],
        "withheld": [
            Case("denial: frozen", {"family": "denial", "mode": "frozen", "channels": two_flows}, flow, v17),
            Case("denial: a station silent", {"family": "denial", "mode": "missing", "buses": [29]}, customer,
                 "v bus 29"),
            Case("theft", {"family": "theft", "channels": [customer], "factor": 0.7}, customer, "p line 28 from"),
            Case("breaker state", {"family": "breaker_state", "channels": ["closed switch 1"]}, "closed switch 1", v17),
        ],
        "instruments_single": [
            Case("stuck", {"family": "stuck", "channels": [v0], "at": 0.97}, v0, tap, BY_METER),
            Case("drift", {"family": "drift", "channels": [v0], "drift_sigma": 24}, v0, v17, BY_METER),
            Case("spike", {"family": "spike", "channels": [v0], "height_sigma": 15, "probability": 0.3}, v0, tap,
                 BY_METER),
        ],
        "instruments_wiring": [
            Case("gain", {"family": "gain", "channels": ["p line 5 from"], "ratio_error_percent": -20},
                 "p line 5 from", v17),
            Case("wrong sign", {"family": "wrong_sign", "channels": [customer, "q bus 29"]}, customer, flow),
            Case("wrong phase", {"family": "wrong_phase", "channels": ["p bus 28", customer, "p bus 30"]}, customer,
                 "p line 5 from"),
        ],
        "supply": [
            Case("surge", {"family": "surge", "change_pu": 0.05}, v17, tap),
            Case("sag", {"family": "sag", "change_pu": 0.08}, v17, tap),
        ],
        "commands": [
            Case("tap command", {"family": "tap_command", "trafo": 0, "steps": 6}, v17, tap),
            Case("breaker command", {"family": "breaker_command", "switch": 1}, "p line 5 from", v17),
            Case("set-point", {"family": "set_point", "factor": 0.0}, "p bus 17", flow),
        ],
    }  # fmt: skip


def result_of(scenario: Scenario, folder: Path) -> RunResult:
    """The scenario's run, simulated unless it lies in the folder."""
    lies_there = (folder / "manifest.json").exists() and RunResult(folder).status == "complete"
    return RunResult(folder) if lies_there else run(scenario, out=folder, force=True)


def truth(result: RunResult, channel: str) -> pd.Series:
    """What the plant did where a channel measures."""
    kind, table, element, *side = channel.split()
    if kind == "closed":
        return result.protection["switch_closed", int(element)].astype(float)
    name = {"v": "vm_pu", "tap": "tap_pos", "i": "i_ka"}.get(kind)
    unit = {"p": "mw", "q": "mvar"}.get(kind)
    name = name or "_".join([kind, *side, unit or ""])
    return result.table(TABLE_OF[table])[name, int(element)].astype(float)


def told(result: RunResult, quantity: str, channel: str) -> pd.Series:
    """What the control room was told, or made, of a channel; empty of a state, which nobody estimates."""
    table = result.measurement[quantity]
    known = channel in table.columns and not (quantity != "value_received" and channel.split()[0] in ("tap", "closed"))
    return table[channel].astype(float) if known else pd.Series(float("nan"), index=table.index)


def drawn(cases: list[Case], runs: Path) -> Any:
    """One column a case: the channel, J(x) over its threshold, what moved."""
    from plotly.subplots import make_subplots

    titles = [f"<b>{case.title}</b><br>{axis(case.channel)}" for case in cases]
    titles += ["J(x) / threshold"] * len(cases) + [axis(case.moved) for case in cases]
    rows = make_subplots(
        rows=3, cols=len(cases), subplot_titles=titles, row_heights=[0.45, 0.2, 0.35], vertical_spacing=0.1,
        horizontal_spacing=0.22 / len(cases),
    )  # fmt: skip
    figure = dressed(rows)
    figure.update_annotations(font={"size": 12, "color": INK})
    for column, case in enumerate(cases, start=1):
        attacked, clean = simulated(case, runs)
        for quantity, series in curves(attacked, clean, case).items():
            row, name = quantity
            colour, dash = next((colour, dash) for colour, label, dash in LEGEND if label == name)
            near = series[(series.index >= SHOWN[0]) & (series.index < SHOWN[1])]
            shape = "hv" if name == "received" or (case.moved.startswith("tap") and row == 3) else "linear"
            add_curve(figure, near, name, colour, row, column, 1.6, dash, shape, legend=False)
        shade = {"fillcolor": RED, "opacity": 0.08, "line_width": 0, "layer": "below"}
        figure.add_vrect(*clock([SHOWN[0] + ONSET, SHOWN[0] + ONSET + LENGTH]), row="all", col=column, **shade)
        figure.add_hline(1.0, line={"color": GREY, "dash": "dash"}, row=2, col=column)
        print(said_of(case, attacked, clean))
    for colour, label, dash in LEGEND:
        line = {"color": colour, "dash": dash, "width": 2}
        figure.add_scatter(x=[None], y=[None], mode="lines", name=label, line=line, row=1, col=1)
    figure.update_yaxes(type="log", tickvals=[0.1, 0.3, 1, 3, 10, 100], row=2)
    figure.update_xaxes(range=clock(SHOWN), tickformat="%H:%M", dtick=30 * 60 * 1000)
    figure.update_layout(legend={"x": 0, "xanchor": "left", "traceorder": "normal"}, hovermode=False)
    size = {"height": HEIGHT_PX - BORDER_PX / 4, "width": width_of(cases) - BORDER_PX}
    return figure.update_layout(margin={"t": 90, "b": 30, "l": 50}, **size)


def width_of(cases: list[Case]) -> int:
    """Of a picture; wide enough for the legend in one line. [pixels]"""
    return COLUMN_PX * max(len(cases), 3)


def axis(channel: str) -> str:
    """A channel with its unit."""
    return f"{channel} [{unit_of(channel)}]" if unit_of(channel) else channel


def simulated(case: Case, runs: Path) -> tuple[RunResult, RunResult]:
    """The run with the attack and the run without."""
    name = "".join(letter if letter.isalnum() else "_" for letter in case.title)
    without = f"clean_{'measured' if case.regulator else 'estimated'}_{case.start[:10]}"
    clean = case.scenario.with_overrides({"attacks": []})
    return result_of(case.scenario, runs / name), result_of(clean, runs / without)


def curves(attacked: RunResult, clean: RunResult, case: Case) -> dict[tuple[int, str], pd.Series]:
    """What is drawn, by row and name."""
    objective = attacked.estimate["objective"] / attacked.estimate["chi_square_threshold"]
    return {
        (1, "expected"): told(attacked, "value_expected", case.channel),
        (1, "received"): told(attacked, "value_received", case.channel),
        (1, "estimated"): told(attacked, "value_estimated", case.channel),
        (1, "plant"): truth(attacked, case.channel),
        (2, "estimated"): objective.squeeze(),
        (3, "plant without the attack"): truth(clean, case.moved),
        (3, "estimated"): told(attacked, "value_estimated", case.moved),
        (3, "plant"): truth(attacked, case.moved),
    }


def said_of(case: Case, attacked: RunResult, clean: RunResult) -> str:
    """J(x) over its threshold in the window, and how far the plant moved."""
    begin = SHOWN[0] + ONSET
    of = curves(attacked, clean, case)
    inside = {key: series[(series.index >= begin) & (series.index < begin + LENGTH)] for key, series in of.items()}
    ratio = inside[2, "estimated"]
    moved = (inside[3, "plant"] - inside[3, "plant without the attack"]).abs().max()
    off = (inside[3, "estimated"] - inside[3, "plant"]).abs().max()
    return (
        f"{case.title}: J/threshold median {ratio.median():.2f}, largest {ratio.max():.3g}; "
        f"{case.moved} moved by {moved:.3g}, estimated {off:.3g} off"
    )


def main(runs: str = "runs/figures") -> None:
    """Draw all of them."""
    for name, cases in figures().items():
        figure = drawn(cases, Path(runs))
        photograph([figure], PICTURES / f"{name}.png", (width_of(cases), HEIGHT_PX))


if __name__ == "__main__":
    main(*sys.argv[1:])
