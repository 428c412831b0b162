"""`python -m simulator.pictures`: the pictures of docs/, taken by a real browser from the page of a simulated house."""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from .page_house import NOW, PageHouse
from .page_process import CHROMIUM, FLAGS, page_running

if TYPE_CHECKING:
    from playwright.sync_api import Browser

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "pictures"
MOST_BYTES = 150_000
COLORS = 256


@dataclass(frozen=True, slots=True)
class Shot:
    """`height`: of what is shown; a phone's is longer than its screen."""

    name: str
    path: str
    width: int
    height: int
    scheme: str


SHOTS = (
    Shot("page-now", "/", 1280, 800, "light"),
    Shot("page-now-phone", "/", 390, 844, "dark"),
    Shot("page-plan", "/plan", 1280, 860, "light"),
    Shot("page-grid", "/grid", 1280, 620, "light"),
    Shot("page-history", "/history", 1280, 860, "dark"),
    Shot("page-health", "/health", 1280, 860, "light"),
)


def main(argv: list[str]) -> int:
    """0; 1 where there is no browser, or a picture came out too large."""
    parser = argparse.ArgumentParser(prog="simulator.pictures", description="Takes the pictures of docs/.")
    parser.add_argument("--into", type=Path, default=FOLDER, metavar="FOLDER")
    parser.add_argument("--days", type=float, default=6.0, help="how long the house has lived")
    options = parser.parse_args(argv)
    if not CHROMIUM.exists():
        print(f"The pictures need {CHROMIUM}: sudo apt install chromium", file=sys.stderr)
        return 1
    options.into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ampshift-pictures-") as folder:
        PageHouse(Path(folder)).live(options.days)
        sizes = take(Path(folder), options.into)
    for name, size in sizes.items():
        print(f"{name}  {size / 1000:.0f} kB")
    return 1 if max(sizes.values()) > MOST_BYTES else 0


def take(house: Path, into: Path) -> dict[str, int]:
    """Name and size of each picture."""
    from playwright.sync_api import sync_playwright

    at = (NOW + timedelta(seconds=10)).isoformat()
    with page_running(house, at, {}) as page, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        return {f"{shot.name}.png": _take(browser, page.url, shot, into) for shot in SHOTS}


def _take(browser: Browser, url: str, shot: Shot, into: Path) -> int:
    from PIL import Image

    with browser.new_context(viewport={"width": shot.width, "height": shot.height}, reduced_motion="reduce") as context:
        tab = context.new_page()
        tab.emulate_media(color_scheme="dark" if shot.scheme == "dark" else "light")
        tab.goto(url + shot.path)
        tab.wait_for_selector("nav a.here")
        if shot.path != "/health":
            tab.wait_for_selector(".js-plotly-plot .main-svg")
        tab.wait_for_timeout(400)
        picture = Image.open(io.BytesIO(tab.screenshot())).convert("RGB")
    path = into / f"{shot.name}.png"
    picture.quantize(COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(path, optimize=True)
    return path.stat().st_size


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
