"""A user's own network from a pandapower Excel file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from networks.errors import InvalidFeederError
from networks.importers.pandapower_safety import require_harmless, require_tables

if TYPE_CHECKING:
    from pandas import DataFrame

# A packed file of a few kilobytes can stand for terabytes, a single cell for a sheet of ten thousand million; a net of
# ten thousand buses unpacks to some megabytes.
LARGEST_UNPACKED_BYTES = 300e6
LARGEST_SHEET = (100_000, 500)


def read_pandapower_excel(path: Path) -> Any:
    """The net that `pandapower.to_excel` wrote to `path`.

    Cells are data: formulas are not evaluated (what counts is the value stored beside them), and text that pandapower
    would decode into objects may name only what a net consists of.

    Raises
    ------
    InvalidFeederError
        If the file is damaged, or holds something else than a net.
    """
    _require_bounded(path)
    import pandapower
    from pandapower.convert_format import convert_format
    from pandapower.io_utils import from_dict_of_dfs

    try:
        sheets = _sheets(path)
        for sheet in sheets.values():
            _require_harmless_cells(sheet, path)
        net = from_dict_of_dfs(sheets)
        convert_format(net)
    except InvalidFeederError:
        raise
    except Exception as error:  # a damaged file fails anywhere inside the readers, with any type
        first_line = (str(error).splitlines() or [""])[0][:120]
        raise InvalidFeederError(
            f"{path} is no readable pandapower workbook ({type(error).__name__}: {first_line}); "
            "write it again with pandapower.to_excel."
        ) from error
    if not isinstance(net, pandapower.pandapowerNet) or not {"bus", "ext_grid"} <= sheets.keys():
        raise InvalidFeederError(
            f"{path} holds the sheets {', '.join(map(str, sheets))[:120]}, not those of a pandapower net; "
            "write it with pandapower.to_excel."
        )
    require_tables(net, path)
    return net


def _require_bounded(path: Path) -> None:
    try:
        with ZipFile(path) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
    except (BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise InvalidFeederError(f"{path} is no Excel workbook ({error}); write it with pandapower.to_excel.") from None
    if unpacked > LARGEST_UNPACKED_BYTES:
        raise InvalidFeederError(f"{path} unpacks to {unpacked / 1e6:.0f} MB; that is no network.")


def _sheets(path: Path) -> dict[str, DataFrame]:
    from pandas import read_excel

    _require_bounded_sheets(path)
    return {str(name): sheet for name, sheet in read_excel(path, sheet_name=None, index_col=0).items()}


def _require_bounded_sheets(path: Path) -> None:
    """Refuse a sheet that is larger than a net's, before anything makes room for it."""
    from openpyxl import load_workbook

    rows, columns = LARGEST_SHEET
    for sheet in load_workbook(path, read_only=True, keep_links=False).worksheets:
        sheet.reset_dimensions()  # what the file claims; the cells themselves say how far they reach
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            if number > rows or len(row) > columns:
                raise InvalidFeederError(
                    f"{path}: sheet {sheet.title} has more than {rows} rows or {columns} columns; that is no network."
                )


def _require_harmless_cells(sheet: DataFrame, path: Path) -> None:
    for column in sheet.select_dtypes("object"):
        for cell in sheet[column]:
            if isinstance(cell, str):
                require_harmless(cell, path)
