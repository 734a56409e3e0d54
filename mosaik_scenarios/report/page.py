"""One page of figures and text that needs no network."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

Captioned = Iterable[tuple[str, "Figure"]]

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


def figure_html(figure: Figure) -> str:
    """A figure as a part of the page."""
    config = {"displayModeBar": False, "responsive": True}
    return figure.to_html(full_html=False, include_plotlyjs=False, config=config)
