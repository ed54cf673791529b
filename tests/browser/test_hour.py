"""A reviewer's hour with the keyboard alone: in, thirty alerts, a second look at some, search, out."""

from collections import Counter
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from kzmonitor.accounts import people
from kzmonitor.store import Database
from kzmonitor.store.tables import Account, Review
from tests.browser import world
from tests.browser.conftest import DESKTOP, TELEPHONE, Desk, is_soon_out, reader, served
from tests.review.conftest import NOW

pytestmark = pytest.mark.slow
PASSWORD = "seven-quiet-owls-27"
# What a reviewer says of thirty alerts, over and over.
SAID = ("confirm", "reject:", "correct", "unsure", "reject:", "confirm", "escalate", "reject:", "correct", "confirm")


@pytest.fixture
def desk(database: Database) -> Iterator[Desk]:
    """A morning's alerts, and two people who share the work."""
    with database.session() as session:
        world.seed(session)
        for name, role in (("aigul", "reviewer"), ("bolat", "reviewer"), ("editor", "admin")):
            people.add(session, name, role, password=PASSWORD, by=None, now=NOW)
    with served(database) as desk:
        yield desk


def log_in(page: Page, desk: Desk, name: str, language: str) -> None:
    """Come in by typing alone."""
    page.goto(f"{desk.address}/?lang={language}")
    expect(page.locator("input[name=pseudonym]")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    come(page, ".row-title")


def come(page: Page, what: str) -> None:
    """Wait until the next page shows this and listens to keys."""
    page.locator(what).first.wait_for()
    page.wait_for_load_state()


def shown(page: Page) -> str | None:
    """The alert before the reviewer."""
    form = page.locator("#decide")
    return (form.get_attribute("action") or "").split("?")[0] if form.count() else None


def decide(page: Page, decision: str, turn: int = 0) -> None:
    """Press the keys that the page shows for a decision, and wait for what comes next."""
    before = shown(page)
    if decision == "correct":
        ticks = page.locator("#decide input[name=label]")
        tick = ticks.nth(turn % ticks.count())
        was = tick.is_checked()
        page.keyboard.press(tick.get_attribute("data-key") or "")
        expect(tick).to_be_checked(checked=not was)
        if page.locator("#decide input[name=label]:checked").count() == 0:
            page.keyboard.press(ticks.nth((turn + 1) % ticks.count()).get_attribute("data-key") or "")
        decision = "confirm"
    buttons = page.locator(f'#decide [name=decision][value^="{decision}"]')
    button = buttons.nth(turn % buttons.count()) if decision.endswith(":") else buttons.first
    for opener in button.locator("xpath=ancestor::details/summary").all():
        page.keyboard.press(opener.get_attribute("data-key") or "")
        expect(button).to_be_visible()
    page.keyboard.press(button.get_attribute("data-key") or "")
    page.wait_for_function(
        "before => document.querySelector('#decide')?.getAttribute('action')?.split('?')[0] !== before", arg=before
    )


@pytest.mark.parametrize("language", ["en", "ru", "kk"])
@pytest.mark.parametrize("size", [DESKTOP, TELEPHONE], ids=["desktop", "telephone"])
def test_thirty_alerts_are_decided_with_keys_alone(
    chromium: Browser, desk: Desk, size: tuple[int, int], language: str
) -> None:
    with reader(chromium, desk, size, log_in=False) as page:
        log_in(page, desk, "aigul", language)
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        come(page, "#decide")
        assert page.locator("html").get_attribute("lang") == language
        met = []
        for turn in range(30):
            met.append(shown(page))
            decide(page, SAID[turn % len(SAID)], turn)
        assert len(set(met)) == 30
        _take_one_back(page, met[-1])
        _find(page, desk, "журналист")
        _leave(page, desk)
    said = kept(desk, "aigul")
    assert said["undo"] == 1
    assert said["reject"] == 9 + 1
    assert said["unsure"] == said["escalate"] == 3
    assert said["confirm"] + said["correct"] == 15
    assert said["correct"] > 0


def test_a_text_is_read_again_and_a_third_person_settles_what_two_said(chromium: Browser, desk: Desk) -> None:
    """Rejections of core labels are read again by somebody else; where the two differ, the editor decides; by keys."""
    with reader(chromium, desk, log_in=False) as page:
        log_in(page, desk, "aigul", "en")
        page.goto(f"{desk.address}/?label=detention")
        page.locator(".row-title").first.click()
        come(page, "#decide")
        decide(page, "reject:", 0)
        decide(page, "confirm")
    with reader(chromium, desk, log_in=False) as page:
        log_in(page, desk, "bolat", "en")
        page.goto(f"{desk.address}/readings")
        page.keyboard.press("n")
        come(page, "#decide")
        # Blind: neither the model's labels nor the first reader's.
        assert page.locator("#decide input[name=label]:checked").count() == 0
        assert page.locator("mark").count() == 0
        page.keyboard.press("2")
        expect(page.locator("#decide input[name=label]:checked")).to_have_count(1)
        page.keyboard.press("c")
        page.wait_for_function("() => location.search.includes('done')")
    with reader(chromium, desk, log_in=False) as page:
        log_in(page, desk, "editor", "en")
        page.goto(f"{desk.address}/readings")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        come(page, ".sides")
        page.keyboard.press("b")
        page.wait_for_url("**/readings?*")
        expect(page.locator(".row-title")).to_have_count(0)
    assert kept(desk, "bolat") == {"correct": 1}
    assert kept(desk, "editor").total() == 1


def _take_one_back(page: Page, last: str | None) -> None:
    """What was decided last is before the reviewer again, to be decided anew."""
    page.keyboard.press("u")
    page.wait_for_function(
        "last => document.querySelector('#decide')?.getAttribute('action')?.split('?')[0] === last", arg=last
    )
    decide(page, "reject:", 3)


def _find(page: Page, desk: Desk, words: str) -> None:
    page.goto(f"{desk.address}/search")
    page.locator("input[type=search]").focus()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    page.locator(".row-title").first.wait_for()


def _leave(page: Page, desk: Desk) -> None:
    """Three presses of Shift empty the screen and end the login, whatever is pressed afterwards."""
    page.goto(desk.address)
    come(page, ".row-title")
    for _press in range(3):
        page.keyboard.press("Shift")
    page.wait_for_url("**/blank")
    assert page.inner_text("body").strip() == ""
    page.go_back()
    expect(page.locator(".row-title")).to_have_count(0)
    assert is_soon_out(page.context, desk)
    page.goto(desk.address)
    expect(page.locator("input[name=pseudonym]")).to_be_visible()


def kept(desk: Desk, name: str) -> Counter[str]:
    """What the database holds of a person's decisions."""
    with desk.database.session() as session:
        query = select(Review.decision).join(Account, Account.id == Review.account_id).where(Account.pseudonym == name)
        return Counter(session.scalars(query))
