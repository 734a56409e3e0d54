"""Work is done anew exactly if what it was made from has changed."""

import numpy as np

from mosaik_scenarios.arena.fingerprints import record_fingerprint, sources


def test_a_detector_depends_on_what_it_imports_even_inside_a_function_and_on_no_other_detector():
    names = set(sources("models.detection.lstm_autoencoder"))
    assert {"models.detection.base", "models.detection.threshold", "models.detection.lstm_network"} <= names
    assert "models.detection.chi_square" not in names


def test_a_record_is_known_by_every_value_in_it(tmp_path):
    value = np.arange(1000.0)
    for name, change in (("one", 0.0), ("same", 0.0), ("other", 1e-12)):
        value[500] = change
        np.savez(tmp_path / name, value=value)
    one, same, other = (record_fingerprint(tmp_path / f"{name}.npz") for name in ("one", "same", "other"))
    assert one == same != other
