"""A text is set in other ways without losing or moving a word."""

from hypothesis import given
from hypothesis import strategies as st

from kzmonitor.newsroom.typesetting import blocks, grouped, marked

SENTENCE = "The council met on Tuesday and agreed to plant forty trees along the river."
LINES = st.lists(st.text(min_size=1), min_size=1, max_size=12)


@given(LINES, st.integers(0, 10**12))
def test_no_line_is_lost_moved_or_said_twice(lines: list[str], number: int) -> None:
    found = blocks(lines, number)
    plain = [line.striptags() for block in found for line in block.lines]
    assert [text.split() for text in plain] == [line.split() for line in lines]
    assert found[0].kind == "paragraph"
    assert all(len(block.lines) == 1 or block.kind == "list" for block in found)
    assert [block for group in grouped(found, number) for block in group] == found


def test_long_texts_have_every_kind_of_block() -> None:
    lines = [SENTENCE] * 6 + ["What the neighbours say"] + [SENTENCE] * 10
    kinds = {block.kind for block in blocks(lines, 1)}
    assert kinds == {"paragraph", "run", "heading", "quotation", "list"}
    assert all(len(group) == 1 for group in grouped(blocks(lines, 1), 1) if group[0].kind == "heading")


def test_marked_words_are_whole_and_the_text_stays_as_it_was() -> None:
    line = SENTENCE.replace("Tuesday", "<b>Tuesday</b> & Co")
    seen = {str(marked(line, number)) for number in range(7)}
    assert len(seen) > 3
    for found in (marked(line, number) for number in range(7)):
        assert "<b>" not in found
        assert " ".join(found.striptags().split()) == line


def test_short_lines_and_last_lines_are_no_sentences_to_mark_nor_headings() -> None:
    assert marked("Two words", 1) == "Two words"
    assert [block.kind for block in blocks(["First line", "A heading", "The last line"], 0)][1] == "heading"
    assert blocks(["First line", "Last line"], 1)[1].kind != "heading"
