"""Conductors as the balanced line with the same losses and the same charging."""

import numpy as np
import pytest

from networks.three_phase.folding import folded_impedance, folded_susceptance, line_to_line_kv

SELF, MUTUAL = 0.4 + 0.9j, 0.1 + 0.4j


def conductors(n: int) -> np.ndarray:
    return np.full((n, n), MUTUAL) + np.eye(n) * (SELF - MUTUAL)


def test_one_phase_counts_threefold_two_by_half_more_and_three_as_their_positive_sequence() -> None:
    assert folded_impedance(conductors(1), "b") == pytest.approx(3 * SELF)
    assert folded_impedance(conductors(2), "ac") == pytest.approx(1.5 * (SELF - MUTUAL / 2))
    assert folded_impedance(conductors(3), "abc") == pytest.approx(SELF - MUTUAL)


def test_legs_carry_their_current_there_and_back() -> None:
    assert folded_impedance(conductors(2), "12") == pytest.approx(1.5 * (SELF - MUTUAL))
    assert line_to_line_kv(0.12, "1", "wye") == pytest.approx(0.12 * np.sqrt(3))
    assert line_to_line_kv(0.24, "12", "delta") == pytest.approx(0.12 * np.sqrt(3))


def test_the_order_of_the_conductors_does_not_matter() -> None:
    matrix = np.diag([1.0, 2.0, 4.0]) + 0.2
    turned = matrix[np.ix_([2, 0, 1], [2, 0, 1])]
    assert folded_impedance(matrix.astype(complex), "abc") == pytest.approx(
        folded_impedance(turned.astype(complex), "cab")
    )


def test_charging_power_is_kept() -> None:
    assert folded_susceptance(np.array([[6.0]]), "a") == pytest.approx(2.0)
    assert folded_susceptance(np.array([[6.0, -1.0], [-1.0, 6.0]]), "ab") == pytest.approx((12.0 + 1.0) / 3)
    assert folded_susceptance(np.diag([6.0, 6.0, 6.0]), "abc") == pytest.approx(6.0)
