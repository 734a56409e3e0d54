"""What the training of every LSTM keeps: memory by record, the same weights again, torch as it was."""

import numpy as np
import pytest
import torch
from torch import nn

from models.detection.determinism import deterministic
from models.detection.lstm_parameters import LstmParameters
from models.detection.lstm_training import descend, in_windows

PARAMETERS = LstmParameters(hidden_size=2, updates=12, windows_per_update=2)


def record(scans, seed):
    return [np.random.default_rng(seed).normal(size=(scans, 3)).astype(np.float32)]


def test_windows_follow_each_other_within_a_record_only():
    first, second = record(25, 0), record(30, 1)
    (series,), place = in_windows([first, second], window=10)
    np.testing.assert_array_equal(series[:, 1], first[0][10:20])
    np.testing.assert_array_equal(series[:, 2], second[0][:10])
    assert place.tolist() == [0, 1, 0, 3, 4]


def test_a_record_shorter_than_two_windows_is_cut_in_two():
    (series,), place = in_windows([record(40, 0), record(9, 1)], window=20)
    assert series.shape[0] == 4
    assert place.tolist().count(0) == 2


@pytest.fixture
def memories():
    """Trains on two records; what memory every window of the batches began with, by its first value."""
    began = []

    def loss_of(batch, memory, generator):
        began.extend(zip(batch[0][0, :, 0].tolist(), memory[0, :, 0].tolist(), strict=True))
        return network(batch[0]).square().mean(), torch.ones_like(memory)

    windows = in_windows([record(20, 0), record(30, 1)], window=10)
    with deterministic(0):
        network = nn.Linear(3, 1)
        descend(network, windows, torch.zeros(1, 1, 2), loss_of, PARAMETERS, 0, None)
    first_values = windows.series[0][0, :, 0].tolist()
    return {value: {memory for seen, memory in began if seen == value} for value in first_values}, first_values


def test_memory_does_not_run_over_from_one_record_into_the_next(memories):
    seen, first_values = memories
    begins_a_record = (0, 2)
    assert all(seen[first_values[window]] == {0.0} for window in begins_a_record)
    assert all(1.0 in seen[first_values[window]] for window in (1, 3, 4))


def test_training_leaves_torch_as_it_found_it():
    torch.set_num_threads(2)
    before = torch.random.get_rng_state()
    with deterministic(3):
        torch.rand(5)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.get_num_threads() == 2
    assert not torch.are_deterministic_algorithms_enabled()
