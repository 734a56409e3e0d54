"""One page of figures and text that needs no network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame
    from plotly.graph_objects import Figure

Captioned = Iterable[tuple[str, "Figure"]]

Texts = Mapping[str, Callable[[Any], str]]
"""How the values of a column read, by its name."""

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2933; max-width: 1080px; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 0; border-top: 1px solid #e4e7eb; padding-top: 1rem; }
h3 { font-size: .95rem; margin: 1rem 0 0; }
p { color: #52606d; margin: .2rem 0 .6rem; }
pre { background: #f5f7fa; padding: 1rem; overflow-x: auto; font-size: 13px; line-height: 1.45; }
table { border-collapse: collapse; font-size: 13px; }
th, td { text-align: left; padding: .25rem 1.2rem .25rem 0; border-bottom: 1px solid #e4e7eb; }
details { border-bottom: 1px solid #e4e7eb; padding: .3rem 0; }
summary { cursor: pointer; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
"""


def page(title: str, body: str) -> str:
    """The whole page, plotly within; `body` is HTML."""
    from plotly.offline import get_plotlyjs

    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        f"<style>{STYLE}</style>\n<script>{get_plotlyjs()}</script></head>\n<body>\n{body}\n</body></html>\n"
    )


def section(title: str, text: str, drawn: Figure | Captioned | None) -> str:
    """Heading, text and figures; nothing where there is no figure."""
    if drawn is None:
        return ""
    captioned = [("", drawn)] if hasattr(drawn, "to_html") else list(drawn)
    figures = "\n".join(
        (f"<h3>{escape(caption)}</h3>\n" if caption else "") + figure_html(figure) for caption, figure in captioned
    )
    return f"<h2>{escape(title)}</h2>\n<p>{escape(text)}</p>\n{figures}" if figures else ""


def table_section(title: str, text: str, frame: DataFrame, texts: Texts | None = None) -> str:
    """Heading, text and a table; nothing where it has no rows."""
    return f"<h2>{escape(title)}</h2>\n<p>{escape(text)}</p>\n{table(frame, texts)}" if len(frame) else ""


def table(frame: DataFrame, texts: Texts | None = None) -> str:
    """A table's rows, numbers to the right; `texts` says how a column's values read, six digits unless told."""
    from pandas.api.types import is_numeric_dtype

    numeric = [is_numeric_dtype(frame[name]) for name in frame]
    texts_of = [(texts or {}).get(str(name), _text) for name in frame]
    heads = _row("th", [str(name).replace("_", " ") for name in frame], numeric)
    rows = "\n".join(
        _row("td", [text(value) for text, value in zip(texts_of, row, strict=True)], numeric)
        for row in frame.itertuples(index=False, name=None)
    )
    return f"<table>{heads}\n{rows}\n</table>"


def _row(tag: str, texts: Iterable[str], numeric: Iterable[bool]) -> str:
    begins = (f'<{tag} class="number">' if is_number else f"<{tag}>" for is_number in numeric)
    cells = (f"{begin}{escape(text)}</{tag}>" for begin, text in zip(begins, texts, strict=True))
    return f"<tr>{''.join(cells)}</tr>"


def _text(value: Any) -> str:
    if value != value:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def figure_html(figure: Figure) -> str:
    """A figure as a part of the page."""
    config = {"displayModeBar": False, "responsive": True}
    return figure.to_html(full_html=False, include_plotlyjs=False, config=config)
