"""Mail: addresses cannot add headers, settings are checked before anything is sent."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kzmonitor.digest.mail import checked_address, message, server_of
from kzmonitor.digest.rendering import Rendered
from kzmonitor.errors import InputError, SetupError

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    "address", ["", "desk", "@example.org", "desk@", "a@b\nBcc: c@d", "a b@example.org", "a@b, c@d", "<a@b>"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="mail address"):
        checked_address(address)


@given(st.text())
def test_any_accepted_address_is_one_line(text: str) -> None:
    try:
        accepted = checked_address(text)
    except InputError:
        return
    assert "\n" not in accepted
    assert accepted.count("@") >= 1


def test_a_message_survives_the_way_byte_for_byte() -> None:
    rendered = Rendered("kzmonitor, 22 қараша", "<p>Тұтқындады</p>\n", "Тұтқындады\n")
    sent = message(rendered, "desk@example.org", "a@example.org", "<1@kzmonitor.invalid>", NOW)
    received = message_from_bytes(sent.as_bytes(), policy=policy.default)
    assert received["Subject"] == rendered.subject
    assert received["Message-ID"] == "<1@kzmonitor.invalid>"
    for kind, text in (("plain", rendered.text), ("html", rendered.html)):
        part = received.get_body((kind,))
        assert part is not None
        assert part.get_content() == text


@pytest.mark.parametrize("url", ["mail.example:25", "http://mail.example", "smtp://"])
def test_a_wrong_server_address_is_one_clear_line(url: str) -> None:
    with pytest.raises(SetupError, match="KZMONITOR_SMTP_URL"):
        server_of(url)
