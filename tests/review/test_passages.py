"""Marking texts: nothing of them is lost or doubled, whatever the reasons point at."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kzmonitor.classify.reasons import Reason
from kzmonitor.review.passages import UNSEEN, Paragraph, marked, readable, shortened


def reason(start: int, end: int, weight: float = 1.0, label: str = "raid") -> Reason:
    return Reason(label, "", start, end, weight, None, "for" if weight >= 0 else "against")


def shown(paragraph: Paragraph) -> list[tuple[str, int]]:
    return [(piece.text, len(piece.reasons)) for piece in paragraph]


def test_a_phrase_of_the_title_and_one_of_the_text_are_marked_where_they_stand() -> None:
    passages = marked("Обыск в офисе", "Полиция пришла.\n\nДиректора увезли.", [reason(0, 5), reason(31, 47)])
    assert shown(passages.title) == [("Обыск", 1), (" в офисе", 0)]
    assert [shown(paragraph) for paragraph in passages.paragraphs] == [
        [("Полиция пришла.", 0)],
        [("Директора увезли", 1), (".", 0)],
    ]


def test_overlapping_phrases_are_cut_where_they_overlap_the_weightiest_first() -> None:
    light, heavy = reason(0, 6, 0.5, "raid"), reason(3, 9, 2.0, "detention")
    passages = marked("abcdefghi", "", [light, heavy])
    assert shown(passages.title) == [("abc", 1), ("def", 2), ("ghi", 1)]
    assert [spoke.label for spoke in passages.title[1].reasons] == ["detention", "raid"]


def test_a_phrase_over_a_line_break_marks_both_lines() -> None:
    passages = marked("t", "one\ntwo", [reason(2, 9)])
    assert [shown(paragraph) for paragraph in passages.paragraphs] == [[("one", 1)], [("two", 1)]]


def test_what_speaks_against_outweighs_what_speaks_for() -> None:
    [piece] = marked("abc", "", [reason(0, 3, 0.4), reason(0, 3, -1.0)]).title
    assert not piece.speaks_for


def test_spans_outside_the_text_or_the_wrong_way_round_mark_nothing() -> None:
    passages = marked("abc", "def", [reason(90, 95), reason(2, 1), reason(5, 5), reason(-9, -2)])
    assert shown(passages.title) == [("abc", 0)]


@settings(max_examples=150, deadline=None)
@given(
    title=st.text(alphabet="ab \u202e<", max_size=20),
    text=st.text(alphabet="xy\n\u202e&<", max_size=40),
    spans=st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70), st.floats(-2, 2)), max_size=8),
)
def test_no_reason_loses_or_doubles_a_letter(title: str, text: str, spans: list[tuple[int, int, float]]) -> None:
    passages = marked(title, text, [reason(*span) for span in spans])
    assert "".join(piece.text for piece in passages.title) in (readable(title), "")
    paragraphs = ["".join(piece.text for piece in paragraph) for paragraph in passages.paragraphs]
    assert paragraphs == [readable(line) for line in text.split("\n") if readable(line).strip()]


def test_characters_that_reorder_or_hide_the_text_around_them_are_not_shown() -> None:
    assert readable("a\u202eb\u2066c\u200bd\x1be\ufefff\u061cg") == "abcdefg"
    assert not UNSEEN.search("Қазақстан\tnew\nlines \U0001f469\u200d\U0001f692")


def test_a_long_line_is_cut_at_a_word() -> None:
    assert shortened("one two three", 9) == "one two…"
    assert shortened("  one\n two ", 9) == "one two"
    assert len(shortened("x" * 2_000_000, 50)) == 51
