"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame

    from mosaik_scenarios.report.page import Texts


def markdown_rows(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Heads and rows."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def markdown_table(frame: DataFrame, texts: Texts | None = None) -> str:
    """A table's rows; `texts` says how a column's values read."""
    texts_of = [(texts or {}).get(str(name), str) for name in frame]
    rows = [
        [text(value) for text, value in zip(texts_of, row, strict=True)]
        for row in frame.itertuples(index=False, name=None)
    ]
    return markdown_rows([str(name).replace("_", " ") for name in frame], rows)
