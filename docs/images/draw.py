"""Draws the picture of the README from a run: ``python docs/images/draw.py runs/day``.

Needs a Chromium or Chrome on the path, which renders the report's own figures.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from plotly.offline import get_plotlyjs

from mosaik_scenarios import RunResult
from mosaik_scenarios.report import STYLE, control_room, network, plant

PICTURE = Path(__file__).parent / "day.png"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTH, HEIGHT = 1100, 1430


def page_of(result: RunResult) -> str:
    """Network, voltages and detector scores under one another."""
    drawn = [network.network_of(result), plant.voltage(result), control_room.detector_scores(result)]
    config = {"displayModeBar": False}
    figures = [figure.to_html(full_html=False, include_plotlyjs=False, config=config) for figure in drawn if figure]
    return f"<style>{STYLE} body {{ margin: 0 auto }}</style><script>{get_plotlyjs()}</script>{''.join(figures)}"


def main(run: str) -> None:
    """Render the page of a run's figures to the picture."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit(f"expected one of {', '.join(BROWSERS)} on the path, found none.")
    with TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        page.write_text(page_of(RunResult(run)), encoding="utf-8")
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             f"--window-size={WIDTH},{HEIGHT}", "--virtual-time-budget=8000",
             f"--screenshot={PICTURE}", page.as_uri()],
            check=True, stderr=subprocess.DEVNULL,
        )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
