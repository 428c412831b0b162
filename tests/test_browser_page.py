"""The page in a real browser: each view, button and missing file, by keyboard, on a phone, in the dark, with nothing from outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from page.site import VIEWS
from page.speak import BUTTONS
from simulator.page_process import CHROMIUM, FLAGS
from tests.page_kit import Home, home
from tests.page_process import Site, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

playwright = pytest.importorskip("playwright.sync_api")
PATIENCE_MS = 20_000

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no {CHROMIUM} on this machine")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return home(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def site(place: Home) -> Iterator[Site]:
    with running(place) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def desk(browser: Browser) -> Iterator[BrowserContext]:
    """One for all tests: a browser that has been here before has the scripts already."""
    with browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light") as found:
        yield found


@pytest.fixture(scope="module")
def pocket(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark") as found:
        yield found


@pytest.fixture
def tab(desk: BrowserContext, site: Site) -> Iterator[Page]:
    yield from opened(desk, site)


@pytest.fixture
def phone(pocket: BrowserContext, site: Site) -> Iterator[Page]:
    yield from opened(pocket, site)


def opened(context: BrowserContext, site: Site) -> Iterator[Page]:
    """A page that has met no problem when it is closed, and asked no other host."""
    problems: list[str] = []
    with context.new_page() as page:
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith((site.url, "data:")) else problems.append(asked.url))
        page.goto(site.url)
        page.wait_for_selector("nav a.here")
        yield page
    assert problems == []


def turn(page: Page, view: str) -> None:
    """To another view, and until it is there: the one before has tables and links of the same names, which go away with it."""
    page.click(f"nav a[href='{view}']")
    page.wait_for_selector(f"nav a.here[href='{view}']")


def words(page: Page) -> str:
    return str(page.inner_text("main"))


def overrides(place: Home) -> Any:
    return json.loads((place.data / "override.json").read_text(encoding="utf-8"))["data"]


# ---- views ----------------------------------------------------------------------------------------------------------------------


def test_the_first_view_says_the_state_of_the_house_without_scrolling(tab: Page, place: Home) -> None:
    assert tab.inner_text("h1") == place.look().data.text("summary")
    for selector in ("h1", ".flow", "#now-chart .main-svg"):
        tab.wait_for_selector(selector)
        box = tab.locator(selector).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 900, f"{selector} ends at {box['y'] + box['height']}"


def test_each_view_opens_from_the_navigation_with_its_charts_drawn(tab: Page) -> None:
    for view in (*VIEWS, "/"):
        turn(tab, view)
        if view != "/health":
            tab.locator("#view .js-plotly-plot .main-svg").first.wait_for()
        assert tab.locator("h1").count() == 1
        assert tab.locator("#view [role=img]:not([aria-label])").count() == 0


def test_a_chart_has_the_same_as_a_table(tab: Page) -> None:
    turn(tab, "/plan")
    tab.click("text=The same as a table")
    assert tab.locator("details[open] tbody tr").count() > 20
    assert tab.locator("details[open] th[scope=col]").count() == 4


def test_a_span_of_the_history_is_chosen_and_comes_as_csv(tab: Page) -> None:
    turn(tab, "/history")
    tab.click("text=7 days")
    tab.wait_for_selector(".picks a.on[href='/history?days=7']")
    with tab.expect_download() as waiting:
        tab.click("text=Download as CSV")
    path = waiting.value.path()
    assert path is not None
    assert Path(path).read_text(encoding="utf-8").startswith("car,vin,plugged_in")


# ---- the owner's words ----------------------------------------------------------------------------------------------------------

WRITES: dict[str, tuple[str, dict[str, Any]]] = {
    "charge-now": ("Charges now, to the limit or unplug", {"word": "charge-now"}),
    "stop": ("Stops, to unplug or the next departure", {"word": "stop"}),
    "hands-off": ("Hands off", {"word": "hands-off"}),
    "solar-on": ("Following the sun is on", {"solar": True}),
    "solar-off": ("Following the sun is off", {"solar": False}),
    "auto": ("Back to the plan", {"solar": None}),
}


def test_each_button_writes_its_word_and_says_so(tab: Page, place: Home) -> None:
    assert list(WRITES) == list(BUTTONS)
    for button, (told, wanted) in WRITES.items():
        tab.click(f"#say-{button}")
        tab.wait_for_selector(f"#said.good:has-text('{told}')")
        found = overrides(place)
        assert found["solar"] == wanted["solar"] if "solar" in wanted else [one["word"] for one in found["words"]] == [wanted["word"]]
    assert found["words"] == []
    tab.wait_for_selector("text=You have said nothing")


def test_amps_car_and_end_are_taken_from_the_form(tab: Page, place: Home) -> None:
    tab.locator("#say-car label", has_text="Blue").click()
    tab.fill("#say-amps", "16")
    tab.fill("#say-until", "23:30")
    tab.click("#say-charge-now")
    tab.wait_for_selector("#said.good")
    tab.wait_for_selector("text=Blue: charge now at 16 A until 23:30")
    (word,) = overrides(place)["words"]
    assert (word["vin"], word["amps"], word["until"]) == ("5YJ3AMPSHFT000001", 16, "2026-12-09T23:30:00-08:00")


def test_a_mistake_in_the_form_is_said_and_nothing_is_written(tab: Page, place: Home) -> None:
    before = overrides(place)
    tab.fill("#say-amps", "99")
    tab.click("#say-charge-now")
    tab.wait_for_selector("#said.bad")
    assert "1 to 80" in tab.inner_text("#said")
    assert overrides(place) == before


def test_everything_is_done_by_keyboard_and_the_focus_is_seen(tab: Page, place: Home) -> None:
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    reached = []
    for _ in range(40):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.id || document.activeElement.textContent"))
        if reached[-1] == "say-hands-off":
            break
        assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", reached[-1]
    assert [name for name in ("Health", "say-amps", "say-until", "say-charge-now", "say-hands-off") if name not in reached] == []
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#said.good")
    assert "hands-off" in json.dumps(overrides(place))


def test_what_is_typed_stays_when_the_rest_is_drawn_anew(tab: Page) -> None:
    tab.fill("#say-until", "22:15")
    turn(tab, "/health")
    turn(tab, "/")
    assert tab.input_value("#say-until") == "22:15"


# ---- phone, dark, screen reader -------------------------------------------------------------------------------------------------


def test_a_phone_never_scrolls_sideways_and_thumbs_hit_the_buttons(phone: Page) -> None:
    for view in VIEWS:
        turn(phone, view)
        assert phone.evaluate("document.documentElement.scrollWidth") <= 390, view
    turn(phone, "/")
    phone.wait_for_selector("#say-auto")
    heights = phone.evaluate("[...document.querySelectorAll('.say, #words input[type=text]')].map(one => one.offsetHeight)")
    assert min(heights) >= 44


def test_a_car_whose_name_is_one_long_word_makes_no_phone_scroll_sideways(phone: Page, place: Home) -> None:
    path = place.run_dir / "decision.json"
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(before.replace("Blue", "Donaudampfschifffahrtsgesellschaftskapitaenin"), encoding="utf-8")
        phone.reload()
        phone.wait_for_selector("nav a.here")
        for view in VIEWS:
            turn(phone, view)
            assert "kapitaenin" in words(phone) or view in ("/health", "/history")
            assert phone.evaluate("document.documentElement.scrollWidth") <= 390, view
    finally:
        path.write_text(before, encoding="utf-8")


def test_dark_and_light_are_both_read_with_enough_contrast(tab: Page, phone: Page) -> None:
    """WCAG's 4.5 between each text and what lies behind it."""
    for page in (tab, phone):
        assert page.evaluate(CONTRAST) == []
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != phone.evaluate(
        "getComputedStyle(document.body).backgroundColor"
    )


CONTRAST = """() => {
  const channel = part => { part /= 255; return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; };
  const light = color => {
    const [r, g, b] = color.match(/[\\d.]+/g).map(Number);
    return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  };
  const behind = node => {
    for (; node; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor;
      if (!/, 0\\)|transparent/.test(color)) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = 'h1, h2, h3, p, dt, dd, li, th, td, label, legend, .chip, nav a, .say strong, .say span, .node span, .node strong';
  return [...document.querySelectorAll(texts)]
    .filter(node => node.offsetParent && node.textContent.trim() && ![...node.children].some(child => child.textContent.trim()))
    .map(node => {
      const a = light(getComputedStyle(node).color), b = light(behind(node));
      return [node.textContent.trim().slice(0, 30), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
    })
    .filter(([, ratio]) => ratio < 4.5)
    .map(([text, ratio]) => `${text}: ${ratio.toFixed(2)}`);
}"""


def test_a_screen_reader_is_told_each_control_and_the_drawing(tab: Page) -> None:
    for name in ("Charge now", "Stop", "Hands off", "Back to the plan"):
        assert tab.get_by_role("button", name=name).count() == 1
    assert tab.get_by_role("navigation", name="Views").count() == 1
    assert tab.get_by_role("region", name="Your word").count() == 1
    assert tab.get_by_label("Until").count() == 1
    assert tab.get_by_label("Amps, for Charge now").count() == 1
    assert "Powerwall: gives" in str(tab.locator(".flow").get_attribute("aria-label"))
    assert "a kWh costs" in str(tab.locator(".chart[role=img]").get_attribute("aria-label"))


def test_nothing_jumps_while_the_page_arrives(browser: Browser, site: Site) -> None:
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.add_init_script(
            "window.jumps = 0; new PerformanceObserver(list => { for (const one of list.getEntries()) window.jumps += one.value; })"
            ".observe({type: 'layout-shift', buffered: true});"
        )
        page.goto(site.url)
        page.wait_for_selector("#now-chart .main-svg", timeout=PATIENCE_MS)
        page.wait_for_timeout(500)
        assert page.evaluate("window.jumps") < 0.1  # what web.dev calls good


# ---- missing files --------------------------------------------------------------------------------------------------------------


MISSING = (
    ("state/run/decision.json", "/", "Is cron running?"),
    ("state/run/charger.json", "/health", "None on RS-485"),
    ("state/data/memory.json", "/", "Blue waits"),
    ("state/data/spend.json", "/health", "$0.00 of"),
    ("state/data/history.sqlite", "/history", "There is no history yet"),
    ("state/data/cache/load-forecast-caiso.json", "/grid", "There is no load forecast"),
)


def test_each_missing_file_is_said_in_the_browser_and_the_other_views_go_on(tab: Page, site: Site, place: Home) -> None:
    for name, view, told in MISSING:
        path = place.folder / name
        hidden = {one: one.with_name(f"{one.name}.hidden") for one in (path, path.with_name(f"{path.name}.prev")) if one.exists()}
        for one, other in hidden.items():
            one.rename(other)
        try:
            tab.goto(site.url + view)
            tab.wait_for_selector(f"nav a.here[href='{view}']")
            assert told in words(tab), name
            turn(tab, "/plan")
            assert words(tab)
        finally:
            for one, other in hidden.items():
                other.rename(one)
