"""Photographs of the report's figures, by the Chromium or Chrome on the path."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from plotly.offline import get_plotlyjs

from mosaik_scenarios.report.page import STYLE

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def photograph(figures: Sequence[Any], picture: Path, size: tuple[int, int]) -> Path:
    """The figures under one another as a PNG of `size` (width, height in pixels); returns where it lies."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"expected one of {', '.join(BROWSERS)} on the path, found none.")
    picture.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        page.write_text(_page_of(figures), encoding="utf-8")
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             f"--window-size={size[0]},{size[1]}", "--virtual-time-budget=8000",
             f"--screenshot={picture}", page.as_uri()],
            check=True, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    return picture


def _page_of(figures: Sequence[Any]) -> str:
    config = {"displayModeBar": False}
    drawn = [figure.to_html(full_html=False, include_plotlyjs=False, config=config) for figure in figures]
    return f"<style>{STYLE} body {{ margin: 0 auto }}</style><script>{get_plotlyjs()}</script>{''.join(drawn)}"
