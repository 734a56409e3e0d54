"""Trained detectors between runs."""

import numpy as np
import pytest

from models.detection import DETECTORS
from models.detection.model_store import ModelStore, default_folder
from models.errors import ChannelMismatchError, ModelMismatchError

KEY = {"feeder": "ieee33", "seed": 7, "parameters": {"hidden_size": 24}}


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "models")


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_comes_back_with_identical_scores(name, store, trained, clean_days):
    detector, day = trained(name), clean_days(1, seed=30)
    store.save(KEY, detector)
    loaded = store.load(KEY, detector.channels)
    assert loaded.threshold == detector.threshold
    np.testing.assert_array_equal(loaded.scores(day), detector.scores(day))


def test_another_key_finds_nothing(store, trained):
    detector = trained("chi_square")
    store.save(KEY, detector)
    assert store.load({**KEY, "seed": 8}, detector.channels) is None


def test_the_order_of_a_key_does_not_matter(store):
    assert store.path(KEY) == store.path(dict(reversed(KEY.items())))


def test_other_channels_are_refused_with_the_difference_named(store, trained):
    detector = trained("lstm_autoencoder")
    store.save(KEY, detector)
    with pytest.raises(ChannelMismatchError, match="missing v bus 0; unknown p bus 0"):
        store.load(KEY, ("p bus 0", *detector.channels[1:]))
    with pytest.raises(ChannelMismatchError, match="another order"):
        store.load(KEY, detector.channels[::-1])


def test_a_file_under_anothers_name_is_refused_with_the_difference_named(store, trained):
    detector = trained("pca")
    other = {**KEY, "feeder": "cigre_mv", "parameters": {}, "plan": "full"}
    store.path(KEY).parent.mkdir(parents=True)
    store.save(other, detector).rename(store.path(KEY))
    expected = "feeder was 'cigre_mv', is 'ieee33'; parameters.hidden_size was None, is 24; plan was 'full', is None"
    with pytest.raises(ModelMismatchError, match=expected):
        store.load(KEY, detector.channels)


@pytest.mark.parametrize("damage", ["empty", "text", "half", "flipped", "foreign", "pickle"])
def test_a_corrupt_or_foreign_file_warns_and_is_no_detector(store, trained, damage):
    path = store.save(KEY, trained("lstm_autoencoder"))
    whole = path.read_bytes()
    middle = len(whole) // 2
    if damage == "foreign":
        np.savez(path, description=np.array('{"name": "oracle", "parameters": {}}'))
    elif damage == "pickle":
        np.savez(path, description=np.array([{}], dtype=object))
    else:
        path.write_bytes(
            {
                "empty": b"",
                "text": b"not a model",
                "half": whole[:middle],
                "flipped": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
            }[damage]
        )
    with pytest.warns(UserWarning, match="no trained detector in it"):
        assert store.load(KEY, trained("lstm_autoencoder").channels) is None


def test_a_file_with_an_array_of_the_wrong_shape_is_no_detector(store, trained):
    detector = trained("lstm_autoencoder")
    path = store.save(KEY, detector)
    with np.load(path) as stored:
        np.savez(path, **{**stored, "mean": np.zeros(3)})
    with pytest.warns(UserWarning, match="expected mean of shape"):
        assert store.load(KEY, detector.channels) is None


def test_a_forest_whose_branches_lead_nowhere_is_no_detector(store, trained):
    detector = trained("isolation_forest")
    path = store.save(KEY, detector)
    with np.load(path) as stored:
        np.savez(path, **{**stored, "left": stored["left"] + 9999})
    with pytest.warns(UserWarning, match="branches lead nowhere"):
        assert store.load(KEY, detector.channels) is None


def test_saving_leaves_nothing_but_the_file(store, trained):
    path = store.save(KEY, trained("chi_square"))
    assert list(store.folder.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_warns_and_the_run_goes_on(tmp_path, trained):
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(UserWarning, match="could not keep"):
        assert ModelStore(tmp_path / "file").save(KEY, trained("chi_square")) is None


def test_the_folder_can_be_told_by_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("GRIDTWIN_CACHE", str(tmp_path))
    assert default_folder() == tmp_path
