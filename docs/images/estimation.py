"""Draws the figures of docs/estimation.md: ``python docs/images/estimation.py``.

Computed on the IEEE 33-bus feeder as published, with its typical metering plan: every point is the median of estimates
from freshly drawn meter and forecast errors. Needs a Chromium or Chrome on the path; prints what the page quotes.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from browser import photograph
from scipy.stats import chi2

from models.estimation.estimate import Estimate
from models.estimation.estimator import StateEstimator
from models.estimation.measurements.channel_readings import ChannelReadings
from models.estimation.measurements.pseudo_measurements import PSEUDO_STD_DEV_FRACTION
from models.network_model import NetworkModel
from mosaik_scenarios.report.drawing import BLUE, GREEN, GREY, INK, ORANGE, RED, figure_of_rows
from networks.registry import load_feeder

PICTURES = Path(__file__).parent / "estimation"
SIZE = (900, 360)
SEED = 2026
CLEAN_DRAWS, DRAWS = 2000, 200
SIZES = np.arange(0.0, 21.0, 1.0)
VOLTMETER, FLOW, IN_A_GROUP = "v bus 14", "p line 0 from", "p bus 31"


class Feeder:
    """The feeder, its meters, what they read without error, and estimates from drawn errors."""

    def __init__(self, without: Iterable[str] = ()) -> None:
        feeder = load_feeder("ieee33", extensions=())
        self.net = feeder.net
        self.plan = feeder.meters[~feeder.meters.name.isin(list(without))].reset_index(drop=True)
        self.network = NetworkModel(self.net)
        self.estimator = StateEstimator(self.network, self.plan)
        self.true_vm_pu = self.net.res_bus.vm_pu.to_numpy()
        self.reading = self.readings(self.net)
        self.std_dev = self.plan.std_dev.to_numpy()
        self.random = np.random.default_rng(SEED)

    def readings(self, net: Any) -> np.ndarray:
        """What the meters would read, without error, in the solved state of `net`."""
        state = net.res_bus.vm_pu.to_numpy(), net.res_bus.va_degree.to_numpy()
        return ChannelReadings(self.estimator.channels).at(self.network.admittances(), *state)

    def position(self, channel: str) -> int:
        """Row of a channel in the plan."""
        return int(self.plan.index[self.plan.name == channel][0])

    def error(self, channel: str, sigma: float) -> np.ndarray:
        """An error of so many standard deviations at one channel."""
        return np.where(self.plan.name == channel, sigma * self.std_dev, 0.0)

    def estimate(self, error: np.ndarray | float = 0.0, usable: np.ndarray | None = None) -> Estimate:
        """One estimate with freshly drawn errors of meters and forecasts, and another error beside them."""
        noise = self.std_dev * self.random.standard_normal(len(self.plan))
        power = [self.net.load[column].to_numpy() for column in ("p_mw", "q_mvar")]
        forecast = [p + PSEUDO_STD_DEV_FRACTION * abs(p) * self.random.standard_normal(len(p)) for p in power]
        usable = np.ones(len(self.plan), dtype=bool) if usable is None else usable
        return self.estimator.estimate(self.reading + noise + error, usable, *forecast)

    def estimates(self, error: np.ndarray | float = 0.0, draws: int = DRAWS) -> list[Estimate]:
        """Many of them."""
        return [self.estimate(error) for _ in range(draws)]

    def worst_error(self, estimates: list[Estimate]) -> float:
        """Median over the draws of the largest voltage error. [pu]"""
        return float(np.median([np.abs(found.vm_pu - self.true_vm_pu).max() for found in estimates]))


def gross_error(feeder: Feeder) -> Any:
    """Left: J(x) without and with a gross error beside its distribution. Right: J(x) over the error's size."""
    figure = figure_of_rows(("J(x) of single estimates", "Median of J(x) over the size of one error"), columns=2)
    clean = feeder.estimates(draws=CLEAN_DRAWS)
    spoilt = feeder.estimates(feeder.error(VOLTMETER, 8.0))
    freedom, threshold = clean[0].degrees_of_freedom, clean[0].chi_square_threshold
    alarms = np.mean([found.objective > threshold for found in clean])
    print(f"{freedom} degrees of freedom, threshold {threshold:.1f}, {100 * alarms:.2f} % of {CLEAN_DRAWS} above it")
    found = np.mean([estimate.removed.tolist() == (feeder.plan.name == VOLTMETER).tolist() for estimate in spoilt])
    told = f"J median {median_objective(spoilt):.0f}, that channel alone removed in {100 * found:.0f} %"
    print(f"8 sigma at {VOLTMETER}: {told}")
    for estimates, name, colour in ((clean, "good meters", BLUE), (spoilt, f"{VOLTMETER}: 8 sigma", RED)):
        figure.add_histogram(
            x=[found.objective for found in estimates], histnorm="probability density", name=name, marker_color=colour,
            opacity=0.45, xbins={"size": 4}, row=1, col=1,
        )  # fmt: skip
    values = np.linspace(1.0, 2.5 * threshold, 300)
    curve = {"mode": "lines", "line": {"color": INK, "width": 1.6}, "name": f"χ², {freedom} degrees of freedom"}
    figure.add_scatter(x=values, y=chi2.pdf(values, freedom), row=1, col=1, **curve)
    figure.add_vline(threshold, line={"color": GREY, "dash": "dash"}, row=1, col=1)
    for channel, colour in ((VOLTMETER, RED), (FLOW, ORANGE), (IN_A_GROUP, GREEN)):
        medians = [median_objective(feeder.estimates(feeder.error(channel, sigma))) for sigma in SIZES]
        figure.add_scatter(x=SIZES, y=medians, name=channel, line={"color": colour}, row=1, col=2)
        above = SIZES[np.array(medians) > threshold]
        seen = f"from {above[0]:g} sigma" if len(above) else f"nowhere up to {SIZES[-1]:g} sigma"
        print(f"{channel}: median of J above its threshold {seen}")
    figure.add_hline(threshold, line={"color": GREY, "dash": "dash"}, row=1, col=2, annotation_text="threshold at 1 %")
    figure.update_xaxes(title_text="J(x)", row=1, col=1).update_xaxes(title_text="error [sigma]", row=1, col=2)
    return figure.update_yaxes(showticklabels=False, row=1, col=1).update_layout(barmode="overlay")


def identification(feeder: Feeder) -> Any:
    """Left: normalised residuals with an error and without what was removed. Right: what that does to the estimate."""
    titles = ("Normalised residuals", "Estimated less true voltage [pu]")
    figure = figure_of_rows(titles, columns=2)
    error = feeder.error(VOLTMETER, 20.0)
    state = feeder.random.bit_generator.state
    spoilt = feeder.estimate(error)
    feeder.random.bit_generator.state = state  # the same meter errors again
    cleaned = feeder.estimate(error, usable=~spoilt.removed)
    feeder.estimator.max_removals = 0
    feeder.random.bit_generator.state = state
    kept = feeder.estimate(error)
    feeder.estimator.max_removals = 10
    names = feeder.plan.name[spoilt.removed].tolist()
    above = feeder.plan.name[spoilt.normalised_residual > feeder.estimator.identification_threshold].tolist()
    print(f"20 sigma at {VOLTMETER}: {len(above)} above the threshold ({', '.join(above)}), removed {names}")
    print(
        f"J {spoilt.objective:.0f} -> {spoilt.objective_after_removal:.0f}; threshold {spoilt.chi_square_threshold:.0f}"
    )
    for found, name, colour in ((spoilt, "with the error", RED), (cleaned, f"without {', '.join(names)}", BLUE)):
        figure.add_bar(x=feeder.plan.name, y=found.normalised_residual, name=name, marker_color=colour, row=1, col=1)
    threshold = feeder.estimator.identification_threshold
    figure.add_hline(threshold, line={"color": GREY, "dash": "dash"}, row=1, col=1)
    for found, name, colour in ((kept, "error left in", RED), (spoilt, "error removed", BLUE)):
        off = found.vm_pu - feeder.true_vm_pu
        print(f"{name}: largest voltage error {np.abs(off).max():.4f} pu")
        line = {"color": colour, "width": 2}
        figure.add_scatter(x=feeder.network.bus_index, y=off, name=name, line=line, mode="lines+markers", row=1, col=2)
    figure.update_xaxes(showticklabels=False, showgrid=False, title_text="channels", row=1, col=1)
    return figure.update_xaxes(title_text="bus", row=1, col=2).update_layout(barmode="overlay")


def blind_spots(feeder: Feeder) -> Any:
    """Errors that J(x) sees, and two kinds that it cannot: a critical channel, and readings that fit one another."""
    titles = ("Median of J(x) over its threshold", "Largest voltage error [pu], median")
    figure = figure_of_rows(titles, columns=2)
    of_voltage = feeder.plan.measurement_type == "v"
    checks = (of_voltage | (feeder.plan.measurement_type == "i")) & (feeder.plan.name != VOLTMETER)
    critical = Feeder(without=feeder.plan.name[checks])
    conforming = conforming_error(feeder)
    changed = int((np.abs(conforming) > 0.05 * np.abs(conforming / feeder.std_dev).max() * feeder.std_dev).sum())
    report = critical.estimator.observability_report()
    print(f"critical: {', '.join(report.critical_channels)}; conforming: {changed} channels")
    cases = (
        (f"{VOLTMETER}, one of {of_voltage.sum()} voltmeters", feeder, feeder.error(VOLTMETER, 1.0), BLUE),
        (f"{VOLTMETER}, alone with power meters", critical, critical.error(VOLTMETER, 1.0), ORANGE),
        ("all meters as if the supply stood higher", feeder, conforming, RED),
    )
    for name, at, error_of_one_sigma, colour in cases:
        runs = [at.estimates(size * error_of_one_sigma) for size in SIZES]
        ratio = [median_objective(found) / found[0].chi_square_threshold for found in runs]
        off = [at.worst_error(found) for found in runs]
        print(f"{name}: J/threshold {ratio[0]:.2f} -> {ratio[-1]:.2f}, error {off[0]:.4f} -> {off[-1]:.4f} pu")
        line = {"color": colour, "dash": "dash" if error_of_one_sigma is conforming else "solid"}
        figure.add_scatter(x=SIZES, y=ratio, name=name, line=line, row=1, col=1)
        figure.add_scatter(x=SIZES, y=off, line=line, showlegend=False, row=1, col=2)
    figure.add_hline(1.0, line={"color": GREY, "dash": "dash"}, row=1, col=1)
    figure.update_yaxes(type="log", tickvals=[0.2, 0.5, 1, 2, 5, 10], row=1, col=1)
    return figure.update_xaxes(title_text="largest error at a meter [sigma]")


def conforming_error(feeder: Feeder) -> np.ndarray:
    """What every meter would read more if the supply stood higher, the largest change being one standard deviation."""
    import pandapower

    net = load_feeder("ieee33", extensions=()).net
    net.ext_grid.loc[:, "vm_pu"] += 0.001
    pandapower.runpp(net, calculate_voltage_angles=True, tolerance_mva=1e-10)
    change = feeder.readings(net) - feeder.reading
    return change / np.abs(change / feeder.std_dev).max()


def median_objective(estimates: list[Estimate]) -> float:
    """Median of J(x). [-]"""
    return float(np.median([found.objective for found in estimates]))


def main() -> None:
    """Draw all three."""
    for draw in (gross_error, identification, blind_spots):
        figure = draw(Feeder()).update_layout(height=SIZE[1] - 20, margin={"t": 70, "b": 50}, hovermode=False)
        photograph([figure], PICTURES / f"{draw.__name__}.png", SIZE)


if __name__ == "__main__":
    main()
