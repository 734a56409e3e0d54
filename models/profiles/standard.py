"""Standard load profiles of the German BDEW: what a class of customers draws, quarter-hour by quarter-hour."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from models.errors import UnknownNameError
from models.profiles.clock import Clock

if TYPE_CHECKING:
    import pandas as pd

CLASSES = ("h0", "g0", "g1", "g2", "g3", "g4", "g5", "g6", "l0", "l1", "l2")
QUARTER_HOUR_S = 900.0
# demandlib's name of the class where it differs: households follow the season through the BDEW's polynomial.
DYNAMIC_NAME = {"h0": "h0_dyn"}


@lru_cache(maxsize=4)
def yearly_profiles(year: int) -> pd.DataFrame:
    """Every class over one year's wall clock; each class's peak of that year is 1.

    Returns
    -------
    Mean power of each quarter-hour, (35040 or 35136, n_class) [-]; h0 with its seasonal dynamics, the others by season
    and type of day. Public holidays count as the weekday they fall on.

    References
    ----------
    .. [1] VDEW/BDEW, Repräsentative VDEW-Lastprofile, 1999, through the library demandlib (`demandlib.bdew.ElecSlp`).
    """
    from demandlib import bdew

    with warnings.catch_warnings():  # demandlib turns every warning of the process into an error
        profiles = bdew.ElecSlp(year).get_profiles(*(DYNAMIC_NAME.get(name, name) for name in CLASSES))
    profiles.columns = list(CLASSES)
    return profiles / profiles.max()


def class_profiles(
    clock: Clock, classes: Sequence[str], start_s: float, stop_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Class profiles around an interval, ready for linear interpolation.

    Parameters
    ----------
    classes
        Names out of `CLASSES`.
    start_s, stop_s
        The interval, since the scenario's start. [s]

    Returns
    -------
    seconds
        Middles of the quarter-hours, from before `start_s` until after `stop_s`. (n,) [s]
    level
        Mean power of each over the class's yearly peak. (n, n_class) [-]
    """
    offset_s = _seconds_into_quarter(clock)
    first = np.floor((start_s + offset_s) / QUARTER_HOUR_S) - 1
    last = np.ceil((stop_s + offset_s) / QUARTER_HOUR_S) + 1
    begin_s = np.arange(first, last + 1) * QUARTER_HOUR_S - offset_s
    wall_clock = clock.times(begin_s).tz_localize(None)
    level = np.empty((len(begin_s), len(classes)))
    for year in np.unique(wall_clock.year):
        rows = wall_clock.year == year
        quarter = ((wall_clock[rows] - _new_year(year)).total_seconds().to_numpy() // QUARTER_HOUR_S).astype(int)
        level[rows] = yearly_profiles(int(year))[list(classes)].to_numpy()[quarter]
    return begin_s + QUARTER_HOUR_S / 2, level


def require_classes(names: Sequence[str]) -> None:
    """Every name is a BDEW class.

    Raises
    ------
    UnknownNameError
    """
    for name in names:
        if name not in CLASSES:
            raise UnknownNameError(f"unknown load profile {name!r}; there are {', '.join(CLASSES)}.")


def _seconds_into_quarter(clock: Clock) -> float:
    return clock.start_time.timestamp() % QUARTER_HOUR_S


def _new_year(year: int) -> pd.Timestamp:
    import pandas as pd

    return pd.Timestamp(year=int(year), month=1, day=1)
