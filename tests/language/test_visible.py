"""Hostile titles become one harmless line."""

from hypothesis import given
from hypothesis import strategies as st

from kzmonitor.language.visible import LONGEST, visible


@given(st.text())
def test_any_text_becomes_one_line_of_visible_characters(text: str) -> None:
    line = visible(text)
    assert len(line) <= LONGEST
    assert line == "" or line.isprintable()
    assert line == line.strip()
    assert visible(line) == line


def test_direction_overrides_and_line_breaks_are_gone() -> None:
    assert visible("Обыск\u202e в\r\nBcc: x\u2066 редакции\u200b") == "Обыск в Bcc: x редакции"


def test_a_headline_of_two_megabytes_is_cut() -> None:
    assert visible("а" * 2_000_000) == "а" * (LONGEST - 1) + "…"
