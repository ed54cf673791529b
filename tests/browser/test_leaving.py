"""Leave now: an empty page at once, and the login ends at the server; by keyboard, by button, without scripts."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Desk, is_out, is_soon_out, patient
from tests.review.conftest import TOKEN

pytestmark = pytest.mark.slow


@pytest.fixture
def page(chromium: Browser, desk: Desk) -> Page:
    page = patient(chromium.new_context()).new_page()
    page.goto(f"{desk.address}/me?token={TOKEN}")
    return page


def shows_nothing(page: Page, desk: Desk) -> None:
    page.wait_for_url(f"{desk.address}/blank")
    assert page.inner_text("body") == ""
    assert "kzmonitor" not in page.content()


def test_three_presses_of_shift_leave(page: Page, desk: Desk) -> None:
    page.goto(f"{desk.address}/people")
    for _ in range(3):
        page.keyboard.press("Shift")
    shows_nothing(page, desk)
    assert is_soon_out(page.context, desk)
    page.go_back()
    page.wait_for_selector("input[name=token]")
    assert page.locator(".sheet").count() == 0


def test_typing_capitals_does_not_leave(page: Page, desk: Desk) -> None:
    page.focus("input[name=name]")
    for letter in "ABCDE":
        page.keyboard.press(f"Shift+{letter}")
    page.keyboard.press("Shift")
    page.keyboard.press("Shift")
    assert page.url.startswith(f"{desk.address}/me")
    assert not is_out(page.context, desk)


def test_the_button_leaves_and_empties_other_windows_too(page: Page, desk: Desk) -> None:
    other = page.context.new_page()
    other.goto(f"{desk.address}/people")
    page.get_by_role("button", name="Leave now").click()
    shows_nothing(page, desk)
    shows_nothing(other, desk)
    assert is_soon_out(page.context, desk)


def test_the_button_leaves_without_scripts(chromium: Browser, desk: Desk) -> None:
    page = patient(chromium.new_context(java_script_enabled=False)).new_page()
    page.goto(f"{desk.address}/me?token={TOKEN}")
    page.get_by_role("button", name="Leave now").click()
    page.wait_for_url(f"{desk.address}/blank")
    assert is_out(page.context, desk)
