"""Processes beside this one."""

from concurrent.futures import ThreadPoolExecutor
from time import sleep

from mosaik_scenarios.subprocesses import Subprocesses


def test_the_last_line_of_what_went_wrong_comes_back(tmp_path):
    with Subprocesses() as processes:
        assert "no_such_statement" in processes.run("timeit", ["no_such_statement"], tmp_path / "errors.txt")
        assert processes.run("timeit", ["-n1", "-r1", "pass"], tmp_path / "errors.txt") is None


def test_shares_are_told_and_chatter_is_not(tmp_path):
    told = []
    with Subprocesses() as processes:
        statement = "print('loading'); print(0.25); print(1.0)"
        processes.run("timeit", ["-n1", "-r1", statement], tmp_path / "errors.txt", told.append)
    assert told == [0.25, 1.0]


def test_no_process_outlives_its_block(tmp_path):
    """A sleep of an hour ends with the block, or this test would not end."""
    begun = tmp_path / "begun"
    with ThreadPoolExecutor() as pool, Subprocesses() as processes:
        statement = f"import pathlib, time; pathlib.Path({str(begun)!r}).touch(); time.sleep(3600)"
        reason = pool.submit(processes.run, "timeit", ["-n1", "-r1", statement], tmp_path / "errors.txt")
        while not begun.exists():
            sleep(0.02)
    assert reason.result() == "exit code -15"
