"""No page keeps anybody out: axe-core finds nothing, the keyboard reaches everything, nothing scrolls sideways."""

import hashlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import DESKTOP, TELEPHONE, Desk, reader
from tests.browser.walk import NOT_LINKED, Seen, get_routes, walk
from tests.browser.watching import said, witness

pytestmark = pytest.mark.slow
VENDOR = Path(__file__).parent / "vendor"
AXE = (VENDOR / "axe.min.js").read_text("utf-8")
SIZES = {"desktop": DESKTOP, "telephone": TELEPHONE}
RUN_AXE = """
() => axe.run(document, { resultTypes: ["violations"] }).then((found) => found.violations.flatMap((fault) =>
  fault.nodes.slice(0, 3).map((node) => fault.id + ": " + node.target.join(" ") + ": " +
    (node.any.concat(node.all, node.none).map((check) => check.message)[0] || fault.help))))
"""
# Marks what the Tab key must reach; a group of radio buttons is one stop.
EXPECT = """
() => {
  const stops = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]:not([tabindex='-1'])";
  const groups = new Set();
  return [...document.querySelectorAll(stops)].filter((one) => {
    if (one.disabled || !one.checkVisibility({ visibilityProperty: true })) return false;
    if (one.type === "radio") { if (groups.has(one.name)) return false; groups.add(one.name); }
    return true;
  }).map((one, number) => {
    one.dataset.stop = one.type === "radio" ? "radio " + one.name : number;
    if (one.type === "radio")
      document.getElementsByName(one.name).forEach((other) => { other.dataset.stop = one.dataset.stop; });
    return [one.dataset.stop, one.tagName.toLowerCase() + " " + (one.name || one.textContent.trim().slice(0, 40))];
  });
}
"""
FOCUSED = """
() => {
  const one = document.activeElement;
  if (one === document.body) return null;
  const ring = (style) => parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== "none";
  const box = one.getBoundingClientRect();
  const shown = ring(getComputedStyle(one)) || ring(getComputedStyle(one, "::after"))
    || (one.labels && [...one.labels].some((label) => ring(getComputedStyle(label))));
  return [one.dataset.stop ?? null, shown && box.width > 0 && box.bottom > 0 && box.top < innerHeight];
}
"""


@pytest.fixture(scope="module")
def pages(desk: Desk) -> list[Seen]:
    return [seen for seen in walk(desk, each=1) if seen.type == "text/html"]


def test_links_lead_to_every_page(desk: Desk, pages: list[Seen]) -> None:
    linked = {seen.route for seen in walk(desk, each=1)}
    assert get_routes(desk.app) - linked - set(NOT_LINKED) == set()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_no_violation_on_any_page(
    chromium: Browser, desk: Desk, pages: list[Seen], size: str, scheme: str
) -> None:
    found: dict[str, list[str]] = {}
    with reader(chromium, desk, SIZES[size], scheme=scheme) as page:
        for seen in pages:
            page.goto(desk.address + seen.path)
            if faults := violations(page):
                found[seen.path] = faults
    with reader(chromium, desk, SIZES[size], scheme=scheme, log_in=False) as page:
        page.goto(desk.address + "/login")
        if faults := violations(page):
            found["/login"] = faults
    assert not found, said(found)


def violations(page: Page) -> list[str]:
    """What axe-core says of the page that is shown, every fold opened: in a closed one it sees nothing."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.evaluate(AXE)
    return page.evaluate(RUN_AXE)


def test_axe_would_see_a_fault(chromium: Browser, desk: Desk) -> None:
    with reader(chromium, desk) as page:
        page.evaluate("document.querySelector('h1').insertAdjacentHTML('afterend', '<img src=/static/desk.svg>')")
        page.evaluate("document.querySelector('label').replaceWith(document.querySelector('select'))")
        assert {fault.split(":")[0] for fault in violations(page)} >= {"image-alt", "select-name"}


@pytest.mark.parametrize("size", SIZES)
def test_the_tab_key_reaches_every_control_and_shows_where_it_is(
    chromium: Browser, desk: Desk, pages: list[Seen], size: str
) -> None:
    missed: dict[str, list[str]] = {}
    with reader(chromium, desk, SIZES[size]) as page:
        for seen in pages:
            page.goto(desk.address + seen.path)
            if problems := _tab_through(page):
                missed[seen.path] = problems
    assert not missed, said(missed)


def _tab_through(page: Page) -> list[str]:
    # A page may put the focus somewhere; the way starts at its top all the same.
    page.evaluate("() => { document.activeElement.blur(); window.getSelection().removeAllRanges(); }")
    page.evaluate("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
    expected = dict(page.evaluate(EXPECT))
    reached, shown, last = set(), set(), None
    # A field of a date has a stop for the day, the month, the year and the calendar.
    for _press in range(len(expected) + 3 * page.locator("input[type=date]").count() + 3):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at is None or (at[0] in reached and at[0] != last):
            break
        last = at[0]
        reached.add(last)
        if at[1]:
            shown.add(last)
    # The calendar of a date has a ring of its own, inside the field.
    return [
        f"{'focus not seen' if stop in reached else 'not reached'}: {name}"
        for stop, name in expected.items()
        if stop not in reached & shown
    ]


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
@pytest.mark.parametrize("size", SIZES)
def test_no_page_scrolls_sideways_or_breaks_a_rule_of_its_own(
    chromium: Browser, desk: Desk, pages: list[Seen], size: str, language: str
) -> None:
    """The watch that the tests of hostile content rely on finds nothing in an ordinary morning."""
    wrong: dict[str, list[str]] = {}
    with reader(chromium, desk, SIZES[size], language=language) as page, witness(page, desk.address) as watching:
        for seen in pages:
            if found := watching.look(seen.path) + watching.too_wide():
                wrong[seen.path] = found
    assert not wrong, said(wrong)


def test_files_of_others_are_those_that_are_named() -> None:
    table = re.findall(r"^\| (\S+) \|.*\| ([0-9a-f]{64}) \|$", (VENDOR / "README.md").read_text("utf-8"), re.MULTILINE)
    assert {path.name for path in VENDOR.iterdir()} == {"README.md"} | {name for name, _ in table}
    for name, sha256 in table:
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == sha256
