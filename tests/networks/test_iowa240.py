"""The Iowa 240-bus system from its public release: what is read, how readings find their loads, and what is refused."""

import shutil
from copy import deepcopy
from pathlib import Path

import numpy as np
import pandapower
import pandas as pd
import pytest

from networks import Feeder, load_feeder
from networks.errors import InvalidFeederError
from networks.three_phase.start import let_runpp_converge

HOURS = [0, 249, 2000, 5000, 8759]


@pytest.fixture(scope="module")
def release(reference_data: Path) -> Path:
    return reference_data / "iowa240"


@pytest.fixture(scope="module")
def feeder(release: Path) -> Feeder:
    return load_feeder(release)


@pytest.fixture
def copy(release: Path, tmp_path: Path) -> Path:
    """The release as a folder of the test's own."""
    shutil.copytree(release / "dss", tmp_path / "dss")
    for path in release.glob("Feeder*.csv"):
        pd.read_csv(path, nrows=3).to_csv(tmp_path / path.name, index=False)
    return tmp_path


def test_a_folder_and_the_registered_name_are_the_same_feeder(
    feeder: Feeder, release: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDTWIN_IOWA240", str(release))
    named = load_feeder("iowa240")
    assert (feeder.name, feeder.source, feeder.extensions) == (named.name, named.source, named.extensions)
    pd.testing.assert_frame_equal(feeder.net.load, named.net.load)
    assert feeder.location.timezone == "America/Chicago"
    assert feeder.solvers == ("pandapower", "opendss")


def test_every_reading_finds_its_load_and_a_load_that_nobody_read_stands_still(feeder: Feeder, release: Path) -> None:
    recorded, load = feeder.recorded_loads, feeder.net.load
    assert recorded is not None
    assert (recorded.start, recorded.step_s) == ("2017-01-01T00:00", 3600.0)
    assert recorded.p_mw.shape == recorded.q_mvar.shape == (8760, len(load)) == (8760, 194)
    for feeder_name in "ABC":
        for quantity, played in (("P", recorded.p_mw), ("Q", recorded.q_mvar)):
            readings = pd.read_csv(release / f"Feeder{feeder_name}_{quantity}.csv")
            loads = [load.index[load.name == f"load_{bus.removeprefix('Bus')}"][0] for bus in readings]
            np.testing.assert_allclose(played[loads].to_numpy(), readings.to_numpy() / 1000.0, rtol=1e-12, atol=0)
    unread = load.index[load.name == "load_3139"][0]
    assert (recorded.p_mw[unread] == load.p_mw[unread]).all()


@pytest.mark.parametrize("hour", HOURS)
def test_with_the_taps_of_the_matlab_study_the_balanced_net_draws_what_it_drew(
    feeder: Feeder, release: Path, hour: int
) -> None:
    net, recorded = deepcopy(feeder.net), feeder.recorded_loads
    assert recorded is not None
    totals = pd.read_csv(release / "Total_P&Q.csv").iloc[hour]
    taps = pd.read_csv(release / "Tap_Changing_Data.csv").iloc[hour]
    net.load["p_mw"], net.load["q_mvar"] = recorded.p_mw.iloc[hour], recorded.q_mvar.iloc[hour]
    net.trafo.loc[feeder.regulators.trafo.iloc[0], "tap_pos"] = taps.mean()
    let_runpp_converge(net)
    pandapower.runpp(net, numba=False)
    delivered = -net.res_line.loc[net.line.name == "source impedance"].iloc[0]
    assert 1000 * delivered.p_to_mw == pytest.approx(totals.Total_Active_Power, rel=5e-4)
    assert 1000 * delivered.q_to_mvar == pytest.approx(totals.Total_Reac_Power, abs=15.0)


def test_without_a_folder_the_variable_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GRIDTWIN_IOWA240", raising=False)
    with pytest.raises(InvalidFeederError, match="set GRIDTWIN_IOWA240 to the folder that holds it"):
        load_feeder("iowa240")
    monkeypatch.setenv("GRIDTWIN_IOWA240", str(tmp_path))
    with pytest.raises(InvalidFeederError, match=r"which lacks dss/Master\.dss or FeederA_P\.csv"):
        load_feeder("iowa240")


def shorten(path: Path) -> None:
    pd.read_csv(path, nrows=2).to_csv(path, index=False)


def rename(path: Path) -> None:
    pd.read_csv(path).rename(columns={"Bus2002": "Bus2099"}).to_csv(path, index=False)


def blank(path: Path) -> None:
    table = pd.read_csv(path)
    table.loc[1, "Bus2002"] = np.nan
    table.to_csv(path, index=False)


DAMAGES = {
    "fewer hours": (lambda folder: shorten(folder / "FeederB_P.csv"), r"FeederB_P\.csv holds 2 hours, .* 3"),
    "another bus": (lambda folder: [rename(folder / f"FeederB_{x}.csv") for x in "PQ"], "readings of bus2099, where"),
    "a bus in P alone": (lambda folder: rename(folder / "FeederB_P.csv"), "P and Q of different buses: bus2002"),
    "a gap": (lambda folder: blank(folder / "FeederB_Q.csv"), r"FeederB_Q\.csv lacks readings"),
    "text": (lambda folder: (folder / "FeederA_Q.csv").write_text("Bus1003\nmany\n"), r"FeederA_Q\.csv cannot be read"),
    "no file": (lambda folder: (folder / "FeederC_P.csv").unlink(), r"FeederC_P\.csv cannot be read"),
    "twice": (
        lambda folder: shutil.copy(folder / "FeederA_P.csv", folder / "FeederB_P.csv"),
        "two columns P of bus1003",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_readings_that_do_not_fit_are_refused_in_one_line(copy: Path, damage: str) -> None:
    change, words = DAMAGES[damage]
    change(copy)
    with pytest.raises(InvalidFeederError, match=words) as error:
        load_feeder(copy)
    assert "\n" not in str(error.value)
