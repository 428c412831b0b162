"""What the page costs: memory and processor time at rest and with a browser that looks at it, how fast it starts and paints."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from simulator.page_house import NOW, PageHouse
from simulator.page_process import CHROMIUM, FLAGS, PageProcess, page_running

REST_S = 20.0
TIMES = 5
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
SENTENCE = "() => document.querySelector('nav a.here') && performance.now()"


@dataclass(frozen=True, slots=True)
class Used:
    """`cpu_s` since it began; `rss_mb` now; `peak_mb` the most."""

    cpu_s: float
    rss_mb: float
    peak_mb: float


def page() -> None:
    """Prints the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        PageHouse(folder).live(2.0)
        began = time.perf_counter()
        with page_running(folder, (NOW + timedelta(seconds=10)).isoformat(), {}) as found:
            print(f"The page\n  listens after            {time.perf_counter() - began:6.2f} s")
            _rest("at rest, nobody looks", found)
            if not CHROMIUM.exists():
                print(f"  no {CHROMIUM}: paint is not measured\n")
                return
            _painted(found)
            used = _used(found.process.pid)
            print(f"  afterwards               {used.rss_mb:6.1f} MB, at most {used.peak_mb:.1f} MB\n")


def _rest(name: str, found: PageProcess) -> None:
    before = _used(found.process.pid)
    time.sleep(REST_S)
    after = _used(found.process.pid)
    print(f"  {name:<24} {after.rss_mb:6.1f} MB {100 * (after.cpu_s - before.cpu_s) / REST_S:6.2f} % of one core")


def _painted(found: PageProcess) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        for name, fresh in (("first visit", True), ("later visits", False)):
            context = browser.new_context(viewport={"width": 390, "height": 844})
            paints, whole = list[float](), list[float]()
            for _ in range(TIMES):
                if fresh:
                    context = browser.new_context(viewport={"width": 390, "height": 844})
                tab = context.new_page()
                tab.goto(found.url)
                whole.append(float(tab.wait_for_function(SENTENCE).json_value()))
                paints.append(float(tab.evaluate(PAINTED) or 0.0))
                tab.close()
            print(f"  {name:<24} {statistics.median(paints):6.0f} ms first paint {statistics.median(whole):6.0f} ms whole")
        tab = browser.new_context().new_page()
        tab.goto(found.url)
        _rest("one browser looks", found)
        browser.close()


def _used(pid: int) -> Used:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    ticks = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.startswith(("VmRSS", "VmHWM"))}
    return Used(ticks, kilobytes["VmRSS"] / 1024, kilobytes["VmHWM"] / 1024)
