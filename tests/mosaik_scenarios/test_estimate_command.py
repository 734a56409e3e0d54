"""``gridtwin estimate``: 0 with a state, 1 where bad data cannot be told, 2 and a line for what is wrong."""

import json
import re
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandapower
import pandas as pd
import pytest

from mosaik_scenarios import cli

ROOT = Path(__file__).parents[2]
QUANTITIES = {"v": (0.002, "vm_pu"), "p": (0.002, "p_mw"), "q": (0.002, "q_mvar")}


def village() -> Any:
    """A source and four buses in a row at 20 kV, with loads and noisy meters at all of them."""
    net = pandapower.create_empty_network()
    buses = [int(bus) for bus in pandapower.create_buses(net, 5, vn_kv=20.0)]
    pandapower.create_ext_grid(net, buses[0])
    for start, end in pairwise(buses):
        pandapower.create_line(net, start, end, length_km=2.0, std_type="NAYY 4x150 SE")
        pandapower.create_load(net, end, p_mw=0.2, q_mvar=0.05)
    pandapower.runpp(net)
    noise = np.random.default_rng(4)
    for quantity, (std_dev, column) in QUANTITIES.items():
        for bus in buses:
            value = net.res_bus.at[bus, column] + std_dev * noise.standard_normal()
            pandapower.create_measurement(net, quantity, "bus", value, std_dev, element=bus)
    return net


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The village; village.json and meters.csv lie in the working directory."""
    monkeypatch.chdir(tmp_path)
    net = village()
    pandapower.to_json(net, "village.json")
    net.measurement.to_csv("meters.csv", index=False)
    return net


@pytest.fixture
def gridtwin(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple]:
    """The command in this process: exit code, stdout, stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gridtwin", "estimate", *arguments])
        with pytest.raises(SystemExit) as ending:
            cli.main()
        shown = capsys.readouterr()
        return int(ending.value.code or 0), shown.out, shown.err

    return call


def changed(file: str, row: int, column: str, value: object) -> None:
    """Write meters.csv anew with another value in it."""
    table = pd.read_csv("meters.csv").astype({column: object})
    table.loc[row, column] = value
    table.to_csv(file, index=False)


def test_a_net_s_own_measurements_need_no_file(net: Any, gridtwin: Callable) -> None:
    code, from_net, _ = gridtwin("village.json")
    assert code == 0
    assert "15 measurements; 5 buses; method wls" in from_net
    assert "6 degrees of freedom" in from_net
    assert "No bad data found." in from_net
    code, from_file, _ = gridtwin("village.json", "meters.csv")
    assert from_file.splitlines()[1:] == from_net.splitlines()[1:]


def test_what_is_found_lies_in_three_files(net: Any, gridtwin: Callable) -> None:
    changed("wrong.csv", 3, "value", 1.1)
    code, shown, _ = gridtwin("village.json", "wrong.csv", "--out", "estimates/wrong")
    assert code == 0
    assert "Bad data identified: v bus 3." in shown
    folder = Path("estimates/wrong")
    assert sorted(file.name for file in folder.iterdir()) == ["bus.csv", "estimate.json", "measurements.csv"]
    assert list(folder.parent.iterdir()) == [folder]
    bus = pd.read_csv(folder / "bus.csv", index_col="bus")
    np.testing.assert_allclose(bus.vm_pu, net.res_bus.vm_pu, atol=0.004)
    meters = pd.read_csv(folder / "measurements.csv", index_col="name")
    assert meters.index[meters.removed].tolist() == ["v bus 3"]
    assert meters.residual["v bus 3"] == pytest.approx(0.1, abs=0.02)
    told = json.loads((folder / "estimate.json").read_text())
    assert told["removed_measurements"] == ["v bus 3"]
    assert told["objective"] > told["chi_square_threshold"] > told["objective_after_removal"]
    assert told["settings"]["method"] == "wls"

    code, _, problem = gridtwin("village.json", "--out", str(folder))
    assert (code, "replace it with --force" in problem) == (2, True)
    assert gridtwin("village.json", "--out", str(folder), "--force")[0] == 0
    assert json.loads((folder / "estimate.json").read_text())["removed"] == 0
    (folder / "thesis.tex").touch()
    assert "holds files of no estimate" in gridtwin("village.json", "--out", str(folder), "--force")[2]


def test_bad_data_that_cannot_be_told_is_exit_code_1(net: Any, gridtwin: Callable) -> None:
    table = pd.read_csv("meters.csv")
    two_voltages = table[(table.measurement_type != "v") | (table.element < 2)].copy()
    two_voltages.loc[two_voltages.measurement_type == "v", "value"] = [1.0, 0.9]
    two_voltages.to_csv("two.csv", index=False)
    net.line["c_nf_per_km"] = 0.0  # charging would tell the level of voltage by its reactive power
    pandapower.to_json(net, "without_charging.json")
    code, shown, _ = gridtwin("without_charging.json", "two.csv")
    assert code == 1
    assert "Bad data suspected, among " in shown
    assert "cannot be told" in shown


def test_what_is_not_measured_is_assumed_only_where_asked_for(net: Any, gridtwin: Callable) -> None:
    table = pd.read_csv("meters.csv")
    table[(table.measurement_type == "v") & (table.element == 0)].to_csv("supply.csv", index=False)
    code, shown, problem = gridtwin("village.json", "supply.csv", "--out", "estimate")
    assert (code, shown) == (2, "")
    assert "leave the state of 4 of 5 buses open: 1, 2, 3, 4; measure there" in problem
    assert not Path("estimate").exists()
    code, shown, _ = gridtwin("village.json", "supply.csv", "--pseudo-measurements")
    assert code == 0
    assert "Critical, an error here would not be seen (1): v bus 0" in shown


@pytest.mark.parametrize(
    ("row", "column", "value", "problem"),
    [
        (2, "value", "high", "wrong.csv, line 4: expected a number as value, got 'high'."),
        (2, "element", 77, "wrong.csv, line 4: expected a bus of the network, got bus 77, which it does not have."),
        (2, "std_dev", -1, "wrong.csv, line 4: expected a positive number as std_dev, got -1."),
    ],
)
def test_a_wrong_row_is_one_line(
    net: Any, gridtwin: Callable, row: int, column: str, value: object, problem: str
) -> None:
    changed("wrong.csv", row, column, value)
    assert gridtwin("village.json", "wrong.csv") == (2, "", f"gridtwin: {problem}\n")


def test_networks_that_cannot_be_are_one_line(net: Any, gridtwin: Callable) -> None:
    net.load["in_service"] = [True, True, True, False]
    net.line.at[3, "in_service"] = False
    pandapower.to_json(net, "dead.json")
    net.line.at[2, "in_service"] = False
    pandapower.to_json(net, "cut.json")
    for arguments, problem in (
        (["dead.json"], "'v bus 4' reads 0.99"),
        (["cut.json"], "loads at bus 3 have no connection to a slack"),
        (["nowhere.json"], "no file nowhere.json"),
        (["village.json", "nowhere.csv"], "no file nowhere.csv"),
        (["village.json", "--method", "magic"], "algorithm is one of wls, huber, shgm, lav"),
    ):
        code, shown, told = gridtwin(*arguments)
        assert (code, shown, told.count("\n")) == (2, "", 1), told
        assert problem in told


def test_no_co_simulation_is_needed() -> None:
    # Neither networks nor models import mosaik or a simulator: other tests hold that.
    for file in (ROOT / "mosaik_scenarios" / "estimation").glob("*.py"):
        ours = re.findall(r"(?:from|import) ((?:mosaik|simulators|mosaik_scenarios)[\w.]*)", file.read_text())
        assert set(ours) <= {
            "mosaik_scenarios.channel_units",
            "mosaik_scenarios.errors",
            "mosaik_scenarios.output_folder",
            *(f"mosaik_scenarios.estimation.{n}" for n in ("folder", "text")),
        }
