"""A user's own metering plan, from a CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from networks.checks import check_channels
from networks.errors import InvalidFeederError, InvalidMeteringError
from networks.feeder import METER_COLUMNS
from networks.metering import STD_DEVS_IN_LIMIT, metering_plan, std_dev_of_class
from networks.metering_points import STATUS_TYPES

if TYPE_CHECKING:
    from typing import Any

    from pandas import DataFrame, Series

POINT_COLUMNS = ("name", "measurement_type", "element_type", "element", "side")
NUMBER_COLUMNS = ("accuracy_class", "full_scale", "std_dev")
# The header is row 1.
FIRST_ROW = 2


def read_metering_plan(path: str | Path, net: Any) -> DataFrame:
    """The channels of a CSV file, completed and checked against the network.

    Parameters
    ----------
    path
        CSV with the columns name, measurement_type (v, va, p, q, i, tap, closed), element_type (bus, line, trafo,
        switch), element (pandapower index), side (from, to, hv, lv or empty), and std_dev [unit of the value] or
        accuracy_class [percent of full scale] or both; where both are stated, std_dev counts. full_scale may be left
        out. Taps and switches need none of the three.
    net
        With `res_*` tables of its nominal power flow, from which ranges follow that the file leaves out, as in
        `networks.metering.metering_plan`.

    Returns
    -------
    The columns of `networks.feeder.METER_COLUMNS`.

    Raises
    ------
    InvalidMeteringError
        If the file cannot be read, or this network cannot have such meters; the message names the file, and the row or
        the channel.
    """
    rows = _read(path)
    _check_columns(path, rows)
    sides = rows.side.astype(object).mask(rows.side == "", None)
    channels = rows[list(POINT_COLUMNS)].assign(element=_indices(path, rows), side=sides)
    try:
        check_channels(channels, net)
    except InvalidFeederError as error:
        raise InvalidMeteringError(f"{path}: {error}") from None
    points = channels[list(POINT_COLUMNS[1:])].itertuples(index=False, name=None)
    usual = metering_plan(net, points).assign(name=channels.name)
    return _completed(path, usual, {column: _positive(path, rows, column) for column in NUMBER_COLUMNS})


def _read(path: str | Path) -> DataFrame:
    """Every cell as text, "" where there is nothing."""
    from pandas import RangeIndex, read_csv
    from pandas.errors import EmptyDataError, ParserError

    try:
        rows = read_csv(path, dtype=str, keep_default_na=False)
    except EmptyDataError:
        raise InvalidMeteringError(f"{path} is empty; expected a header and one row a channel.") from None
    except (OSError, UnicodeDecodeError, ParserError) as error:
        raise InvalidMeteringError(f"{path} cannot be read as CSV: {str(error).splitlines()[0]}") from None
    if not isinstance(rows.index, RangeIndex):
        raise InvalidMeteringError(f"{path}: the rows have more fields than the header; give every column a name.")
    return rows.rename(columns=str.strip).fillna("").map(str.strip)


def _check_columns(path: str | Path, rows: DataFrame) -> None:
    is_complete = set(POINT_COLUMNS) <= set(rows) and {"std_dev", "accuracy_class"} & set(rows)
    if not is_complete or not set(rows) <= set(METER_COLUMNS) or not rows.columns.is_unique:
        raise InvalidMeteringError(
            f"{path}: expected the columns {', '.join(POINT_COLUMNS)}, and std_dev or accuracy_class, and maybe "
            f"full_scale; got {', '.join(rows.columns)}."
        )
    nameless = rows.index[rows.name == ""]
    if len(nameless):
        _refuse(path, nameless[0], "the channel has no name")


def _indices(path: str | Path, rows: DataFrame) -> Series:
    wrong = rows.index[~rows.element.str.fullmatch(r"\d{1,9}")]
    if len(wrong):
        _refuse(path, wrong[0], f"element {rows.element[wrong[0]]!r} is no pandapower index")
    return rows.element.astype(int)


def _positive(path: str | Path, rows: DataFrame, column: str) -> Series:
    """A column of finite numbers above 0, NaN where a cell is empty; a status needs none, and says none."""
    from pandas import Series, to_numeric

    stated = rows.get(column, Series("", index=rows.index)).mask(rows.measurement_type.isin(STATUS_TYPES), "")
    numbers = to_numeric(stated, errors="coerce").astype(float)
    wrong = rows.index[(stated != "") & ~((numbers > 0) & (numbers < float("inf")))]
    if len(wrong):
        _refuse(path, wrong[0], f"{column} {stated[wrong[0]]!r} is no number above 0")
    return numbers


def _completed(path: str | Path, usual: DataFrame, stated: dict[str, Series]) -> DataFrame:
    """The usual ranges where none is stated, and the errors that are; one of two ways to state them follows from it."""
    full_scale = stated["full_scale"].fillna(usual.full_scale)
    std_dev = stated["std_dev"].fillna(std_dev_of_class(stated["accuracy_class"], full_scale))
    std_dev = std_dev.mask(usual.measurement_type.isin(STATUS_TYPES), 0.0)
    open_rows = usual.index[std_dev.isna()]
    if len(open_rows):
        _refuse(path, open_rows[0], "neither std_dev nor accuracy_class is stated")
    return usual.assign(
        full_scale=full_scale, std_dev=std_dev, accuracy_class=100 * STD_DEVS_IN_LIMIT * std_dev / full_scale
    )


def _refuse(path: str | Path, row: int, problem: str) -> None:
    raise InvalidMeteringError(f"{path} row {row + FIRST_ROW}: {problem}.")
