"""What is left of past residuals."""

import numpy as np
import pytest

from models.detection.residual_memory import ResidualMemory

UNBOUNDED = np.full((2, 1), np.inf)
KNOWN = np.array([True])


def last(memory, residuals):
    for residual in residuals:
        average = memory.update(np.array([residual]), KNOWN)
    return average[:, 0]


def test_a_constant_residual_is_what_every_average_comes_to():
    np.testing.assert_allclose(last(ResidualMemory([0.5, 0.1], UNBOUNDED), [2.0] * 200), [2.0, 2.0])


def test_noise_shrinks_as_theory_says_and_more_in_the_long_average():
    """The variance of a moving average with weight w is w / (2 - w) of the noise's."""
    memory, noise = ResidualMemory([0.3, 0.06], UNBOUNDED), np.random.default_rng(0).normal(size=20_000)
    averages = np.array([memory.update(np.array([value]), KNOWN)[:, 0].copy() for value in noise])
    np.testing.assert_allclose(averages[200:].std(axis=0), np.sqrt([0.3 / 1.7, 0.06 / 1.94]), rtol=0.05)


def test_an_unknown_residual_changes_nothing():
    memory = ResidualMemory([0.5, 0.1], UNBOUNDED)
    before = memory.update(np.array([1.0]), KNOWN).copy()
    np.testing.assert_array_equal(memory.update(np.array([np.nan]), ~KNOWN), before)


def test_a_bounded_average_soon_forgets_a_large_error():
    memory = ResidualMemory([0.1, 0.1], np.array([[np.inf], [2.0]]))
    free, bounded = last(memory, [1000.0] * 50 + [0.0] * 10)
    assert free > 100
    assert bounded == pytest.approx(2.0 * 0.9**10)
