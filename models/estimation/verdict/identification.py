"""Which measurements are bad: the largest normalised residual, and whether another row could be the culprit instead.

One gross error has the largest normalised residual at its own row ([1]); but a row whose residual is strongly
correlated with it has one nearly as large, and noise may turn the two around. So before a row is taken for the culprit,
every other row i is tried as an alternative: with i removed, the residual of the suspicious row j would be

    r_j given i  =  (r_j - gamma_ij r_i) / sqrt(1 - gamma_ij^2)

standard deviations, gamma_ij being the correlation of the two residuals and r both normalised. If that is within what
noise does, i explains the data as well: the culprit is not identifiable, and both are suspects that stay in. Of a
critical pair (gamma = 1) this is always so.

The search goes on as if the largest suspect were out, so that one ambiguous error does not hide others. In the end
every removed channel is tried again: what one error swamped fits once the others are gone.

Forecasts are rows too. One that the meters contradict beyond doubt is left out of the estimate, and where a forecast
may be wrong instead of a meter, the meter stays.

References
----------
.. [1] A. Abur, A. Gomez-Exposito, Power System State Estimation, Marcel Dekker 2004, chapter 5: largest normalised
   residual test, critical pairs.
.. [2] L. Mili, T. Van Cutsem, M. Ribbens-Pavella, Hypothesis testing identification: a new method for bad data analysis
   in power system state estimation, IEEE Trans. PAS 103 (11), 1984: identification as a test between hypotheses.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from models.estimation.solution.snapshot import Exclusions, Snapshot
from models.estimation.solution.topology import Fit
from models.estimation.verdict.bad_data import ChiSquareTest, chi_square_test
from models.network_model import BoolArray, FloatArray

# Residuals whose correlation differs from one by less are as good as perfectly correlated: rounding near critical rows.
SAME_RESIDUAL = 1e-4


@dataclass(frozen=True, eq=False)
class Identification:
    """What the search for bad data found."""

    fit: Fit
    """The state without what was removed."""
    removed: Exclusions
    suspects: BoolArray
    """Channels one of which is bad, while the data do not say which. (n_channel,)"""
    identifiable: bool
    """Whether the removals explain every failed test."""


class _Residuals(NamedTuple):
    """Residuals of the rows that may be bad, NaN elsewhere."""

    normalised: FloatArray
    """With their signs, (n_row,). [-]"""
    std_dev: FloatArray
    """(n_row,) [pu]"""

    def largest(self, threshold: float) -> int | None:
        """The row with the largest one, if that is above a threshold."""
        size = np.nan_to_num(np.abs(self.normalised), nan=0.0)
        row = int(size.argmax())
        return row if size[row] > threshold else None


class Identifier:
    """Searches the measurements of one time for bad data.

    Parameters
    ----------
    snapshot
        The measurements.
    threshold
        Normalised residual above which a row is suspicious. [-]
    significance
        Of the chi-square test of J, and of the test whether another row explains a residual as well. [-]
    max_removals
        Most rows taken out.
    """

    def __init__(self, snapshot: Snapshot, *, threshold: float, significance: float, max_removals: int) -> None:
        self._snapshot = snapshot
        self._topology = snapshot.topology
        self._measurements = snapshot.topology.measurements
        self._threshold = threshold
        self._significance = significance
        self._max_removals = max_removals
        self._noise = -ndtri(0.5 * significance)

    def identify(self, fit: Fit, test: ChiSquareTest, residuals: FloatArray) -> Identification:
        """Search, given a first fit, the test of its J, and the normalised residuals of its metered rows."""
        nothing = self._snapshot.nothing
        found = Identification(fit, removed=nothing, suspects=nothing.channels, identifiable=True)
        if test.passed and not (residuals > self._threshold).any():  # false for NaN
            return found
        return self._with_swamped_channels_back(self._search(found))

    def _search(self, found: Identification) -> Identification:
        """Take out the row with the largest normalised residual until none is large.

        In the end the rows for which others would do as well are back in.
        """
        out, fit = found.removed, found.fit
        for _ in range(self._max_removals):
            residuals = self._residuals(fit)
            row = residuals.largest(self._threshold)
            if row is None:
                break
            culprits = self._explanations(fit, residuals, row)
            tried = out.add(*self._parts_of(culprits & self._is(row)))
            refit = self._snapshot.fit_without(tried)
            if refit is not None and culprits.sum() == 1 and self._is_of_one_source(row):
                found = replace(found, removed=found.removed.add(*self._parts_of(culprits)))
            else:
                suspects, _ = self._parts_of(culprits)
                found = replace(found, suspects=found.suspects | suspects & ~out.channels, identifiable=False)
            if refit is None:
                break
            fit, out = refit, tried
        explained = self._passes(fit) and self._residuals(fit).largest(self._threshold) is None
        if not found.identifiable:
            fit = self._snapshot.fit_without(found.removed) or found.fit
        return replace(found, fit=fit, identifiable=found.identifiable and explained)

    def _with_swamped_channels_back(self, found: Identification) -> Identification:
        """Put back every removed channel that fits what is left without making anything suspicious."""
        removed = np.flatnonzero(found.removed.channels)
        if len(removed) == 1 or found.suspects.any():
            return found
        for channel in removed:
            channels = found.removed.channels.copy()
            channels[channel] = False
            fewer = replace(found.removed, channels=channels)
            refit = self._snapshot.fit_without(fewer)
            if refit is not None and self._residuals(refit).largest(self._threshold) is None:
                found = replace(found, fit=refit, removed=fewer, identifiable=self._passes(refit))
        return found

    def _passes(self, fit: Fit) -> bool:
        return chi_square_test(fit.objective, fit.degrees_of_freedom, self._significance).passed

    def _residuals(self, fit: Fit) -> _Residuals:
        std_dev = np.where(self._measurements.is_zero_injection, np.nan, self._topology.residual_std_dev(fit))
        return _Residuals(fit.solution.residual / std_dev, std_dev)

    def _explanations(self, fit: Fit, residuals: _Residuals, row: int) -> BoolArray:
        """Rows without any one of which the residual of `row` would be no more than noise, itself included. (n_row,)"""
        covariance = self._topology.residual_covariance(fit, row)
        correlation = covariance / (residuals.std_dev * residuals.std_dev[row])
        left_over = np.abs(residuals.normalised[row] - correlation * residuals.normalised)
        std_dev = np.sqrt(np.maximum(1.0 - correlation**2, SAME_RESIDUAL))
        return (left_over <= self._noise * std_dev) | self._is(row)  # false for NaN

    def _is(self, row: int) -> BoolArray:
        return np.arange(self._measurements.n_row) == row

    def _is_of_one_source(self, row: int) -> bool:
        """Whether a row is one channel's reading, or forecasts alone; where switches join buses, rows are sums."""
        return row >= self._measurements.n_metered or self._measurements.n_contribution[row] == 1

    def _parts_of(self, rows: BoolArray) -> tuple[BoolArray, BoolArray]:
        """The channels in some rows, and those of the rows that are forecasts. (n_channel,), (n_row,)"""
        is_forecast = np.arange(len(rows)) >= self._measurements.n_metered
        return self._measurements.channels_in(rows) & self._snapshot.usable, rows & is_forecast
