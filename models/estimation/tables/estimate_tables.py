"""An estimate as tables that a pandas user understands, beside the measurements it was made from."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from models.estimation.estimate import Estimate
from models.estimation.estimator import StateEstimator
from models.estimation.measurements.channel_readings import ChannelReadings
from models.estimation.measurements.measurement_frame import MeasurementFrame


@dataclass(frozen=True, eq=False)
class EstimateTables:
    """An estimate and the measurements behind it; true where a state was found.

    What pandapower's users read from the answer of `pandapower.estimation.estimate` is here under the same names:
    ``tables["success"]``, ``["num_iterations"]`` and ``["objective_function_value"]``.

    Parameters
    ----------
    estimator
        Whose channels are the rows of `measurements`.
    estimate
        What it made of them, with taps and switches as built.
    """

    estimator: StateEstimator
    estimate: Estimate
    measurements: MeasurementFrame

    def __bool__(self) -> bool:
        return self.estimate.converged

    def __getitem__(self, name: str) -> bool | int | float:
        estimate = self.estimate
        return {
            "success": estimate.converged,
            "num_iterations": estimate.iterations,
            "objective_function_value": estimate.objective,
        }[name]

    def bus_table(self) -> pd.DataFrame:
        """State by bus and its standard deviation: vm_pu [pu], va_degree [degree]; NaN where de-energised."""
        columns = ("vm_pu", "va_degree", "vm_pu_std_dev", "va_degree_std_dev")
        index = pd.Index(self.estimator.network.bus_index, name="bus")
        return pd.DataFrame({column: getattr(self.estimate, column) for column in columns}, index=index)

    def measurement_table(self) -> pd.DataFrame:
        """The measurements and what the estimate says of each, row by row.

        Beside the columns of `MeasurementFrame`: estimated and residual (value less estimated), in the unit of the
        value; normalised_residual, of everything that came in [-]; removed, suspect, critical as `Estimate` has them;
        used, whether the row had a say in the tests: it has a value, and its element is in service.
        """
        estimate, table = self.estimate, self.measurements.table.copy()
        table["estimated"] = self._estimated
        table["residual"] = table["value"] - table["estimated"]
        table["normalised_residual"] = estimate.normalised_residual
        for column, channels in (
            ("removed", estimate.removed),
            ("suspect", estimate.suspects),
            ("critical", estimate.critical),
            ("used", estimate.critical | np.isfinite(estimate.normalised_residual)),
        ):
            table[column] = channels
        return table

    def summary(self) -> pd.Series:
        """The estimate in numbers: tests of everything that came in, and what was done about bad data."""
        estimate = self.estimate
        figures = {
            "success": estimate.converged,
            "objective": estimate.objective,
            "degrees_of_freedom": estimate.degrees_of_freedom,
            "chi_square_threshold": estimate.chi_square_threshold,
            "p_value": estimate.p_value,
            "objective_after_removal": estimate.objective_after_removal,
            "identifiable": estimate.identifiable,
            "removed": int(estimate.removed.sum()),
            "suspects": int(estimate.suspects.sum()),
            "critical": int(estimate.critical.sum()),
            "iterations": estimate.iterations,
        }
        return pd.Series(figures, dtype=object, name="estimate")

    def verdict(self) -> str:
        """What the tests say, in a sentence."""
        estimate = self.estimate
        if not estimate.converged:
            return "No state found: the estimate did not converge."
        bad = self.measurements.table["name"][estimate.removed].tolist()
        told = f"Bad data identified: {', '.join(bad)}. " if bad else ""
        if not estimate.identifiable:
            suspects = self.measurements.table["name"][estimate.suspects].tolist()
            among = f", among {', '.join(suspects)}" if suspects else ""
            return f"{told}Bad data suspected{among}: which measurements are bad cannot be told."
        if estimate.degrees_of_freedom <= 0:
            return "Nothing can be tested: there are not more measurements than states."
        return told.strip() or "No bad data found."

    @cached_property
    def critical_groups(self) -> tuple[tuple[str, ...], ...]:
        """Channels, and forecasts, that nothing but charging and shunts tells apart should one of them be bad."""
        return self.estimator.observability_report(self.measurements.usable).critical_groups

    @cached_property
    def _estimated(self) -> np.ndarray:
        if not self.estimate.converged:
            return np.full(len(self.measurements), np.nan)
        readings = ChannelReadings(self.estimator.channels)
        return readings.at(self.estimator.network.admittances(), self.estimate.vm_pu, self.estimate.va_degree)
